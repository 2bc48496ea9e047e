//! `openclaw tunnel`: a port of this machine that leads to a gateway behind an SSH host.

mod down;
mod exec;
mod guard;
mod install;
mod service;
mod status;
mod uninstall;
mod up;

use std::path::PathBuf;

use clap::Subcommand;
use openclaw_client::tunnel::SshTarget;
use openclaw_config::resolve::{normalize_url, resolve_ssh};
use openclaw_config::schema::SshHostKeyPolicy;

use crate::args::whole;
use crate::context::Context;
use crate::error::{CommandError, Outcome};
use crate::runtime;
use crate::service::act::Verb;
use crate::tunnel::{Wanted, host_keys};

/// Commands of `tunnel`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Open a tunnel and keep it open
    Up(up::Args),
    /// Close tunnels of this profile
    Down(down::Args),
    /// Show tunnels and what they need
    Status(status::Args),
    /// Let the service manager keep a tunnel open, also after a restart of this machine
    Install(install::Args),
    /// Start that service
    Start,
    /// Stop that service
    Stop,
    /// Restart that service
    Restart,
    /// Remove that service
    Uninstall(uninstall::Args),
    /// The process that keeps a tunnel open
    #[command(hide = true)]
    Guard(guard::Args),
    /// Runs ssh bound to the life of its parent
    #[command(hide = true)]
    Exec(exec::Args),
}

impl Command {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Up(args) => args.run(context),
            Self::Down(args) => args.run(context),
            Self::Status(args) => runtime::run(args.run(context)),
            Self::Install(args) => args.run(context),
            Self::Start => service::act(context, Verb::Start),
            Self::Stop => service::act(context, Verb::Stop),
            Self::Restart => service::act(context, Verb::Restart),
            Self::Uninstall(args) => args.run(context),
            Self::Guard(args) => runtime::block_on(args.run(context)),
            Self::Exec(args) => args.run(),
        }
    }
}

/// Where a tunnel goes.
#[derive(Debug, clap::Args)]
struct Ends {
    /// SSH host, such as user@host or user@host:port [default: gateway.remote.sshTarget, else the host of gateway.remote.url]
    #[arg(value_name = "host")]
    target: Option<String>,
    /// Port of this machine [default: the last one, else that of the gateway if it is free, else any]
    #[arg(long, value_name = "port", value_parser = whole(1..=u16::MAX))]
    local_port: Option<u16>,
    /// Gateway port on the SSH host [default: gateway.remote.remotePort, else that of gateway.remote.url, else that of the profile]
    #[arg(long, value_name = "port", value_parser = whole(1..=u16::MAX))]
    remote_port: Option<u16>,
    /// SSH key file [default: gateway.remote.sshIdentity, else what ssh chooses]
    #[arg(long, value_name = "path")]
    identity: Option<PathBuf>,
    /// Which host keys to accept: strict (known ones) or openssh (what the SSH configuration says) [default: gateway.remote.sshHostKeyPolicy]
    #[arg(long, value_name = "policy", value_parser = policy)]
    host_keys: Option<SshHostKeyPolicy>,
}

/// Reads a policy.
fn policy(text: &str) -> Result<SshHostKeyPolicy, &'static str> {
    SshHostKeyPolicy::parse(text).ok_or("use strict or openssh")
}

impl Ends {
    /// Flags before config before defaults.
    fn wanted(&self, context: &Context) -> Result<Wanted, CommandError> {
        let remote = &context.settings()?.gateway.remote;
        let url = remote
            .url
            .as_deref()
            .and_then(|url| normalize_url(url).ok());
        let mut remote = remote.clone();
        if let Some(target) = &self.target {
            let stored = remote.ssh_target.as_deref().map(str::trim) == Some(target.trim());
            if !stored {
                // Port and key in the config belong to the host in the config.
                remote.remote_port = None;
                remote.ssh_identity = None;
            }
            remote.ssh_target = Some(target.clone());
        }
        let of_config = self.target.is_none() || remote.remote_port.is_some();
        let route = resolve_ssh(
            &remote,
            url.as_deref().filter(|_| of_config),
            &context.paths().profile,
        )
        .ok_or_else(|| {
            CommandError::new("no SSH host to open a tunnel to").hint(format!(
                "Fix: name it: {}, or store it: {}",
                context.command("openclaw tunnel up <user@host>"),
                context.command("openclaw config set gateway.remote.sshTarget <user@host>")
            ))
        })?;
        let mut wanted = Wanted::of_route(context, &route)?;
        if let Some(identity) = &self.identity {
            wanted.identity = Some(context.env().absolute(&identity.to_string_lossy()));
        }
        if let Some(policy) = self.host_keys {
            wanted.host_keys = host_keys(policy);
        }
        wanted.remote_port = self.remote_port.unwrap_or(wanted.remote_port);
        wanted.local_port = self.local_port;
        Ok(wanted)
    }
}

/// Reads an SSH host.
fn target(text: &str) -> Result<SshTarget, String> {
    text.parse()
        .map_err(|error: openclaw_client::tunnel::InvalidSshTarget| error.to_string())
}
