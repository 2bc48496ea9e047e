//! `openclaw dns`: names under which gateways are found across networks.

mod setup;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Outcome;

/// Commands of `dns`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Have the gateway found across networks, through a tailnet
    Setup(setup::Args),
}

impl Command {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Setup(args) => args.run(context),
        }
    }
}
