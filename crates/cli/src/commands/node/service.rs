//! `openclaw node start|stop|restart|uninstall|status`.

use serde_json::json;

use crate::context::Context;
use crate::error::{Exit, Outcome};
use crate::service::compare::Look;
use crate::service::kind::Kind;
use crate::service::lifecycle::{self, Args, refuse_nix, tell};
use crate::service::running;

const NODE: Kind = Kind::Node;

pub(super) fn start(context: &Context, args: Args) -> Outcome {
    tell(
        context,
        NODE,
        "start",
        lifecycle::start(context, NODE, args),
    )
}

pub(super) fn stop(context: &Context, args: Args) -> Outcome {
    tell(context, NODE, "stop", lifecycle::stop(context, NODE, args))
}

pub(super) fn restart(context: &Context, args: Args) -> Outcome {
    tell(
        context,
        NODE,
        "restart",
        lifecycle::restart(context, NODE, args),
    )
}

pub(super) fn uninstall(context: &Context, args: Args) -> Outcome {
    let done =
        refuse_nix(context, "uninstall").and_then(|()| lifecycle::uninstall(context, NODE, args));
    tell(context, NODE, "uninstall", done)
}

/// Arguments of `node status`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {}

impl StatusArgs {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let Self {} = self;
        context.tolerate_bad_config();
        let ui = context.ui();
        let holder = running::holder(&NODE.lock_file(context.paths()));
        let look = Look::take(context, NODE, holder.as_ref().ok().and_then(Option::as_ref));
        let runtime = match &holder {
            Ok(Some(holder)) => format!("running ({holder})"),
            Ok(None) => "stopped".to_owned(),
            Err(error) => format!("unknown ({error})"),
        };
        if ui.is_json() {
            let mut service = look.to_json();
            let status = runtime.split(' ').next().unwrap_or_default();
            service["runtime"]["status"] = json!(status);
            if let Ok(Some(holder)) = &holder {
                service["runtime"]["pid"] = json!(holder.pid);
                service["runtime"]["uptimeMs"] = json!(holder.uptime_ms);
            }
            ui.json(&json!({ "service": service }))?;
            return Ok(Exit::OK);
        }
        for line in look.lines(context) {
            ui.line(line)?;
        }
        ui.line(format!("Runtime: {runtime}"))?;
        for line in look.issue_lines() {
            ui.line(line)?;
        }
        Ok(Exit::OK)
    }
}
