//! `openclaw security`: what is open to whom.

mod audit;
mod deep;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Outcome;
use crate::runtime;

/// Commands of `security`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Look for what lets strangers in: exposure, credentials, files, certificates
    Audit(audit::Args),
}

impl Command {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Audit(args) => runtime::run(args.run(context)),
        }
    }
}
