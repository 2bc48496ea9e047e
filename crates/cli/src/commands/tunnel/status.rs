//! `openclaw tunnel status`.

use serde_json::{Value, json};

use super::up::{gateway_line, look, millis};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::service::tunnel::{Installed, installed};
use crate::tunnel::{Place, Record, State};
use crate::ui::Ui;
use crate::ui::format::now_ms;

/// Arguments of `tunnel status`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let ui = context.ui();
        let mut tunnels = Vec::new();
        let mut all_up = true;
        for place in Place::all(context.paths()) {
            let Some(record) = place.record() else {
                continue;
            };
            let running = place.running().is_some();
            all_up &= running && record.state == State::Up;
            let latency = if running && record.state == State::Up {
                look(record.local_port).await
            } else {
                None
            };
            if ui.is_json() {
                tunnels.push(to_json(&place, &record, running, latency.map(millis)));
            } else {
                print(ui, context, &record, running)?;
                if running && record.state == State::Up {
                    ui.line(format!(
                        "  {}",
                        gateway_line(latency, &record.target, record.remote_port)
                    ))?;
                }
                tunnels.push(Value::Null);
            }
        }
        let service = installed(context.paths());
        let answer = match &service {
            Some(service) => look(service.local_port).await,
            None => None,
        };
        if ui.is_json() {
            let service = service.as_ref().map(|service| {
                json!({
                    "name": service.name, "file": service.file, "target": service.target,
                    "localPort": service.local_port, "remotePort": service.remote_port,
                    "reachable": answer.is_some(),
                })
            });
            ui.json(&json!({ "ok": all_up, "tunnels": tunnels, "service": service }))?;
            return Ok(if all_up { Exit::OK } else { Exit::FAILED });
        }
        if let Some(service) = &service {
            print_service(ui, service, answer.is_some())?;
        } else if tunnels.is_empty() {
            ui.line("No tunnel is open.")?;
            ui.line(format!(
                "Open one: {}",
                context.command("openclaw tunnel up <user@host>")
            ))?;
        }
        Ok(if all_up { Exit::OK } else { Exit::FAILED })
    }
}

fn print(ui: Ui, context: &Context, record: &Record, running: bool) -> Result<(), CommandError> {
    let state = if running {
        record.state.name()
    } else if record.state == State::Failed {
        "failed"
    } else {
        "ended"
    };
    let since = (now_ms() - record.since_ms).max(0) / 1000;
    ui.line(format!(
        "{}  127.0.0.1:{} → port {} there · {state} for {since}s · opened again {} times",
        record.target, record.local_port, record.remote_port, record.reopened
    ))?;
    if !running && record.state != State::Failed {
        ui.line("  The process that watched over it was killed; its ssh ended with it.")?;
        return ui.line(format!(
            "  Fix: {}",
            context.command(&format!("openclaw tunnel up {}", record.target))
        ));
    }
    if let Some(reason) = &record.reason {
        ui.line(format!("  Reason: {reason}"))?;
    }
    if let Some(fix) = &record.fix {
        ui.line(format!("  Fix: {fix}"))?;
    }
    if let Some(at) = record.retry_at_ms.filter(|_| running) {
        let left = (at - now_ms()).max(0) / 1000;
        ui.line(format!("  Next try in {left}s"))?;
    }
    Ok(())
}

fn print_service(ui: Ui, service: &Installed, answers: bool) -> Result<(), CommandError> {
    ui.line(format!(
        "Service {}: 127.0.0.1:{} → port {} of {} · {}",
        service.name,
        service.local_port,
        service.remote_port,
        service.target,
        if answers {
            "gateway answers"
        } else {
            "gateway does not answer"
        }
    ))?;
    if !answers && cfg!(not(target_os = "macos")) {
        ui.line(format!(
            "  See why: journalctl --user -u {} -n 50 --no-pager",
            service.name
        ))?;
    }
    Ok(())
}

fn to_json(place: &Place, record: &Record, running: bool, latency: Option<u64>) -> Value {
    json!({
        "target": record.target,
        "localPort": record.local_port,
        "remotePort": record.remote_port,
        "url": format!("ws://127.0.0.1:{}", record.local_port),
        "running": running,
        "state": if running || record.state == State::Failed { record.state.name() } else { "ended" },
        "sinceMs": record.since_ms,
        "pid": running.then_some(record.pid),
        "startedAtMs": record.started_at_ms,
        "sshPid": record.ssh_pid.filter(|_| running),
        "reopened": record.reopened,
        "kind": record.kind,
        "reason": record.reason,
        "fix": record.fix,
        "retryAtMs": record.retry_at_ms,
        "kept": place.is_kept(),
        "gateway": { "reachable": latency.is_some(), "latencyMs": latency, "note": record.gateway_note },
    })
}
