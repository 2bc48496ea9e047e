//! Events that tell the gateway what became of a run.

use serde::Serialize;

use crate::exec::RunResult;
use crate::invoke::{NodeEvent, to_json};
use crate::policy::Refusal;

/// Session of runs that belong to none.
const DEFAULT_SESSION: &str = "node";
/// Most characters of output in an event; the end is the part that matters.
const OUTPUT_CHARACTERS: usize = 20_000;

/// What every event about one run says.
#[derive(Debug, Clone)]
pub(super) struct RunReport {
    session_key: String,
    run_id: String,
    command: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Denied<'a> {
    session_key: &'a str,
    run_id: &'a str,
    host: &'a str,
    command: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ended<'a> {
    session_key: &'a str,
    run_id: &'a str,
    host: &'a str,
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    timed_out: bool,
    success: bool,
    output: &'a str,
}

impl RunReport {
    pub(super) fn new(session_key: Option<&str>, run_id: Option<&str>, command: String) -> Self {
        let filled = |text: Option<&str>| {
            text.map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        Self {
            session_key: filled(session_key).unwrap_or_else(|| DEFAULT_SESSION.to_owned()),
            run_id: filled(run_id).unwrap_or_else(|| uuid::Uuid::new_v4().to_string()),
            command,
        }
    }

    pub(super) fn denied(&self, refusal: Refusal) -> NodeEvent {
        NodeEvent {
            event: "exec.denied",
            payload_json: to_json(&Denied {
                session_key: &self.session_key,
                run_id: &self.run_id,
                host: "node",
                command: &self.command,
                reason: refusal.reason(),
            }),
        }
    }

    pub(super) fn finished(&self, result: &RunResult) -> NodeEvent {
        let parts = [
            result.stdout.as_str(),
            result.stderr.as_str(),
            result.error.as_deref().unwrap_or_default(),
        ];
        let output = parts
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("\n");
        NodeEvent {
            event: "exec.finished",
            payload_json: to_json(&Ended {
                session_key: &self.session_key,
                run_id: &self.run_id,
                host: "node",
                command: &self.command,
                exit_code: result.exit_code,
                timed_out: result.timed_out,
                success: result.success,
                output: tail(output.trim(), OUTPUT_CHARACTERS),
            }),
        }
    }
}

fn tail(text: &str, characters: usize) -> &str {
    match text.char_indices().nth_back(characters.saturating_sub(1)) {
        Some((start, _)) => &text[start..],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_of_long_output_is_told() {
        assert_eq!(tail("abc", 5), "abc");
        assert_eq!(tail("abc", 3), "abc");
        assert_eq!(tail("aäc", 2), "äc");
        assert_eq!(tail("", 2), "");
    }
}
