//! Prints rules as tables, or as one line of JSON.

use openclaw_config::exec_approvals::PolicyFields;

use super::target::{Rules, Target};
use crate::error::CommandError;
use crate::ui::format::{ago, now_ms, short_id};
use crate::ui::{Table, Ui};

/// Prints the rules.
pub(super) fn show(ui: Ui, target: &Target, rules: &Rules) -> Result<(), CommandError> {
    if ui.is_json() {
        return ui.json_line(&rules.shown);
    }
    let file = &rules.file;
    let entries: usize = file
        .agents
        .values()
        .map(|policy| policy.allowlist.len())
        .sum();
    let mut table = Table::new(["Field", "Value"]);
    let text = |name: &str| rules.shown[name].as_str().unwrap_or_default().to_owned();
    table.row(["Target".to_owned(), target.name()]);
    table.row(["Path".to_owned(), text("path")]);
    let exists = if rules.shown["exists"] == true {
        "yes"
    } else {
        "no"
    };
    table.row(["Exists", exists]);
    table.row(["Hash".to_owned(), short_id(&text("hash"))]);
    table.row(["Version".to_owned(), file.version.to_string()]);
    let socket = file.socket.as_ref().and_then(|socket| socket.path.clone());
    table.row([
        "Socket".to_owned(),
        socket.unwrap_or_else(|| "default".to_owned()),
    ]);
    table.row(["Defaults".to_owned(), defaults(&file.defaults)]);
    table.row(["Agents".to_owned(), file.agents.len().to_string()]);
    table.row(["Allowlist".to_owned(), entries.to_string()]);
    ui.heading("Approvals")?;
    ui.table(&table)?;
    ui.blank()?;
    if entries == 0 {
        return ui.line("No allowlist entries.");
    }
    let now = now_ms();
    let mut table = Table::new(["Agent", "Pattern", "Last Used"]);
    for (agent, policy) in &file.agents {
        for entry in &policy.allowlist {
            let used = entry.last_used_at.and_then(|at| i64::try_from(at).ok());
            let used = used.map_or_else(|| "never".to_owned(), |at| ago(now, Some(at)));
            table.row([agent.clone(), entry.pattern.clone(), used]);
        }
    }
    ui.heading("Allowlist")?;
    ui.table(&table)
}

/// `security=allowlist, ask=off`
fn defaults(fields: &PolicyFields) -> String {
    let parts: Vec<String> = [
        fields
            .security
            .map(|word| format!("security={}", word.as_str())),
        fields.ask.map(|word| format!("ask={}", word.as_str())),
        fields
            .ask_fallback
            .map(|word| format!("askFallback={}", word.as_str())),
        fields
            .auto_allow_skills
            .map(|allow| format!("autoAllowSkills={}", if allow { "on" } else { "off" })),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(", ")
    }
}
