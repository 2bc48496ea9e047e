//! `openclaw approvals`: which programs run on a machine, and what waits for a decision.

mod allowlist;
mod decide;
mod get;
mod set;
mod show;
mod target;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Outcome;

/// Commands of `approvals`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Show the rules of this machine, of the gateway host or of a node
    Get(get::Args),
    /// Replace the rules
    Set(set::Args),
    /// Change the list of allowed programs
    #[command(subcommand)]
    Allowlist(allowlist::Command),
    /// List commands that wait for a decision
    Pending(decide::PendingArgs),
    /// Let a waiting command run
    Allow(decide::AllowArgs),
    /// Refuse a waiting command
    Deny(decide::DenyArgs),
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Get(args) => args.run(context).await,
            Self::Set(args) => args.run(context).await,
            Self::Allowlist(command) => command.run(context).await,
            Self::Pending(args) => args.run(context).await,
            Self::Allow(args) => args.run(context).await,
            Self::Deny(args) => args.run(context).await,
        }
    }
}
