//! `openclaw pairing`: approve whatever shows a code.

mod approve;
mod list;

use clap::Subcommand;

use crate::context::Context;
use crate::error::{CommandError, Outcome};

/// Commands of `pairing`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// List every device and node that waits for approval
    List(list::Args),
    /// Approve the device or node that shows this code
    Approve(approve::Args),
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::List(args) => args.run(context).await,
            Self::Approve(args) => args.run(context).await,
        }
    }
}

/// Pairing of chat senders belongs to channels, which this program does not have.
fn no_channels(channel: &str) -> CommandError {
    CommandError::new(format!("Channel {channel} does not support pairing"))
        .hint("This gateway has no chat channels; leave the channel out to pair devices and nodes.")
}
