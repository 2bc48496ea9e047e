//! `openclaw tunnel down`.

use openclaw_client::tunnel::SshTarget;
use serde_json::json;

use super::target;
use crate::context::Context;
use crate::error::{Exit, Outcome};
use crate::tunnel::{Place, Stopped, stop};

/// Arguments of `tunnel down`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// SSH host whose tunnels to close [default: all of this profile]
    #[arg(value_name = "host", value_parser = target)]
    target: Option<SshTarget>,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let ui = context.ui();
        let mut closed = Vec::new();
        for place in Place::all(context.paths()) {
            let Some(record) = place.record() else {
                continue;
            };
            if self
                .target
                .as_ref()
                .is_some_and(|target| target.to_string() != record.target)
            {
                continue;
            }
            let stopped = stop(&place)?;
            place.forget();
            if let Stopped::Process(pid) = stopped {
                if !ui.is_json() {
                    ui.line(format!(
                        "Closed the tunnel to {} (127.0.0.1:{}, pid {pid})",
                        record.target, record.local_port
                    ))?;
                }
                closed.push(json!({
                    "target": record.target, "localPort": record.local_port, "pid": pid,
                }));
            }
        }
        if ui.is_json() {
            ui.json(&json!({ "ok": true, "closed": closed }))?;
        } else if closed.is_empty() {
            ui.line("No tunnel was open.")?;
        }
        if let Some(service) = crate::service::tunnel::installed(context.paths()) {
            ui.note(format!(
                "The service {} keeps its own tunnel to {}; remove it with: {}",
                service.name,
                service.target,
                context.command("openclaw tunnel uninstall")
            ));
        }
        Ok(Exit::OK)
    }
}
