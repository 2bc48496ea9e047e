//! `openclaw gateway probe`: every way to a gateway that this machine knows, each with what answers there, whether it lets us
//! in, and what it allows.

mod candidates;
mod report;

use std::path::PathBuf;
use std::time::Duration;

use openclaw_config::resolve::{normalize_url, resolve_ssh};

use crate::args::millis;
use crate::context::Context;
use crate::discover::{self, Found};
use crate::error::{CommandError, Exit, Outcome};
use crate::probe::{Look, Probe};
use crate::runtime::join_all;
use crate::tunnel::{Place, stop};
use crate::ui::format::now_ms;
use candidates::Candidate;

/// How long gateways that announce themselves are listened for.
const DISCOVERY: Duration = Duration::from_millis(1200);

/// Arguments of `gateway probe`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Ends with 0 when a gateway answers and lets us in, else with 1.")]
pub(crate) struct Args {
    /// Another gateway to try
    #[arg(long, value_name = "url")]
    url: Option<String>,
    /// Also try through this SSH host, such as user@host or user@host:port; the tunnel is closed again
    #[arg(long, value_name = "host")]
    ssh: Option<String>,
    /// SSH key file for that
    #[arg(long, value_name = "path")]
    ssh_identity: Option<PathBuf>,
    /// Also try through the configured SSH host, or the first gateway that discovery finds
    #[arg(long)]
    ssh_auto: bool,
    /// Also listen for gateways that announce themselves
    #[arg(long)]
    discover: bool,
    /// Shared gateway token
    #[arg(long, value_name = "token")]
    token: Option<String>,
    /// Shared gateway password
    #[arg(long, value_name = "password")]
    password: Option<String>,
    /// SHA-256 fingerprint of the gateway's certificate
    #[arg(long, value_name = "sha256")]
    tls_fingerprint: Option<String>,
    /// Most time for each gateway in milliseconds
    #[arg(long, value_name = "ms", value_parser = millis, default_value = "3000")]
    timeout: Duration,
}

/// A gateway that was looked at.
#[derive(Debug)]
struct Seen {
    candidate: Candidate,
    probe: Probe,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        context.tolerate_bad_config();
        let started = now_ms();
        let wants_host = self.ssh_auto && self.ssh.is_none() && !has_ssh_host(context)?;
        let found = if self.discover || wants_host {
            Some(discover::find(context, self.timeout.min(DISCOVERY)).await)
        } else {
            None
        };
        let host = found.as_ref().and_then(Found::ssh_target);
        let candidates = self.candidates(context, host.filter(|_| wants_host))?;
        let looks = candidates.iter().map(|candidate| {
            let look = Look {
                explicit: candidate.explicit,
                budget: candidate.budget.min(self.timeout),
                socket: candidate.is_socket(),
                connect_only: candidate.is_socket(),
            };
            Probe::run(context, &candidate.target, look)
        });
        let probes = join_all(looks).await;
        let seen: Vec<Seen> = candidates
            .into_iter()
            .zip(probes)
            .map(|(candidate, probe)| Seen { candidate, probe })
            .collect();
        close_tunnels(context, &seen);
        let ok = seen.iter().any(|seen| seen.probe.connected);
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&self.report(context, &seen, found.as_ref(), started))?;
        } else {
            self.print(ui, &seen, found.as_ref())?;
        }
        Ok(if ok { Exit::OK } else { Exit::FAILED })
    }
}

/// Whether the config names an SSH host.
fn has_ssh_host(context: &Context) -> Result<bool, CommandError> {
    let remote = &context.settings()?.gateway.remote;
    let url = remote
        .url
        .as_deref()
        .and_then(|url| normalize_url(url).ok());
    Ok(resolve_ssh(remote, url.as_deref(), &context.paths().profile).is_some())
}

/// Closes what was opened for this look alone.
fn close_tunnels(context: &Context, seen: &[Seen]) {
    for seen in seen.iter().filter(|seen| seen.candidate.temporary) {
        let opened = seen.probe.tunnel.as_ref().filter(|via| via.opened);
        let target = opened.and_then(|via| Some((via.target.parse().ok()?, via.remote_port)));
        if let Some((target, remote_port)) = target {
            let place = Place::of(context.paths(), &target, remote_port);
            // Somebody may use it by now; then it closes by itself later.
            if place.is_unused() && !place.is_kept() && stop(&place).is_ok() {
                place.forget();
            }
        }
    }
}
