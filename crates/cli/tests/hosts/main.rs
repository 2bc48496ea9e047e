//! The program on several hosts, which are network namespaces: see `openclaw_testkit::hosts` for how they are made. Needs Linux
//! and root; elsewhere the tests say that they were not run, and fail when `CI` is set.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod avahi;
mod binds;
mod live;
mod mdns;
mod support;
mod tls;
mod wide_area;
