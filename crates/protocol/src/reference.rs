//! Writes `docs/protocol.md` from the tables, or checks that it is what they say.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::event::{Audience, EVENTS};
use crate::limits;
use crate::method::{Access, Advertised, METHODS};

/// Set to rewrite the file.
const UPDATE: &str = "OPENCLAW_UPDATE_DOCS";

fn document() -> String {
    let mut out = String::from(HEAD);
    out.push_str("\n## Limits\n\n| limit | value |\n|---|---|\n");
    for (name, value) in numbers() {
        writeln!(out, "| {name} | {value} |").unwrap();
    }
    out.push_str(METHODS_HEAD);
    for method in METHODS {
        let access = match method.access {
            Access::Any => "any operator",
            Access::Scope(scope) => scope.name(),
            Access::Node => "role node",
        };
        let listed = match method.advertised {
            Advertised::Both => "3, 4",
            Advertised::V3 => "3",
            Advertised::V4 => "4",
            Advertised::Hidden => "–",
        };
        let mutates = if method.mutates { "yes" } else { "" };
        writeln!(
            out,
            "| `{}` | {access} | {listed} | {mutates} |",
            method.name
        )
        .unwrap();
    }
    out.push_str(EVENTS_HEAD);
    for event in EVENTS {
        let audience = match event.audience {
            Audience::Everyone => "operators and nodes",
            Audience::Operators => "operators",
            Audience::Scope(scope) => scope.name(),
            Audience::Direct => "one connection",
        };
        let newest = if event.coalesces { "newest only" } else { "" };
        writeln!(
            out,
            "| `{}` | {audience} | {} | {newest} |",
            event.name, event.since
        )
        .unwrap();
    }
    out.push_str(NOTES);
    out
}

const NOTES: &str = r#"
## Of this gateway

Additions that clients find by `features.methods`. Clients of protocol 3 are told of none of them and hear none of their
events; the methods answer them all the same.

**A refused connect** has `error.details.code`, always. With `PAIRING_REQUIRED` come `requestId`, `pairingCode`, `deviceId`,
`requestedRole`, `requestedScopes` and `expiresAtMs`; with `CONTROL_UI_ORIGIN_NOT_ALLOWED` the refused `origin` and the command that
lets it (`fix`); with `PROTOCOL_MISMATCH` `expectedProtocol`; with `AUTH_RATE_LIMITED` `error.retryAfterMs`. A browser whose origin is refused
gets its socket and is refused in the answer to `connect`; other clients get HTTP 403 at once.

**Scopes.** `device.pair.approve {requestId, scopes}` grants less than was asked; more is an error (`SCOPE_NOT_REQUESTED`). The waiting
device is admitted with what it was given (`hello.auth.scopes`, `scopeLimited`), and its next connect with the same wish files no new
request; a later one does. Whoever asks for a scope that it does not have gets what it has of the implied ones: of `operator.admin`, a
device that was given `operator.read` gets that.

**Ends of connections.** 1008 `device revoked`: the device was revoked or removed; a caller that does it to itself gets its answer first.
1008 `disconnected by operator`: `clients.disconnect`. 4001 `gateway auth changed`: its token was replaced or the shared secret changed.

1012 `service restart`: the gateway stops or restarts, as the event `shutdown` has said (`reason`, `restartExpectedMs`). From that event on,
calls that would begin something are refused with `UNAVAILABLE`, `details.code` `GATEWAY_RESTARTING` or `GATEWAY_STOPPING`, `details.reason`
`restarting` or `gateway stopping`, `retryable` and `retryAfterMs`; so are calls that are not answered when the drain (5 s) ends. While it restarts
its sockets stay open: whoever connects waits and is answered by the new process.

**`gateway.restart.request {reason}`** restarts the gateway into the program file that is there now, after proving that this one starts and that
the config can be used (`RESTART_REFUSED` otherwise, and nothing changes). `gateway.restart.preflight` tells the same without doing it. A call
of a node that was interrupted is safely sent again with the same `idempotencyKey`: our node host goes on with it and gives the second attempt
the outcome of the first.

**`remote.status`** is fast; with `addresses: true` it also tries every address at which others may reach the gateway, which takes up to a
few seconds. `you` says how the caller came: `control`, `loopback`, `tailscale`, `proxy`, `tailnet`, `lan` or `internet`.

**`clients.list`** is the table of live connections. `clients.changed` follows within 200 ms of somebody coming or going.

**`audit.list {limit, before, kinds}`** gives lines oldest first; page backwards with `before` = the lowest `id` so far. `audit.appended`
brings every line as it is written, about 0.1 to 0.4 s after the fact. A gap in `id` (or a `resync` that names the event) means: ask again
with `afterSeq`.

