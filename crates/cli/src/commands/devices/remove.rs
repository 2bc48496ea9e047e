//! `openclaw devices remove`.

use serde_json::json;

use super::paired;
use crate::args::CallArgs;
use crate::books::Books;
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Arguments of `devices remove`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Device id (or at least 6 characters of it) or device name
    #[arg(value_name = "device")]
    device: String,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let books = Books::open(context, &self.call)
            .await
            .map_err(CallFailure::into_error)?;
        let device = paired(&books, &self.device).await?;
        let params = json!({ "deviceId": device.device_id });
        let answer = books
            .change("device.pair.remove", &params)
            .await
            .map_err(CallFailure::into_error)?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&answer)?;
        } else {
            ui.line(format!("Removed {}", device.device_id))?;
            ui.note(format!(
                "While it knows the shared credential it can ask again, and from this machine (an SSH tunnel counts) it is let in \
                 at once. To keep it out, change that too: {}",
                context.command("openclaw config set gateway.auth.token <new token>")
            ));
        }
        books.close().await;
        Ok(Exit::OK)
    }
}
