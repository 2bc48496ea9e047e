//! `openclaw pairing approve`.

use super::no_channels;
use crate::args::CallArgs;
use crate::books::Books;
use crate::commands::devices::{approve_flow, choose};
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// Arguments of `pairing approve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The code that the device or node shows; a request id, device id or name will do too
    #[arg(value_name = "code", num_args = 1..=2, required = true)]
    words: Vec<String>,
    /// Chat channel
    #[arg(long, value_name = "channel", hide = true)]
    channel: Option<String>,
    /// Tell the sender
    #[arg(long, hide = true)]
    notify: bool,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let code = match (self.words.as_slice(), &self.channel) {
            ([code], None) => code,
            ([channel, _], None) | ([_], Some(channel)) => return Err(no_channels(channel)),
            _ => {
                return Err(CommandError::new(
                    "Too many arguments. Use: openclaw pairing approve <code>",
                ));
            }
        };
        let books = Books::open(context, &self.call)
            .await
            .map_err(CallFailure::into_error)?;
        let pending = books.pending().await.map_err(CallFailure::into_error)?;
        let unknown = format!("Error: No pending pairing request found for code: {code}");
        let request = choose(context, &pending, code, &unknown)?;
        approve_flow(context, &books, &request, "Error: ").await?;
        books.close().await;
        Ok(Exit::OK)
    }
}
