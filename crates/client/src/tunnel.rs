//! A port of this machine that leads to a gateway behind an SSH host, kept open over the system's `ssh`.
//!
//! The user's own SSH configuration, agent and known hosts apply. Owns the command line, the wait until the port is
//! open, the meaning of what `ssh` says, and the loop that opens a lost tunnel again on the same port. Where state is
//! kept and who may use a tunnel is the caller's.

mod command;
mod failure;
mod supervise;
mod target;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub use command::{arguments, service_arguments};
pub use failure::{SshFailure, SshFailureKind};
pub use supervise::{OpenTunnel, TunnelEvent, retry_delay, supervise};
pub use target::{InvalidSshTarget, SshTarget};

/// Default of [`TunnelSpec::keep_alive`].
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Unanswered keep-alives after which a connection counts as lost.
pub const KEEP_ALIVE_MISSES: u32 = 3;

/// Which host keys are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostKeys {
    /// Only known ones; nothing is added.
    #[default]
    Known,
    /// What the user's SSH configuration says.
    AsConfigured,
}

/// One tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TunnelSpec {
    /// The SSH host.
    pub target: SshTarget,
    /// Port on 127.0.0.1 of this machine.
    pub local_port: u16,
    /// Port on 127.0.0.1 of the SSH host.
    pub remote_port: u16,
    /// Key file; `None` leaves the choice to `ssh`.
    pub identity: Option<PathBuf>,
    /// Which host keys are accepted.
    pub host_keys: HostKeys,
    /// How often a silent connection is tested; lost after [`KEEP_ALIVE_MISSES`] unanswered tests. Whole seconds.
    pub keep_alive: Duration,
    /// Whether a person can answer questions on the first connection.
    pub interactive: bool,
    /// What is put in front of `ssh`: a program that ends it together with this process. May be empty.
    pub launcher: Vec<OsString>,
}

impl TunnelSpec {
    /// A tunnel with the defaults.
    pub fn new(target: SshTarget, local_port: u16, remote_port: u16) -> Self {
        Self {
            target,
            local_port,
            remote_port,
            identity: None,
            host_keys: HostKeys::Known,
            keep_alive: KEEP_ALIVE,
            interactive: false,
            launcher: Vec::new(),
        }
    }
}
