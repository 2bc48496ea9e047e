//! `openclaw config unset`.

use openclaw_config::edit::{ConfigEditor, EditError, KeyPathError};
use serde_json::json;

use super::{counts, refused, warn};
use crate::app::VERSION;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// Arguments of `config unset`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Path such as gateway.port
    #[arg(value_name = "path")]
    path: String,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let edited = ConfigEditor::new(context.paths(), context.env())
            .with_version(VERSION)
            .unset(&self.path)
            .map_err(|error| match error {
                EditError::Path(KeyPathError::NotFound(path)) => {
                    CommandError::plain(format!("Config path not found: {path}"))
                }
                other => refused(context, other),
            })?;
        warn(context, &edited);
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&json!({ "ok": true, "path": self.path, "changed": edited.changed, "hash": edited.hash }))?;
        } else {
            ui.line(format!(
                "Removed {}. {}",
                self.path,
                counts(context, [self.path.as_str()])
            ))?;
        }
        Ok(Exit::OK)
    }
}
