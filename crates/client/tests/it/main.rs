//! The client against a scripted gateway.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod calls;
mod gateway;
mod handshake;
mod liveness;
mod reconnect;
mod tls;
