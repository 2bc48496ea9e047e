//! `openclaw nodes rename`.

use std::time::Duration;

use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use super::{fail, find, open};
use crate::args::CallArgs;
use crate::connect::needs;
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Arguments of `nodes rename`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Node id (or at least 6 characters of it), name or address
    #[arg(long, value_name = "idOrNameOrIp")]
    node: String,
    /// The new name
    #[arg(long, value_name = "name")]
    name: String,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let scopes = needs([Scope::Pairing, Scope::Read]);
        let connection = open(context, &self.call, scopes, Duration::ZERO, "rename").await?;
        let node = find::find(&connection, &self.node, "rename").await?;
        let params = json!({ "nodeId": node.node_id, "displayName": self.name });
        let answer: Value = connection
            .call("node.rename", &params)
            .await
            .map_err(fail("rename"))?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&answer)?;
        } else {
            ui.line(format!("node rename ok: {} -> {}", node.node_id, self.name))?;
        }
        connection.close().await;
        Ok(Exit::OK)
    }
}
