//! Every refusal that the recorded gateways gave.

use std::collections::BTreeSet;

use crate::json::assert_same_set;
use crate::transcript::connections;

/// Code and message of each. Clients match on these texts: a gateway that means the same says the same.
const ERRORS: [(&str, &str); 123] = [
    ("FORBIDDEN", "missing scope: operator.read"),
    (
        "INVALID_REQUEST",
        "Gateway is only bound to loopback. Set gateway.bind=lan, enable tailscale serve, or configure plugins.entries.device-pair.config.publicUrl.",
    ),
    ("INVALID_REQUEST", "No session found: main"),
    (
        "INVALID_REQUEST",
        "SyntaxError: JSON5: invalid end of input at 1:5",
    ),
    ("INVALID_REQUEST", "approval id already pending"),
    (
        "INVALID_REQUEST",
        "config base hash required; re-run config.get and retry",
    ),
    (
        "INVALID_REQUEST",
        "config changed since last load; re-run config.get and retry",
    ),
    ("INVALID_REQUEST", "config.patch raw must be an object"),
    (
        "INVALID_REQUEST",
        "connect is only valid as the first request",
    ),
    (
        "INVALID_REQUEST",
        "control ui requires HTTPS or localhost (secure context)",
    ),
    ("INVALID_REQUEST", "device identity mismatch"),
    ("INVALID_REQUEST", "device nonce mismatch"),
    ("INVALID_REQUEST", "device nonce required"),
    ("INVALID_REQUEST", "device signature expired"),
    ("INVALID_REQUEST", "device signature invalid"),
    ("INVALID_REQUEST", "displayName required"),
    (
        "INVALID_REQUEST",
        "exec approvals base hash required; re-run exec.approvals.get and retry",
    ),
    (
        "INVALID_REQUEST",
        "exec approvals changed since last load; re-run exec.approvals.get and retry",
    ),
    ("INVALID_REQUEST", "invalid config"),
    (
        "INVALID_REQUEST",
        "invalid config.get params: at root: unexpected property 'x'",
    ),
    (
        "INVALID_REQUEST",
        "invalid config.patch params: must have required property 'raw'",
    ),
    (
        "INVALID_REQUEST",
        "invalid config.set params: at /raw: must NOT have fewer than 1 characters",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /auth/token: must be string",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /auth: unexpected property 'deviceToken'",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /client/displayName: must NOT have fewer than 1 characters",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /client/id: must be equal to constant; at /client/id: must match a schema in anyOf",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /client/mode: must be equal to constant; at /client/mode: must match a schema in anyOf",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /client: unexpected property 'foo'",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /device/signedAt: must be integer; at /device/nonce: must NOT have fewer than 1 characters",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /device: must be object",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /device: must have required property 'nonce'",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /device: must have required property 'publicKey'; at /device: must have required property 'signature'; at /device: must have required property 'signedAt'",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /maxProtocol: must be integer",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /minProtocol: must be >= 1",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /minProtocol: must be integer",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /permissions/a: must be boolean",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /scopes/0: must NOT have fewer than 1 characters",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at /scopes: must be array",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: at root: unexpected property 'foo'",
    ),
    ("INVALID_REQUEST", "invalid connect params: must be object"),
    (
        "INVALID_REQUEST",
        "invalid connect params: must have required property 'minProtocol'; at root: unexpected property 'zzz'; at /maxProtocol: must be integer; at /client: must have required property 'platform'; at /client: unexpected property 'yyy'; at /client/version: must NOT have fewer than 1 characters; at /client/instanceId: must NOT have fewer than 1 characters; at /caps: must be array; at /role: must NOT have fewer than 1 characters; at /scopes/0: must be string; at /scopes/1: must NOT have fewer than 1 characters; at /device: must have required property 'publicKey'; at /device: must have required property 'signature'; at /device: must have required property 'signedAt'; at /device/id: must NOT have fewer than 1 characters; at /auth: must be object",
    ),
    (
        "INVALID_REQUEST",
        "invalid connect params: must have required property 'minProtocol'; must have required property 'maxProtocol'; must have required property 'client'",
    ),
    ("INVALID_REQUEST", "invalid decision"),
    (
        "INVALID_REQUEST",
        "invalid device.pair.approve params: must have required property 'requestId'",
    ),
    (
        "INVALID_REQUEST",
        "invalid device.token.revoke params: must have required property 'role'",
    ),
    (
        "INVALID_REQUEST",
        "invalid exec.approval.request params: at /command: must NOT have fewer than 1 characters; at /cwd: must be string; at /cwd: must be null; at /cwd: must match a schema in anyOf; at /timeoutMs: must be >= 1",
    ),
    (
        "INVALID_REQUEST",
        "invalid exec.approval.resolve params: must have required property 'decision'",
    ),
    (
        "INVALID_REQUEST",
        "invalid exec.approvals.set params: at /file/version: must be equal to constant",
    ),
    (
        "INVALID_REQUEST",
        "invalid handshake: first request must be connect",
    ),
    (
        "INVALID_REQUEST",
        "invalid logs.tail params: at /cursor: must be >= 0; at /limit: must be >= 1; at /maxBytes: must be <= 1000000",
    ),
    (
        "INVALID_REQUEST",
        "invalid logs.tail params: at /limit: must be <= 5000",
    ),
    (
        "INVALID_REQUEST",
        "invalid logs.tail params: at /limit: must be integer",
    ),
    (
        "INVALID_REQUEST",
        "invalid logs.tail params: at root: unexpected property 'follow'",
    ),
    (
        "INVALID_REQUEST",
        "invalid node.describe params: at root: unexpected property 'y'; at /nodeId: must be string",
    ),
    (
        "INVALID_REQUEST",
        "invalid node.describe params: must have required property 'nodeId'",
    ),
    (
        "INVALID_REQUEST",
        "invalid node.event params: at /payloadJSON: must be string",
    ),
    (
        "INVALID_REQUEST",
        "invalid node.event params: must have required property 'event'",
    ),
    (
        "INVALID_REQUEST",
        "invalid node.invoke params: must have required property 'idempotencyKey'",
    ),
    (
        "INVALID_REQUEST",
        "invalid node.invoke params: must have required property 'nodeId'; must have required property 'idempotencyKey'; at root: unexpected property 'zzz'; at /command: must be string; at /timeoutMs: must be integer",
    ),
    (
        "INVALID_REQUEST",
        "invalid node.invoke.result params: at /error: unexpected property 'extra'",
    ),
    (
        "INVALID_REQUEST",
        "invalid node.invoke.result params: must have required property 'ok'",
    ),
    (
        "INVALID_REQUEST",
        "invalid node.list params: at root: unexpected property 'pad'",
    ),
    (
        "INVALID_REQUEST",
        "invalid node.list params: at root: unexpected property 'x'",
    ),
    (
        "INVALID_REQUEST",
        "invalid node.list params: must be object",
    ),
    (
        "INVALID_REQUEST",
        "invalid node.pair.request params: at root: unexpected property 'permissions'",
    ),
    (
        "INVALID_REQUEST",
        "invalid node.pair.request params: must have required property 'nodeId'",
    ),
    (
        "INVALID_REQUEST",
        "invalid request frame: at /id: must NOT have fewer than 1 characters",
    ),
    (
        "INVALID_REQUEST",
        "invalid request frame: at /id: must be string",
    ),
    (
        "INVALID_REQUEST",
        "invalid request frame: at root: unexpected property 'extra'",
    ),
    ("INVALID_REQUEST", "invalid request frame: must be object"),
    (
        "INVALID_REQUEST",
        "invalid request frame: must have required property 'id'; must have required property 'method'; at /type: must be equal to constant",
    ),
    (
        "INVALID_REQUEST",
        "invalid request frame: must have required property 'id'; must have required property 'method'; at root: unexpected property 'event'; at /type: must be equal to constant",
    ),
    (
        "INVALID_REQUEST",
        "invalid request frame: must have required property 'method'",
    ),
    (
        "INVALID_REQUEST",
        "invalid request frame: must have required property 'method'; at root: unexpected property 'ok'; at /type: must be equal to constant",
    ),
    ("INVALID_REQUEST", "invalid role"),
    (
        "INVALID_REQUEST",
        "invalid set-heartbeats params: enabled (boolean) required",
    ),
    (
        "INVALID_REQUEST",
        "invalid update.run params: at root: unexpected property 'bogus'",
    ),
    ("INVALID_REQUEST", "message or attachment required"),
    ("INVALID_REQUEST", "missing scope: operator.admin"),
    ("INVALID_REQUEST", "missing scope: operator.approvals"),
    ("INVALID_REQUEST", "missing scope: operator.pairing"),
    ("INVALID_REQUEST", "missing scope: operator.write"),
    ("INVALID_REQUEST", "node command not allowed"),
    ("INVALID_REQUEST", "nodeId and command required"),
    ("INVALID_REQUEST", "nodeId mismatch"),
    ("INVALID_REQUEST", "nodeId required"),
    ("INVALID_REQUEST", "protocol mismatch"),
    ("INVALID_REQUEST", "text required"),
    ("INVALID_REQUEST", "unauthorized role: node"),
    ("INVALID_REQUEST", "unauthorized role: operator"),
    (
        "INVALID_REQUEST",
        "unauthorized: gateway password mismatch (enter the password in Control UI settings)",
    ),
    (
        "INVALID_REQUEST",
        "unauthorized: gateway password mismatch (provide gateway auth password)",
    ),
    (
        "INVALID_REQUEST",
        "unauthorized: gateway password mismatch (set gateway.remote.password to match gateway.auth.password)",
    ),
    (
        "INVALID_REQUEST",
        "unauthorized: gateway password missing (enter the password in Control UI settings)",
    ),
    (
        "INVALID_REQUEST",
        "unauthorized: gateway password missing (provide gateway auth password)",
    ),
    (
        "INVALID_REQUEST",
        "unauthorized: gateway password missing (set gateway.remote.password to match gateway.auth.password)",
    ),
    (
        "INVALID_REQUEST",
        "unauthorized: gateway token mismatch (open a tokenized dashboard URL or paste token in Control UI settings)",
    ),
    (
        "INVALID_REQUEST",
        "unauthorized: gateway token mismatch (provide gateway auth token)",
    ),
    (
        "INVALID_REQUEST",
        "unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)",
    ),
    (
        "INVALID_REQUEST",
        "unauthorized: gateway token mismatch (use this gateway's gateway.auth.token or pair the device)",
    ),
    (
        "INVALID_REQUEST",
        "unauthorized: gateway token missing (open a tokenized dashboard URL or paste token in Control UI settings)",
    ),
    (
        "INVALID_REQUEST",
        "unauthorized: gateway token missing (provide gateway auth token)",
    ),
    (
        "INVALID_REQUEST",
        "unauthorized: gateway token missing (set gateway.remote.token to match gateway.auth.token)",
    ),
    ("INVALID_REQUEST", "unknown approval id"),
    ("INVALID_REQUEST", "unknown deviceId/role"),
    ("INVALID_REQUEST", "unknown method: no.such.method"),
    ("INVALID_REQUEST", "unknown nodeId"),
    ("INVALID_REQUEST", "unknown requestId"),
    (
        "INVALID_REQUEST",
        "voicewake.set requires triggers: string[]",
    ),
    ("INVALID_REQUEST", "web login provider is not available"),
    ("INVALID_REQUEST", "wizard not found"),
    ("NOT_PAIRED", "device identity required"),
    ("NOT_PAIRED", "pairing required"),
    ("NOT_PAIRED", "pairing required: device is not approved yet"),
    ("UNAVAILABLE", "Error: node disconnected (system.run)"),
    ("UNAVAILABLE", "Error: nodeId required"),
    ("UNAVAILABLE", "command required"),
    (
        "UNAVAILABLE",
        "node capability surface is awaiting operator approval; run `openclaw nodes approve 46f966e5-9d89-4987-ba83-8f4ce1e27c11` (see `openclaw nodes pending`), then this node retries automatically",
    ),
    ("UNAVAILABLE", "node invoke failed"),
    ("UNAVAILABLE", "node invoke timed out"),
    ("UNAVAILABLE", "node not connected"),
    (
        "UNAVAILABLE",
        "node pairing changed before request dispatch",
    ),
    (
        "UNAVAILABLE",
        "node pairing changed while invocation was active",
    ),
];

#[test]
fn the_list_of_refusals_is_complete() {
    let mut met = BTreeSet::new();
    for connection in connections() {
        for value in connection
            .frames
            .iter()
            .filter_map(|frame| frame.value.as_ref())
        {
            if let (Some(code), Some(message)) = (
                value["error"]["code"].as_str(),
                value["error"]["message"].as_str(),
            ) && value["type"] == "res"
            {
                met.insert((code.to_owned(), message.to_owned()));
            }
        }
    }
    let listed = ERRORS.map(|(code, message)| (code.to_owned(), message.to_owned()));
    assert_same_set("errors", &met, &listed.into());
}
