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
    out
}

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
