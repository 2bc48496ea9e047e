//! `openclaw node`: makes this machine a node of a gateway.

mod endpoint;
mod identity;
mod install;
mod run;
mod service;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Outcome;
use crate::service::lifecycle;

pub(crate) use run::PairArgs;

/// Commands of `node`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Connect to a gateway and serve commands until interrupted
    Run(run::Args),
    /// Install the node host as a service that starts with this machine
    Install(install::Args),
    /// Stop the node's service and remove it
    Uninstall(lifecycle::Args),
    /// Start the node's service
    Start(lifecycle::Args),
    /// Stop the node host
    Stop(lifecycle::Args),
    /// Restart the node's service
    Restart(lifecycle::Args),
    /// Show the node's service and whether it runs
    Status(service::StatusArgs),
    /// Show how this machine is known to gateways
    Identity(identity::Args),
}

impl Command {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Run(args) => args.run(context),
            Self::Install(args) => args.run(context),
            Self::Uninstall(args) => service::uninstall(context, args),
            Self::Start(args) => service::start(context, args),
            Self::Stop(args) => service::stop(context, args),
            Self::Restart(args) => service::restart(context, args),
            Self::Status(args) => args.run(context),
            Self::Identity(args) => args.run(context),
        }
    }
}
