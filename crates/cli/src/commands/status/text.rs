//! `status` as text.

use openclaw_config::resolve::{ClientTarget, UrlSource};
use openclaw_gateway::lock::peek;

use super::collect::Overview;
use crate::app::VERSION;
use crate::context::{Context, problem};
use crate::error::CommandError;
use crate::service::nearby::start_command;
use crate::ui::format::{dotted, now_ms};
use crate::ui::{Table, Ui};
use crate::ways;

/// The short form.
pub(super) fn print(
    ui: Ui,
    context: &Context,
    overview: &Overview,
    deep: bool,
) -> Result<(), CommandError> {
    ui.heading(&format!("OpenClaw status: {}", overview.answer.line()))?;
    ui.blank()?;
    ui.heading("Overview")?;
    ui.table(&overview_table(context, overview, false))?;
    ui.blank()?;
    ui.line(rpc_line(overview))?;
    for line in explanation(overview) {
        ui.line(format!("  {line}"))?;
    }
    if let Some(status) = &overview.probe.remote {
        ui.blank()?;
        for line in ways::listening(status)
            .into_iter()
            .chain(ways::lines(status))
            .chain(ways::finding_lines(context, status))
        {
            ui.line(line)?;
        }
    }
    if deep {
        ui.blank()?;
        ui.heading("Health")?;
        ui.table(&health_table(overview))?;
    }
    ui.blank()?;
    ui.line("Next steps:")?;
    for step in next_steps(context, overview, deep) {
        ui.line(format!("  {step}"))?;
    }
    Ok(())
}

/// The report to paste.
pub(super) fn print_all(
    ui: Ui,
    context: &Context,
    overview: &Overview,
) -> Result<(), CommandError> {
    ui.heading(&format!(
        "OpenClaw status --all: {}",
        overview.answer.line()
    ))?;
    ui.blank()?;
    ui.heading("Overview")?;
    ui.table(&overview_table(context, overview, true))?;
    ui.blank()?;
    ui.heading("Diagnosis (read-only)")?;
    ui.blank()?;
    ui.line("Gateway connection details:")?;
    for line in overview.target.details().lines() {
        ui.line(format!("  {line}"))?;
    }
    ui.blank()?;
    let snapshot = context.snapshot();
    let config = snapshot.path.display();
    if snapshot.valid {
        ui.line(format!("✓ Config: {config}"))?;
    } else {
        ui.line(format!("✗ Config: {config}"))?;
        for issue in &snapshot.issues {
            ui.line(format!("  {}", problem(issue)))?;
        }
    }
    for warning in &snapshot.warnings {
        ui.line(format!("! Config: {}", problem(warning)))?;
    }
    let mark = if overview.probe.rpc_ok() {
        "✓"
    } else {
        "✗"
    };
    ui.line(format!("{mark} {}", rpc_line(overview)))?;
    for line in explanation(overview) {
        ui.line(format!("  {line}"))?;
    }
    if !overview.remote {
        match peek(&context.paths().lock_file, now_ms()) {
            Ok(Some(holder)) => ui.line(format!("✓ Gateway process: {holder}"))?,
            Ok(None) => ui.line("! Gateway process: none")?,
            Err(error) => ui.line(format!("! Gateway process: {error}"))?,
        }
    }
    for line in overview.machine.lines() {
        ui.line(line)?;
    }
    ui.blank()?;
    ui.line("Pasteable debug report. Auth tokens redacted.")
}

fn overview_table(context: &Context, overview: &Overview, all: bool) -> Table {
    let mut table = Table::new(["Item", "Value"]);
    let mut row = |item: &str, value: String| {
        if !value.is_empty() {
            table.row([item.to_owned(), value]);
        }
    };
    if all {
        row("Version", VERSION.to_owned());
        row("Profile", context.paths().profile.name().to_owned());
    }
    row("Dashboard", overview.dashboard.clone());
    row("OS", overview.os.label());
    let [tailscale, gateway_service, node_service] = overview.machine.rows();
    row(tailscale.0, tailscale.1);
    if all {
        row("Config", context.paths().config_path.display().to_string());
        row("State", context.paths().state_dir.display().to_string());
    }
    row("Gateway", gateway_cell(overview));
    row(gateway_service.0, gateway_service.1);
    row(node_service.0, node_service.1);
    if let Some(ssh) = &overview.target.ssh {
        row("Transport", ssh.to_string());
    }
    if overview.remote {
        row("Credential", credential(&overview.target));
    }
    row(
        "Certificate",
        overview.probe.certificate.line().unwrap_or_default(),
    );
    row(
        "Note",
        overview.probe.warning().unwrap_or_default().to_owned(),
    );
    if let Some(own) = overview.probe.own_line().filter(|_| all) {
        row("Gateway self", own);
    }
    if let Some(fingerprint) = &overview.probe.fingerprint {
        row("Certificate", format!("sha256 {fingerprint}"));
    }
    if let Some((known, connected)) = overview.nodes() {
        row("Nodes", format!("{known} known · {connected} connected"));
    }
    if let Some(pending) = overview.pending {
        let hint = if pending == 0 {
            String::new()
        } else {
            format!(" · see: {}", context.command("openclaw pairing list"))
        };
        row("Pairing", format!("{pending} waiting{hint}"));
    }
    row(
        "Node host",
        overview
            .node_of
            .as_ref()
            .map_or_else(String::new, |url| format!("node of {url}")),
    );
    if let Some(summary) = &overview.probe.summary {
        let sessions = &summary["sessions"];
        row(
            "Sessions",
            sessions["count"]
                .as_u64()
                .map_or_else(String::new, |count| {
                    let store = sessions["paths"][0].as_str().unwrap_or_default();
                    dotted([format!("{count} active").as_str(), store])
                }),
        );
        let events = summary["queuedSystemEvents"].as_array().map_or(0, Vec::len);
        row(
            "Events",
            if events == 0 {
                "none".to_owned()
            } else {
                format!("{events} queued")
            },
        );
        row("Heartbeat", heartbeat(summary));
    }
    table
}

