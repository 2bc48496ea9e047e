//! The connect handshake: challenge, connect params, hello.

mod hello;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::WireError;
use crate::{schema, strict};

pub use hello::{HelloAuth, HelloFeatures, HelloOk, HelloPolicy, HelloServer, RoleToken};

/// Payload of the `connect.challenge` event, the first frame on every connection.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Challenge {
    /// Random, to be signed.
    pub nonce: String,
    /// Server clock, milliseconds since the epoch; sign this instead of the own clock.
    pub ts: i64,
}

/// Params of the `connect` request. Members that this release does not know are ignored.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ConnectParams {
    /// Oldest protocol the client speaks.
    #[serde(deserialize_with = "strict::at_least::<_, _, 1>")]
    pub min_protocol: u32,
    /// Newest protocol the client speaks.
    #[serde(deserialize_with = "strict::at_least::<_, _, 1>")]
    pub max_protocol: u32,
    /// Who is calling.
    #[serde(deserialize_with = "strict::object")]
    pub client: ClientInfo,
    /// `operator` (default) or `node`.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub role: Option<String>,
    /// Scopes asked for, in the order in which they are signed.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty_list",
        skip_serializing_if = "Option::is_none"
    )]
    pub scopes: Option<Vec<String>>,
    /// Client capabilities.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty_list",
        skip_serializing_if = "Option::is_none"
    )]
    pub caps: Option<Vec<String>>,
    /// Commands a node declares.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty_list",
        skip_serializing_if = "Option::is_none"
    )]
    pub commands: Option<Vec<String>>,
    /// Permissions a node reports.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub permissions: Option<BTreeMap<String, bool>>,
    /// `PATH` of a node.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub path_env: Option<String>,
    /// Device proof.
    #[serde(
        default,
        deserialize_with = "strict::some_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub device: Option<DeviceProof>,
    /// Credentials.
    #[serde(
        default,
        deserialize_with = "strict::some_object",
        skip_serializing_if = "Option::is_none"
    )]
    pub auth: Option<ConnectAuth>,
    /// Language tag.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub locale: Option<String>,
    /// Browser identification.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub user_agent: Option<String>,
}

impl ConnectParams {
    /// Decodes the params of a connect request and checks what the schema asks for.
    ///
    /// The error is the wire error to answer with; unlike other methods, connect does not take missing params for `{}`.
    pub fn parse(params: Option<&str>) -> Result<Self, WireError> {
        let text = params.unwrap_or("null");
        match serde_json::from_str::<strict::Object<Self>>(text) {
            Ok(strict::Object(params)) if params.conforms() => Ok(params),
            Ok(_) => Err(schema::invalid_params("connect", text, "out of range")),
            Err(error) => Err(schema::invalid_params("connect", text, &error.to_string())),
        }
    }

    /// The parts of the schema that types cannot say.
    fn conforms(&self) -> bool {
        let signs_nonce = |device: &DeviceProof| self.max_protocol < 4 || device.nonce.is_some();
        CLIENT_IDS.contains(&self.client.id.as_str())
            && CLIENT_MODES.contains(&self.client.mode.as_str())
            && self.device.as_ref().is_none_or(signs_nonce)
    }
}

/// `client` member of the connect params.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ClientInfo {
    /// One of [`CLIENT_IDS`].
    #[serde(deserialize_with = "strict::nonempty")]
    pub id: String,
    /// Name for people.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub display_name: Option<String>,
    /// Version of the client program.
    #[serde(deserialize_with = "strict::nonempty")]
    pub version: String,
    /// `linux`, `darwin`, `win32`, `ios`, …
    #[serde(deserialize_with = "strict::nonempty")]
    pub platform: String,
    /// `Linux`, `Mac`, `iPhone`, …; part of the v3 signature.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub device_family: Option<String>,
    /// Hardware model.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub model_identifier: Option<String>,
    /// One of [`CLIENT_MODES`].
    #[serde(deserialize_with = "strict::nonempty")]
    pub mode: String,
    /// Id of this client instance.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub instance_id: Option<String>,
    /// IANA time zone (browser).
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub time_zone: Option<String>,
}

/// `device` member of the connect params.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DeviceProof {
    /// Hex SHA-256 of the raw public key.
    #[serde(deserialize_with = "strict::nonempty")]
    pub id: String,
    /// Ed25519 public key, base64url.
    #[serde(deserialize_with = "strict::nonempty")]
    pub public_key: String,
    /// Signature over the payload of [`crate::device::ProofFields`].
    #[serde(deserialize_with = "strict::nonempty")]
    pub signature: String,
    /// Time that was signed, milliseconds since the epoch.
    #[serde(deserialize_with = "strict::at_least::<_, _, 0>")]
    pub signed_at: i64,
    /// Challenge nonce that was signed.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub nonce: Option<String>,
}

/// `auth` member of the connect params. Empty strings count as absent.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ConnectAuth {
    /// Shared token, or a device token.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub token: Option<String>,
    /// Shared password.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub password: Option<String>,
    /// Token of this device (protocol 4).
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub device_token: Option<String>,
    /// Single-use token of a setup code (protocol 4).
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub bootstrap_token: Option<String>,
}

