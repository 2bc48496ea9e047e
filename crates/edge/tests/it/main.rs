//! ACME against a real server: pebble, the one that its authors test with.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that cannot go on has failed, and one that cannot be run says so"
)]

mod faults;
mod issue;
mod limits;
mod pebble;
mod stage;
