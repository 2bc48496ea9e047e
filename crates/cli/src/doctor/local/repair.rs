//! What doctor can do about findings: each step is shown as a command or a sentence before it is done, and what is replaced is kept.

use std::path::PathBuf;

use openclaw_config::edit::{Base, ConfigEditor};
use openclaw_config::store::private_dir;
use openclaw_gateway::security::{Mend, files};
use serde_json::{Value, json};

use crate::app::VERSION;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::Ui;
use crate::ui::format::now_ms;

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Repair {
    /// Takes permissions away.
    Chmod(Mend),
    /// Makes a folder that only this user can enter.
    MakeDir(PathBuf),
    /// Puts the last good config back and keeps the damaged file, whose name is this as people write it.
    LastGood(String),
    /// Changes the config file.
    Config {
        /// The same as a command, or what it does.
        text: String,
        /// The change.
        patch: Value,
    },
}

/// What came of the steps.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    /// Steps that were done.
    pub(crate) changes: Vec<String>,
    /// Steps that failed, and why.
    pub(crate) errors: Vec<String>,
    /// Where the former config is, if the config was changed.
    pub(crate) backup: Option<PathBuf>,
    /// Where the damaged config is, if an earlier one took its place.
    pub(crate) damaged: Option<PathBuf>,
}

impl Repair {
    /// As shown before it is done.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Chmod(mend) => format!("chmod {:o} {}", mend.mode, mend.path.display()),
            Self::MakeDir(path) => format!("mkdir -m 700 {}", path.display()),
            Self::LastGood(file) => {
                format!("put the last good config back, and keep the damaged {file} beside it")
            }
            Self::Config { text, .. } => text.clone(),
        }
    }

    /// Whether it needs no question: nothing that anybody wrote is changed.
    pub(crate) const fn is_harmless(&self) -> bool {
        match self {
            Self::Chmod(_) | Self::MakeDir(_) => true,
            Self::LastGood(_) | Self::Config { .. } => false,
        }
    }
}

impl Done {
    /// Tells what was done.
    pub(crate) fn print(&self, ui: Ui, context: &Context) -> Result<(), CommandError> {
        if *self == Self::default() {
            return Ok(());
        }
        for change in &self.changes {
            ui.line(format!("Done: {change}"))?;
        }
        for error in &self.errors {
            ui.line(format!("Failed: {error}"))?;
        }
        let paths = context.paths();
        if let Some(damaged) = &self.damaged {
            ui.line(format!("Damaged file: {}", paths.display_home(damaged)))?;
        }
        if let Some(backup) = &self.backup {
            ui.line(format!(
                "Updated {}",
                paths.display_home(&paths.config_path)
            ))?;
            ui.line(format!("Backup: {}", paths.display_home(backup)))?;
        }
        ui.blank()
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "changes": self.changes, "errors": self.errors,
            "backup": self.backup, "damaged": self.damaged,
        })
    }
}

/// Does the steps. One that fails keeps none of the others from being done.
pub(crate) fn mend(context: &Context, repairs: &[Repair]) -> Done {
    let mut done = Done::default();
    for repair in repairs {
        let result = match repair {
            Repair::Chmod(mend) => match files::mend(mend) {
                Err(reason) if reason != "already" && reason != "missing" => Err(reason),
                _ => Ok(()),
            },
            Repair::MakeDir(path) => private_dir(path).map_err(|error| error.to_string()),
            Repair::LastGood(_) => editor(context)
                .restore_good(now_ms())
                .map(|damaged| done.damaged = Some(damaged))
                .map_err(|error| error.to_string()),
            Repair::Config { patch, .. } => change(context, patch).map(|backup| {
                done.backup = backup.or(done.backup.take());
            }),
        };
        match result {
            Ok(()) => done.changes.push(repair.text()),
            Err(reason) => done.errors.push(format!("{}: {reason}", repair.text())),
        }
    }
    done
}

fn editor(context: &Context) -> ConfigEditor {
    ConfigEditor::new(context.paths(), context.process_env()).with_version(VERSION)
}

/// Writes a change; says where the former file is.
fn change(context: &Context, patch: &Value) -> Result<Option<PathBuf>, String> {
    let edited = editor(context)
        .patch(Base::Current, &patch.to_string())
        .map_err(|error| error.to_string())?;
    let mut backup = context.paths().config_path.clone().into_os_string();
    backup.push(".bak");
    let backup = PathBuf::from(backup);
    Ok(Some(backup).filter(|backup| edited.changed && backup.exists()))
}
