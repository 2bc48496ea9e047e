//! `openclaw tunnel up`.

use std::io::IsTerminal as _;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use openclaw_client::tunnel::TunnelEvent;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Ends;
use crate::args::whole;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::runtime;
use crate::tunnel::{Guard, Place, TunnelProblem, Wanted, free_port, reach, run_guard};

/// How long the gateway behind a tunnel may take to answer a look.
const LOOK: Duration = Duration::from_secs(3);

/// Arguments of `tunnel up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    ends: Ends,
    /// Stay here until Ctrl-C; ssh may ask questions
    #[arg(long)]
    foreground: bool,
    /// Seconds between keep-alives; three without an answer end the connection
    #[arg(long, value_name = "seconds", default_value_t = 15, value_parser = whole(1_u64..=3600))]
    keep_alive: u64,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let mut wanted = self.ends.wanted(context)?;
        wanted.keep_alive = self.keep_alive;
        wanted.kept = true;
        if self.foreground {
            return foreground(context, &wanted);
        }
        runtime::run(async {
            let lease = reach(context, &wanted)
                .await
                .map_err(|problem| failed(&problem))?;
            let answer = look(lease.local_port).await;
            let url = format!("ws://127.0.0.1:{}", lease.local_port);
            let ui = context.ui();
            if ui.is_json() {
                ui.json(&json!({
                    "ok": true,
                    "opened": lease.opened,
                    "target": lease.target,
                    "localPort": lease.local_port,
                    "remotePort": lease.remote_port,
                    "url": url,
                    "sshPid": lease.ssh_pid,
                    "gateway": { "reachable": answer.is_some(), "latencyMs": answer.map(millis), "note": lease.gateway_note() },
                }))?;
                return Ok(Exit::OK);
            }
            ui.line(format!(
                "{} 127.0.0.1:{} leads to port {} of {}",
                if lease.opened {
                    "Tunnel open:"
                } else {
                    "Tunnel is open already:"
                },
                lease.local_port,
                lease.remote_port,
                lease.target
            ))?;
            ui.line(gateway_line(answer, &lease.target, lease.remote_port))?;
            ui.line(format!(
                "Use it: {}",
                context.command(&format!("openclaw status --url {url} --token <token>"))
            ))?;
            ui.line(format!(
                "Close it: {}",
                context.command("openclaw tunnel down")
            ))?;
            Ok(Exit::OK)
        })
    }
}

fn foreground(context: &Context, wanted: &Wanted) -> Outcome {
    let place = Place::of(context.paths(), &wanted.target, wanted.remote_port);
    let last = place.last_port();
    let local_port = match wanted.local_port {
        Some(port) => port,
        None => free_port(last.into_iter().chain([wanted.remote_port]))?,
    };
    let mut spec = wanted.spec(local_port);
    spec.interactive = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    let ui = context.ui();
    let guard = Guard {
        place,
        spec,
        idle: None,
    };
    let (target, remote_port) = (wanted.target.clone(), wanted.remote_port);
    runtime::block_on(run_guard(guard, |event| {
        match event {
        TunnelEvent::Opening => {}
        TunnelEvent::Up { .. } => ui.note(format!(
            "tunnel open: 127.0.0.1:{local_port} leads to port {remote_port} of {target}; Ctrl-C closes it"
        )),
        TunnelEvent::GatewayUnreachable(line) => ui.note(format!("nothing answers on port {remote_port} of {target} ({line})")),
        TunnelEvent::Down { failure, retry_in } => ui.note(format!(
            "tunnel lost: {failure}; opening it again in {:.1}s",
            retry_in.as_secs_f64()
        )),
    }
    }))
}

fn failed(problem: &TunnelProblem) -> CommandError {
    CommandError::new(problem).hint(format!("Fix: {}", problem.fix))
}

pub(super) fn gateway_line(answer: Option<Duration>, target: &str, remote_port: u16) -> String {
    match answer {
        Some(latency) => format!("Gateway: answers ({}ms)", latency.as_millis()),
        None => format!(
            "Gateway: nothing answers on port {remote_port} of {target}; start it there with: openclaw up"
        ),
    }
}

/// How long the gateway behind a local port takes to answer anything; `None` when it does not.
pub(super) async fn look(port: u16) -> Option<Duration> {
    let started = Instant::now();
    let ask = async {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()?;
        socket
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            .await
            .ok()?;
        let mut byte = [0];
        let read = socket.read(&mut byte).await.ok()?;
        (read > 0).then(|| started.elapsed())
    };
    timeout(LOOK, ask).await.ok().flatten()
}

pub(super) fn millis(latency: Duration) -> u64 {
    u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)
}
