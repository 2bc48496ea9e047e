//! `openclaw config file`.

use serde_json::json;

use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Arguments of `config file`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let Self {} = self;
        let path = &context.paths().config_path;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&json!({ "path": path, "exists": path.exists() }))?;
        } else {
            ui.line(path.display().to_string())?;
        }
        Ok(Exit::OK)
    }
}
