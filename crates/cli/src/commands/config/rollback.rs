//! `openclaw config rollback`.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use openclaw_config::edit::{ConfigEditor, changed_keys};
use openclaw_config::store::{Backup, ConfigStore};
use serde_json::{Value, json};

use super::{counts, refused};
use crate::app::VERSION;
use crate::context::Context;
use crate::error::{Exit, Outcome};
use crate::ui::Table;

/// Arguments of `config rollback`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the backup, 0 for the newest
    #[arg(long, value_name = "number", default_value_t = 0, value_parser = backup)]
    to: usize,
    /// Only list the backups
    #[arg(long)]
    list: bool,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let backups = ConfigStore::new(context.paths()).backups();
        let ui = context.ui();
        if self.list {
            if ui.is_json() {
                let list: Vec<Value> = backups
                    .iter()
                    .map(|backup| json!({ "index": backup.index, "path": backup.path, "modified": time(backup) }))
                    .collect();
                ui.json(&json!({ "backups": list }))?;
            } else if backups.is_empty() {
                ui.line("No backups.")?;
            } else {
                let mut table = Table::new(["Number", "Made", "File"]);
                for backup in &backups {
                    table.row([
                        backup.index.to_string(),
                        time(backup).unwrap_or_default(),
                        context.paths().display_home(&backup.path),
                    ]);
                }
                ui.table(&table)?;
            }
            return Ok(Exit::OK);
        }
        let store = ConfigStore::new(context.paths());
        let parse = |raw: String| openclaw_config::text::parse(&raw).unwrap_or_default();
        let before = store.read().ok().and_then(|stored| stored.raw).map(parse);
        let after = store.read_backup(self.to).map(parse);
        let keys = changed_keys(&before.unwrap_or_default(), &after.unwrap_or_default());
        let replaced = ConfigEditor::new(context.paths(), context.env())
            .with_version(VERSION)
            .rollback(self.to)
            .map_err(|error| refused(context, error))?;
        if ui.is_json() {
            ui.json(&json!({ "ok": true, "index": self.to, "changed": replaced.changed, "keys": keys, "hash": replaced.hash }))?;
        } else {
            ui.line(format!(
                "Rolled back {} to backup {}. {}",
                context.paths().display_home(&context.paths().config_path),
                self.to,
                counts(context, keys.iter().map(String::as_str))
            ))?;
            ui.note(format!(
                "What was there is backup 0 now; undo with: {}",
                context.command("openclaw config rollback")
            ));
        }
        Ok(Exit::OK)
    }
}

/// Reads the number of a backup.
fn backup(text: &str) -> Result<usize, &'static str> {
    text.trim()
        .parse()
        .map_err(|_| "use the number of a backup; openclaw config rollback --list shows them")
}

/// When a backup was made, local time.
fn time(backup: &Backup) -> Option<String> {
    let time = Timestamp::try_from(backup.modified?).ok()?;
    Some(
        time.to_zoned(TimeZone::system())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string(),
    )
}
