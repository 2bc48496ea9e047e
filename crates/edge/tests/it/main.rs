//! ACME against a real server: pebble, the one that its authors test with.

mod faults;
mod issue;
mod limits;
mod pebble;
mod stage;
