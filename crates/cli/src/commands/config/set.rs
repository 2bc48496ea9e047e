//! `openclaw config set`.

use openclaw_config::edit::{ConfigEditor, parse_value};
use serde_json::json;

use super::{applies, refused, warn};
use crate::app::VERSION;
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Arguments of `config set`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Path such as gateway.port
    #[arg(value_name = "path")]
    path: String,
    /// Value: JSON5, else text; with --json only JSON5
    #[arg(value_name = "value", allow_negative_numbers = true)]
    value: String,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let ui = context.ui();
        let value =
            parse_value(&self.value, ui.is_json()).map_err(|error| refused(context, error))?;
        let edited = ConfigEditor::new(context.paths(), context.env())
            .with_version(VERSION)
            .set(&self.path, value)
            .map_err(|error| refused(context, error))?;
        warn(context, &edited);
        if ui.is_json() {
            ui.json(&json!({ "ok": true, "path": self.path, "changed": edited.changed, "hash": edited.hash }))?;
        } else {
            ui.line(format!("Updated {}. {}", self.path, applies(&self.path)))?;
        }
        Ok(Exit::OK)
    }
}
