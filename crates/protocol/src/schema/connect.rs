//! Schemas of the request frame and of the connect params.

use super::{Field, Schema};
use crate::handshake::{CLIENT_IDS, CLIENT_MODES};

/// A request frame.
pub const REQUEST_FRAME: Schema = Schema::open(&[
    Field::required("type", Schema::Text("req")),
    Field::required("id", Schema::NONEMPTY),
    Field::required("method", Schema::NONEMPTY),
    Field::optional("params", Schema::Any),
]);

/// Connect params of a client that speaks protocol 3 at most.
pub const CONNECT_PARAMS: Schema = Schema::open(&[
    Field::required("minProtocol", Schema::at_least(1)),
    Field::required("maxProtocol", Schema::at_least(1)),
    Field::required("client", CLIENT),
    CAPS,
    COMMANDS,
    PERMISSIONS,
    PATH_ENV,
    ROLE,
    SCOPES,
    Field::optional("device", DEVICE),
    AUTH,
    LOCALE,
    USER_AGENT,
]);

/// Connect params of a client that speaks protocol 4: the nonce is required, lists are explained as one.
pub const CONNECT_PARAMS_V4: Schema = Schema::open(&[
    Field::required("minProtocol", Schema::at_least(1)),
    Field::required("maxProtocol", Schema::at_least(1)),
    Field::required("client", CLIENT_V4),
    CAPS,
    COMMANDS,
    PERMISSIONS,
    PATH_ENV,
    ROLE,
    SCOPES,
    Field::optional("device", DEVICE_V4),
    AUTH,
    LOCALE,
    USER_AGENT,
]);

const CAPS: Field = Field::optional("caps", Schema::NONEMPTY_STRINGS);
const COMMANDS: Field = Field::optional("commands", Schema::NONEMPTY_STRINGS);
const PERMISSIONS: Field = Field::optional("permissions", Schema::Map(&Schema::Boolean));
const PATH_ENV: Field = Field::optional("pathEnv", Schema::STRING);
const ROLE: Field = Field::optional("role", Schema::NONEMPTY);
const SCOPES: Field = Field::optional("scopes", Schema::NONEMPTY_STRINGS);
const LOCALE: Field = Field::optional("locale", Schema::STRING);
const USER_AGENT: Field = Field::optional("userAgent", Schema::STRING);
const AUTH: Field = Field::optional(
    "auth",
    Schema::open(&[
        Field::optional("token", Schema::STRING),
        Field::optional("password", Schema::STRING),
        Field::optional("deviceToken", Schema::STRING),
        Field::optional("bootstrapToken", Schema::STRING),
    ]),
);

const DISPLAY_NAME: Field = Field::optional("displayName", Schema::NONEMPTY);
const VERSION: Field = Field::required("version", Schema::NONEMPTY);
const PLATFORM: Field = Field::required("platform", Schema::NONEMPTY);
const DEVICE_FAMILY: Field = Field::optional("deviceFamily", Schema::NONEMPTY);
const MODEL_IDENTIFIER: Field = Field::optional("modelIdentifier", Schema::NONEMPTY);
const INSTANCE_ID: Field = Field::optional("instanceId", Schema::NONEMPTY);
const TIME_ZONE: Field = Field::optional("timeZone", Schema::STRING);

const CLIENT: Schema = Schema::open(&[
    Field::required("id", Schema::OneOf(CLIENT_IDS)),
    DISPLAY_NAME,
    VERSION,
    PLATFORM,
    DEVICE_FAMILY,
    MODEL_IDENTIFIER,
    Field::required("mode", Schema::OneOf(CLIENT_MODES)),
    INSTANCE_ID,
    TIME_ZONE,
]);

const CLIENT_V4: Schema = Schema::open(&[
    Field::required("id", Schema::Enum(CLIENT_IDS)),
    DISPLAY_NAME,
    VERSION,
    PLATFORM,
    DEVICE_FAMILY,
    MODEL_IDENTIFIER,
    Field::required("mode", Schema::Enum(CLIENT_MODES)),
    INSTANCE_ID,
    TIME_ZONE,
]);

const ID: Field = Field::required("id", Schema::NONEMPTY);
const PUBLIC_KEY: Field = Field::required("publicKey", Schema::NONEMPTY);
const SIGNATURE: Field = Field::required("signature", Schema::NONEMPTY);
const SIGNED_AT: Field = Field::required("signedAt", Schema::at_least(0));

const DEVICE: Schema = Schema::open(&[
    ID,
    PUBLIC_KEY,
    SIGNATURE,
    SIGNED_AT,
    Field::optional("nonce", Schema::NONEMPTY),
]);

const DEVICE_V4: Schema = Schema::open(&[
    ID,
    PUBLIC_KEY,
    SIGNATURE,
    SIGNED_AT,
    Field::required("nonce", Schema::NONEMPTY),
]);
