//! `cargo xtask test`: from a fresh clone to one answer. Sets up what is missing, then runs every check and every test.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use crate::TaskResult;
use crate::check;
use crate::fuzz;
use crate::packages;
use crate::peers;
use crate::setup::{self, cargo, target};
use crate::ui;

/// Lints with reasons in clippy.toml that hold for the programs, not for their tests.
const PROGRAM_LINTS: [&str; 4] = [
    "-D",
    "clippy::disallowed_methods",
    "-D",
    "clippy::disallowed_types",
];

pub(crate) fn run() -> TaskResult {
    // npm and apt-get wait on the network most of the time, so they go beside the first compilation.
    let installing_peers = thread::spawn(peers::run);
    let installing_packages = thread::spawn(packages::run);
    let installing_ui = thread::spawn(ui::install);
    let mut failed = Vec::new();
    let mut step = |name: &str, work: &mut dyn FnMut() -> TaskResult| {
        println!("\n== {name}");
        let started = Instant::now();
        match work() {
            Ok(()) => println!("== {name}: ok ({} s)", started.elapsed().as_secs()),
            Err(message) => {
                println!("== {name}: failed");
                failed.push(format!("== {name}: {message}"));
            }
        }
    };

    step("format", &mut || {
        setup::run(&mut cargo(&["fmt", "--all", "--check"]))
    });
    step("check", &mut check::run);
    step("clippy, everything", &mut || {
        setup::run(&mut cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    });
    step("clippy, programs", &mut || {
        let mut clippy = cargo(&[
            "clippy",
            "--workspace",
            "--exclude",
            "xtask",
            "--exclude",
            "openclaw-testkit",
        ]);
        clippy
            .args(["--lib", "--bins", "--", "-D", "warnings"])
            .args(PROGRAM_LINTS);
        setup::run(&mut clippy)
    });
    step("release build", &mut || {
        ui::run_without_node(&mut cargo(&["build", "--release", "--package", "openclaw"]))
    });
    step("fuzz targets", &mut check_fuzz_targets);
    step("documentation", &mut || {
        let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--quiet"]);
        setup::run(doc.env("RUSTDOCFLAGS", "-D warnings"))
    });
    step("documentation tests", &mut || {
        setup::run(&mut cargo(&["test", "--workspace", "--doc", "--quiet"]))
    });
    report(
        installing_peers,
        "The tests against the upstream releases report themselves as not run.",
    );
    // On the build server those tests fail, so that nothing goes untested in silence.
    report(
        installing_packages,
        "The tests that need one of them report themselves as not run; with CI set they fail.",
    );
    report(
        installing_ui,
        "The Control UI is not tested; with CI set that fails.",
    );
    step("control ui", &mut || ui::run(&[]));
    // Last, so that the summary of the tests is the end of the output.
    step("tests", &mut run_tests);

    if failed.is_empty() {
        Ok(())
    } else {
        // Whole, and last: where only the end of a log is kept, it says what failed.
        Err(format!("failed:\n{}", failed.join("\n\n")))
    }
}

fn report(installing: JoinHandle<TaskResult>, consequence: &str) {
    let installed = installing
        .join()
        .unwrap_or_else(|_| Err("an installation ended unexpectedly".to_owned()));
    if let Err(message) = installed {
        println!("\n{message}\n{consequence}");
    }
}

fn check_fuzz_targets() -> TaskResult {
    if fuzz::targets().is_empty() {
        return Ok(());
    }
    let Some(mut command) = fuzz::command("check") else {
        println!("not checked: the nightly toolchain or cargo-fuzz is missing");
        return Ok(());
    };
    // Whether they still fit the crates; building them for speed would cost as much as the release.
    setup::run(command.arg("--dev"))
}

fn run_tests() -> TaskResult {
    match setup::nextest() {
        Ok(()) => {
            let mut nextest = cargo(&["nextest", "run", "--workspace"]);
            if std::env::var_os("CI").is_some() {
                nextest.args(["--profile", "ci"]);
            } else {
                nextest.arg("--no-fail-fast");
            }
            setup::run(with_programs(&mut nextest))
        }
        Err(message) => {
            println!("{message}");
            run_cargo_test()
        }
    }
}

/// Tells the tests where the release program and the upstream releases are.
fn with_programs(command: &mut Command) -> &mut Command {
    command
        .env("OPENCLAW_TEST_BINARY", target().join("release/openclaw"))
        .env("OPENCLAW_PEERS_DIR", peers::peers())
}

/// Runs the tests without nextest and ends with one line that sums up those of every test program.
fn run_cargo_test() -> TaskResult {
    let mut command = cargo(&["test", "--workspace", "--all-targets", "--no-fail-fast"]);
    let mut child = with_programs(&mut command)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start cargo test: {error}"))?;
    let output = child.stdout.take().expect("the output was piped above");
    let (mut passed, mut failed) = (0, 0);
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        println!("{line}");
        if let Some((passed_here, failed_here)) = counts(&line) {
            passed += passed_here;
            failed += failed_here;
        }
    }
    let status = child
        .wait()
        .map_err(|error| format!("cargo test: {error}"))?;
    println!("{passed} passed, {failed} failed");
    if status.success() {
        Ok(())
    } else {
        Err(format!("cargo test: {status}"))
    }
}

/// Reads `test result: ok. 12 passed; 0 failed; …`.
fn counts(line: &str) -> Option<(u32, u32)> {
    let (_, rest) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let mut numbers = rest
        .split("; ")
        .filter_map(|part| part.split(' ').next()?.parse().ok());
    Some((numbers.next()?, numbers.next()?))
}

#[cfg(test)]
mod tests {
    use super::counts;

    #[test]
    fn reads_the_counts_of_a_test_program() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(counts(line), Some((12, 3)));
        assert_eq!(counts("test a ... ok"), None);
    }
}
