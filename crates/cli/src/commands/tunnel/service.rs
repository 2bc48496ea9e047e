//! `openclaw tunnel start|stop|restart`: the service that `tunnel install` made.

use serde_json::json;

use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::service::act::{Verb, make, steps};
use crate::service::tunnel::{Manager, installed};

/// Has the service manager do this with the tunnel of this profile.
pub(super) fn act(context: &Context, verb: Verb) -> Outcome {
    let (env, ui) = (context.env(), context.ui());
    let (action, done) = match verb {
        Verb::Stop => ("stop", "Stopped"),
        Verb::Restart => ("restart", "Restarted"),
        _ => ("start", "Started"),
    };
    let Some(service) = installed(context.paths()) else {
        return Err(CommandError::plain("Tunnel service not installed.")
            .hint(format!(
                "Install it: {}",
                context.command("openclaw tunnel install <user@host>")
            ))
            .hint(format!(
                "Or open a tunnel without a service: {}",
                context.command("openclaw tunnel up <user@host>")
            )));
    };
    let manager = Manager::of_this_system().into();
    let steps = steps(manager, verb, &service.name, &service.file, env.uid());
    make(env, manager, &steps, &mut Vec::new())
        .map_err(|error| error.prefixed(&format!("tunnel {action} failed: ")))?;
    if ui.is_json() {
        ui.json(&json!({
            "ok": true, "action": action, "name": service.name, "file": service.file,
            "target": service.target, "localPort": service.local_port,
            "remotePort": service.remote_port,
        }))?;
        return Ok(Exit::OK);
    }
    ui.line(format!("{done} {}: {}", manager.noun(), service.name))?;
    if verb == Verb::Stop {
        ui.line(format!(
            "It starts again with the next login or start of this machine; to end that: {}",
            context.command("openclaw tunnel uninstall")
        ))?;
    } else {
        ui.line(format!(
            "Check: {}",
            context.command("openclaw tunnel status")
        ))?;
    }
    Ok(Exit::OK)
}
