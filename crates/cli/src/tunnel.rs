//! Tunnels of this profile: one per SSH host and gateway port, each watched over by a process of its own.
//!
//! That process holds a lock of the kernel for as long as it lives, so nobody ever guesses at process ids. Whoever uses a
//! tunnel holds a shared lock on its `.use` file; one that was opened by itself ends when nobody has used it for a while.

mod guard;
mod launch;
mod place;
mod stop;

use std::path::PathBuf;

use openclaw_client::tunnel::{HostKeys, SshTarget, TunnelSpec};
use openclaw_config::resolve::SshRoute;
use openclaw_config::schema::SshHostKeyPolicy;

use crate::context::Context;
use crate::error::CommandError;

pub(crate) use guard::{Guard, bound_to_this_process, run as run_guard};
pub(crate) use launch::{Lease, TunnelProblem, adopt, reach};
pub(crate) use place::{Place, Record, State};
pub(crate) use stop::{Stopped, stop};

/// How long a tunnel that was opened by itself stays without use, in seconds.
pub(crate) const IDLE_SECONDS: u64 = 900;

/// Which tunnel, apart from the port on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The SSH host.
    pub(crate) target: SshTarget,
    /// Gateway port there.
    pub(crate) remote_port: u16,
    /// Key file.
    pub(crate) identity: Option<PathBuf>,
    /// Which host keys are accepted.
    pub(crate) host_keys: HostKeys,
    /// Port of this machine, if it must be this one.
    pub(crate) local_port: Option<u16>,
    /// Seconds between keep-alives.
    pub(crate) keep_alive: u64,
    /// Whether it stays when nobody uses it.
    pub(crate) kept: bool,
}

impl Wanted {
    /// The tunnel of a route in the config.
    pub(crate) fn of_route(context: &Context, route: &SshRoute) -> Result<Self, CommandError> {
        let target = route.target.value.parse().map_err(CommandError::new)?;
        Ok(Self {
            target,
            remote_port: route.remote_port,
            identity: route
                .identity
                .as_ref()
                .map(|path| context.env().absolute(path)),
            host_keys: host_keys(route.host_keys),
            local_port: None,
            keep_alive: openclaw_client::tunnel::KEEP_ALIVE.as_secs(),
            kept: false,
        })
    }

    /// The tunnel on a port of this machine.
    pub(crate) fn spec(&self, local_port: u16) -> TunnelSpec {
        TunnelSpec {
            identity: self.identity.clone(),
            host_keys: self.host_keys,
            keep_alive: std::time::Duration::from_secs(self.keep_alive),
            launcher: bound_to_this_process(),
            ..TunnelSpec::new(self.target.clone(), local_port, self.remote_port)
        }
    }
}

/// The policy as the client library has it.
pub(crate) const fn host_keys(policy: SshHostKeyPolicy) -> HostKeys {
    match policy {
        SshHostKeyPolicy::Strict => HostKeys::Known,
        SshHostKeyPolicy::Openssh => HostKeys::AsConfigured,
    }
}

/// Whether a process watches over the tunnel and opens it again by itself.
pub(crate) fn is_watched(context: &Context, wanted: &Wanted) -> bool {
    Place::of(context.paths(), &wanted.target, wanted.remote_port)
        .running()
        .is_some()
}

/// Picks a free port of this machine: `first` if it is free, else any.
pub(crate) fn free_port(first: impl IntoIterator<Item = u16>) -> std::io::Result<u16> {
    let bind = |port| std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port));
    for port in first {
        if bind(port).is_ok() {
            return Ok(port);
        }
    }
    bind(0)?.local_addr().map(|address| address.port())
}
