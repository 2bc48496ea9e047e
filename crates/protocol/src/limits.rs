//! Every protocol number, with its reason.

use std::time::Duration;

/// Largest frame accepted before hello-ok, in bytes: a connect request is a few KiB; strangers get no more memory.
pub const PRE_AUTH_MAX_PAYLOAD: usize = 64 * 1024;
/// `policy.maxPayload` announced to protocol 3 clients, in bytes.
pub const V3_MAX_PAYLOAD: usize = 512 * 1024;
/// `policy.maxPayload` announced to protocol 4 clients, in bytes; also the hard limit of a frame of either generation.
pub const V4_MAX_PAYLOAD: usize = 25 * 1024 * 1024;
/// `policy.maxBufferedBytes` announced to protocol 3 clients, in bytes.
pub const V3_MAX_BUFFERED: usize = 1536 * 1024;
/// `policy.maxBufferedBytes` announced to protocol 4 clients, in bytes: what one slow reader may cost. One largest answer
/// and some more fit, so that a reader who only falls behind for a moment is not cut off.
pub const V4_MAX_BUFFERED: usize = 32 * 1024 * 1024;
/// Bytes of events kept for one slow reader; beyond it they are dropped and `resync` says so.
pub const EVENT_BUFFER: usize = 1536 * 1024;
/// `policy.tickIntervalMs`.
pub const TICK_INTERVAL: Duration = Duration::from_secs(30);
/// Time from accept to hello-ok.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);
/// A quiet peer is pinged after this long, well under the 30–100 s idle cuts of proxies.
pub const PING_INTERVAL: Duration = Duration::from_secs(25);
/// How long a pinged peer has to answer; with [`PING_INTERVAL`] a dead peer is gone within 40 s.
pub const PONG_TIMEOUT: Duration = Duration::from_secs(14);
/// Age limit of a proof that signs the client's own clock instead of the challenge, in milliseconds.
pub const SIGNATURE_SKEW_MS: i64 = 600_000;
/// Lifetime of a pending pairing request, in milliseconds.
pub const PAIRING_TTL_MS: i64 = 300_000;
/// Lifetime of a setup code, in milliseconds.
pub const SETUP_TTL_MS: i64 = 600_000;
/// Longest lifetime a setup code may be given, in milliseconds.
pub const SETUP_TTL_MAX_MS: i64 = 3_600_000;
/// Shortest lifetime a setup code may be given, in milliseconds.
pub const SETUP_TTL_MIN_MS: i64 = 10_000;
/// Default deadline of `node.invoke`, in milliseconds.
pub const INVOKE_TIMEOUT_MS: u64 = 30_000;
/// Default lifetime of an exec approval, in milliseconds.
pub const APPROVAL_TIMEOUT_MS: u64 = 120_000;
/// Longest close reason, in bytes (a control frame carries 125, two of them are the code).
pub const CLOSE_REASON_MAX_BYTES: usize = 123;
/// Most entries in one presence answer.
pub const PRESENCE_MAX: usize = 200;
