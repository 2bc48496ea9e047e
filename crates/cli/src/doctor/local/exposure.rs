//! What the security audit says, the worst in full.

use openclaw_gateway::security::Severity;

use super::{Level, Note, Repair};
use crate::context::Context;
use crate::error::CommandError;
use crate::exposure;

const TITLE: &str = "Security";

pub(super) fn look(context: &Context) -> Result<Vec<Note>, CommandError> {
    let report = exposure::look(context)?;
    let mut notes = Vec::new();
    for finding in &report.findings {
        let level = match finding.severity {
            Severity::Critical => Level::Critical,
            // What can be mended here is shown here, too; the rest of the warnings is counted below.
            _ if finding.mend.is_some() => Level::Warning,
            _ => continue,
        };
        let text = format!("{}: {}", finding.title, finding.detail);
        let mut note = Note::new(finding.check_id, TITLE, level, text);
        if let Some(fix) = &finding.remediation {
            note = note.fix(fix.clone());
        }
        if let Some(mend) = &finding.mend {
            note = note.repair(Repair::Chmod(mend.clone()));
        }
        notes.push(note);
    }
    let worth = report.count(Severity::Critical) + report.count(Severity::Warn);
    if worth > 0 {
        let all = Note::new(
            "security_summary",
            TITLE,
            Level::Info,
            format!("{}.", report.summary()),
        );
        notes.push(all.fix(format!(
            "see all of it: {}",
            context.command("openclaw security audit --deep")
        )));
    }
    Ok(notes)
}
