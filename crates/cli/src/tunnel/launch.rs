//! Finds an open tunnel, or starts the process that opens it.

use std::fmt;
use std::fs::File;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::time::Duration;

use openclaw_client::tunnel::HostKeys;
use openclaw_config::env::keep_secrets_from;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::sleep;

use super::place::{Place, Record, State};
use super::stop::stop;
use super::{IDLE_SECONDS, Wanted, free_port};
use crate::context::Context;

/// Pause between looks at the record of a tunnel that is being opened.
const LOOK: Duration = Duration::from_millis(20);
/// How long a process may take to write its first record.
const START_LIMIT: Duration = Duration::from_secs(5);

/// An open tunnel, in use until this is dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    /// Port on 127.0.0.1 here.
    pub(crate) local_port: u16,
    /// Port on 127.0.0.1 there.
    pub(crate) remote_port: u16,
    /// `[user@]host[:port]`.
    pub(crate) target: String,
    /// Process id of `ssh`, when it is ours.
    pub(crate) ssh_pid: Option<u32>,
    /// Whether it was opened for this lease.
    pub(crate) opened: bool,
    place: Place,
    _in_use: Option<File>,
}

impl Lease {
    /// What the SSH host said when it could not reach the gateway.
    pub(crate) fn gateway_note(&self) -> Option<String> {
        self.place.running()?.gateway_note
    }
}

/// Why there is no tunnel.
#[derive(Debug, Clone)]
pub(crate) struct TunnelProblem {
    /// `[user@]host[:port]`.
    pub(crate) target: String,
    /// What happened.
    pub(crate) reason: String,
    /// What to do.
    pub(crate) fix: String,
}

impl fmt::Display for TunnelProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ssh tunnel to {} failed: {}", self.target, self.reason)
    }
}

impl TunnelProblem {
    fn of(wanted: &Wanted, reason: impl fmt::Display, fix: impl Into<String>) -> Self {
        Self {
            target: wanted.target.to_string(),
            reason: reason.to_string(),
            fix: fix.into(),
        }
    }

    fn of_record(wanted: &Wanted, record: Record) -> Self {
        Self::of(
            wanted,
            record
                .reason
                .unwrap_or_else(|| "ssh gave no reason".to_owned()),
            record.fix.unwrap_or_else(|| {
                format!(
                    "see what it says by hand: {}",
                    wanted.target.login_command()
                )
            }),
        )
    }
}

/// The tunnel, if it is open already: ours, or one that a service of this profile keeps.
pub(crate) async fn adopt(context: &Context, wanted: &Wanted) -> Option<Lease> {
    let place = Place::of(context.paths(), &wanted.target, wanted.remote_port);
    if let Some(record) = place.running() {
        return (record.state == State::Up).then(|| lease(place, wanted, &record, false));
    }
    let service = crate::service::tunnel::installed(context.paths())
        .filter(|service| service.serves(&wanted.target, wanted.remote_port))?;
    TcpStream::connect((Ipv4Addr::LOCALHOST, service.local_port))
        .await
        .ok()?;
    Some(Lease {
        local_port: service.local_port,
        remote_port: wanted.remote_port,
        target: wanted.target.to_string(),
        ssh_pid: None,
        opened: false,
        place,
        _in_use: None,
    })
}

fn lease(place: Place, wanted: &Wanted, record: &Record, opened: bool) -> Lease {
    Lease {
        local_port: record.local_port,
        remote_port: record.remote_port,
        target: wanted.target.to_string(),
        ssh_pid: record.ssh_pid,
        opened,
        // Without the note it may end too early; its next user opens it again.
        _in_use: place.begin_use().ok(),
        place,
    }
}

/// Gives the tunnel, and opens it first when it is not open. Wrap it in a time limit; what was started goes on.
pub(crate) async fn reach(context: &Context, wanted: &Wanted) -> Result<Lease, TunnelProblem> {
    let place = Place::of(context.paths(), &wanted.target, wanted.remote_port);
    if wanted.kept {
        place
            .prepare()
            .and_then(|()| place.keep())
            .map_err(|error| {
                TunnelProblem::of(wanted, error, "free some space, or mend the permissions")
            })?;
    }
    if let Some(lease) = adopt(context, wanted).await
        && wanted
            .local_port
            .is_none_or(|port| port == lease.local_port)
    {
        return Ok(lease);
    }
    if place
        .running()
        .is_some_and(|record| record.state == State::Opening)
    {
        return wait(&place, wanted, None).await;
    }
    // It waits for its next attempt, or has the wrong port; somebody wants it now.
    stop(&place).map_err(|error| TunnelProblem::of(wanted, error, "end it by hand"))?;
    if wanted.kept {
        place.keep().ok();
    }
    open(context, &place, wanted).await
}

async fn open(context: &Context, place: &Place, wanted: &Wanted) -> Result<Lease, TunnelProblem> {
    let last = place.last_port();
    let local_port = match wanted.local_port {
        Some(port) => port,
        None => free_port(last.into_iter().chain([wanted.remote_port])).map_err(|error| {
            TunnelProblem::of(
                wanted,
                format!("no free port on this machine: {error}"),
                "close programs that hold many connections",
            )
        })?,
    };
    place.forget();
    if wanted.kept {
        place.keep().ok();
    }
    let program = std::env::current_exe().unwrap_or_else(|_| "openclaw".into());
    let mut command = Command::new(program);
    keep_secrets_from(command.as_std_mut());
    if let Some(profile) = context.paths().profile.named() {
        command.args(["--profile", profile]);
    }
    command
        .args(["tunnel", "guard", "--target", &wanted.target.to_string()])
        .args(["--local-port", &local_port.to_string()])
        .args(["--remote-port", &wanted.remote_port.to_string()])
        .args(["--keep-alive", &wanted.keep_alive.to_string()])
        .args(["--idle", &IDLE_SECONDS.to_string()]);
    if let Some(identity) = &wanted.identity {
        command.arg("--identity").arg(identity);
    }
    if wanted.host_keys == HostKeys::AsConfigured {
        command.args(["--host-keys", "openssh"]);
    }
    let child = command
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| {
            TunnelProblem::of(
                wanted,
                format!("cannot start the process that watches over it: {error}"),
                "install openclaw again",
            )
        })?;
    wait(place, wanted, Some(child)).await
}

/// Waits until the tunnel is open or has failed.
async fn wait(
    place: &Place,
    wanted: &Wanted,
    mut child: Option<tokio::process::Child>,
) -> Result<Lease, TunnelProblem> {
    let opened = child.is_some();
    let mut waited = Duration::ZERO;
    loop {
        match place.record() {
            Some(record) if record.state == State::Up && place.running().is_some() => {
                return Ok(lease(place.clone(), wanted, &record, opened));
            }
            Some(record) if matches!(record.state, State::Failed | State::Degraded) => {
                return Err(TunnelProblem::of_record(wanted, record));
            }
            _ => {}
        }
        let ended = match &mut child {
            Some(child) => child.try_wait().ok().flatten().is_some(),
            None => waited > START_LIMIT && place.running().is_none(),
        };
        // Another process may have been faster; then that one holds the lock.
        if ended
            && place
                .record()
                .is_none_or(|record| record.state != State::Failed)
        {
            if place.running().is_none() {
                return Err(TunnelProblem::of(
                    wanted,
                    "the process that watches over it ended",
                    format!("see why: openclaw tunnel up {} --foreground", wanted.target),
                ));
            }
            child = None;
        }
        sleep(LOOK).await;
        waited += LOOK;
    }
}
