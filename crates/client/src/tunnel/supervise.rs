//! Opens a tunnel, watches over it, opens it again.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::Duration;

use openclaw_config::env::keep_secrets_from;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::{SshFailure, SshFailureKind, TunnelSpec, arguments};
use crate::platform;

/// Pause between looks at the port while `ssh` is on its way.
const LOOK: Duration = Duration::from_millis(50);
/// How long `ssh` may take without a person to wait for: connecting, keys, forwarding.
const OPEN_LIMIT: Duration = Duration::from_secs(30);
/// How long `ssh` may take to end when asked to.
const END_LIMIT: Duration = Duration::from_millis(1500);
/// Lines of `ssh` that are kept.
const KEPT_LINES: usize = 20;
/// First pause before a lost tunnel is opened again.
const FIRST_RETRY: Duration = Duration::from_millis(500);
/// Longest pause.
const MAX_RETRY: Duration = Duration::from_secs(30);
/// First and longest pause while a person has to do something: hosts ban who knocks too often.
const PERSON_RETRY: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(300));
/// A tunnel that was open this long starts counting failures anew.
const SETTLED: Duration = Duration::from_secs(5);

/// What happened to a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TunnelEvent {
    /// `ssh` is being started.
    Opening,
    /// The port is open.
    Up {
        /// Process id of `ssh`.
        pid: u32,
    },
    /// The SSH host could not reach the gateway for a client of the tunnel; its words.
    GatewayUnreachable(String),
    /// The tunnel is gone, or did not come about.
    Down {
        /// Why.
        failure: SshFailure,
        /// When it is tried again.
        retry_in: Duration,
    },
}

/// An `ssh` whose port is open. It ends when this is dropped.
#[derive(Debug)]
pub struct OpenTunnel {
    child: Child,
    stderr: Lines<BufReader<ChildStderr>>,
    said: VecDeque<String>,
    stderr_open: bool,
}

impl OpenTunnel {
    /// Starts `ssh` and waits until the port is open. With `ask`, it may take as long as the person at the terminal needs.
    pub async fn open(spec: &TunnelSpec, ask: bool) -> Result<Self, SshFailure> {
        if !is_free(spec.local_port).await {
            return Err(SshFailure::new(spec, SshFailureKind::LocalPortTaken, &[]));
        }
        let mut tunnel = Self::start(spec, ask).map_err(|error| {
            if error.kind() == io::ErrorKind::NotFound {
                SshFailure::new(spec, SshFailureKind::NotInstalled, &[])
            } else {
                SshFailure::new(spec, SshFailureKind::Other, &[error.to_string()])
            }
        })?;
        let limit = Instant::now() + OPEN_LIMIT;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, spec.local_port));
        loop {
            tokio::select! {
                ended = tunnel.next() => if let Next::Ended = ended {
                    return Err(SshFailure::read(spec, &tunnel.said(), false));
                },
                () = sleep(LOOK) => if TcpStream::connect(address).await.is_ok() {
                    return Ok(tunnel);
                },
                () = sleep_until(limit), if !ask => {
                    tunnel.end().await;
                    return Err(SshFailure::new(spec, SshFailureKind::TimedOut, &tunnel.said()));
                }
            }
        }
    }

    fn start(spec: &TunnelSpec, ask: bool) -> io::Result<Self> {
        let mut words = spec.launcher.iter().cloned();
        let mut command = match words.next() {
            Some(program) => {
                let mut command = Command::new(program);
                command.args(words).arg("ssh");
                command
            }
            None => Command::new("ssh"),
        };
        keep_secrets_from(command.as_std_mut());
        let mut child = command
            .args(arguments(spec, ask))
            // Whatever comes to an end with this process; `ssh` itself reads nothing there.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // Its messages are read, so they must be in the language that is understood.
            .env("LC_ALL", "C")
            .kill_on_drop(true)
            .spawn()?;
        let stderr = child.stderr.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self {
            child,
            stderr: BufReader::new(stderr).lines(),
            said: VecDeque::new(),
            stderr_open: true,
        })
    }

    /// Process id of `ssh`; zero once it has ended.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or(0)
    }

    fn said(&self) -> Vec<String> {
        self.said.iter().cloned().collect()
    }

    /// The next line of `ssh`, or its end. Cancel safe.
    async fn next(&mut self) -> Next {
        loop {
            if !self.stderr_open {
                // Nothing is left to be read, so its end is near; waiting collects it.
                drop(self.child.wait().await);
                return Next::Ended;
            }
            match self.stderr.next_line().await {
                Ok(Some(line)) => {
                    let line = line.trim_end().to_owned();
                    if line.is_empty() {
                        continue;
                    }
                    if self.said.len() == KEPT_LINES {
                        self.said.pop_front();
                    }
                    self.said.push_back(line.clone());
                    return Next::Line(line);
                }
                Ok(None) | Err(_) => self.stderr_open = false,
            }
        }
    }

    /// Waits until `ssh` ends; what it says on the way goes to `hear`.
    async fn watch(&mut self, mut hear: impl FnMut(String)) {
        while let Next::Line(line) = self.next().await {
            hear(line);
        }
    }

    /// Ends `ssh`: politely where the system has a way to ask, then at once.
    pub async fn end(&mut self) {
        let asked = platform::ask_to_end(&self.child);
        if !asked || timeout(END_LIMIT, self.child.wait()).await.is_err() {
            drop(self.child.kill().await);
        }
    }
}

