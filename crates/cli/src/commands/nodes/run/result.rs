//! Shows what a program on a node did, and ends as it ended.

use serde_json::Value;

use crate::commands::nodes::invoke::payload_of;
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::Ui;

/// Exit code for a program that could not be started, as shells have it.
const NOT_STARTED: u8 = 127;

/// How the program ended.
#[derive(Debug, PartialEq, Eq)]
enum End {
    Exited(u8),
    TimedOut,
    NotStarted(String),
    Killed,
}

/// Prints output and error output, and gives the program's exit code.
pub(super) fn report(ui: Ui, answer: &Value) -> Outcome {
    let payload = payload_of(answer.clone());
    let end = end(&payload);
    if ui.is_json() {
        ui.json(answer)?;
    } else {
        let text = |name: &str| payload[name].as_str().unwrap_or_default();
        ui.pass_out(text("stdout").as_bytes())?;
        ui.pass_err(text("stderr").as_bytes());
    }
    match end {
        End::Exited(0) => Ok(Exit::OK),
        End::Exited(code) => {
            ui.note(format!("run exit {code}"));
            Ok(Exit::remote(code))
        }
        End::TimedOut => Err(CommandError::plain("run timed out")
            .hint("Fix: allow more time with --command-timeout <ms>, 0 for no limit.")),
        End::NotStarted(reason) => {
            ui.note(reason);
            Ok(Exit::remote(NOT_STARTED))
        }
        End::Killed => Err(CommandError::plain("run ended without an exit code")),
    }
}

fn end(payload: &Value) -> End {
    if payload["timedOut"] == true {
        return End::TimedOut;
    }
    match payload["exitCode"].as_i64() {
        // Beyond a byte (Windows), the shell could only see a part that may be 0.
        Some(code) => End::Exited(u8::try_from(code).unwrap_or(u8::MAX)),
        None => match payload["error"].as_str().filter(|text| !text.is_empty()) {
            Some(reason) => End::NotStarted(reason.to_owned()),
            None if payload["success"] == true => End::Exited(0),
            None => End::Killed,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ends() {
        for (payload, expected) in [
            (json!({"exitCode": 0, "success": true}), End::Exited(0)),
            (json!({"exitCode": 3, "success": false}), End::Exited(3)),
            (json!({"exitCode": 256}), End::Exited(255)),
            (json!({"exitCode": -1}), End::Exited(255)),
            (json!({"exitCode": 137, "timedOut": true}), End::TimedOut),
            (
                json!({"exitCode": null, "success": false, "error": "spawn x ENOENT"}),
                End::NotStarted("spawn x ENOENT".into()),
            ),
            (json!({"success": true}), End::Exited(0)),
            (json!({"success": false, "error": null}), End::Killed),
        ] {
            assert_eq!(end(&payload), expected, "{payload}");
        }
    }
}
