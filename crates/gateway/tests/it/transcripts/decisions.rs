//! Table: what is left out of the recordings, what is asked for differently, and which answers differ on purpose.

/// A difference that is meant. `at` and `what` may hold `*`.
pub(super) struct Intended {
    /// `transcript/connection/method`.
    pub(super) at: &'static str,
    /// The difference as [`compare`] words it.
    pub(super) what: &'static str,
    /// Why.
    pub(super) why: &'static str,
}

const fn intended(at: &'static str, what: &'static str, why: &'static str) -> Intended {
    Intended { at, what, why }
}

/// Steps that are left out: transcript, connection, then the id of a request, an event, raw text or `*`, and why.
pub(super) const SKIPPED: &[(&str, &str, &str, &str)] = &[
    (
        "04",
        "node-without-device",
        "voicewake.changed",
        "a node without device is refused, so nothing follows",
    ),
    (
        "06",
        "ipv6-loopback",
        "*",
        "test gateways listen on 127.0.0.1",
    ),
    ("09", "c", "<binary*", "the recording has no bytes"),
    ("09", "c", "bin", "the recording has no bytes"),
    (
        "10",
        "node",
        "*",
        "a node without device is refused, so nothing follows",
    ),
    (
        "11",
        "op",
        "op-i33",
        "no timeout (0) means none (U26), so no answer comes",
    ),
    (
        "12",
        "n1",
        "n1-2",
        "the newest connection of a device wins: this one is closed",
    ),
    ("12", "op", "i2", "answered by the closed connection"),
    ("12", "op", "i3", "ended by the closed connection"),
    (
        "14",
        "node",
        "*",
        "a node without device is refused, so nothing follows",
    ),
    ("14", "op", "*", "speaks of the refused node"),
    (
        "15",
        "remote1-again",
        "*",
        "a wider request supersedes the first (U15); later steps need the first",
    ),
    (
        "15",
        "same-device-local-while-pending",
        "*",
        "the owner at the keyboard pairs at once; later steps need the request",
    ),
    (
        "15",
        "device-token-more-scopes",
        "*",
        "limited, not refused, and files a request; later steps need none",
    ),
    (
        "15",
        "device-token-default-scopes",
        "*",
        "limited, not refused, and files a request; later steps need none",
    ),
    (
        "15",
        "live-conn",
        "*",
        "its role was revoked, so it waits for approval",
    ),
    (
        "15",
        "op",
        "device.pair.requested",
        "when requests are filed differs, see above; the answers name them",
    ),
    (
        "17",
        "nodelistener",
        "*",
        "a node without device is refused, so nothing follows",
    ),
    (
        "21",
        "c",
        "c-14",
        "an unknown key is a warning (D18), so this would be applied",
    ),
    (
        "21",
        "c",
        "shutdown",
        "changes are applied while running; nothing restarts",
    ),
    (
        "21",
        "c",
        "close",
        "changes are applied while running; nothing restarts",
    ),
    (
        "21",
        "after-restart0",
        "*",
        "changes are applied while running; nothing restarts",
    ),
    ("30", "pw-first", "*", "another gateway"),
    (
        "30",
        "device-token-on-password-gateway",
        "*",
        "another gateway",
    ),
    ("30", "device-token-without-device", "*", "another gateway"),
];

/// What a client asks for differently: transcript, connection, member of the connect params, value, and why.
pub(super) const ADAPTED: &[(&str, &str, &str, &str, &str)] = &[
    (
        "15",
        "op",
        "scopes",
        r#"["operator.admin","operator.pairing"]"#,
        "S04: pairing alone cannot mint what it does not hold",
    ),
    (
        "16",
        "op",
        "scopes",
        r#"["operator.pairing","operator.write"]"#,
        "approving commands needs the scope to use them",
    ),
];

