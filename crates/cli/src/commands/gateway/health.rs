//! `openclaw gateway health`.

use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::commands::health::channel_lines;
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Arguments of `gateway health`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Accepted for compatibility; the final answer is always waited for
    #[arg(long, hide = true)]
    expect_final: bool,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        context.tolerate_bad_config();
        let connection = Connection::open(context, &self.call, needs([Scope::Read]))
            .await
            .map_err(CallFailure::into_error)?;
        let health: Value = connection
            .call("health", &json!({}))
            .await
            .map_err(CallFailure::into_error)?;
        connection.close().await;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&health)?;
            return Ok(Exit::OK);
        }
        ui.heading("Gateway Health")?;
        let duration = health["durationMs"].as_u64().unwrap_or_default();
        let state = if health["ok"] == true { "OK" } else { "not OK" };
        ui.line(format!("{state} ({duration}ms)"))?;
        for line in channel_lines(&health) {
            ui.line(line)?;
        }
        Ok(Exit::OK)
    }
}
