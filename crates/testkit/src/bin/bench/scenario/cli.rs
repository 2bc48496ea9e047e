//! How long the commands take that people type, and how large the program is.

use std::process::{Command, Stdio};
use std::time::Instant;

use super::Stage;
use crate::report::{Row, Target};
use crate::stats::{median, megabytes, millis};

/// Runs of each command.
const RUNS: usize = 20;

pub(super) async fn run(stage: &Stage<'_>) -> Vec<Row> {
    if stage.options.embedded {
        return Vec::new();
    }
    let gateway = stage.program.start().await;
    let mut rows = Vec::new();
    for (arguments, limit) in [
        (&["--version"][..], 10.0),
        (&["config", "get", "gateway.port"], 10.0),
        (&["health"], 50.0),
        (&["devices", "list"], 50.0),
        (&["nodes", "status"], 50.0),
        (&["system", "presence"], 50.0),
    ] {
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let mut command = stage.program.command(gateway.home());
            command.args(arguments);
            times.push(time(&mut command, arguments));
        }
        rows.push(Row::new(
            format!("`openclaw {}`", arguments.join(" ")),
            median(times),
            "ms",
            Target::AtMost(limit),
        ));
    }
    let size = std::fs::metadata(stage.program.path()).expect("the program is there");
    rows.push(Row::new(
        "release binary",
        megabytes(size.len()),
        "MB",
        Target::AtMost(20.0),
    ));
    rows
}

fn time(command: &mut Command, arguments: &[&str]) -> f64 {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status().expect("the program runs");
    let time = millis(begun.elapsed());
    assert!(
        status.success(),
        "openclaw {} failed: {status}",
        arguments.join(" ")
    );
    time
}
