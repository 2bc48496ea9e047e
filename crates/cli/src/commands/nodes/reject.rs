//! `openclaw nodes reject`.

use super::{fail, failed};
use crate::args::CallArgs;
use crate::books::{Books, Kind};
use crate::commands::devices::choose;
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Arguments of `nodes reject`.
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
            .map_err(|failure| failure.prefixed(&failed("reject")))?;
        let mut pending = books.pending().await.map_err(fail("reject"))?;
        pending.retain(|request| request.kind == Kind::Node || request.role == "node");
        let unknown = format!("{}unknown requestId", failed("reject"));
        let request = choose(context, &pending, &self.request, &unknown)?;
        let answer = books.reject(&request).await.map_err(fail("reject"))?;
        context.ui().json(&answer)?;
        books.close().await;
        Ok(Exit::OK)
    }
}
