//! The command tree: one file per command, a folder per group.

mod approvals;
mod audit;
mod completion;
pub(crate) mod config;
mod configure;
mod connect;
mod daemon;
mod dashboard;
mod devices;
mod dns;
pub(crate) mod doctor;
pub(crate) mod gateway;
mod health;
mod logs;
mod migrate;
mod node;
mod nodes;
mod onboard;
mod pairing;
mod qr;
mod reset;
pub(crate) mod security;
mod setup;
pub(crate) mod status;
mod system;
mod tunnel;
mod uninstall;
mod up;

use clap::Subcommand;

#[cfg(test)]
pub(crate) use gateway::proxy_recipe;

use crate::context::Context;
use crate::error::Outcome;
use crate::runtime;

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a gateway on this machine, with this machine as its first node
    Up(up::Args),
    /// Set this machine up: a gateway here, or one elsewhere
    Onboard(Box<onboard::Args>),
    /// Change how the gateway is reached and what it asks for
    Configure(configure::Args),
    /// Write a first config, and ask nothing
    Setup(Box<setup::Args>),
    /// Migrate from an earlier gateway program on this machine
    Migrate(migrate::Args),
    /// Run the gateway, or ask a running one
    #[command(
        subcommand,
        after_help = "Without a command: the same as `gateway run`."
    )]
    Gateway(gateway::Command),
    /// Alias for the service commands of `gateway`
    #[command(subcommand)]
    Daemon(daemon::Command),
    /// Show gateway, nodes and config at a glance
    Status(status::Args),
    /// Find out why the gateway is not reached, and what mends it
    Doctor(doctor::Args),
    /// Show the health of the gateway
    Health(health::Args),
    /// Show and follow the log of the gateway
    Logs(logs::Args),
    /// Open the Control UI in the browser
    Dashboard(dashboard::Args),
    /// Make a code that lets one phone or machine in
    Qr(qr::Args),
    /// Pair this machine with a gateway elsewhere, by setup code or join link
    Connect(connect::Args),
    /// Reach a gateway through an SSH host
    #[command(subcommand)]
    Tunnel(tunnel::Command),
    /// Approve, list and revoke paired devices
    #[command(subcommand)]
    Devices(devices::Command),
    /// Approve pairing requests by their code
    #[command(subcommand)]
    Pairing(pairing::Command),
    /// See and command nodes
    #[command(subcommand)]
    Nodes(nodes::Command),
    /// Make this machine a node of a gateway
    #[command(subcommand)]
    Node(node::Command),
    /// Which programs nodes may run
    #[command(subcommand, alias = "exec-approvals")]
    Approvals(approvals::Command),
    /// Read and change the config file
    Config(config::Args),
    /// Have the gateway found across networks
    #[command(subcommand)]
    Dns(dns::Command),
    /// Presence, events and heartbeats of the gateway
    #[command(subcommand)]
    System(system::Command),
    /// What is open to whom, and what of it is dangerous
    #[command(subcommand)]
    Security(security::Command),
    /// Read and check the access log of the gateway
    #[command(subcommand)]
    Audit(audit::Command),
    /// Reset the config, or everything this profile stored
    Reset(reset::Args),
    /// Remove services, state and workspace from this machine
    Uninstall(uninstall::Args),
    /// Print a completion script for a shell
    Completion(completion::Args),
}

impl Command {
    /// Runs the command.
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Up(args) => args.run(context),
            Self::Onboard(args) => args.run(context),
            Self::Configure(args) => args.run(context),
            Self::Setup(args) => args.run(context),
            Self::Migrate(args) => args.run(context),
            Self::Gateway(command) => command.run(context),
            Self::Daemon(command) => command.run(context),
            Self::Status(args) => runtime::run(args.run(context)),
            Self::Doctor(args) => runtime::run(args.run(context)),
            Self::Health(args) => runtime::run(args.run(context)),
            Self::Logs(args) => runtime::run(args.run(context)),
            Self::Dashboard(args) => args.run(context),
            Self::Qr(args) => runtime::run(args.run(context)),
            Self::Connect(args) => args.run(context),
            Self::Tunnel(command) => command.run(context),
            Self::Devices(command) => runtime::run(command.run(context)),
            Self::Pairing(command) => runtime::run(command.run(context)),
            Self::Nodes(command) => runtime::run(command.run(context)),
            Self::Node(command) => command.run(context),
            Self::Approvals(command) => runtime::run(command.run(context)),
            Self::Config(args) => args.run(context),
            Self::Dns(command) => command.run(context),
            Self::System(command) => runtime::run(command.run(context)),
            Self::Security(command) => command.run(context),
            Self::Audit(command) => runtime::run(command.run(context)),
            Self::Reset(args) => args.run(context),
            Self::Uninstall(args) => args.run(context),
            Self::Completion(args) => args.run(context),
        }
    }
}
