//! Schemas of method params.

use super::{Field, Schema};

/// The schema of a method's params; `None` for methods that take anything.
pub fn params_schema(method: &str) -> Option<&'static Schema> {
    TABLE
        .iter()
        .find(|(name, _)| *name == method)
        .map(|(_, schema)| schema)
}

/// Members are not listed twice: methods that take no members share this.
const NOTHING: Schema = Schema::open(&[]);

const NODE_ID: Field = Field::required("nodeId", Schema::NONEMPTY);
const DEVICE_ID: Field = Field::required("deviceId", Schema::NONEMPTY);
const ROLE: Field = Field::required("role", Schema::NONEMPTY);
const SESSION_KEY: Field = Field::required("sessionKey", Schema::NONEMPTY);
const BASE_HASH: Field = Field::optional("baseHash", Schema::NONEMPTY);
const RAW: Field = Field::required("raw", Schema::NONEMPTY);

/// `pairingId` is this gateway's word for it, printed by its CLI.
const BY_REQUEST: Schema =
    Schema::open(&[Field::required("requestId", Schema::NONEMPTY).or("pairingId")]);

const CONFIRM_WITHIN: Field = Field::optional("confirmWithinMs", Schema::at_least(0));

const CONFIG_CHANGE: Schema = Schema::open(&[
    RAW,
    BASE_HASH,
    Field::optional("sessionKey", Schema::STRING),
    Field::optional("note", Schema::STRING),
    Field::optional("restartDelayMs", Schema::at_least(0)),
    CONFIRM_WITHIN,
]);

const SECURITY: Field = Field::optional("security", Schema::STRING);
const ASK: Field = Field::optional("ask", Schema::STRING);
const ASK_FALLBACK: Field = Field::optional("askFallback", Schema::STRING);
const AUTO_ALLOW_SKILLS: Field = Field::optional("autoAllowSkills", Schema::Boolean);

const ALLOWLIST_ENTRY: Schema = Schema::open(&[
    Field::optional("id", Schema::NONEMPTY),
    Field::required("pattern", Schema::STRING),
    Field::optional("lastUsedCommand", Schema::STRING),
    Field::optional("lastResolvedPath", Schema::STRING),
]);

const ALLOWLIST: Schema = Schema::Array {
    items: &ALLOWLIST_ENTRY,
    min: 0,
};

const APPROVALS_AGENT: Schema = Schema::open(&[
    SECURITY,
    ASK,
    ASK_FALLBACK,
    AUTO_ALLOW_SKILLS,
    Field::optional("allowlist", ALLOWLIST),
]);

/// The exec approvals file.
pub(crate) const APPROVALS_FILE: Schema = Schema::open(&[
    Field::required("version", Schema::Number(1)),
    Field::optional(
        "socket",
        Schema::open(&[
            Field::optional("path", Schema::STRING),
            Field::optional("token", Schema::STRING),
        ]),
    ),
    Field::optional(
        "defaults",
        Schema::open(&[SECURITY, ASK, ASK_FALLBACK, AUTO_ALLOW_SKILLS]),
    ),
    Field::optional("agents", Schema::Map(&APPROVALS_AGENT)),
]);

const FILE: Field = Field::required("file", APPROVALS_FILE);

