//! `openclaw onboard`: from nothing to a gateway that is reached safely, by questions or by flags.

use openclaw_config::resolve::{GatewayFlags, GatewayPlan, resolve_gateway};
use openclaw_gateway::lock::peek;
use serde_json::{Value, json};

use crate::commands::{connect, gateway};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::onboarding::{Answers, Applied, OnboardFlags, Prompts, Seen, Told, Way, apply, look};
use crate::service::find::{Supervisor, supervisor};
use crate::service::install::{Request, install};
use crate::service::kind::Kind;
use crate::service::lifecycle::Report;
use crate::ui::format::now_ms;
use crate::ways;

const SERVICE_QUESTION: &str = "Run the gateway as a service that starts with this machine?";

/// Arguments of `onboard`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    flags: OnboardFlags,
}

impl Args {
    pub(super) const fn new(flags: OnboardFlags) -> Self {
        Self { flags }
    }

    pub(crate) fn run(self, context: &Context) -> Outcome {
        context.tolerate_bad_config();
        if self.flags.non_interactive {
            if !self.flags.accept_risk {
                return Err(CommandError::plain(
                    "Non-interactive onboarding requires explicit risk acknowledgement.",
                )
                .hint("Whoever gets into the gateway can run commands on every machine that is its node.")
                .hint(format!(
                    "Re-run with: {}",
                    context.command("openclaw onboard --non-interactive --accept-risk ...")
                )));
            }
            let answers = self.flags.answers()?;
            self.flags.is_quick()?;
            return self.finish(context, &answers, None);
        }
        self.ask(context)
    }

    fn ask(&self, context: &Context) -> Outcome {
        // Wrong flags are named before the first question.
        let asks_where = self.flags.asks_where();
        let given = if self.flags.says_something() && !asks_where {
            Some(self.flags.answers()?)
        } else {
            None
        };
        let quick = self.flags.is_quick()?;
        let prompts = Prompts::new(
            context,
            "openclaw onboard --non-interactive --accept-risk (every question is a flag: --help)",
        )?;
        prompts.begin("OpenClaw")?;
        if !self.flags.accept_risk
            && !prompts.confirm(
                "Whoever gets into the gateway can run commands on every machine that is its node. Go on?",
                true,
            )?
        {
            return Err(CommandError::cancelled());
        }
        let told = match given {
            Some(answers) => Told::Answers(answers),
            None if asks_where => prompts.elsewhere(context)?,
            None => prompts.everything(context, port(context), quick.unwrap_or(true))?,
        };
        match told {
            Told::Answers(answers) => self.finish(context, &answers, Some(&prompts)),
            Told::Pasted(pasted) => {
                prompts.end("Using the code")?;
                connect::Args::pasted(pasted).run(context)
            }
        }
    }

    /// Writes, installs, looks, and says how it stands.
    fn finish(&self, context: &Context, answers: &Answers, prompts: Option<&Prompts>) -> Outcome {
        let wants_service = matches!(answers, Answers::Local(_))
            && match (self.flags.service(), prompts) {
                (Some(said), _) => said,
                (None, Some(_)) if is_on_its_own(context) => false,
                (None, Some(prompts)) => prompts.confirm(SERVICE_QUESTION, true)?,
                (None, None) => false,
            };
        let applied = apply(context, answers, "onboard", self.flags.reset)?;
        if let Some(prompts) = prompts {
            prompts.end("Settings written")?;
        }
        let fresh = context.fresh();
        let service = wants_service
            .then(|| {
                let request = Request {
                    any_scope: true,
                    ..gateway::install::Args::default().request(&fresh)?
                };
                install(&fresh, Kind::Gateway, &request)
            })
            .transpose();
        let is_starting = matches!(&service, Ok(Some(report)) if report.is_running());
        let seen = if self.flags.skip_health {
            None
        } else {
            Some(look(&fresh, is_starting)?)
        };
        let installed = service.as_ref().ok().and_then(Option::as_ref);
        report(&fresh, answers, &applied, installed, seen.as_ref())?;
        match service {
            Ok(_) => Ok(Exit::OK),
            Err(error) => Err(error.hint(format!(
                "The settings are written. Try the service again with: {}",
                context.command("openclaw gateway install")
            ))),
        }
    }
}

/// The port that the gateway of this machine has, or would have.
pub(super) fn port(context: &Context) -> u16 {
    plan(context).map_or_else(|| context.paths().default_port(), |plan| plan.port.value)
}

/// How the gateway of this machine is reached, or would be.
fn way(context: &Context) -> Way {
    plan(context).map_or(Way::Loopback, |plan| Way::of_plan(&plan))
}

fn plan(context: &Context) -> Option<GatewayPlan> {
    resolve_gateway(
        &GatewayFlags::default(),
        context.env(),
        &context.snapshot().settings,
        &context.paths().profile,
    )
    .ok()
}

