//! `openclaw devices reject`.

use super::approve::{NO_REQUEST, choose, pending_of};
use crate::args::CallArgs;
use crate::books::{Books, Kind, decided_id};
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Arguments of `devices reject`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Code, request id (or at least 6 characters of it), device id or device name
    #[arg(value_name = "request")]
    request: String,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let books = Books::open(context, &self.call)
            .await
            .map_err(CallFailure::into_error)?;
        let pending = pending_of(&books, Kind::Device).await?;
        let request = choose(context, &pending, &self.request, NO_REQUEST)?;
        let answer = books
            .reject(&request)
            .await
            .map_err(CallFailure::into_error)?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&answer)?;
        } else {
            ui.line(format!("Rejected {}", decided_id(&answer)))?;
        }
        books.close().await;
        Ok(Exit::OK)
    }
}
