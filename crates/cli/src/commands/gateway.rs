//! `openclaw gateway`: the server, and questions to a running one.

mod auth;
mod call;
mod discover;
mod health;
pub(crate) mod install;
mod list;
mod probe;
mod proxy_check;
mod restart;
pub(crate) mod run;
mod start;
pub(crate) mod status;
mod stop;
mod uninstall;

#[cfg(test)]
pub(crate) use proxy_check::recipe as proxy_recipe;

use clap::Subcommand;

use crate::context::Context;
use crate::error::Outcome;
use crate::runtime;
use crate::service::lifecycle;

pub(crate) use list::neighbour;
pub(crate) use {restart::restart, start::start, stop::stop, uninstall::uninstall};

/// Commands of `gateway`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Run the gateway in the foreground
    Run(Box<run::Args>),
    /// Show how the gateway is set up and whether it answers
    Status(status::Args),
    /// Install the gateway as a service that starts with this machine
    Install(install::Args),
    /// Stop the gateway's service and remove it
    Uninstall(lifecycle::Args),
    /// Start the gateway's service
    Start(lifecycle::Args),
    /// Stop the gateway
    Stop(lifecycle::Args),
    /// Restart the gateway, without closing its ports where that is possible
    Restart(lifecycle::Args),
    /// Show every gateway of this user on this machine
    List(list::Args),
    /// Try every gateway this machine knows of
    Probe(probe::Args),
    /// Look for gateways on the local network and in the tailnet
    Discover(discover::Args),
    /// See how requests through a reverse proxy arrive, or print a configuration for one
    ProxyCheck(Box<proxy_check::Args>),
    /// Ask the gateway whether it is well
    Health(health::Args),
    /// Call any method of the gateway
    Call(call::Args),
    /// Limits on wrong credentials
    #[command(subcommand)]
    Auth(auth::Command),
}

impl Command {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Run(args) => args.run(context),
            Self::Status(args) => runtime::run(args.run(context)),
            Self::Install(args) => args.run(context),
            Self::Uninstall(args) => uninstall(context, args),
            Self::Start(args) => start(context, args),
            Self::Stop(args) => stop(context, args),
            Self::Restart(args) => restart(context, args),
            Self::List(args) => args.run(context),
            Self::Probe(args) => runtime::run(args.run(context)),
            Self::Discover(args) => runtime::run(args.run(context)),
            Self::ProxyCheck(args) => runtime::run(args.run(context)),
            Self::Health(args) => runtime::run(args.run(context)),
            Self::Call(args) => runtime::run(args.run(context)),
            Self::Auth(command) => runtime::run(command.run(context)),
        }
    }
}
