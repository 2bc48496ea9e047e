//! `openclaw tunnel install`.

use openclaw_config::Env;
use openclaw_config::store::write_private;
use serde_json::json;

use super::Ends;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::platform::HAS_TUNNEL_SERVICES;
use crate::service::account::Account;
use crate::service::find::{Supervisor, supervisor};
use crate::service::linger;
use crate::service::manager::{Ran, run, run_words, shown};
use crate::service::tunnel::{Installed, Manager, ssh};
use crate::tunnel::{Place, Stopped, stop};

/// Arguments of `tunnel install`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    ends: Ends,
    /// Replace a file of that name that is no tunnel of ours
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let wanted = self.ends.wanted(context)?;
        let (env, paths, ui) = (context.env(), context.paths(), context.ui());
        if !HAS_TUNNEL_SERVICES {
            return Err(CommandError::new(
                "tunnels are installed as services with systemd and launchd only",
            )
            .hint(foreground(context, &wanted.target.to_string())));
        }
        let manager = Manager::of_this_system();
        let ssh = ssh(env).ok_or_else(|| {
            CommandError::new("ssh was not found, and the service would only try to start it").hint(
                "Fix: install the OpenSSH client (Debian and Ubuntu: sudo apt install openssh-client), then run this again",
            )
        })?;
        let local_port = wanted.local_port.unwrap_or(wanted.remote_port);
        let spec = wanted.spec(local_port);
        let name = manager.name(&paths.profile);
        let file = manager.file(env, paths);
        let text = manager
            .text(&paths.profile, &ssh, &spec)
            .map_err(CommandError::new)?;
        let present = std::fs::read_to_string(&file).ok();
        if let Some(present) = &present
            && !Manager::is_tunnel(present)
            && !self.force
        {
            return Err(CommandError::new(format!(
                "{} is not a tunnel of ours; it stays as it is",
                file.display()
            ))
            .hint("Fix: look at it, then run this again with --force"));
        }
        let steps = manager.start(&paths.profile, &file, env.uid());
        let is_run =
            manager == Manager::Launchd || matches!(supervisor(env), Supervisor::Systemd { .. });
        if !is_run {
            if ui.is_json() {
                ui.json(&json!({
                    "ok": true, "name": name, "file": file, "target": wanted.target.to_string(),
                    "localPort": local_port, "remotePort": wanted.remote_port,
                    "started": false, "unit": text, "warnings": [],
                }))?;
                return Ok(Exit::OK);
            }
            ui.line(format!("{} would be:", paths.display_home(&file)))?;
            ui.blank()?;
            ui.line(text.trim_end())?;
            ui.blank()?;
            let is_missing = run_words(env, &["systemctl", "--version"]) == Ran::Missing;
            ui.line(if is_missing {
                "systemctl was not found, so nothing was started. Where it is there, run:"
            } else {
                "systemd does not run here, so nothing was written or started. Where it does, run:"
            })?;
            for step in &steps {
                ui.line(format!("  {}", shown(&step.words)))?;
            }
            ui.line(foreground(context, &wanted.target.to_string()))?;
            return Ok(Exit::OK);
        }
        let mut done = Vec::new();
        let place = Place::of(paths, &wanted.target, wanted.remote_port);
        if let Stopped::Process(pid) = stop(&place)? {
            place.forget();
            done.push(format!("Closed the tunnel that was open (pid {pid})"));
        }
        if present.as_deref() == Some(text.as_str()) {
            done.push(format!("Unchanged: {}", file.display()));
        } else {
            write_private(&file, text.as_bytes()).map_err(CommandError::new)?;
            let verb = if present.is_some() {
                "Replaced"
            } else {
                "Wrote"
            };
            done.push(format!("{verb} {}", file.display()));
        }
        let installed = Installed {
            name: name.clone(),
            file: file.clone(),
            target: wanted.target.to_string(),
            local_port,
            remote_port: wanted.remote_port,
        };
        installed.save(paths).map_err(CommandError::new)?;
        let mut warning = None;
        if manager == Manager::Systemd {
            // Before the service is enabled: without it the manager of the user ends with the last login.
            match linger(env) {
                Some(Ok(said)) => done.push(said),
                Some(Err(said)) => warning = Some(said),
                None => {}
            }
        }
        for step in &steps {
            let said = match run(env, &step.words) {
                Ran::Done(_) => {
                    done.push(format!("Ran {}", shown(&step.words)));
                    continue;
                }
                Ran::Missing | Ran::Failed(_) if !step.required => continue,
                Ran::Missing => format!("{} was not found", step.words[0]),
                Ran::Failed(said) => said,
            };
            for line in &done {
                ui.note(line);
            }
            return Err(CommandError::new(format!("{} failed", shown(&step.words)))
                .with_details(said)
                .hint(format!(
                    "Fix: in a login session of this user, run: {}",
                    shown(&step.words)
                ))
                .hint(foreground(context, &wanted.target.to_string())));
        }
        if ui.is_json() {
            ui.json(&json!({
                "ok": true, "name": name, "file": file, "target": installed.target,
                "localPort": local_port, "remotePort": wanted.remote_port,
                "started": true, "unit": text,
                "warnings": warning.iter().collect::<Vec<_>>(),
            }))?;
            return Ok(Exit::OK);
        }
        for line in &done {
            ui.line(line)?;
        }
        ui.line(format!(
            "127.0.0.1:{local_port} leads to port {} of {} from now on, also after a restart of this machine.",
            wanted.remote_port, installed.target
        ))?;
        if let Some(warning) = warning {
            ui.note(format!("Warning: {warning}"));
        }
        ui.line(format!(
            "Check: {}",
            context.command("openclaw tunnel status")
        ))?;
        Ok(Exit::OK)
    }
}

/// Lets the services of this user run without a login: what was done, or what there is to do; `None` when all is well.
fn linger(env: &Env) -> Option<Result<String, String>> {
    let user = Account::own(env)?.name;
    if linger::is_on(env, &user)? {
        return None;
    }
    let done = linger::enable(env, &user);
    if done.is_ok() {
        // Who sees no manager after that is told so by what follows.
        linger::await_user_manager(env);
    }
    Some(done)
}

fn foreground(context: &Context, target: &str) -> String {
    format!(
        "Without a service manager: {}",
        context.command(&format!("openclaw tunnel up {target} --foreground"))
    )
}
