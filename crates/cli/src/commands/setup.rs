//! `openclaw setup`: a first config without questions; with answers as flags the same as `onboard`.

use super::onboard;
use crate::context::Context;
use crate::error::{Exit, Outcome};
use crate::onboarding::{Answers, Local, OnboardFlags, apply};

/// Arguments of `setup`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Ask the questions of `openclaw onboard`
    #[arg(long)]
    wizard: bool,
    #[command(flatten)]
    flags: OnboardFlags,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        if self.wizard || self.flags.non_interactive || self.flags.says_something() {
            return onboard::Args::new(self.flags).run(context);
        }
        context.tolerate_bad_config();
        let existed = context.snapshot().exists;
        let answers = Answers::Local(Local {
            workspace: self.flags.workspace.clone(),
            ..Local::default()
        });
        // A gateway elsewhere that was chosen before is no mistake to be corrected here.
        let remote =
            context.settings()?.gateway.mode == Some(openclaw_config::schema::GatewayMode::Remote);
        let changed = !remote && apply(context, &answers, "setup", self.flags.reset)?.changed;
        let ui = context.ui();
        let config = context.paths().display_home(&context.paths().config_path);
        if ui.is_json() {
            ui.json(&serde_json::json!({
                "ok": true,
                "config": context.paths().config_path,
                "created": !existed,
                "changed": changed,
            }))?;
            return Ok(Exit::OK);
        }
        ui.line(match (existed, changed) {
            (false, _) => format!("Wrote {config}"),
            (true, true) => format!("Updated {config}"),
            (true, false) => format!("Config OK: {config}"),
        })?;
        let next = if remote {
            "openclaw gateway probe"
        } else {
            "openclaw gateway"
        };
        ui.line(format!("Next: {}", context.command(next)))?;
        Ok(Exit::OK)
    }
}
