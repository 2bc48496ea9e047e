//! `cargo xtask bench`: builds and runs the benchmark program of the test kit.

use std::process::{Command, Stdio};

use crate::TaskResult;
use crate::setup::{cargo, run as run_command, target};

pub(crate) fn run(arguments: &[String]) -> TaskResult {
    // One build: the program that is measured lies beside the one that measures it.
    run_command(&mut cargo(&[
        "build",
        "--release",
        "--package",
        "openclaw",
        "--package",
        "openclaw-testkit",
        "--bins",
    ]))?;
    let program = target().join("release").join("bench");
    run_command(Command::new(program).args(arguments).stdin(Stdio::null()))
}
