//! `openclaw security audit`. Ends with 1 when something critical was found.

use openclaw_gateway::security::{Report, Severity, files};
use serde_json::{Value, json};

use super::deep::Deep;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::exposure::look;
use crate::ui::Ui;

/// Arguments of `security audit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Also connect to the gateway, and see which addresses of this machine it is reachable at
    #[arg(long)]
    deep: bool,
    /// Mend what can be mended without a question: modes of files and folders
    #[arg(long)]
    fix: bool,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        context.tolerate_bad_config();
        let mended = if self.fix {
            Some(mend(&look(context)?))
        } else {
            None
        };
        let mut report = look(context)?;
        let deep = if self.deep {
            let deep = Deep::look(context).await?;
            deep.judge(&mut report);
            Some(deep)
        } else {
            None
        };
        let ui = context.ui();
        if ui.is_json() {
            let mut answer = report.to_json();
            if let Some(deep) = &deep {
                answer["deep"] = deep.to_json();
            }
            if let Some(mended) = &mended {
                answer = json!({ "fix": mended.to_json(), "report": answer });
            }
            ui.json(&answer)?;
        } else {
            print(ui, context, &report, deep.as_ref(), mended.as_ref())?;
        }
        Ok(if report.count(Severity::Critical) > 0 {
            Exit::FAILED
        } else {
            Exit::OK
        })
    }
}

/// What `--fix` did.
#[derive(Debug, Default)]
struct Mended {
    /// Done.
    changes: Vec<String>,
    actions: Vec<Value>,
    errors: Vec<String>,
}

/// Mends what can be mended without a question.
fn mend(report: &Report) -> Mended {
    let mut mended = Mended::default();
    for mend in report
        .findings
        .iter()
        .filter_map(|finding| finding.mend.as_ref())
    {
        let path = mend.path.display();
        let command = format!("chmod {:o} {path}", mend.mode);
        let (ok, note) = match files::mend(mend) {
            Ok(()) => {
                mended.changes.push(command);
                (true, None)
            }
            Err(reason) if ["already", "missing", "symlink"].contains(&reason.as_str()) => {
                (true, Some(format!("skip {command} ({reason})")))
            }
            Err(reason) => {
                mended.errors.push(format!("{command}: {reason}"));
                (false, Some(reason))
            }
        };
        mended.actions.push(json!({ "kind": "chmod", "path": mend.path, "mode": mend.mode, "ok": ok, "skipped": note }));
    }
    mended
}

impl Mended {
    fn to_json(&self) -> Value {
        json!({ "changes": self.changes, "actions": self.actions, "errors": self.errors })
    }
}

fn print(
    ui: Ui,
    context: &Context,
    report: &Report,
    deep: Option<&Deep>,
    mended: Option<&Mended>,
) -> Result<(), CommandError> {
    ui.heading("OpenClaw security audit")?;
    ui.line(format!("Summary: {}", report.summary()))?;
    if deep.is_none() {
        let command = context.command("openclaw security audit --deep");
        ui.line(format!("Run deeper: {command}"))?;
    }
    if let Some(mended) = mended {
        ui.blank()?;
        ui.heading("FIX")?;
        for line in mended.changes.iter().chain(&mended.errors) {
            ui.line(format!("  {line}"))?;
        }
        if mended.changes.is_empty() && mended.errors.is_empty() {
            ui.line("  nothing to mend without a question")?;
        }
    }
    for (severity, name) in [
        (Severity::Critical, "CRITICAL"),
        (Severity::Warn, "WARN"),
        (Severity::Info, "INFO"),
    ] {
        let findings = report
            .findings
            .iter()
            .filter(|finding| finding.severity == severity);
        let mut first = true;
        for finding in findings {
            if std::mem::take(&mut first) {
                ui.blank()?;
                ui.heading(name)?;
            }
            ui.line(format!("{} {}", finding.check_id, finding.title))?;
            for line in finding.detail.lines() {
                ui.line(format!("  {line}"))?;
            }
            if let Some(fix) = &finding.remediation {
                ui.line(format!("  Fix: {fix}"))?;
            }
        }
    }
    if let Some(deep) = deep {
        deep.print(ui)?;
    }
    Ok(())
}
