//! `cargo xtask ci`: what the build server runs, and cargo-deny where it is installed.

use crate::TaskResult;
use crate::setup::{self, cargo, works};
use crate::test;

pub(crate) fn run() -> TaskResult {
    let tested = test::run();
    let denied = if works(&mut cargo(&["deny", "--version"])) {
        setup::run(&mut cargo(&["deny", "check"]))
    } else {
        println!(
            "cargo-deny is not installed: licences and advisories were not checked (cargo install --locked cargo-deny)"
        );
        Ok(())
    };
    tested.and(denied)
}
