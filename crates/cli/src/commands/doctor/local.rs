//! What can be seen of this machine without asking a gateway: config, state, files, the parts of a gateway that runs here.

use openclaw_config::schema::GatewayMode;
use openclaw_gateway::lock::peek;
use openclaw_gateway::security::Severity;
use serde_json::{Value, json};

use crate::commands::security as audit;
use crate::context::{Context, problem};
use crate::error::CommandError;
use crate::ui::Ui;
use crate::ui::format::now_ms;

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Local {
    sections: Vec<Section>,
}

/// One heading with what belongs below it.
#[derive(Debug)]
struct Section {
    title: &'static str,
    lines: Vec<String>,
}

impl Local {
    /// Looks, and mends modes of files if asked to.
    pub(super) fn look(context: &Context, fix: bool) -> Result<Self, CommandError> {
        let mut local = Self::default();
        local.add("Config", config(context));
        local.add("Gateway", gateway(context)?);
        local.add("Security", security(context, fix)?);
        Ok(local)
    }

    fn add(&mut self, title: &'static str, lines: Vec<String>) {
        if !lines.is_empty() {
            self.sections.push(Section { title, lines });
        }
    }

    pub(super) fn print(&self, ui: Ui) -> Result<(), CommandError> {
        for section in &self.sections {
            ui.heading(section.title)?;
            for line in &section.lines {
                ui.line(line)?;
            }
            ui.blank()?;
        }
        Ok(())
    }

    pub(super) fn to_json(&self) -> Value {
        let sections: Vec<Value> = self
            .sections
            .iter()
            .map(|section| json!({ "title": section.title, "lines": section.lines }))
            .collect();
        json!(sections)
    }
}

/// What the audit says, the critical ones in full.
fn security(context: &Context, fix: bool) -> Result<Vec<String>, CommandError> {
    let mut report = audit::look(context)?;
    let mut lines = Vec::new();
    if fix {
        let mended = audit::mend(&report);
        lines.extend(
            mended
                .changes
                .iter()
                .map(|change| format!("- done: {change}")),
        );
        report = audit::look(context)?;
    }
    let bad: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Critical)
        .collect();
    for finding in &bad {
        lines.push(format!("- CRITICAL: {}: {}", finding.title, finding.detail));
        if let Some(fix) = &finding.remediation {
            lines.push(format!("  Fix: {fix}"));
        }
    }
    let warnings = report.count(Severity::Warn);
    if !bad.is_empty() || warnings > 0 {
        lines.push(format!(
            "- {}; run: {}",
            report.summary(),
            context.command("openclaw security audit --deep")
        ));
    }
    if report.findings.iter().any(|finding| finding.mend.is_some()) {
        lines.push(format!(
            "- modes of files can be mended by: {}",
            context.command("openclaw doctor --fix")
        ));
    }
    Ok(lines)
}

fn config(context: &Context) -> Vec<String> {
    let snapshot = context.snapshot();
    let problems = snapshot.issues.iter().chain(&snapshot.warnings);
    let mut lines: Vec<String> = problems
        .map(|issue| format!("- {}", problem(issue)))
        .collect();
    if !lines.is_empty() {
        lines.push(format!(
            "Fix: edit {} and check it with:",
            context.paths().display_home(&snapshot.path)
        ));
        lines.push(format!("  {}", context.command("openclaw config validate")));
    }
    lines
}

fn gateway(context: &Context) -> Result<Vec<String>, CommandError> {
    let settings = context.settings()?;
    let running = peek(&context.paths().lock_file, now_ms())
        .ok()
        .flatten()
        .is_some();
    let mut lines = Vec::new();
    match settings.gateway.mode {
        Some(GatewayMode::Remote) => lines.push(
            "- Gateway is in remote mode; run doctor on the remote host where the gateway runs, too.".to_owned(),
        ),
        None if !running => {
            lines.push("- gateway.mode is unset; gateway start will be blocked.".to_owned());
            lines.push("Fix: start a gateway here in one step, or set the mode by hand:".to_owned());
            lines.push(format!("  {}", context.command("openclaw up")));
            lines.push(format!("  {}", context.command("openclaw config set gateway.mode local")));
        }
        _ => {}
    }
    Ok(lines)
}
