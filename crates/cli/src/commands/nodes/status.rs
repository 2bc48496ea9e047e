//! `openclaw nodes status`.

use std::time::Duration;

use openclaw_protocol::methods::node::NodeEntry;
use serde_json::{Value, json};

use super::{fail, look, open};
use crate::args::CallArgs;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::format::{ago, dotted, duration_ms, now_ms, short_id};
use crate::ui::{Table, Ui};

/// Which nodes to show.
#[derive(Debug, clap::Args)]
pub(super) struct Filter {
    /// Only connected nodes
    #[arg(long)]
    pub(super) connected: bool,
    /// Only nodes that connected within this time, such as 24h
    #[arg(long, value_name = "duration")]
    pub(super) last_connected: Option<String>,
}

impl Filter {
    /// Earliest connection that still counts, milliseconds since 1970.
    pub(super) fn since(&self, now: i64) -> Result<Option<i64>, CommandError> {
        let Some(text) = &self.last_connected else {
            return Ok(None);
        };
        match duration_ms(text) {
            Some(duration) => Ok(Some(now - duration)),
            None => Err(CommandError::plain(format!(
                "Invalid --last-connected: invalid duration: {text}"
            ))),
        }
    }
}

/// Arguments of `nodes status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let now = now_ms();
        let since = self.filter.since(now)?;
        let connection = open(context, &self.call, look(), Duration::ZERO, "status").await?;
        let mut list: Value = connection
            .call("node.list", &json!({}))
            .await
            .map_err(fail("status"))?;
        connection.close().await;
        let all = list["nodes"].as_array().map_or(0, Vec::len);
        if let Some(nodes) = list["nodes"].as_array_mut() {
            nodes.retain(|node| keep(node, self.filter.connected, since));
        }
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&list)?;
            return Ok(Exit::OK);
        }
        let nodes: Vec<NodeEntry> =
            crate::books::decode(&list["nodes"], "node.list").map_err(fail("status"))?;
        print(ui, &nodes, all, now)?;
        if all == 0 {
            ui.note(format!(
                "Connect a machine with: {}",
                context.command("openclaw node run --host <gateway>")
            ));
        }
        Ok(Exit::OK)
    }
}

fn keep(node: &Value, connected: bool, since: Option<i64>) -> bool {
    let is_connected = node["connected"].as_bool().unwrap_or_default();
    let last = node["connectedAtMs"]
        .as_i64()
        .or(node["lastConnectedAtMs"].as_i64())
        .or(node["lastSeenAtMs"].as_i64());
    (!connected || is_connected)
        && since.is_none_or(|since| is_connected || last.is_some_and(|last| last >= since))
}

fn print(ui: Ui, nodes: &[NodeEntry], all: usize, now: i64) -> Result<(), CommandError> {
    let paired = nodes.iter().filter(|node| node.paired).count();
    let connected = nodes.iter().filter(|node| node.connected).count();
    let known = if nodes.len() == all {
        format!("Known: {all}")
    } else {
        format!("Known: {} (of {all})", nodes.len())
    };
    ui.line(format!(
        "{known} · Paired: {paired} · Connected: {connected}"
    ))?;
    if nodes.is_empty() {
        return Ok(());
    }
    let mut table = Table::new(["Node", "ID", "IP", "Detail", "Status", "Caps"]);
    for node in nodes {
        table.row([
            node.display_name.clone().unwrap_or_default(),
            short_id(&node.node_id),
            node.remote_ip.clone().unwrap_or_default(),
            detail(node),
            state(node, now),
            node.caps.join(", "),
        ]);
    }
    ui.table(&table)
}

/// What the machine is.
fn detail(node: &NodeEntry) -> String {
    let labelled = |label: &str, value: &Option<String>| {
        value
            .as_ref()
            .map_or_else(String::new, |value| format!("{label}{value}"))
    };
    dotted([
        labelled("device: ", &node.device_family),
        labelled("hw: ", &node.model_identifier),
        permissions(node),
        versions(node),
        node.path_env
            .as_deref()
            .map_or_else(String::new, |path| format!("path: {}", short_path(path))),
    ])
}

/// `perms: [a=yes, b=no]`
pub(super) fn permissions(node: &NodeEntry) -> String {
    let Some(permissions) = node.permissions.as_ref().filter(|all| !all.is_empty()) else {
        return String::new();
    };
    let list: Vec<String> = permissions
        .iter()
        .map(|(name, granted)| format!("{name}={}", if *granted { "yes" } else { "no" }))
        .collect();
    format!("perms: [{}]", list.join(", "))
}

/// `core v2026.1.30 · ui v1`
pub(super) fn versions(node: &NodeEntry) -> String {
    let core = node.core_version.as_ref().or(node.version.as_ref());
    dotted([
        core.map_or_else(String::new, |version| {
            format!("core v{}", version.trim_start_matches('v'))
        }),
        node.ui_version
            .as_ref()
            .map_or_else(String::new, |version| {
                format!("ui v{}", version.trim_start_matches('v'))
            }),
    ])
}

/// The first two and the last entry of a `PATH`.
fn short_path(path: &str) -> String {
    let entries: Vec<&str> = path.split(':').collect();
    match entries.as_slice() {
        [first, second, _, .., last] => format!("{first}:{second}:…:{last}"),
        _ => path.to_owned(),
    }
}

/// Whether it may be used, and whether it can be.
pub(super) fn state(node: &NodeEntry, now: i64) -> String {
    let approval = match node.approval_state.as_deref() {
        Some("pending-approval") => "waits for approval",
        _ => "",
    };
    let connected = if node.connected {
        match node.connected_at_ms {
            Some(since) => format!("connected ({})", ago(now, Some(since))),
            None => "connected".to_owned(),
        }
    } else {
        "disconnected".to_owned()
    };
    dotted([
        if node.paired { "paired" } else { "unpaired" },
        approval,
        &connected,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        let node = NodeEntry {
            node_id: "n".into(),
            device_family: Some("Linux".into()),
            version: Some("2026.1.30".into()),
            path_env: Some("/usr/local/bin:/usr/bin:/bin:/sbin".into()),
            permissions: Some([("camera".to_owned(), true), ("mic".to_owned(), false)].into()),
            paired: true,
            connected: true,
            connected_at_ms: Some(1_000),
            ..NodeEntry::default()
        };
        assert_eq!(
            detail(&node),
            "device: Linux · perms: [camera=yes, mic=no] · core v2026.1.30 · path: /usr/local/bin:/usr/bin:…:/sbin"
        );
        assert_eq!(state(&node, 7_000), "paired · connected (6s ago)");
        let waiting = NodeEntry {
            approval_state: Some("pending-approval".into()),
            connected: false,
            ..node
        };
        assert_eq!(
            state(&waiting, 0),
            "paired · waits for approval · disconnected"
        );
        assert_eq!(short_path("/a:/b:/c"), "/a:/b:/c");
    }

    #[test]
    fn filters() {
        let node = json!({"connected": false, "lastConnectedAtMs": 100});
        assert!(keep(&node, false, None));
        assert!(!keep(&node, true, None));
        assert!(keep(&node, false, Some(100)));
        assert!(!keep(&node, false, Some(101)));
        assert!(keep(&json!({"connected": true}), true, Some(1)));
    }
}
