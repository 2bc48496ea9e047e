//! `cargo xtask fuzz`: runs every target of `fuzz/` for a while, with cargo-fuzz on the nightly toolchain.

use std::fs;
use std::process::Command;

use crate::TaskResult;
use crate::setup::{cargo_fuzz, root, run as run_command, target as build_folder};

const DEFAULT_SECONDS: u64 = 300;

const USAGE: &str = "usage: cargo xtask fuzz [--seconds N] [target…]";

const MISSING: &str = "fuzzing needs the nightly toolchain and cargo-fuzz:
  rustup toolchain install nightly
  cargo install --locked cargo-fuzz";

pub(crate) fn run(arguments: &[String]) -> TaskResult {
    let all = targets();
    let (seconds, chosen) = parse(arguments, &all)?;
    let mut failed = Vec::new();
    for target in chosen {
        println!("fuzz {target}: {seconds} s");
        if let Err(error) = run_one(&target, seconds) {
            failed.push(format!("{target}: {error}"));
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "fuzzing found failures (inputs are under fuzz/artifacts):\n  {}",
            failed.join("\n  ")
        ))
    }
}

fn run_one(target: &str, seconds: u64) -> TaskResult {
    let fuzz = root().join("fuzz");
    let corpus = fuzz.join("corpus").join(target);
    fs::create_dir_all(&corpus).map_err(|error| format!("{}: {error}", corpus.display()))?;
    let mut command = command("run").ok_or(MISSING)?;
    command.arg(target);
    // What is found is kept in the first folder; the seeds are only read.
    command.arg(corpus).arg(fuzz.join("seeds").join(target));
    command.args([
        "--",
        &format!("-max_total_time={seconds}"),
        "-timeout=10",
        "-rss_limit_mb=2048",
        "-print_final_stats=1",
    ]);
    run_command(&mut command)
}

/// Returns `cargo fuzz <action>` with what every action shares, or `None` when a tool is missing.
pub(crate) fn command(action: &str) -> Option<Command> {
    let mut command = cargo_fuzz()?;
    // No unsafe code, so nothing for a sanitizer to find.
    command.args([action, "--sanitizer", "none", "--codegen-units", "16"]);
    command.arg("--target-dir").arg(build_folder().join("fuzz"));
    Some(command)
}

/// Returns the names of the fuzz targets, sorted.
pub(crate) fn targets() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("fuzz/fuzz_targets"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let path = entry.path();
            (path.extension()? == "rs").then(|| path.file_stem()?.to_str().map(str::to_owned))?
        })
        .collect();
    names.sort();
    names
}

fn parse(arguments: &[String], all: &[String]) -> Result<(u64, Vec<String>), String> {
    let mut seconds = DEFAULT_SECONDS;
    let mut chosen = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--seconds" {
            let value = rest.next().ok_or(USAGE)?;
            seconds = value
                .parse()
                .map_err(|_| format!("--seconds takes a number, not {value}"))?;
        } else if all.contains(argument) {
            chosen.push(argument.clone());
        } else {
            return Err(format!("{USAGE}\ntargets: {}", all.join(" ")));
        }
    }
    if chosen.is_empty() {
        all.clone_into(&mut chosen);
    }
    Ok((seconds, chosen))
}