/// What was written and how it stands.
pub(super) fn report(
    context: &Context,
    answers: &Answers,
    applied: &Applied,
    service: Option<&Report>,
    seen: Option<&Seen>,
) -> Outcome {
    let ui = context.ui();
    for note in &applied.notes {
        ui.note(note);
    }
    if ui.is_json() {
        ui.json(&to_json(context, answers, applied, service, seen))?;
        return Ok(Exit::OK);
    }
    let config = context.paths().display_home(&context.paths().config_path);
    ui.line(format!(
        "{} {config}",
        if applied.changed {
            "Updated"
        } else {
            "Unchanged:"
        }
    ))?;
    match answers {
        Answers::Remote(remote) => {
            ui.line(format!("Remote gateway: {}", remote.url))?;
            if let Some(ssh) = &remote.ssh {
                ui.line(format!("SSH host: {ssh}"))?;
            }
            ui.line(format!(
                "Auth: {}",
                if remote.token.is_some() {
                    "token"
                } else {
                    "none"
                }
            ))?;
        }
        Answers::Local(_) => {
            if applied.token_created {
                ui.line(format!(
                    "Token: created; show it with: {}",
                    context.command("openclaw config get gateway.auth.token")
                ))?;
            }
            for line in way_lines(context) {
                ui.line(line)?;
            }
        }
    }
    for line in service.into_iter().flat_map(|service| &service.lines) {
        ui.line(line)?;
    }
    for warning in service.into_iter().flat_map(|service| &service.warnings) {
        ui.note(format!("Warning: {warning}"));
    }
    match seen {
        None => {}
        Some(Seen::Answers { url, status }) => {
            ui.line(format!("Gateway: answers at {url}"))?;
            if let Some(listening) = status.as_ref().and_then(ways::listening) {
                ui.line(listening)?;
            }
        }
        Some(Seen::Silent(problem)) => match answers {
            Answers::Remote(_) => {
                ui.line("Gateway: not connected yet")?;
                problem.report(&ui);
            }
            Answers::Local(_) if is_running(context) => {
                ui.line("Gateway: runs, and does not answer")?;
                problem.report(&ui);
            }
            Answers::Local(_) => {
                let mut line = format!(
                    "Gateway: not running. Start it with: {}",
                    context.command("openclaw gateway")
                );
                if !is_on_its_own(context) {
                    let install = context.command("openclaw gateway install");
                    line = format!("{line}; as a service: {install}");
                }
                ui.line(line)?;
            }
        },
    }
    let next = match answers {
        Answers::Local(_) => "openclaw status",
        Answers::Remote(_) => "openclaw gateway probe",
    };
    ui.line(format!("Next: {}", context.command(next)))?;
    Ok(Exit::OK)
}

/// How the gateway is reached with what is written now.
fn way_lines(context: &Context) -> Vec<String> {
    let way = way(context);
    let port = port(context);
    let mut lines = vec![format!(
        "Bind: {}, port {port}: {}",
        way.bind(),
        way.consequence()
    )];
    match way {
        Way::Loopback => {
            let user = context.env().get_process("USER").unwrap_or("user");
            lines.push(format!(
                "From another machine: ssh -N -L {port}:127.0.0.1:{port} {user}@{}",
                crate::host::host_name()
            ));
        }
        Way::Serve | Way::Funnel => {
            lines.push(format!(
                "Address: see it with: {}",
                context.command("openclaw status")
            ));
        }
        _ => {}
    }
    lines
}

fn is_on_its_own(context: &Context) -> bool {
    matches!(supervisor(context.env()), Supervisor::Nobody { .. })
}

fn is_running(context: &Context) -> bool {
    matches!(peek(&context.paths().lock_file, now_ms()), Ok(Some(_)))
}

fn to_json(
    context: &Context,
    answers: &Answers,
    applied: &Applied,
    service: Option<&Report>,
    seen: Option<&Seen>,
) -> Value {
    let reached = seen.map(Seen::answers);
    match answers {
        Answers::Remote(remote) => json!({
            "mode": "remote",
            "remoteUrl": remote.url,
            "auth": if remote.token.is_some() { "token" } else { "none" },
            "changed": applied.changed,
            "reached": reached,
        }),
        Answers::Local(local) => {
            let settings = &context.snapshot().settings;
            let way = way(context);
            json!({
                "mode": "local",
                "workspace": local.workspace,
                "authChoice": "skip",
                "gateway": {
                    "port": port(context),
                    "bind": way.bind(),
                    "authMode": settings.gateway.auth.mode.map(openclaw_config::schema::AuthMode::as_str),
                    "tailscaleMode": way.tailscale(),
                },
                "tokenCreated": applied.token_created,
                "changed": applied.changed,
                "reached": reached,
                "installDaemon": service.is_some_and(Report::is_running),
                "skipSkills": true,
                "skipHealth": seen.is_none(),
            })
        }
    }
}
