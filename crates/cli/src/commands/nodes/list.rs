//! `openclaw nodes list`.

use std::time::Duration;

use openclaw_protocol::methods::node::{NodePairList, PairedNode};
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use super::status::Filter;
use super::{fail, open};
use crate::args::CallArgs;
use crate::books::Pending;
use crate::commands::nodes::pending::{add_codes, table as pending_table};
use crate::connect::needs;
use crate::context::Context;
use crate::error::{Exit, Outcome};
use crate::ui::Table;
use crate::ui::format::{ago, now_ms, short_id};

/// Arguments of `nodes list`.
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
        let scopes = needs([Scope::Pairing, Scope::Read]);
        let connection = open(context, &self.call, scopes, Duration::ZERO, "list").await?;
        let mut list: Value = connection
            .call("node.pair.list", &json!({}))
            .await
            .map_err(fail("list"))?;
        if self.filter.connected || since.is_some() {
            let nodes: Value = connection
                .call("node.list", &json!({}))
                .await
                .map_err(fail("list"))?;
            retain(&mut list, &nodes, self.filter.connected, since);
        }
        connection.close().await;
        let ui = context.ui();
        add_codes(&mut list);
        if ui.is_json() {
            ui.json(&list)?;
            return Ok(Exit::OK);
        }
        let list: NodePairList =
            crate::books::decode(&list, "node.pair.list").map_err(fail("list"))?;
        ui.line(format!(
            "Pending: {} · Paired: {}",
            list.pending.len(),
            list.paired.len()
        ))?;
        let pending: Vec<Pending> = list.pending.into_iter().map(Pending::from).collect();
        if !pending.is_empty() {
            ui.heading("Pending")?;
            ui.table(&pending_table(&pending, now))?;
        }
        if !list.paired.is_empty() {
            ui.heading("Paired")?;
            ui.table(&paired_table(&list.paired, now))?;
        }
        Ok(Exit::OK)
    }
}

/// Keeps paired nodes that are connected, or were lately.
fn retain(list: &mut Value, nodes: &Value, connected: bool, since: Option<i64>) {
    let is_connected = |id: &Value| {
        nodes["nodes"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|node| node["nodeId"] == *id && node["connected"] == true)
    };
    if let Some(paired) = list["paired"].as_array_mut() {
        paired.retain(|node| {
            let here = is_connected(&node["nodeId"]);
            let last = node["lastConnectedAtMs"]
                .as_i64()
                .or(node["lastSeenAtMs"].as_i64());
            (!connected || here)
                && since.is_none_or(|since| here || last.is_some_and(|last| last >= since))
        });
    }
}

fn paired_table(paired: &[PairedNode], now: i64) -> Table {
    let mut table = Table::new(["Node", "ID", "IP", "Last Connect"]);
    for node in paired {
        table.row([
            node.surface.display_name.clone().unwrap_or_default(),
            short_id(&node.surface.node_id),
            node.surface.remote_ip.clone().unwrap_or_default(),
            ago(now, node.last_connected_at_ms.or(node.last_seen_at_ms)),
        ]);
    }
    table
}
