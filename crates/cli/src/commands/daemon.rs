//! `openclaw daemon`: the service commands of `gateway` by their other name.

use clap::Subcommand;

use super::gateway;
use crate::context::Context;
use crate::error::Outcome;
use crate::runtime;
use crate::service::lifecycle;

/// Commands of `daemon`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Same as `gateway status`
    Status(gateway::status::Args),
    /// Same as `gateway install`
    Install(gateway::install::Args),
    /// Same as `gateway uninstall`
    Uninstall(lifecycle::Args),
    /// Same as `gateway start`
    Start(lifecycle::Args),
    /// Same as `gateway stop`
    Stop(lifecycle::Args),
    /// Same as `gateway restart`
    Restart(lifecycle::Args),
}

impl Command {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Status(args) => runtime::run(args.run(context)),
            Self::Install(args) => args.run(context),
            Self::Uninstall(args) => gateway::uninstall(context, args),
            Self::Start(args) => gateway::start(context, args),
            Self::Stop(args) => gateway::stop(context, args),
            Self::Restart(args) => gateway::restart(context, args),
        }
    }
}
