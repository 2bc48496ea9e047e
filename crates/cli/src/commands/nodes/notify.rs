//! `openclaw nodes notify`.

use std::time::Duration;

use serde_json::json;

use super::invoke::{Invoke, payload};
use super::wrong;
use crate::args::{CallArgs, millis};
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Arguments of `nodes notify`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Node id (or at least 6 characters of it), name or address
    #[arg(long, value_name = "idOrNameOrIp")]
    node: String,
    /// First line
    #[arg(long, value_name = "text")]
    title: Option<String>,
    /// Text below
    #[arg(long, value_name = "text")]
    body: Option<String>,
    /// Sound to play
    #[arg(long, value_name = "name")]
    sound: Option<String>,
    /// How much it may disturb
    #[arg(long, value_name = "priority", value_parser = ["passive", "active", "timeSensitive"])]
    priority: Option<String>,
    /// How it is shown
    #[arg(long, value_name = "how", value_parser = ["system", "overlay", "auto"], default_value = "system")]
    delivery: String,
    /// Deadline of the node in milliseconds
    #[arg(long, value_name = "ms", value_parser = millis, default_value = "15000")]
    invoke_timeout: Duration,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let blank =
            |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
        if blank(&self.title) && blank(&self.body) {
            return Err(wrong("notify", "missing --title or --body"));
        }
        let mut params = json!({ "delivery": self.delivery });
        for (name, value) in [
            ("title", &self.title),
            ("body", &self.body),
            ("sound", &self.sound),
            ("priority", &self.priority),
        ] {
            if let Some(value) = value {
                params[name] = json!(value);
            }
        }
        let invoke = Invoke {
            name: "notify",
            command: "system.notify",
            params,
            timeout: self.invoke_timeout,
            idempotency_key: None,
        };
        let payload = payload(context, &self.call, &self.node, invoke).await?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&payload)?;
        } else {
            ui.line("notify ok")?;
        }
        Ok(Exit::OK)
    }
}
