//! `openclaw devices rename`.

use serde_json::json;

use super::paired;
use crate::args::CallArgs;
use crate::books::Books;
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Arguments of `devices rename`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Device id (or at least 6 characters of it) or device name
    #[arg(value_name = "device")]
    device: String,
    /// The new name, 1 to 64 characters
    #[arg(value_name = "name")]
    name: String,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let books = Books::open(context, &self.call)
            .await
            .map_err(CallFailure::into_error)?;
        let device = paired(&books, &self.device).await?;
        let params = json!({ "deviceId": device.device_id, "label": self.name });
        let answer = books
            .change("device.pair.rename", &params)
            .await
            .map_err(CallFailure::into_error)?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&answer)?;
        } else {
            ui.line(format!("Renamed {} -> {}", device.device_id, self.name))?;
        }
        books.close().await;
        Ok(Exit::OK)
    }
}
