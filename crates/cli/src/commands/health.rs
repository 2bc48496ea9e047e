//! `openclaw health`: what the gateway says about itself.

mod ready;

use std::time::Instant;

use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::answer::{Answer, Around};
use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::{Exit, Outcome};
use crate::probe::Probe;
use crate::ui::format::ago;

/// Arguments of `health`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ask every channel anew and show the connection
    #[arg(long, alias = "debug")]
    verbose: bool,
    /// Exit with 0 if the gateway is ready, else with 1; needs no credential (for health checks of containers)
    #[arg(long, conflicts_with = "verbose")]
    exit_code: bool,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        context.tolerate_bad_config();
        if self.exit_code {
            return ready::run(context, &self.call).await;
        }
        let started = Instant::now();
        let connection = Connection::open(context, &self.call, needs([Scope::Read]))
            .await
            .map_err(CallFailure::into_error)?;
        let params = if self.verbose {
            json!({ "probe": true })
        } else {
            json!({})
        };
        let health: Value = connection
            .call("health", &params)
            .await
            .map_err(CallFailure::into_error)?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&health)?;
        } else {
            let answer = first_line(context, &connection, started).await;
            ui.line(format!("OpenClaw health: {answer}"))?;
            if self.verbose {
                ui.line("Gateway connection:")?;
                for line in connection.target().details().lines() {
                    ui.line(format!("  {line}"))?;
                }
            }
            for line in lines(&health) {
                ui.line(line)?;
            }
        }
        connection.close().await;
        Ok(Exit::OK)
    }
}

/// Is it up, is it reachable, is it safe.
async fn first_line(context: &Context, connection: &Connection, started: Instant) -> String {
    // Gateways of other makes do not know the method.
    let ways = connection.call("remote.status", &json!({})).await.ok();
    let probe = Probe::answered(started.elapsed(), ways);
    let around = Around {
        remote: !connection.target().is_local(),
        holds_lock: true,
        node_only: None,
        neighbour: None,
    };
    Answer::of(context, &probe, around).line()
}

/// The report as text.
fn lines(health: &Value) -> Vec<String> {
    let mut lines = channel_lines(health);
    let now = health["ts"].as_i64().unwrap_or_default();
    let agents = health["agents"].as_array().map_or(&[][..], Vec::as_slice);
    let name = |agent: &Value| agent["agentId"].as_str().unwrap_or("main").to_owned();
    let names: Vec<String> = agents
        .iter()
        .map(|agent| {
            let is_default = agent["isDefault"].as_bool().unwrap_or_default();
            format!(
                "{}{}",
                name(agent),
                if is_default { " (default)" } else { "" }
            )
        })
        .collect();
    if !names.is_empty() {
        lines.push(format!("Agents: {}", names.join(", ")));
    }
    let intervals: Vec<String> = agents
        .iter()
        .filter_map(|agent| {
            let heartbeat = &agent["heartbeat"];
            // As `status` says it.
            let every = if heartbeat["enabled"] == false {
                "off"
            } else {
                heartbeat["every"].as_str()?
            };
            Some(format!("{every} ({})", name(agent)))
        })
        .collect();
    if !intervals.is_empty() {
        lines.push(format!("Heartbeat interval: {}", intervals.join(", ")));
    }
    for agent in agents {
        let sessions = &agent["sessions"];
        let Some(path) = sessions["path"].as_str() else {
            continue;
        };
        let count = sessions["count"].as_u64().unwrap_or_default();
        lines.push(format!(
            "Session store ({}): {path} ({count} entries)",
            name(agent)
        ));
        for recent in sessions["recent"].as_array().into_iter().flatten() {
            let key = recent["key"].as_str().unwrap_or_default();
            lines.push(format!(
                "- {key} ({})",
                ago(now, recent["updatedAt"].as_i64())
            ));
        }
    }
    lines
}

/// One line per channel, in the gateway's order.
pub(crate) fn channel_lines(health: &Value) -> Vec<String> {
    health["channelOrder"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|id| {
            let label = health["channelLabels"][id].as_str().unwrap_or(id);
            let channel = &health["channels"][id];
            let state = match (channel["configured"].as_bool(), channel["linked"].as_bool()) {
                (_, Some(true)) => "linked",
                (_, Some(false)) => "not linked",
                (Some(true), None) => "configured",
                (Some(false), None) => "not configured",
                (None, None) => "unknown",
            };
            format!("{label}: {state}")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report() {
        let health = json!({
            "ts": 100_000, "channelOrder": ["sms"], "channelLabels": {"sms": "SMS"},
            "channels": {"sms": {"configured": true}},
            "agents": [{"agentId": "main", "isDefault": true, "heartbeat": {"every": "30m"},
                "sessions": {"path": "/s.json", "count": 1, "recent": [{"key": "agent:main:main", "updatedAt": 40_000}]}}],
        });
        assert_eq!(
            lines(&health),
            [
                "SMS: configured",
                "Agents: main (default)",
                "Heartbeat interval: 30m (main)",
                "Session store (main): /s.json (1 entries)",
                "- agent:main:main (1m ago)",
            ]
        );
        assert!(lines(&json!({})).is_empty());
        let off = json!({ "agents": [{ "agentId": "main", "heartbeat": { "enabled": false, "every": "30m" } }] });
        assert_eq!(
            lines(&off),
            ["Agents: main", "Heartbeat interval: off (main)"]
        );
    }
}