impl std::fmt::Debug for ConnectAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |value: &Option<String>| value.as_ref().map(|_| "<redacted>");
        f.debug_struct("ConnectAuth")
            .field("token", &shown(&self.token))
            .field("password", &shown(&self.password))
            .field("device_token", &shown(&self.device_token))
            .field("bootstrap_token", &shown(&self.bootstrap_token))
            .finish()
    }
}

fn present(value: Option<&String>) -> Option<&str> {
    value.map(String::as_str).filter(|value| !value.is_empty())
}

impl ConnectAuth {
    /// Shared token, or a device token sent in its place; `None` when empty.
    pub fn token(&self) -> Option<&str> {
        present(self.token.as_ref())
    }
    /// Shared password; `None` when empty.
    pub fn password(&self) -> Option<&str> {
        present(self.password.as_ref())
    }
    /// Device token in its own member; `None` when empty.
    pub fn device_token(&self) -> Option<&str> {
        present(self.device_token.as_ref())
    }
    /// Bootstrap token; `None` when empty.
    pub fn bootstrap_token(&self) -> Option<&str> {
        present(self.bootstrap_token.as_ref())
    }
    /// The token that is part of the signed payload.
    pub fn signed_token(&self) -> Option<&str> {
        self.token()
            .or_else(|| self.device_token())
            .or_else(|| self.bootstrap_token())
    }
}

/// Client ids a gateway accepts.
pub const CLIENT_IDS: &[&str] = &[
    "webchat-ui",
    "openclaw-control-ui",
    "webchat",
    "cli",
    "gateway-client",
    "openclaw-macos",
    "openclaw-ios",
    "openclaw-android",
    "node-host",
    "test",
    "fingerprint",
    "openclaw-probe",
    "openclaw-tui",
    "openclaw-linux",
    "openclaw-watchos",
    "openclaw-browser-copilot",
    "openclaw-worker",
];

/// Client modes a gateway accepts.
pub const CLIENT_MODES: &[&str] = &[
    "webchat", "cli", "ui", "backend", "node", "worker", "probe", "test",
];

/// Highest protocol both sides speak, or `None`.
pub fn negotiate(min_protocol: u32, max_protocol: u32) -> Option<u32> {
    let highest = max_protocol.min(crate::PROTOCOL_MAX);
    (min_protocol <= highest && highest >= crate::PROTOCOL_MIN).then_some(highest)
}

/// Which texts and rules apply to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientKind {
    /// `mode: cli`.
    Cli,
    /// `mode: probe`.
    Probe,
    /// `id: openclaw-control-ui`.
    ControlUi,
    /// `mode: webchat` or `id: webchat-ui`.
    Webchat,
    /// Everything else.
    Other,
}

impl ClientInfo {
    /// Whether it is one of the phone and watch apps.
    pub fn is_mobile(&self) -> bool {
        matches!(
            self.id.as_str(),
            "openclaw-ios" | "openclaw-android" | "openclaw-watchos"
        )
    }

    /// Classifies the caller.
    pub fn kind(&self) -> ClientKind {
        if self.id == "openclaw-control-ui" {
            ClientKind::ControlUi
        } else if self.mode == "webchat" || self.id == "webchat-ui" {
            ClientKind::Webchat
        } else {
            match self.mode.as_str() {
                "cli" => ClientKind::Cli,
                "probe" => ClientKind::Probe,
                _ => ClientKind::Other,
            }
        }
    }
}

/// Reads a member of `error.details` as text.
pub fn detail_text<'a>(details: &'a Value, key: &str) -> Option<&'a str> {
    details.get(key)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn versions_are_negotiated_to_the_highest_common() {
        for (min, max, expected) in [
            (3, 3, Some(3)),
            (4, 4, Some(4)),
            (3, 4, Some(4)),
            (1, 9, Some(4)),
            (1, 2, None),
            (5, 9, None),
            (4, 3, None),
        ] {
            assert_eq!(negotiate(min, max), expected, "{min}..{max}");
        }
    }

    #[test]
    fn connect_params_need_not_have_unknown_members_removed() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let newer = raw(
            r#"{"minProtocol":4,"maxProtocol":9.0,"modelCatalog":{},"client":{"id":"cli","version":"9","platform":"linux","mode":"cli","buildId":"b"}}"#,
        );
        let params = ConnectParams::parse(Some(newer.get())).unwrap();
        assert_eq!((params.min_protocol, params.max_protocol), (4, 9));
        for (text, message) in [
            ("null", "invalid connect params: must be object"),
            (
                r#"{"minProtocol":4,"maxProtocol":4,"client":{"id":"cli","version":"9","platform":"linux","mode":"x"}}"#,
                "invalid connect params: at /client/mode: must be equal to one of the allowed values",
            ),
            (
                r#"{"minProtocol":4,"maxProtocol":99999999999,"client":{"id":"cli","version":"9","platform":"linux","mode":"cli"}}"#,
                "invalid connect params: out of range",
            ),
        ] {
            let error = ConnectParams::parse(Some(raw(text).get())).unwrap_err();
            assert!(error.message.starts_with(message), "{}", error.message);
        }
    }
}