**Safe apply.** `config.set|patch|apply` with `confirmWithinMs` (10 000 to 600 000) answer with `confirm {id, deadlineMs, keys, by}`. Without
`config.confirm {id}` from any connection by then, the former file is back byte for byte and in force, also after a kill or a power loss;
`config.confirm {id, keep: false}` undoes at once. A file that was changed again meanwhile stays (`outcome: "kept"`). While one change
waits, others are refused (`CONFIRM_PENDING`). A page that comes back finds `pendingConfirm` and `lastConfirm` in `remote.status`.
`changes` in the answer to a write says what changed (`keys`), what of it is in force (`live`), what takes a restart (`restart`), and what a
flag or a variable overrides (`overridden`).

**Output while it runs.** `node.invoke` with `stream: true` sends the caller, and nobody else, `node.invoke.started {invokeId, streams}` and, from
nodes that show it (`streams` in `node.list`), `node.invoke.progress {seq, stream, chunk, dropped}`. `seq` has no gaps; `dropped` counts the
bytes that were left out because somebody was too slow. The result still holds the output. `node.invoke.abort {invokeId}` (or
`{idempotencyKey}` of a call of this connection) ends a call: the caller is answered at once (`nodeError.code` `ABORTED`), and the node kills what
runs. A node announces that it shows output with `invoke-progress` among the `protocolFeatures` of `node.runnerInventory.update`.

**Setup codes.** `device.pair.setupCode {kind, scopes, ttlMs}` works on a gateway that only its own machine reaches: `url` is then left out, and
`code` is the secret part alone, to be typed into a page of this gateway. `kind` is `browser`, `phone`, `limited` or `node`;
`device.pair.setup.completed {setupId}` tells when it was used.
"#;

const HEAD: &str = "# Wire protocol

<!-- Written by a test from the tables of crates/protocol: OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw-protocol reference -->

The gateway speaks protocol 3 (release 2026.1.30) and protocol 4 (release 2026.9.6) at once: of the range that a client
offers, the highest common version is used. Members that the gateway does not know are ignored.
";

const METHODS_HEAD: &str = "
## Methods

*Listed* says in which protocol the hello names the method; the others are answered all the same. `operator.admin`
implies every scope, `operator.write` implies `operator.read` and `operator.talk`.

| method | who may call | listed | changes something |
|---|---|---|---|
";

const EVENTS_HEAD: &str = "
## Events

*Since* says from which protocol on the hello names the event. Of events marked *newest only*, a reader that is behind
gets the last one. A reader that is so far behind that events were left out is told by `resync`
(`{dropped, events}`) and should ask for the state again.

| event | who receives | since | slow readers |
|---|---|---|---|
";

fn numbers() -> Vec<(&'static str, String)> {
    let bytes = |bytes: usize| {
        let kib = bytes / 1024;
        if kib.is_multiple_of(1024) {
            format!("{bytes} bytes ({} MiB)", kib / 1024)
        } else {
            format!("{bytes} bytes ({kib} KiB)")
        }
    };
    let seconds = |duration: std::time::Duration| format!("{} s", duration.as_secs());
    vec![
        (
            "largest frame before the hello",
            bytes(limits::PRE_AUTH_MAX_PAYLOAD),
        ),
        (
            "`policy.maxPayload`, protocol 3",
            bytes(limits::V3_MAX_PAYLOAD),
        ),
        (
            "`policy.maxPayload`, protocol 4",
            bytes(limits::V4_MAX_PAYLOAD),
        ),
        (
            "`policy.maxBufferedBytes`, protocol 3",
            bytes(limits::V3_MAX_BUFFERED),
        ),
        (
            "`policy.maxBufferedBytes`, protocol 4",
            bytes(limits::V4_MAX_BUFFERED),
        ),
        (
            "`policy.tickIntervalMs`",
            format!("{} ms", limits::TICK_INTERVAL.as_millis()),
        ),
        ("accept to hello", seconds(limits::HANDSHAKE_TIMEOUT)),
        (
            "quiet peers are pinged after",
            seconds(limits::PING_INTERVAL),
        ),
        ("and have to answer within", seconds(limits::PONG_TIMEOUT)),
        (
            "age of a signed time",
            format!("± {} s", limits::SIGNATURE_SKEW_MS / 1000),
        ),
        (
            "lifetime of a pairing request",
            format!("{} s", limits::PAIRING_TTL_MS / 1000),
        ),
        (
            "deadline of `node.invoke` by default",
            format!("{} s", limits::INVOKE_TIMEOUT_MS / 1000),
        ),
        (
            "lifetime of an exec approval by default",
            format!("{} s", limits::APPROVAL_TIMEOUT_MS / 1000),
        ),
        (
            "longest close reason",
            format!("{} bytes", limits::CLOSE_REASON_MAX_BYTES),
        ),
        (
            "entries of `system-presence`",
            limits::PRESENCE_MAX.to_string(),
        ),
    ]
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test that rewrites a file on demand"
)]
fn the_reference_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.md");
    let document = document();
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, &document).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == document,
        "docs/protocol.md is not current; rewrite it with {UPDATE}=1 cargo test -p openclaw-protocol reference"
    );
}