static TABLE: &[(&str, Schema)] = &[
    ("agents.list", NOTHING),
    (
        "channels.status",
        Schema::open(&[
            Field::optional("probe", Schema::Boolean),
            Field::optional("timeoutMs", Schema::at_least(0)),
        ]),
    ),
    (
        "chat.abort",
        Schema::open(&[SESSION_KEY, Field::optional("runId", Schema::NONEMPTY)]),
    ),
    (
        "chat.history",
        Schema::open(&[
            SESSION_KEY,
            Field::optional("limit", Schema::between(1, 1000)),
        ]),
    ),
    (
        "chat.send",
        Schema::open(&[
            SESSION_KEY,
            Field::required("message", Schema::STRING),
            Field::optional("timeoutMs", Schema::at_least(0)),
            Field::required("idempotencyKey", Schema::NONEMPTY),
        ]),
    ),
    (
        "clients.disconnect",
        Schema::open(&[Field::required("connId", Schema::NONEMPTY)]),
    ),
    ("config.apply", CONFIG_CHANGE),
    (
        "config.confirm",
        Schema::open(&[
            Field::required("id", Schema::NONEMPTY),
            Field::optional("keep", Schema::Boolean),
        ]),
    ),
    ("config.get", NOTHING),
    ("config.patch", CONFIG_CHANGE),
    ("config.schema", NOTHING),
    (
        "config.set",
        Schema::open(&[RAW, BASE_HASH, CONFIRM_WITHIN]),
    ),
    (
        "device.pair.approve",
        Schema::open(&[
            Field::required("requestId", Schema::NONEMPTY).or("pairingId"),
            Field::optional("scopes", Schema::NONEMPTY_STRINGS),
        ]),
    ),
    ("device.pair.list", NOTHING),
    ("device.pair.reject", BY_REQUEST),
    ("device.pair.remove", Schema::open(&[DEVICE_ID])),
    (
        "device.pair.rename",
        Schema::open(&[
            DEVICE_ID,
            Field::required(
                "label",
                Schema::String {
                    min: 1,
                    max: Some(64),
                },
            )
            .or("displayName"),
        ]),
    ),
    (
        "device.pair.setupCode",
        Schema::open(&[
            Field::optional("kind", Schema::NONEMPTY),
            Field::optional("bootstrapProfile", Schema::NONEMPTY),
            Field::optional("scopes", Schema::NONEMPTY_STRINGS),
            Field::optional("ttlMs", Schema::at_least(1)),
            Field::optional("publicUrl", Schema::NONEMPTY),
            Field::optional("preferRemoteUrl", Schema::Boolean),
            Field::optional("includeQr", Schema::Boolean),
            Field::optional("joinUrl", Schema::Boolean),
            Field::optional("force", Schema::Boolean),
        ]),
    ),
    ("device.pair.setupList", NOTHING),
    (
        "device.pair.setupRevoke",
        Schema::open(&[Field::required("setupId", Schema::NONEMPTY)]),
    ),
    (
        "device.pair.setupStatus",
        Schema::open(&[Field::required("setupId", Schema::NONEMPTY)]),
    ),
    ("device.token.revoke", Schema::open(&[DEVICE_ID, ROLE])),
    (
        "device.token.rotate",
        Schema::open(&[
            DEVICE_ID,
            ROLE,
            Field::optional("scopes", Schema::NONEMPTY_STRINGS),
        ]),
    ),
    (
        "exec.approval.request",
        Schema::open(&[
            Field::optional("id", Schema::NONEMPTY),
            Field::required("command", Schema::NONEMPTY),
            Field::optional("cwd", Schema::StringOrNull),
            Field::optional("host", Schema::StringOrNull),
            Field::optional("security", Schema::StringOrNull),
            Field::optional("ask", Schema::StringOrNull),
            Field::optional("agentId", Schema::StringOrNull),
            Field::optional("resolvedPath", Schema::StringOrNull),
            Field::optional("sessionKey", Schema::StringOrNull),
            Field::optional("nodeId", Schema::StringOrNull),
            Field::optional("timeoutMs", Schema::at_least(1)),
        ]),
    ),
    (
        "exec.approval.resolve",
        Schema::open(&[
            Field::required("id", Schema::NONEMPTY),
            Field::required("decision", Schema::NONEMPTY),
        ]),
    ),
    ("exec.approvals.get", NOTHING),
    ("exec.approvals.node.get", Schema::open(&[NODE_ID])),
    (
        "exec.approvals.node.set",
        Schema::open(&[NODE_ID, FILE, BASE_HASH]),
    ),
    ("exec.approvals.set", Schema::open(&[FILE, BASE_HASH])),
    (
        "gateway.restart.request",
        Schema::open(&[Field::optional("reason", Schema::STRING)]),
    ),
    (
        "logs.tail",
        Schema::open(&[
            Field::optional("cursor", Schema::at_least(0)),
            Field::optional("limit", Schema::between(1, 5000)),
            Field::optional("maxBytes", Schema::between(1, 1_000_000)),
        ]),
    ),
    ("models.list", NOTHING),
    ("node.describe", Schema::open(&[NODE_ID])),
    (
        "node.event",
        Schema::open(&[
            Field::required("event", Schema::NONEMPTY),
            Field::optional("payload", Schema::Any),
            Field::optional("payloadJSON", Schema::STRING),
        ]),
    ),
    (
        "node.invoke",
        Schema::open(&[
            NODE_ID,
            Field::required("command", Schema::NONEMPTY),
            Field::optional("params", Schema::Any),
            Field::optional("timeoutMs", Schema::at_least(0)),
            Field::required("idempotencyKey", Schema::NONEMPTY),
            Field::optional("stream", Schema::Boolean),
        ]),
    ),
    (
        "node.invoke.abort",
        Schema::open(&[
            Field::optional("invokeId", Schema::NONEMPTY),
            Field::optional("idempotencyKey", Schema::NONEMPTY),
        ]),
    ),
    (
        "node.invoke.progress",
        Schema::open(&[
            Field::required("invokeId", Schema::NONEMPTY),
            NODE_ID,
            Field::required("seq", Schema::at_least(0)),
            Field::required("chunk", Schema::STRING),
            Field::optional("stream", Schema::STRING),
            Field::optional("dropped", Schema::at_least(0)),
        ]),
    ),
    (
        "node.invoke.result",
        Schema::open(&[
            Field::required("id", Schema::NONEMPTY),
            NODE_ID,
            Field::required("ok", Schema::Boolean),
            Field::optional("payload", Schema::Any),
            Field::optional("payloadJSON", Schema::STRING),
            Field::optional(
                "error",
                Schema::open(&[
                    Field::optional("code", Schema::STRING),
                    Field::optional("message", Schema::STRING),
                ]),
            ),
        ]),
    ),
    ("node.list", NOTHING),
    ("node.pair.approve", BY_REQUEST),
    ("node.pair.list", NOTHING),
    ("node.pair.reject", BY_REQUEST),
    ("node.pair.remove", Schema::open(&[NODE_ID])),
    (
        "node.pair.request",
        Schema::closed(&[
            NODE_ID,
            Field::optional("displayName", Schema::NONEMPTY),
            Field::optional("platform", Schema::NONEMPTY),
            Field::optional("version", Schema::NONEMPTY),
            Field::optional("coreVersion", Schema::NONEMPTY),
            Field::optional("uiVersion", Schema::NONEMPTY),
            Field::optional("deviceFamily", Schema::NONEMPTY),
            Field::optional("modelIdentifier", Schema::NONEMPTY),
            Field::optional("caps", Schema::NONEMPTY_STRINGS),
            Field::optional("commands", Schema::NONEMPTY_STRINGS),
            Field::optional("remoteIp", Schema::NONEMPTY),
            Field::optional("silent", Schema::Boolean),
        ]),
    ),
    (
        "node.pair.verify",
        Schema::closed(&[NODE_ID, Field::required("token", Schema::NONEMPTY)]),
    ),
    (
        "node.rename",
        Schema::open(&[NODE_ID, Field::required("displayName", Schema::NONEMPTY)]),
    ),
    (
        "sessions.preview",
        Schema::open(&[Field::required(
            "keys",
            Schema::Array {
                items: &Schema::NONEMPTY,
                min: 1,
            },
        )]),
    ),
    ("skills.bins", NOTHING),
    ("skills.status", NOTHING),
    ("update.run", NOTHING),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_belongs_to_a_method() {
        for (name, _) in TABLE {
            assert!(crate::method::find(name).is_some(), "{name}");
        }
        assert!(TABLE.is_sorted_by_key(|(name, _)| *name), "keep it sorted");
    }
}
