//! `openclaw nodes describe`.

use std::time::Duration;

use openclaw_protocol::fingerprint::fingerprint_words;
use openclaw_protocol::methods::node::NodeEntry;
use serde_json::{Value, json};

use super::status::{permissions, state, versions};
use super::{fail, find, look, open};
use crate::args::CallArgs;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::format::now_ms;
use crate::ui::{Table, Ui};

/// Arguments of `nodes describe`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Node id (or at least 6 characters of it), name or address
    #[arg(long, value_name = "idOrNameOrIp")]
    node: String,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let connection = open(context, &self.call, look(), Duration::ZERO, "describe").await?;
        let node = find::find(&connection, &self.node, "describe").await?;
        let answer: Value = connection
            .call("node.describe", &json!({ "nodeId": node.node_id }))
            .await
            .map_err(fail("describe"))?;
        connection.close().await;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&answer)?;
        } else {
            let node: NodeEntry =
                crate::books::decode(&answer, "node.describe").map_err(fail("describe"))?;
            print(ui, &node)?;
        }
        Ok(Exit::OK)
    }
}

fn print(ui: Ui, node: &NodeEntry) -> Result<(), CommandError> {
    ui.heading("Node")?;
    let rows = [
        ("ID", Some(node.node_id.clone())),
        ("Words", fingerprint_words(&node.node_id)),
        ("Name", node.display_name.clone()),
        ("IP", node.remote_ip.clone()),
        ("Device", node.device_family.clone()),
        ("Model", node.model_identifier.clone()),
        ("Perms", Some(permissions(node))),
        ("Version", Some(versions(node))),
        ("PATH", node.path_env.clone()),
        ("Status", Some(state(node, now_ms()))),
        ("Caps", Some(node.caps.join(", "))),
    ];
    let mut table = Table::new(["Field", "Value"]);
    for (field, value) in rows {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            table.row([field.to_owned(), value]);
        }
    }
    ui.table(&table)?;
    ui.blank()?;
    ui.heading("Commands")?;
    let mut commands = node.commands.clone();
    commands.sort();
    if commands.is_empty() {
        return ui.line("- (none reported)");
    }
    for command in commands {
        ui.line(format!("- {command}"))?;
    }
    Ok(())
}