enum Next {
    Line(String),
    Ended,
}

async fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.is_ok()
}

/// Pause before the next attempt after `failures` in a row. `random` lies in 0..1 and moves the pause by a fifth.
pub fn retry_delay(kind: SshFailureKind, failures: u32, random: f64) -> Duration {
    let (first, longest) = if kind.needs_a_person() {
        PERSON_RETRY
    } else {
        (FIRST_RETRY, MAX_RETRY)
    };
    let doubled = first.saturating_mul(2_u32.saturating_pow(failures.min(16)));
    let spread = 0.8 + 0.4 * random.clamp(0.0, 1.0);
    doubled.min(longest).mul_f64(spread).min(longest)
}

/// Keeps a tunnel open until `cancel` fires.
///
/// The first attempt decides: when it fails, its failure is returned. A tunnel that was open once is opened again for as
/// long as it takes, on the same port.
pub async fn supervise(
    spec: &TunnelSpec,
    cancel: &CancellationToken,
    mut on_event: impl FnMut(TunnelEvent),
) -> Result<(), SshFailure> {
    let mut ask = spec.interactive;
    let mut was_up = false;
    let mut failures = 0;
    loop {
        on_event(TunnelEvent::Opening);
        let opened = tokio::select! {
            opened = OpenTunnel::open(spec, ask) => opened,
            () = cancel.cancelled() => return Ok(()),
        };
        let failure = match opened {
            Err(failure) if !was_up => return Err(failure),
            Err(failure) => failure,
            Ok(mut tunnel) => {
                // Nobody may be there when it is opened again.
                ask = false;
                was_up = true;
                on_event(TunnelEvent::Up { pid: tunnel.pid() });
                let since = Instant::now();
                tokio::select! {
                    () = tunnel.watch(|line| {
                        if line.starts_with("channel ") && line.contains("open failed") {
                            on_event(TunnelEvent::GatewayUnreachable(line));
                        }
                    }) => {}
                    () = cancel.cancelled() => {
                        tunnel.end().await;
                        return Ok(());
                    }
                }
                if since.elapsed() >= SETTLED {
                    failures = 0;
                }
                SshFailure::read(spec, &tunnel.said(), true)
            }
        };
        let retry_in = retry_delay(failure.kind, failures, crate::client::random());
        failures = failures.saturating_add(1);
        on_event(TunnelEvent::Down { failure, retry_in });
        tokio::select! {
            () = sleep(retry_in) => {}
            () = cancel.cancelled() => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u05_pauses_double_to_a_cap_and_are_spread() {
        let lost =
            |failures, random| retry_delay(SshFailureKind::Lost, failures, random).as_millis();
        assert_eq!(
            [0, 1, 2, 5, 6, 40].map(|failures| lost(failures, 0.5)),
            [500, 1000, 2000, 16_000, 30_000, 30_000]
        );
        assert_eq!(
            (lost(0, 0.0), lost(0, 1.0), lost(9, 1.0)),
            (400, 600, 30_000)
        );
        let denied = |failures| retry_delay(SshFailureKind::Denied, failures, 0.5).as_secs();
        assert_eq!([denied(0), denied(1), denied(9)], [30, 60, 300]);
    }
}
