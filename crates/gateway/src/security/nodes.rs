//! What nodes may be asked, and who becomes one.

use openclaw_config::exec_approvals::{Ask, Security};

use super::proxies::range_of;
use super::{Facts, Found, Severity};
use crate::listen::is_public;

/// Commands that show or change what is private.
const DANGEROUS: [&str; 8] = [
    "camera.snap",
    "camera.clip",
    "screen.record",
    "location.get",
    "sms.send",
    "contacts.list",
    "canvas.eval",
    "browser.proxy",
];

pub(super) fn rules(facts: &Facts<'_>, found: &mut Found) {
    let nodes = &facts.settings.gateway.nodes;
    let allowed: Vec<&str> = nodes.allowed().collect();
    if allowed
        .iter()
        .any(|command| matches!(*command, "*" | "*.*"))
    {
        found.add(
            Severity::Critical,
            "gateway.nodes.allow_commands_all",
            "Nodes may be asked everything",
            "gateway.nodes.allowCommands has a wildcard.",
            facts.command("openclaw config set gateway.nodes.allowCommands '[\"<command>\"]'"),
        );
    }
    let dangerous: Vec<&str> = allowed
        .iter()
        .copied()
        .filter(|command| DANGEROUS.contains(command))
        .collect();
    if !dangerous.is_empty() {
        found.add(
            Severity::Warn,
            "gateway.nodes.allow_commands_dangerous",
            "Nodes may be asked for private things",
            format!("gateway.nodes.allowCommands has {}.", dangerous.join(", ")),
            "take out what you do not use: openclaw config set gateway.nodes.allowCommands '[…]'",
        );
    }
    for range in &nodes.pairing.auto_approve_cidrs {
        let Some((ip, prefix)) = range_of(range) else {
            continue;
        };
        let wide = prefix < if ip.is_ipv4() { 16 } else { 48 };
        if prefix == 0 || is_public(ip) {
            found.add(
                Severity::Critical,
                "gateway.nodes.auto_approve_wide",
                "Strangers become nodes without being asked",
                format!("gateway.nodes.pairing.autoApproveCidrs has {range}."),
                facts.command("openclaw config set gateway.nodes.pairing.autoApproveCidrs '[]'"),
            );
        } else if wide {
            found.add(
                Severity::Warn,
                "gateway.nodes.auto_approve_broad",
                "Many machines become nodes without being asked",
                format!("gateway.nodes.pairing.autoApproveCidrs has {range}."),
                facts.command("openclaw config set gateway.nodes.pairing.autoApproveCidrs '[]'"),
            );
        }
    }
    if let Some(exec) = facts.exec {
        let mut open = Vec::new();
        if runs_everything(exec.defaults.security, exec.defaults.ask) {
            open.push("defaults".to_owned());
        }
        let agents = exec.agents.iter().filter(|(_, policy)| {
            let fields = &policy.fields;
            fields.security.is_some()
                && runs_everything(fields.security, fields.ask.or(exec.defaults.ask))
        });
        open.extend(agents.map(|(name, _)| format!("agent {name}")));
        if !open.is_empty() {
            found.add(
                Severity::Warn,
                "node.exec_full",
                "This machine runs every program it is asked to",
                format!("exec-approvals.json: security full without asking ({}).", open.join(", ")),
                "openclaw approvals allowlist add <program>, then security allowlist and ask on-miss",
            );
        }
    }
}

fn runs_everything(security: Option<Security>, ask: Option<Ask>) -> bool {
    security == Some(Security::Full) && ask != Some(Ask::Always)
}
