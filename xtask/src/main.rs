//! Repository tasks, run as `cargo xtask <task>`. Only the standard library, so that they build in a second.
#![forbid(unsafe_code)]
#![warn(clippy::pedantic)]
#![expect(
    clippy::disallowed_methods,
    reason = "tasks see no crate of the workspace, and write only build products"
)]

mod bench;
mod check;
mod ci;
mod dist;
mod faults;
mod fuzz;
mod packages;
mod peers;
mod setup;
mod systemd;
mod test;
mod ui;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask <task>

  test                 set up what is missing, then run every check and test
  ci                   test, and cargo-deny when it is installed
  check                crate graph, file length, dependency table
  packages             install the system programs that tests run for real
  peers                install the upstream releases that the compatibility tests run against
  ui [playwright arguments]
                       Control UI: types, unit tests, ui/dist as its sources build it, tests in Chromium
  bench [args]         CPU time per operation against a bare echo server
  faults [--seconds N] [test…]
                       every way in with every fault (default 60 s each), into docs/faults.md
  dist [--profile name] [target…]
                       the files of a release, in target/dist: archives, checksums, bills of materials
  systemd [--binary path] [--suite name] [--mirror url]
                       the services in a fresh Debian root with its own systemd, restarts of that machine included;
                       no part of test: it needs root, a Debian mirror and some minutes
  fuzz [--seconds N] [target…]
                       run every fuzz target, or some (default 300 s each)
";

/// What a task ends with; the text says what failed and what to do.
type TaskResult = Result<(), String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", &[][..]),
    };
    let result = match task {
        "test" => test::run(),
        "ci" => ci::run(),
        "check" => check::run(),
        "packages" => packages::run(),
        "peers" => peers::run(),
        "ui" => ui::run(rest),
        "bench" => bench::run(rest),
        "faults" => faults::run(rest),
        "dist" => dist::run(rest),
        "fuzz" => fuzz::run(rest),
        "systemd" => systemd::run(rest),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        other => Err(format!("unknown task: {other}\n\n{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
