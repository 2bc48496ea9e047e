//! `openclaw nodes remove`.

use std::time::Duration;

use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use super::{fail, find, open};
use crate::args::CallArgs;
use crate::connect::needs;
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Arguments of `nodes remove`.
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
        let scopes = needs([Scope::Pairing, Scope::Read]);
        let connection = open(context, &self.call, scopes, Duration::ZERO, "remove").await?;
        let node = find::find(&connection, &self.node, "remove").await?;
        let answer: Value = connection
            .call("node.pair.remove", &json!({ "nodeId": node.node_id }))
            .await
            .map_err(fail("remove"))?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&answer)?;
        } else {
            ui.line(format!("node remove ok: {}", node.node_id))?;
        }
        connection.close().await;
        Ok(Exit::OK)
    }
}
