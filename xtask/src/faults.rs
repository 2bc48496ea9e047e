//! `cargo xtask faults [--seconds N]`: every way in with every fault for a while, and the table of what came of it in docs/faults.md.

use std::fs;

use crate::TaskResult;
use crate::setup::{cargo, root, run as run_command, target};

const HEAD: &str = "# Faults

Every way in with something wrong, while a client on the same machine calls `health` fifty times a second and connects anew every
second. The gateway is the program as it is built for tests, on the machine that builds it; times are microseconds. A full disk is
played by a folder where the file should be. Written by `cargo xtask faults`.

| Way in | Fault | s | Calls | Connects | Failed | p50 | p99 | max | What the gateway says | What to do |
|---|---|---:|---:|---:|---:|---:|---:|---:|---|---|
";

pub(crate) fn run(arguments: &[String]) -> TaskResult {
    let (seconds, filter) = match arguments {
        [flag, seconds, rest @ ..] if flag == "--seconds" => (seconds.as_str(), rest),
        rest => ("60", rest),
    };
    let rows = target().join("faults.jsonl");
    drop(fs::remove_file(&rows));
    let mut command = cargo(&["test", "--package", "openclaw", "--test", "faults", "--"]);
    command
        .args(filter)
        .args(["--test-threads", "1"])
        .env("OPENCLAW_FAULTS_SECONDS", seconds)
        .env("OPENCLAW_FAULTS_ROWS", &rows);
    let outcome = run_command(&mut command);
    let text = fs::read_to_string(&rows).map_err(|error| format!("{}: {error}", rows.display()))?;
    let mut page = HEAD.to_owned();
    for row in text.lines() {
        page.push_str(&line(row));
    }
    let path = root().join("docs").join("faults.md");
    fs::write(&path, page).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("wrote {}", path.display());
    outcome
}

/// A row of the table from one JSON object with plain members.
fn line(row: &str) -> String {
    let names = [
        "exposure", "fault", "seconds", "calls", "connects", "failed", "p50", "p99", "max",
        "reason", "fix",
    ];
    let cells: Vec<String> = names.iter().map(|name| member(row, name)).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The member's value; the rows hold numbers and texts with no escapes but `\\\"`.
fn member(row: &str, name: &str) -> String {
    let key = format!("\"{name}\":");
    let Some((_, rest)) = row.split_once(&key) else {
        return String::new();
    };
    let Some(text) = rest.strip_prefix('"') else {
        let end = rest.find([',', '}']).unwrap_or(rest.len());
        return rest[..end].to_owned();
    };
    let mut value = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => value.extend(letters.next()),
            '|' => value.push_str("\\|"),
            letter => value.push(letter),
        }
    }
    value
}
