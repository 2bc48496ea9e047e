//! What `gateway probe` shows.

use std::collections::HashSet;
use std::net::IpAddr;

use openclaw_gateway::listen::interfaces::{interface_addresses, tailnet_addresses};
use serde_json::{Value, json};

use super::{Args, DISCOVERY, Seen};
use crate::context::Context;
use crate::discover::{Beacon, Found};
use crate::error::CommandError;
use crate::probe::Probe;
use crate::ui::Ui;
use crate::ui::format::now_ms;

/// Which of several gateways that let us in counts.
const ORDER: [&str; 5] = [
    "explicit",
    "sshTunnel",
    "configRemote",
    "localLoopback",
    "controlSocket",
];

/// A fact that concerns more than one target.
struct Warning {
    code: &'static str,
    message: String,
    targets: Vec<&'static str>,
}

impl Args {
    pub(super) fn print(
        &self,
        ui: Ui,
        seen: &[Seen],
        found: Option<&Found>,
    ) -> Result<(), CommandError> {
        let connected = seen.iter().any(|seen| seen.probe.connected);
        let answered = seen.iter().any(|seen| seen.probe.reachable);
        ui.heading("Gateway Status")?;
        ui.line(match (connected, answered) {
            (true, _) => "Reachable: yes",
            (false, true) => "Reachable: yes, but access is refused",
            (false, false) => "Reachable: no",
        })?;
        ui.line(format!("Probe budget: {}ms", self.timeout.as_millis()))?;
        ui.blank()?;
        let warnings = warnings(seen);
        if !warnings.is_empty() {
            ui.line("Warning:")?;
            for warning in &warnings {
                ui.line(format!("- {}", warning.message))?;
            }
            ui.blank()?;
        }
        if let Some(found) = found {
            ui.heading("Discovery (this machine)")?;
            ui.line(format!(
                "Found {} gateway(s) via Bonjour ({})",
                found.beacons.len(),
                found.domains.join(" + ")
            ))?;
            ui.blank()?;
        }
        ui.heading("Targets")?;
        for Seen { candidate, probe } in seen {
            ui.line(format!("{} {}", candidate.label, url(candidate, probe)))?;
            for line in lines(probe) {
                ui.line(format!("  {line}"))?;
            }
            ui.blank()?;
        }
        Ok(())
    }

    pub(super) fn report(
        &self,
        context: &Context,
        seen: &[Seen],
        found: Option<&Found>,
        started: i64,
    ) -> Value {
        let primary = ORDER.into_iter().find(|id| {
            seen.iter()
                .any(|seen| seen.candidate.id == *id && seen.probe.connected)
        });
        let targets: Vec<Value> = seen
            .iter()
            .map(|Seen { candidate, probe }| {
                let mut target = json!({
                    "id": candidate.id,
                    "kind": candidate.id,
                    "url": url(candidate, probe),
                    "urlSource": candidate.target.url_source.to_string(),
                    "active": candidate.active,
                    "tunnel": probe.tunnel.as_ref().map(crate::probe::Via::to_json),
                    "credentialSource": candidate.target.token.as_ref().map(|token| token.source.to_string())
                        .or_else(|| candidate.target.password.as_ref().map(|password| password.source.to_string())),
                });
                if let (Some(target), Value::Object(more)) =
                    (target.as_object_mut(), probe.to_json())
                {
                    target.extend(more);
                }
                target
            })
            .collect();
        let warnings: Vec<Value> = warnings(seen)
            .into_iter()
            .map(|warning| json!({ "code": warning.code, "message": warning.message, "targetIds": warning.targets }))
            .collect();
        let local = seen
            .iter()
            .find(|seen| seen.candidate.id == "localLoopback")
            .map(|seen| seen.candidate.target.url.as_str());
        let tailnet = interface_addresses()
            .ok()
            .and_then(|interfaces| {
                tailnet_addresses(&interfaces)
                    .into_iter()
                    .find(IpAddr::is_ipv4)
            })
            .map(|address| address.to_string());
        let tailnet_url = tailnet
            .as_ref()
            .and_then(|address| Some(local?.replacen("127.0.0.1", address, 1)));
        let reached = seen.iter().find(|seen| Some(seen.candidate.id) == primary);
        json!({
            "ok": primary.is_some(),
            "degraded": seen.iter().any(|seen| seen.probe.connected && !seen.probe.rpc_ok()),
            "capability": reached.map(|seen| seen.probe.capability()),
            "ts": started,
            "durationMs": now_ms() - started,
            "timeoutMs": u64::try_from(self.timeout.as_millis()).unwrap_or(u64::MAX),
            "primaryTargetId": primary,
            "warnings": warnings,
            "network": {
                "localLoopbackUrl": local,
                "localTailnetUrl": tailnet_url,
                "tailnetIPv4": tailnet,
                "controlSocket": context.paths().control_socket,
            },
            "discovery": found.map(|found| json!({
                "timeoutMs": u64::try_from(self.timeout.min(DISCOVERY).as_millis()).unwrap_or(u64::MAX),
                "count": found.beacons.len(),
                "beacons": found.beacons.iter().map(Beacon::to_json).collect::<Vec<_>>(),
            })),
            "targets": targets,
        })
    }
}

