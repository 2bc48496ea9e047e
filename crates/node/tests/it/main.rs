//! The node host against a scripted gateway.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[expect(
    dead_code,
    reason = "shared with the tests of the client, which use all of it"
)]
#[path = "../../../client/tests/it/gateway.rs"]
mod gateway;
mod host;