/// Which credential is shown there, and where it comes from.
fn credential(target: &ClientTarget) -> String {
    let token = target
        .token
        .as_ref()
        .map(|token| format!("token ({})", token.source));
    let password = target
        .password
        .as_ref()
        .map(|password| format!("password ({})", password.source));
    let all: Vec<String> = token.into_iter().chain(password).collect();
    if all.is_empty() {
        "none; this device's own token, if it has one".to_owned()
    } else {
        all.join(" + ")
    }
}

fn heartbeat(summary: &serde_json::Value) -> String {
    summary["heartbeat"]["agents"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|agent| {
            let every = if agent["enabled"] == false {
                "off"
            } else {
                agent["every"].as_str()?
            };
            Some(format!("{every} ({})", agent["agentId"].as_str()?))
        })
        .collect::<Vec<_>>()
        .join(", ")
}

/// Mode, target, where the target comes from, whether it answers, and what was shown there.
fn gateway_cell(overview: &Overview) -> String {
    let url = &overview.target.url;
    let mode = if overview.remote { "remote" } else { "local" };
    let probe = &overview.probe;
    if overview.target.url_source == UrlSource::MissingRemote {
        return dotted([
            "remote",
            &format!("fallback {url}"),
            "misconfigured (remote.url missing)",
        ]);
    }
    if let Some(gateway) = overview.node_of.as_ref().filter(|_| overview.node_only) {
        return dotted([
            "none on this machine".to_owned(),
            format!("node of {gateway}"),
        ]);
    }
    let target = format!("{url} ({})", overview.target.url_source);
    let latency = probe.latency.as_millis();
    match &probe.error {
        None => dotted([
            mode.to_owned(),
            target,
            format!("reachable {latency}ms"),
            format!("auth {}", overview.auth()),
            probe.own_line().unwrap_or_default().replace(" · ", " "),
        ]),
        Some(error) if probe.reachable => dotted([
            mode.to_owned(),
            target,
            format!("reachable {latency}ms"),
            format!("refused ({error})"),
        ]),
        Some(error) => dotted([
            mode.to_owned(),
            target,
            format!("unreachable (connect failed: {error})"),
        ]),
    }
}

/// The phrase that guides tell people to look for.
fn rpc_line(overview: &Overview) -> String {
    let probe = &overview.probe;
    if overview.node_only {
        return "RPC probe: none, because this machine is a node without a gateway of its own"
            .to_owned();
    }
    match (&probe.error, &probe.rpc_error) {
        (None, None) => "RPC probe: ok".to_owned(),
        (None, Some(error)) => format!("RPC probe: ok, but limited: {error}"),
        (Some(_), _) if probe.reachable => {
            "RPC probe: failed (reachable, access refused)".to_owned()
        }
        (Some(_), _) => "RPC probe: failed".to_owned(),
    }
}

fn explanation(overview: &Overview) -> &[String] {
    if overview.probe.connected || overview.node_only {
        &[]
    } else {
        &overview.probe.explanation
    }
}

fn health_table(overview: &Overview) -> Table {
    let mut table = Table::new(["Item", "Status", "Detail"]);
    let probe = &overview.probe;
    let detail = probe
        .error
        .clone()
        .unwrap_or_else(|| format!("{}ms", probe.latency.as_millis()));
    let state = match (probe.connected, probe.reachable) {
        (true, _) => "reachable",
        (false, true) => "refused",
        (false, false) => "failed",
    };
    table.row(["Gateway".to_owned(), state.to_owned(), detail]);
    if let Some(health) = &probe.health {
        for line in crate::commands::health::channel_lines(health) {
            if let Some((channel, state)) = line.split_once(": ") {
                table.row([channel, state, ""]);
            }
        }
    }
    table
}

fn next_steps(context: &Context, overview: &Overview, deep: bool) -> Vec<String> {
    let step = |what: &str, command: &str| format!("{what}: {}", context.command(command));
    if overview.node_only {
        return vec![
            step("See how gateways know this node", "openclaw node identity"),
            step(
                "To command other nodes from here, name the gateway",
                "openclaw config set gateway.remote.url <url>",
            ),
        ];
    }
    if !overview.probe.reachable {
        let mut steps = vec![step("Fix reachability first", "openclaw gateway probe")];
        if !overview.remote && overview.probe.another_program {
            let free = context.command("openclaw config set gateway.port <port>");
            steps.push(format!(
                "End the program on the gateway's port, or choose another port: {free}"
            ));
        } else if !overview.remote {
            let start = start_command(context.env(), context.paths());
            steps.push(format!("Start the gateway: {start}"));
        }
        return steps;
    }
    if !overview.probe.connected {
        return vec![step("Fix access first", "openclaw gateway probe")];
    }
    let mut steps = vec![step("Follow the log", "openclaw logs --follow")];
    if overview.pending.is_some_and(|pending| pending > 0) {
        steps.push(step("Approve what waits", "openclaw pairing list"));
    }
    if deep {
        steps.push(step("See what is wrong on this machine", "openclaw doctor"));
        return steps;
    }
    steps.push(step("Need to test channels?", "openclaw status --deep").replacen("?:", "?", 1));
    steps
}
