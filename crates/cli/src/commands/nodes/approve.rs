//! `openclaw nodes approve`.

use super::{fail, failed};
use crate::args::CallArgs;
use crate::books::{Books, Kind, NotFound, find};
use crate::commands::devices::{choose, show};
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Arguments of `nodes approve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Code, request id (or at least 6 characters of it), node id or node name
    #[arg(value_name = "request")]
    request: String,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let books = Books::open(context, &self.call)
            .await
            .map_err(|failure| failure.prefixed(&failed("approve")))?;
        let mut pending = books.pending().await.map_err(fail("approve"))?;
        // A node first waits as a device; its command approval comes after that.
        pending.retain(|request| request.kind == Kind::Node || request.role == "node");
        let unknown = format!("{}unknown requestId", failed("approve"));
        let (nodes, devices): (Vec<_>, Vec<_>) = pending
            .into_iter()
            .partition(|request| request.kind == Kind::Node);
        let request = match find(&nodes, &self.request) {
            Err(NotFound::None) => choose(context, &devices, &self.request, &unknown)?,
            _ => choose(context, &nodes, &self.request, &unknown)?,
        };
        let ui = context.ui();
        if !ui.is_json() {
            show(ui, &request);
        }
        let answer = books.approve(&request).await.map_err(fail("approve"))?;
        ui.json(&answer)?;
        books.close().await;
        Ok(Exit::OK)
    }
}
