//! A walk as text and as JSON.

use std::time::Duration;

use serde_json::{Value, json};

use super::walk::{State, Walk};
use super::{Fix, Hop, Verdict};
use crate::error::CommandError;
use crate::ui::Ui;

/// Prints a walk. `has_findings` says that something else was told above.
pub(crate) fn print(ui: Ui, walk: &Walk, has_findings: bool) -> Result<(), CommandError> {
    for line in lines(walk, has_findings) {
        ui.line(line)?;
    }
    Ok(())
}

fn lines(walk: &Walk, has_findings: bool) -> Vec<String> {
    let mut lines = vec![
        format!("Target: {}", walk.url),
        format!("Source: {}", walk.source),
        format!("Credential: {}", walk.credential),
        String::new(),
    ];
    for hop in Hop::ALL {
        let name = hop.name();
        let Some(step) = walk.steps.iter().find(|step| step.hop == hop) else {
            lines.push(format!("  · {name:<10} not reached"));
            continue;
        };
        let mark = match step.state {
            State::Passed => '✓',
            State::Skipped => '-',
            State::Failed => '✗',
        };
        let took = step
            .took
            .map(|took| format!(" ({})", millis(took)))
            .unwrap_or_default();
        let seen = match step.state {
            State::Failed => "here the way ends".to_owned(),
            _ => step.seen.clone(),
        };
        lines.push(format!("  {mark} {name:<10} {seen}{took}"));
        lines.extend(
            step.notes
                .iter()
                .map(|note| format!("    {:<10} note: {note}", "")),
        );
    }
    lines.push(String::new());
    match &walk.verdict {
        None if has_findings => {
            lines.push("The way to the gateway is fine; see the findings above.".to_owned());
        }
        None => {
            lines.push("All is well: this machine reaches the gateway and may use it.".to_owned());
        }
        Some(verdict) => lines.extend(verdict_lines(verdict)),
    }
    lines
}

/// Cause and fixes.
pub(crate) fn verdict_lines(verdict: &Verdict) -> Vec<String> {
    let mut lines = vec![format!("Problem ({}): {}", verdict.id, verdict.cause)];
    lines.extend(verdict.fixes.iter().flat_map(fix_lines));
    lines
}

fn fix_lines(fix: &Fix) -> Vec<String> {
    match &fix.command {
        Some(command) => vec![format!("Fix: {}:", fix.text), format!("  {command}")],
        None => vec![format!("Fix: {}", fix.text)],
    }
}

fn millis(took: Duration) -> String {
    let micros = took.as_micros();
    if micros < 1_000 {
        "<1ms".to_owned()
    } else {
        format!("{}ms", took.as_millis())
    }
}

/// The walk for programs.
pub(crate) fn to_json(walk: &Walk) -> Value {
    let hops: Vec<Value> = Hop::ALL
        .into_iter()
        .map(|hop| {
            let Some(step) = walk.steps.iter().find(|step| step.hop == hop) else {
                return json!({ "hop": hop.key(), "state": "notReached" });
            };
            let state = match step.state {
                State::Passed => "ok",
                State::Skipped => "skipped",
                State::Failed => "failed",
            };
            let latency = step
                .took
                .map(|took| u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
            json!({
                "hop": hop.key(),
                "state": state,
                "seen": step.seen,
                "latencyMs": latency,
                "notes": step.notes,
            })
        })
        .collect();
    json!({
        "ok": walk.verdict.is_none(),
        "target": { "url": walk.url, "source": walk.source, "credential": walk.credential },
        "hops": hops,
        "verdict": walk.verdict.as_ref().map(verdict_json),
    })
}

fn verdict_json(verdict: &Verdict) -> Value {
    let fixes: Vec<Value> = verdict
        .fixes
        .iter()
        .map(|fix| json!({ "text": fix.text, "command": fix.command }))
        .collect();
    json!({
        "id": verdict.id,
        "hop": verdict.hop.key(),
        "cause": verdict.cause,
        "fixes": fixes,
    })
}
