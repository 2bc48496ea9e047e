//! `openclaw tunnel guard`: started by other commands, never by people.

use std::path::PathBuf;
use std::time::Duration;

use openclaw_client::tunnel::SshTarget;
use openclaw_config::schema::SshHostKeyPolicy;

use super::{policy, target};
use crate::context::Context;
use crate::error::Outcome;
use crate::platform::leave_terminal;
use crate::tunnel::{Guard, Place, Wanted, host_keys, run_guard};

/// Arguments of `tunnel guard`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// SSH host
    #[arg(long, value_parser = target)]
    target: SshTarget,
    /// Port of this machine
    #[arg(long)]
    local_port: u16,
    /// Gateway port there
    #[arg(long)]
    remote_port: u16,
    /// Seconds between keep-alives
    #[arg(long)]
    keep_alive: u64,
    /// Seconds without use after which it ends
    #[arg(long)]
    idle: u64,
    /// Key file
    #[arg(long)]
    identity: Option<PathBuf>,
    /// Which host keys to accept
    #[arg(long, value_parser = policy, default_value = "strict")]
    host_keys: SshHostKeyPolicy,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        leave_terminal();
        let place = Place::of(context.paths(), &self.target, self.remote_port);
        let wanted = Wanted {
            target: self.target,
            remote_port: self.remote_port,
            identity: self.identity,
            host_keys: host_keys(self.host_keys),
            local_port: Some(self.local_port),
            keep_alive: self.keep_alive,
            kept: false,
        };
        let guard = Guard {
            place,
            spec: wanted.spec(self.local_port),
            idle: Some(Duration::from_secs(self.idle)),
        };
        run_guard(guard, |_| {}).await
    }
}
