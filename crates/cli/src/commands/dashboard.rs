//! `openclaw dashboard`: opens the Control UI for the owner.
//!
//! The link carries the shared credential in its fragment, which browsers never send anywhere. It
//! is shown to the person at the terminal only, never in a pipe without `--json`, and never logged.

use std::process::{Command as Process, Stdio};
use std::time::Duration;

use openclaw_client::target::GatewayUrl;
use openclaw_config::resolve::{ClientTarget, MissingRemote};
use openclaw_config::{Env, Secret};
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, Deadline, Wish, needs, through};
use crate::context::Context;
use crate::dashboard::{encode, http_base};
use crate::error::{CommandError, Exit, Outcome};
use crate::platform::{has_display, openers};
use crate::probe::{Look, Probe};
use crate::runtime;
use crate::tunnel::Lease;

/// How long the gateway gets to show that it is alive.
const ALIVE: Duration = Duration::from_millis(1500);
/// How long a ticket works, in milliseconds.
const TICKET_MS: i64 = 60_000;

/// Arguments of `dashboard`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Do not open a browser
    #[arg(long)]
    no_open: bool,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let target = context
            .target(&CallArgs::default(), MissingRemote::Refuse)
            .map_err(CallFailure::into_error)?;
        let settings = context.settings()?;
        if !settings.gateway.control_ui.enabled && target.is_local() {
            return Err(CommandError::new("the Control UI is disabled")
                .hint("Fix: openclaw config set gateway.controlUi.enabled true"));
        }
        let (url, _lease) = Self::way(context, &target)?;
        let base = http_base(&url, &settings.gateway.control_ui.base_path);
        let token = token(context, &target)?;
        let link = match &token {
            Some(token) => format!("{base}#token={}", encode(token.expose())),
            None => base.clone(),
        };
        let alive = Self::alive(context, &target)?;
        let ticket = if alive {
            Self::ticket(context, &target)?
        } else {
            None
        };
        let (browser, ends_at_ms) = match &ticket {
            Some((ticket, ends_at_ms)) => (
                format!(
                    "{base}#bootstrapToken={}&bootstrapProfile=owner&gatewayUrl={}",
                    encode(ticket.expose()),
                    encode(&url)
                ),
                Some(*ends_at_ms),
            ),
            None => (link.clone(), None),
        };
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&json!({
                "ok": alive,
                "url": link,
                "httpUrl": base,
                "wsUrl": url,
                "port": url.rsplit(':').next().and_then(|port| port.trim_end_matches('/').parse::<u16>().ok()),
                "tokenIncluded": token.is_some(),
                "browserUrl": browser,
                "browserBootstrapExpiresAtMs": ends_at_ms,
            }))?;
            return Ok(if alive { Exit::OK } else { Exit::FAILED });
        }
        if !alive {
            return Err(CommandError::plain("Gateway is not running.")
                .with_details(target.details())
                .hint(format!(
                    "Fix: start it with: {}",
                    context.command("openclaw up")
                )));
        }
        if ui.is_terminal() {
            ui.line(format!("Dashboard URL: {browser}"))?;
            if ticket.is_some() {
                ui.note("The URL works once, within a minute.");
            }
        } else {
            ui.line(format!("Dashboard URL: {base}"))?;
            if token.is_some() {
                ui.note("The token is left out because the output is not a terminal; --json includes it.");
            }
        }
        self.open(context, &target, &browser)
    }

    /// A ticket of the gateway of this machine or behind our tunnel, which works once within a minute; `None` from a gateway that knows none.
    fn ticket(
        context: &Context,
        target: &ClientTarget,
    ) -> Result<Option<(Secret, i64)>, CommandError> {
        if !target.is_local() && target.ssh.is_none() {
            return Ok(None);
        }
        let mut ticket = None;
        runtime::run(async {
            let wish = Wish {
                explicit: false,
                scopes: needs([Scope::Admin]),
                deadline: Deadline::after(ALIVE),
                probe: false,
            };
            // At the end of a tunnel opened by hand there is no socket of that gateway here, and the token does.
            let opened = if target.ssh.is_some() {
                Connection::open_url(context, target.clone(), wish).await
            } else {
                Connection::open_own(context, target.clone(), wish).await
            };
            if let Ok(connection) = opened {
                let params = json!({ "bootstrapProfile": "owner", "ttlMs": TICKET_MS });
                let answer: Result<Value, _> =
                    connection.call("device.pair.setupCode", &params).await;
                connection.close().await;
                ticket = answer.ok().and_then(|answer| {
                    let token = answer["bootstrapToken"].as_str()?.to_owned();
                    Some((Secret::new(token), answer["expiresAtMs"].as_i64()?))
                });
            }
            Ok(Exit::OK)
        })?;
        Ok(ticket)
    }

    /// The URL as a browser on this machine reaches it. A tunnel is opened for it, and stays.
    fn way(
        context: &Context,
        target: &ClientTarget,
    ) -> Result<(String, Option<Lease>), CommandError> {
        let gateway = target.url.parse::<GatewayUrl>().ok();
        let (Some(route), Some(gateway)) = (&target.ssh, gateway) else {
            return Ok((target.url.clone(), None));
        };
        let mut found = None;
        runtime::run(async {
            found = Some(through(context, route, &gateway, true).await);
            Ok(Exit::OK)
        })?;
        match found {
            Some(Ok(by_ssh)) => Ok((by_ssh.target.to_string(), Some(by_ssh.lease))),
            Some(Err(problem)) => {
                Err(CommandError::new(&problem).hint(format!("Fix: {}", problem.fix)))
            }
            None => Err(CommandError::silent()),
        }
    }

    /// Any answer will do, also a refusal.
    fn alive(context: &Context, target: &ClientTarget) -> Result<bool, CommandError> {
        let mut answered = false;
        runtime::run(async {
            let look = Look {
                explicit: false,
                budget: ALIVE,
                socket: false,
                connect_only: true,
            };
            answered = Probe::run(context, target, look).await.reachable;
            Ok(Exit::OK)
        })?;
        Ok(answered)
    }

    fn open(&self, context: &Context, target: &ClientTarget, link: &str) -> Outcome {
        let ui = context.ui();
        if self.no_open {
            ui.line("Browser launch disabled (--no-open). Use the URL above.")?;
            return Ok(Exit::OK);
        }
        if !has_desktop(context.env()) {
            ui.line("No GUI detected. Open from your computer:")?;
            let port = target.url.rsplit(':').next().unwrap_or_default();
            if target.is_local() {
                ui.line(format!("ssh -N -L {port}:127.0.0.1:{port} user@<host>"))?;
                ui.line("Then open the URL above there.")?;
            } else {
                ui.line("the URL above")?;
            }
            return Ok(Exit::OK);
        }
        if launch(link) {
            ui.line("Opened in your browser. Keep that tab to control OpenClaw.")?;
        } else {
            ui.line("No browser could be started. Use the URL above.")?;
        }
        Ok(Exit::OK)
    }
}

/// The shared token for the page. Behind an SSH tunnel it is the one of the far gateway.
fn token(context: &Context, target: &ClientTarget) -> Result<Option<Secret>, CommandError> {
    if let Some(token) = &target.token {
        return Ok(Some(token.value.clone()));
    }
    let remote = &context.settings()?.gateway.remote.token;
    Ok(remote.clone().filter(|_| target.is_local()))
}

fn has_desktop(env: &Env) -> bool {
    let is_set = |name: &str| env.get_process(name).is_some();
    let remote_shell = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"]
        .into_iter()
        .any(is_set);
    has_display(is_set) && !remote_shell
}

/// Starts the browser of the desktop. The link is visible to other programs of this user only for
/// the moment in which the opener runs.
fn launch(link: &str) -> bool {
    openers().iter().any(|words| {
        let Some((opener, before)) = words.split_first() else {
            return false;
        };
        Process::new(opener)
            .args(before)
            .arg(link)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    })
}
