//! Recorded traffic of release 2026.1.30, played against our gateway: what its clients sent is sent again, and our answers
//! are compared with the recorded ones. Every difference has a name and a reason here; one without fails, and so does a
//! reason that nothing needs any more.

mod compare;
mod decisions;
mod player;
mod proof;

use std::collections::BTreeSet;

use decisions::{ADAPTED, INTENDED, SKIPPED};
use player::Player;
use serde_json::Value;

/// What is played, and the connections that are left out of it.
const PLAYED: &[&str] = &[
    "01-connect-token-device",
    "02-auth-token-failures",
    "03-handshake-frame-errors",
    "04-protocol-role",
    "05-device-identity",
    "06-remote-looking-clients",
    "07-password-gateway",
    "09-post-handshake-frames",
    "10-scopes",
    "11-node-basics",
    "12-node-two-connections",
    "13-node-allowlist-config",
    "14-node-without-device",
    "15-device-pairing",
    "16-node-pairing",
    "17-revoke-live-and-pending-cross",
    "18-presence",
    "19-health-status",
    "20-logs-tail",
    "21-config-rpc",
    "22-exec-approvals",
    "29-node-events-subscriptions",
    "30-auth-edge-cases",
];

#[tokio::test]
async fn recorded_clients_of_2026_1_30_are_answered_as_they_were() {
    let mut unused: BTreeSet<usize> = (0..INTENDED.len()).collect();
    let mut unexplained = Vec::new();
    for name in PLAYED {
        for difference in Player::load(name).play().await {
            let reason = INTENDED.iter().position(|intended| {
                matches(intended.at, &difference.at) && matches(intended.what, &difference.what)
            });
            match reason {
                Some(index) => drop(unused.remove(&index)),
                None => unexplained.push(format!("{}: {}", difference.at, difference.what)),
            }
        }
    }
    assert!(
        unexplained.is_empty(),
        "differences without a reason:\n{}",
        unexplained.join("\n")
    );
    let stale: Vec<_> = unused
        .iter()
        .map(|index| {
            format!(
                "{}: {} ({})",
                INTENDED[*index].at, INTENDED[*index].what, INTENDED[*index].why
            )
        })
        .collect();
    assert!(
        stale.is_empty(),
        "reasons that nothing needs:\n{}",
        stale.join("\n")
    );
}

#[test]
fn every_step_that_is_left_out_was_recorded() {
    for (transcript, lines, what, why) in SKIPPED {
        let name = PLAYED.iter().find(|name| name.starts_with(transcript));
        let script = Player::load(name.unwrap()).into_script();
        let steps = script["steps"].as_array().unwrap();
        let found = steps.iter().any(|step| {
            let line = step["conn"].as_str().unwrap_or_default();
            matches(lines, line) && matches(what, step_name(step))
        });
        assert!(found, "{transcript} {lines} {what} ({why})");
    }
}

/// Whether a text matches a pattern in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(head) else {
        return false;
    };
    text.char_indices()
        .map(|(index, _)| index)
        .chain([text.len()])
        .any(|index| matches(rest, &text[index..]))
}

/// Whether a step is left out: whole connections, requests with their answers, events.
fn is_skipped(transcript: &str, line: &str, step: &Value) -> bool {
    let step_name = step_name(step);
    SKIPPED.iter().any(|(skipped, lines, what, _)| {
        *skipped == transcript && matches(lines, line) && matches(what, step_name)
    })
}

/// What a step is called: id of a request or its answer, event, raw text, or kind of step.
fn step_name(step: &Value) -> &str {
    let frame = &step["frame"];
    frame["id"]
        .as_str()
        .or_else(|| frame["event"].as_str())
        .or_else(|| step["data"].as_str())
        .or_else(|| step["dir"].as_str())
        .unwrap_or_default()
}

/// Changes what a client asks for where ours asks for more or less.
fn adapted(transcript: &str, line: &str, params: &mut Value) {
    for (_, _, member, value, _) in ADAPTED
        .iter()
        .filter(|(name, on, ..)| *name == transcript && *on == line)
    {
        params[*member] = serde_json::from_str(value).unwrap();
    }
}