/// Where the look went.
fn url(candidate: &super::Candidate, probe: &Probe) -> String {
    let url = &candidate.target.url;
    probe
        .tunnel
        .as_ref()
        .map_or_else(|| url.clone(), |via| via.url(url))
}

fn warnings(seen: &[Seen]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for seen in seen {
        if let Some(problem) = &seen.probe.tunnel_problem {
            let reason = problem
                .split_once(" failed: ")
                .map_or(problem.as_str(), |(_, reason)| reason);
            warnings.push(Warning {
                code: "ssh_tunnel_failed",
                message: format!("SSH tunnel failed: {reason}"),
                targets: vec![seen.candidate.id],
            });
        }
    }
    let connected: Vec<&Seen> = seen
        .iter()
        .filter(|seen| seen.probe.connected && !seen.candidate.is_socket())
        .collect();
    // The same gateway by several ways is one gateway.
    let hosts: HashSet<String> = connected
        .iter()
        .map(|seen| match seen.probe.own_entry() {
            Some(entry) => format!("{} {}", entry["host"], entry["version"]),
            None => seen.candidate.target.url.clone(),
        })
        .collect();
    if hosts.len() > 1 {
        warnings.push(Warning {
            code: "multiple_gateways",
            message: "several gateways answer; commands use the active one".to_owned(),
            targets: connected.iter().map(|seen| seen.candidate.id).collect(),
        });
    }
    warnings
}

/// The lines below a target.
fn lines(probe: &Probe) -> Vec<String> {
    let mut lines = Vec::new();
    match &probe.error {
        None => {
            let rpc = match &probe.rpc_error {
                None => "ok".to_owned(),
                Some(error) => format!("failed - {error}"),
            };
            lines.push(format!(
                "Connect: ok ({}ms) · RPC: {rpc}",
                probe.latency.as_millis()
            ));
        }
        Some(error) => lines.push(format!("Connect: failed - connect failed: {error}")),
    }
    if let Some(via) = &probe.tunnel {
        lines.push(format!("ssh: {}", via.target));
    }
    if probe.error.is_none() {
        lines.push(format!("Access: {}", probe.capability()));
        lines.extend(probe.own_line().map(|line| format!("Gateway: {line}")));
    }
    if probe.scope_limited {
        lines.push(
            "Scopes: fewer than asked for; approve the rest with: openclaw pairing list".to_owned(),
        );
    }
    lines.extend(
        probe
            .certificate
            .line()
            .map(|line| format!("Certificate: {line}")),
    );
    lines.extend(probe.warning().map(|warning| format!("Note: {warning}")));
    if probe.error.is_some() {
        let told = probe.explanation.iter().filter(|line| {
            line.starts_with("Fix: ")
                || line.starts_with("pairing required: ")
                || line.starts_with("This device: ")
        });
        // Who reads this has run the probe already; the next step walks the way hop by hop.
        lines.extend(told.map(|line| line.replace("openclaw gateway probe", "openclaw doctor")));
    }
    lines
}
