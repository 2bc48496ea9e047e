//! `openclaw config confirm`: keep a change that the gateway would take back.

use openclaw_protocol::methods::config::ConfirmEnded;
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::format::now_ms;

/// Arguments of `config confirm`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id of the change [default: the one that waits]
    #[arg(value_name = "id")]
    id: Option<String>,
    /// Take the change back at once instead
    #[arg(long)]
    undo: bool,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let connection = Connection::open(context, &self.call, needs([Scope::Admin]))
            .await
            .map_err(CallFailure::into_error)?;
        let ui = context.ui();
        let id = if let Some(id) = self.id {
            id
        } else {
            let status: Value = connection
                .call("remote.status", &json!({}))
                .await
                .map_err(CallFailure::into_error)?;
            let pending = &status["pendingConfirm"];
            let Some(id) = pending["id"].as_str() else {
                return Err(CommandError::new(
                    "No config change waits for confirmation.",
                ));
            };
            if !ui.is_json() {
                ui.line(line(pending))?;
            }
            id.to_owned()
        };
        let ended: ConfirmEnded = connection
            .call("config.confirm", &json!({ "id": id, "keep": !self.undo }))
            .await
            .map_err(CallFailure::into_error)?;
        connection.close().await;
        if ui.is_json() {
            ui.json(&json!(ended))?;
        } else {
            let mut words = ended.message.clone();
            if let Some(first) = words.get_mut(0..1) {
                first.make_ascii_uppercase();
            }
            ui.line(format!("{words}."))?;
        }
        Ok(Exit::OK)
    }
}

/// `gateway.bind, changed by Browser; taken back in 42 s`
fn line(pending: &Value) -> String {
    let keys: Vec<&str> = pending["keys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let by = pending["by"].as_str().unwrap_or("somebody");
    let left_ms = pending["deadlineMs"].as_i64().unwrap_or_default() - now_ms();
    format!(
        "{}, changed by {by}; taken back in {} s without this",
        keys.join(", "),
        left_ms.max(0).div_euclid(1_000)
    )
}
