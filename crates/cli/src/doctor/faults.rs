//! Faults that are made for real, one after the other, and what doctor says about each.
//!
//! The list and the result are kept in docs/doctor-faults.md.

mod auth;
mod http;
mod network;
mod stage;
mod tls;
mod wish;

use std::fmt::Write;

use super::Walk;
use crate::args::{Globals, parse};
use crate::runtime::join_all;
use stage::Stage;

const HEAD: &str = "# Faults that doctor names

<!-- Made from the faults in crates/cli/src/doctor/faults; `OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw faults` makes every one of them anew and rewrites this page. -->

`openclaw doctor --remote` walks to the gateway one hop at a time, stops at the first one that fails, and names the cause and the fix. Every
row below was made for real on loopback (a broken server, a certificate with one thing wrong, a gateway in a wrong state); only name
resolution and a network without a route are put in place of the system's answer. Names of faults (`id` in `--json`) do not change.
";

#[tokio::test]
async fn u29_forty_faults_are_named_with_cause_and_fix() {
    let mut faults = Vec::new();
    wish::all(&mut faults);
    network::all(&mut faults).await;
    Box::pin(tls::all(&mut faults)).await;
    http::all(&mut faults).await;
    auth::all(&mut faults).await;
    let mut wrong = Vec::new();
    let mut rows = String::new();
    let total = faults.len();
    let mut shown = Vec::new();
    for fault in faults {
        let (made, expected) = (fault.made, (fault.id, fault.cause, fault.fix));
        let waits = fault.waits();
        shown.push((made, expected, waits, Stage::set(fault)));
    }
    let mut walks = Vec::new();
    for (_, _, waits, stage) in &shown {
        walks.push(if *waits {
            None
        } else {
            Some(stage.walk().await)
        });
    }
    // Where the fault is that nothing comes, all are waited for at once.
    let waiting = shown.iter().filter(|(_, _, waits, _)| *waits);
    let mut waited = join_all(waiting.map(|(_, _, _, stage)| stage.walk()))
        .await
        .into_iter();
    for ((made, (id, cause, fix), _, stage), walk) in shown.iter().zip(walks) {
        let walk = walk
            .or_else(|| waited.next())
            .expect("every walk was walked");
        match compare(&walk, id, cause, fix) {
            Some(problem) => wrong.push(format!("{made}: {problem}")),
            None => row(&mut rows, made, &walk, stage),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {total} not named:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
    assert!(total >= 40, "{total}");
    let page = page(&rows, total);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/doctor-faults.md");
    if std::env::var_os("OPENCLAW_UPDATE_DOCS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == page,
        "docs/doctor-faults.md is out of date: OPENCLAW_UPDATE_DOCS=1 cargo test -p openclaw faults"
    );
}

/// What is not as expected, if anything.
fn compare(walk: &Walk, id: &str, cause: &str, fix: &str) -> Option<String> {
    let Some(verdict) = &walk.verdict else {
        return Some(format!(
            "expected {id}, and nothing was found wrong: {:?}",
            walk.steps
        ));
    };
    let text = super::report::verdict_lines(verdict).join("\n");
    if verdict.id != id {
        return Some(format!("expected {id}, got {text}"));
    }
    if !verdict.cause.contains(cause) {
        return Some(format!("{id}: the cause does not say {cause:?}: {text}"));
    }
    let fixes = verdict.fixes.iter().map(|fix| {
        format!(
            "{} {}",
            fix.text,
            fix.command.as_deref().unwrap_or_default()
        )
    });
    if !fixes.into_iter().any(|one| one.contains(fix)) {
        return Some(format!("{id}: no fix says {fix:?}: {text}"));
    }
    let commands = verdict
        .fixes
        .iter()
        .filter_map(|fix| fix.command.as_deref());
    if let Some(unknown) = commands.flat_map(unknown_commands).next() {
        return Some(format!("{id}: {unknown} is not a command"));
    }
    let reached = walk.steps.last().map(|step| step.hop);
    if reached != Some(verdict.hop) {
        return Some(format!(
            "{id}: judged at {:?}, stopped at {reached:?}",
            verdict.hop
        ));
    }
    None
}

#[test]
fn the_guide_names_only_commands_and_keys_that_exist() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/");
    let guide = std::fs::read_to_string(format!("{docs}remote-access.md")).unwrap();
    let keys = std::fs::read_to_string(format!("{docs}config.md")).unwrap();
    let mut wrong = Vec::new();
    for line in guide.lines() {
        let line = line.strip_prefix("$ ").unwrap_or(line).trim();
        let line = line.split("  #").next().unwrap_or_default();
        let line = line.split(" | ").next().unwrap_or_default();
        wrong.extend(unknown_commands(line));
        for part in ["config set ", "config unset ", "config get "] {
            let Some((_, rest)) = line.split_once(part) else {
                continue;
            };
            let key = rest.split([' ', '`']).next().unwrap_or_default();
            let key = key.split(".<").next().unwrap_or_default();
            if !keys.contains(&format!("`{key}`")) {
                wrong.push(format!("{key} is not a key"));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "docs/remote-access.md:\n{}",
        wrong.join("\n")
    );
}

/// Commands of ours in a line that the command line does not take.
fn unknown_commands(line: &str) -> Vec<String> {
    line.split("&&")
        .map(str::trim)
        .filter_map(|command| command.strip_prefix("openclaw "))
        .filter(|command| {
            let (globals, words) = Globals::take(words(command));
            !globals.version && parse(words).is_err()
        })
        .map(|command| format!("openclaw {command}"))
        .collect()
}

/// Words of a shell line, as far as our fixes need it.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for letter in line.chars() {
        match (letter, quote) {
            ('\'' | '"', None) => quote = Some(letter),
            (letter, Some(open)) if letter == open => quote = None,
            (' ', None) => words.push(String::new()),
            (letter, _) => words.last_mut().expect("never empty").push(letter),
        }
    }
    words
}

fn row(rows: &mut String, made: &str, walk: &Walk, stage: &Stage) {
    let verdict = walk.verdict.as_ref().expect("compared before");
    let cell = |text: &str| stage.neutral(text).replace('|', "\\|").replace('\n', " ");
    let fix = verdict.fixes.first().map(|fix| match &fix.command {
        Some(command) => format!("{}: `{command}`", fix.text),
        None => fix.text.clone(),
    });
    writeln!(
        rows,
        "| {made} | {} | `{}` | {} | {} |",
        verdict.hop.name(),
        verdict.id,
        cell(&verdict.cause),
        cell(&fix.unwrap_or_default()),
    )
    .ok();
}

fn page(rows: &str, total: usize) -> String {
    format!(
        "{HEAD}\nResult of the last run: {total} of {total} named with the right hop, cause and fix.\n\n\
         | fault | stops at | named | cause as told | first fix |\n|---|---|---|---|---|\n{rows}"
    )
}
