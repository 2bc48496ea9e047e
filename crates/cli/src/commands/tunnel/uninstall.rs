//! `openclaw tunnel uninstall`.

use serde_json::json;

use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::service::act::Step;
use crate::service::manager::{Ran, run, shown};
use crate::service::tunnel::{Manager, forget};

/// Arguments of `tunnel uninstall`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Remove a file of that name that is no tunnel of ours
    #[arg(long)]
    force: bool,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let (env, paths, ui) = (context.env(), context.paths(), context.ui());
        let manager = Manager::of_this_system();
        let file = manager.file(env, paths);
        let Ok(present) = std::fs::read_to_string(&file) else {
            forget(paths);
            if ui.is_json() {
                ui.json(&json!({ "ok": true, "removed": false, "file": file }))?;
            } else {
                ui.line(format!("No tunnel service at {}", file.display()))?;
            }
            return Ok(Exit::OK);
        };
        if !Manager::is_tunnel(&present) && !self.force {
            return Err(CommandError::new(format!(
                "{} is not a tunnel of ours; it stays as it is",
                file.display()
            ))
            .hint("Fix: look at it, then run this again with --force"));
        }
        let (before, after) = manager.end(&paths.profile, env.uid());
        let mut done = Vec::new();
        let mut step = |steps: &[Step]| {
            for step in steps {
                match run(env, &step.words) {
                    Ran::Done(_) => done.push(format!("Ran {}", shown(&step.words))),
                    Ran::Missing => {}
                    Ran::Failed(said) => ui.note(format!("{}: {said}", shown(&step.words))),
                }
            }
        };
        step(&before);
        std::fs::remove_file(&file).map_err(|error| {
            CommandError::new(format!("cannot remove {}: {error}", file.display()))
        })?;
        forget(paths);
        step(&after);
        if ui.is_json() {
            ui.json(&json!({ "ok": true, "removed": true, "file": file }))?;
            return Ok(Exit::OK);
        }
        for line in &done {
            ui.line(line)?;
        }
        ui.line(format!("Removed {}", file.display()))?;
        Ok(Exit::OK)
    }
}
