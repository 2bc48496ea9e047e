//! `openclaw config validate`.

use openclaw_config::load::load;
use serde_json::json;

use crate::context::{Context, problem};
use crate::error::{Exit, Outcome};

/// Arguments of `config validate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let Self {} = self;
        let snapshot = load(context.paths(), context.env());
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&json!({
                "path": snapshot.path,
                "exists": snapshot.exists,
                "valid": snapshot.valid,
                "hash": snapshot.hash,
                "issues": snapshot.issues,
                "warnings": snapshot.warnings,
                "legacyIssues": snapshot.legacy_issues,
                "fellBack": snapshot.fell_back,
                "defaulted": snapshot.defaulted,
            }))?;
        } else {
            let file = context.paths().display_home(&snapshot.path);
            if !snapshot.exists {
                ui.line(format!("No config file: {file} (defaults in use)"))?;
            } else if snapshot.valid {
                ui.line(format!("Config OK: {file}"))?;
            } else {
                ui.line("Config invalid")?;
                ui.line(format!("File: {file}"))?;
                ui.line("Problem:")?;
                for issue in &snapshot.issues {
                    ui.line(format!("  - {}", problem(issue)))?;
                }
                for (sections, what) in [
                    (&snapshot.fell_back, "last good values in use for"),
                    (&snapshot.defaulted, "defaults in use for"),
                ] {
                    if !sections.is_empty() {
                        ui.line(format!("Note: {what} {}", sections.join(", ")))?;
                    }
                }
                ui.line(format!(
                    "Fix: correct the file, set the value with `{}`, or run: {}",
                    context.command("openclaw config set <path> <value>"),
                    context.command("openclaw config rollback")
                ))?;
            }
            for warning in &snapshot.warnings {
                ui.line(format!("Warning: {}", problem(warning)))?;
            }
        }
        Ok(if snapshot.valid {
            Exit::OK
        } else {
            Exit::FAILED
        })
    }
}
