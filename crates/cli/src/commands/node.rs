//! `openclaw node`: makes this machine a node of a gateway.

mod identity;
mod run;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Outcome;

pub(crate) use run::PairArgs;

/// Commands of `node`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
#[expect(
    clippy::large_enum_variant,
    reason = "one value for the whole of a command"
)]
pub(crate) enum Command {
    /// Connect to a gateway and serve commands until interrupted
    Run(run::Args),
    /// Show how this machine is known to gateways
    Identity(identity::Args),
}

impl Command {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Run(args) => args.run(context),
            Self::Identity(args) => args.run(context),
        }
    }
}