pub(super) const INTENDED: &[Intended] = &[
    intended(
        "*/connect.challenge",
        "with payload.capabilities",
        "protocol 4 clients look for it",
    ),
    intended(
        "*",
        "with error.details*",
        "refusals carry a code and what to do, as 2026.9.6 does",
    ),
    intended(
        "*/connect",
        "with payload.auth",
        "the hello always says what was granted",
    ),
    intended(
        "*/connect",
        "with payload.snapshot.presence[].clientId",
        "2026.9.6 shows it",
    ),
    intended(
        "*/system-presence",
        "with payload[].clientId",
        "2026.9.6 shows it",
    ),
    intended(
        "*/connect",
        "without payload.canvasHostUrl",
        "no canvas here",
    ),
    intended(
        "*/connect",
        "without payload.snapshot.configPath",
        "paths are for admins",
    ),
    intended(
        "*/connect",
        "without payload.snapshot.stateDir",
        "paths are for admins",
    ),
    intended(
        "02/password-only-no-device/*",
        "*device identity required -> *gateway token missing*",
        "a wrong secret is an authentication error, as in 2026.9.6",
    ),
    intended(
        "02/password-only-no-device/connect",
        "code: NOT_PAIRED -> INVALID_REQUEST",
        "as above",
    ),
    intended(
        "02/controlui-no-device*",
        "*control ui requires HTTPS or localhost* -> *control ui requires device identity (*",
        "text of 2026.9.6: a page can have a device without HTTPS (D15)",
    ),
    intended(
        "03/malformed-json/close",
        "1000  -> 1008 invalid request frame: not JSON",
        "said, not just cut",
    ),
    intended(
        "03/empty-text/close",
        "1000  -> 1008 invalid request frame: not JSON",
        "said, not just cut",
    ),
    intended(
        "03/req-extra-key/close",
        "1008 invalid request frame -> 1008 invalid connect params: *",
        "unknown members are ignored: newer clients send them",
    ),
    intended(
        "03/*/close",
        "1008 invalid connect params: * -> 1008 invalid connect params: *",
        "reasons may have 123 bytes, theirs had 120",
    ),
    intended(
        "03/extra-*/connect",
        "answer: invalid connect params: *unexpected property* -> ok",
        "unknown members are ignored: newer clients send them",
    ),
    intended("03/extra-*/close", "still open", "as above"),
    intended(
        "04/too-new/connect",
        "answer: protocol mismatch -> ok",
        "protocol 4 is spoken",
    ),
    intended("04/too-new/close", "still open", "as above"),
    intended(
        "04/range-covers-3/connect",
        "with*payload.s*",
        "answered in protocol 4",
    ),
    intended(
        "04/node-without-device/connect",
        "answer: ok -> NOT_PAIRED: device identity required",
        "nodes prove a device, as in 2026.9.6",
    ),
    intended(
        "06/host-ts-net/connect",
        "answer: ok -> NOT_PAIRED: pairing required",
        "only loopback by a loopback name is local",
    ),
    intended(
        "06/x-forwarded-proto-only/connect",
        "answer: ok -> NOT_PAIRED: pairing required",
        "any forwarding header makes a caller remote",
    ),
    intended(
        "07/password-no-device/connect",
        "answer: device identity required -> ok",
        "D14: local with the secret",
    ),
    intended("07/password-no-device/close", "still open", "as above"),
    intended(
        "07/controlui-insecure-no-auth/*",
        "*device identity required -> *control ui requires device identity*",
        "text of 2026.9.6",
    ),
    intended(
        "07/controlui-insecure-no-auth/connect",
        "code: NOT_PAIRED -> INVALID_REQUEST",
        "as above",
    ),
    intended(
        "07/controlui-insecure-with-device-remote-skips-pairing/connect",
        "answer: ok -> NOT_PAIRED: pairing required",
        "D15: allowInsecureAuth is for pages without a device",
    ),
    intended(
        "07/controlui-insecure-password-no-device*/connect",
        "with payload.snapshot.presence[].*",
        "the lists hold other entries",
    ),
    intended(
        "07/trusted-proxy-local-ip/connect",
        "answer: ok -> NOT_PAIRED: pairing required",
        "any forwarding header makes a caller remote",
    ),
    intended(
        "09/c/*",
        "answer: *unexpected property* -> ok",
        "unknown members are ignored: newer clients send them",
    ),
    intended(
        "09/c/*",
        "message: *unexpected property* -> *",
        "unknown members are ignored: newer clients send them",
    ),
    intended(
        "09/c/node.list",
        "answer: invalid node.list params: must be object -> ok",
        "params that nobody reads are not judged",
    ),
    intended(
        "10/reader/config.get",
        "answer: missing scope: operator.admin -> ok",
        "read scope suffices, as in 2026.9.6: no secret is shown",
    ),
    intended(
        "*/op/node.list",
        "with payload.nodes[].*",
        "2026.9.6 shows it",
    ),
    intended("*/op/node.describe", "with payload.*", "2026.9.6 shows it"),
    intended(
        "11/node/node.invoke.request",
        "with payload.timeoutMs",
        "U26: one deadline end to end",
    ),
    intended(
        "11/node/node.invoke.request",
        "payload.paramsJSON: text -> null",
        "null params are none",
    ),
    intended("11/node/node.invoke.request", "no event", "as above"),
    intended(
        "11/op/node.invoke",
        "message: node command not allowed -> node.invoke does not allow system.execApprovals.*",
        "text of 2026.9.6",
    ),
    intended(
        "11/op/node.invoke",
        "without error.details.reason",
        "as above",
    ),
    intended(
        "11/op/node.invoke",
        "with error.retryable",
        "2026.9.6 says it",
    ),
    intended(
        "11/node/node.invoke.result",
        "answer: *unexpected property* -> ok",
        "unknown members are ignored: newer nodes send them",
    ),
    intended(
        "*/node/node.event",
        "with payload.*",
        "2026.9.6 says what became of it",
    ),
    intended(
        "11/op/node.rename",
        "answer: unknown nodeId -> ok",
        "paired nodes have a name, connected or not",
    ),
    intended(
        "12/n2/node.invoke.request",
        "no event",
        "for an invocation that is left out",
    ),
    intended(
        "12/op/node.invoke",
        "message: node not connected -> node invoke timed out",
        "the newer connection is still there",
    ),
    intended("12/op/node.invoke", "with* error.details.*", "as above"),
    intended(
        "15/scope-upgrade-remote/connect",
        "answer: pairing required -> ok",
        "admitted with what is approved; the rest waits",
    ),
    intended("15/scope-upgrade-remote/close", "still open", "as above"),
    intended(
        "15/op/device.pair.*",
        "with payload.*",
        "2026.9.6 shows it; codes are D8",
    ),
    intended(
        "15/op/device.pair.approve",
        "answer: unknown requestId -> ok",
        "approving twice is approving once (U15)",
    ),
    intended(
        "15/op/device.pair.reject",
        "message: unknown requestId -> requestId was already rejected",
        "says what happened",
    ),
    intended(
        "15/op/device.token.rotate",
        "with payload.tokenDelivery",
        "2026.9.6 says it",
    ),
    intended(
        "15/shared-token-after-revoke/connect",
        "answer: ok -> NOT_PAIRED: pairing required",
        "revoking takes the approval, too",
    ),
    intended(
        "15/op/device.token.rotate",
        "answer: ok -> INVALID_REQUEST: unknown deviceId/role",
        "roles are operator and node",
    ),
    intended(
        "16/op/node.pair.*",
        "with payload.*",
        "codes are D8; 2026.9.6 shows the rest",
    ),
    intended(
        "16/op/node.pair.*",
        "without payload.*.token",
        "S13: a token is shown once",
    ),
    intended(
        "17/live/last-heartbeat",
        "no answer: closed with 1008 device revoked",
        "S09: revoking closes live connections",
    ),
    intended(
        "18/*",
        "without payload*.deviceId",
        "the recorded list holds devices of earlier recordings",
    ),
    intended("*/status", "with payload.*", "what this gateway is about"),
    intended("*/status", "payload.sessions.defaults.*", "no models here"),
    intended(
        "19/c/sessions.list",
        "*payload.*",
        "no models here; 2026.9.6 pages",
    ),
    intended("19/c/cron.list", "with payload.*", "2026.9.6 pages"),
    intended("19/c/tts.*", "*payload.*", "no speech here"),
    intended(
        "19/c/*",
        "*this gateway runs no agents*",
        "nothing here would do it",
    ),
    intended("19/c/*", "code: INVALID_REQUEST -> UNAVAILABLE", "as above"),
    intended(
        "20/c/logs.tail",
        "answer: *unexpected property 'follow' -> ok",
        "unknown members are ignored: newer clients send them",
    ),
    intended(
        "21/c/config.get",
        "answer: *unexpected property 'x' -> ok",
        "params that nobody reads are not judged",
    ),
    intended(
        "21/c/config.*",
        "without payload.*",
        "the recorded file has other keys; defaults are not written into it",
    ),
    intended(
        "21/c/config.*",
        "with payload.*",
        "the new hash saves a round",
    ),
    intended(
        "21/c/config.patch",
        "payload.*: object -> null",
        "changes are applied while running; nothing restarts",
    ),
    intended(
        "22/*/exec.approval.requested",
        "with payload.requestedBy",
        "U27: who asks",
    ),
    intended(
        "22/decider/exec.approval.resolve",
        "message: unknown approval id -> approval * was already decided: *",
        "U27: late decisions learn what happened",
    ),
    intended(
        "22/node/node.invoke.request",
        "with payload.timeoutMs",
        "U26: one deadline end to end",
    ),
    intended(
        "22/adm/exec.approvals.node.set",
        "payload: null -> object",
        "what the node said is passed on",
    ),
    intended(
        "30/non-ascii-token-same-length/close",
        "1000  -> 1008 unauthorized: invalid token *",
        "said, not just cut",
    ),
    intended(
        "30/short-public-key/*",
        "*device signature invalid -> *device identity mismatch",
        "a key of another length is no key",
    ),
    intended(
        "30/validation-order/*",
        "*unexpected property* -> *",
        "unknown members are ignored: newer clients send them",
    ),
];

/// D7: how we say a recorded refusal.
pub(super) fn decided(text: &str) -> String {
    let mut text = text.to_owned();
    for kind in ["token", "password"] {
        let was = format!("unauthorized: gateway {kind} mismatch (");
        let is = format!("unauthorized: invalid {kind} (gateway {kind} mismatch: ");
        text = text.replace(&was, &is);
    }
    text.replace(
        "open a tokenized dashboard URL or paste token in Control UI settings",
        "open the dashboard URL and paste the token in Control UI settings",
    )
}
