//! `openclaw config diff`.

use openclaw_config::edit::{Difference, differences};
use openclaw_config::load::{Snapshot, load};
use openclaw_config::paths::default_port;
use openclaw_config::resolve::default;
use openclaw_config::schema::FIELDS;
use openclaw_config::store::ConfigStore;
use openclaw_config::text;
use serde_json::{Map, Value, json};

use crate::context::{Context, problem};
use crate::error::{CommandError, Exit, Outcome};

/// Arguments of `config diff`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Compare with this backup, 0 for the newest [default: the last good config]
    #[arg(long, value_name = "number", conflicts_with = "defaults")]
    backup: Option<usize>,
    /// Show what the file sets differently from the defaults
    #[arg(long)]
    defaults: bool,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let snapshot = load(context.paths(), context.process_env());
        if let Some(unreadable) = snapshot.issues.iter().find(|issue| issue.path.is_empty()) {
            return Err(CommandError::plain(format!(
                "Config invalid\nFile: {}\nProblem:\n  - {}",
                context.paths().display_home(&snapshot.path),
                problem(unreadable)
            )));
        }
        let (name, found) = self.compare(context, &snapshot)?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&json!({ "path": snapshot.path, "against": name, "differences": found }))?;
        } else if found.is_empty() {
            ui.line(format!("No difference from {name}."))?;
        } else {
            ui.note(format!("Compared with {name}:"));
            for difference in &found {
                ui.line(line(difference))?;
            }
        }
        Ok(Exit::OK)
    }

    fn compare(
        &self,
        context: &Context,
        snapshot: &Snapshot,
    ) -> Result<(String, Vec<Difference>), CommandError> {
        let store = ConfigStore::new(context.paths());
        let parse = |raw: &str, name: &str| {
            text::parse(raw)
                .map_err(|error| CommandError::new(format!("{name} cannot be read: {error}")))
        };
        if self.defaults {
            let port = default_port(&context.paths().profile);
            let found = differences(&defaults(port), &snapshot.parsed)
                .into_iter()
                .filter(|difference| difference.after.is_some());
            return Ok(("the defaults".to_owned(), found.collect()));
        }
        if let Some(number) = self.backup {
            let name = format!("backup {number}");
            let raw = store.read_backup(number).map_err(|error| {
                CommandError::new(error).hint(format!(
                    "See which there are: {}",
                    context.command("openclaw config rollback --list")
                ))
            })?;
            let current = snapshot.raw.as_deref().unwrap_or("{}");
            let found = differences(&parse(&raw, &name)?, &parse(current, "the config file")?);
            return Ok((name, found));
        }
        let name = "the last good config".to_owned();
        let Some(raw) = store.last_good() else {
            return Err(CommandError::plain(
                "No last good config is kept yet; a gateway keeps one when it starts.",
            )
            .hint(format!(
                "Compare with the defaults: {}",
                context.command("openclaw config diff --defaults")
            )));
        };
        let found = differences(&parse(&raw, &name)?, &snapshot.parsed);
        Ok((name, found))
    }
}

/// `~ gateway.port: 1 -> 2`, `+ gateway.bind: "lan"`, `- logging.level: "debug"`
fn line(difference: &Difference) -> String {
    let path = &difference.path;
    match (&difference.before, &difference.after) {
        (Some(before), Some(after)) if before == after => format!("~ {path}: another secret"),
        (Some(before), Some(after)) => format!("~ {path}: {before} -> {after}"),
        (None, Some(after)) => format!("+ {path}: {after}"),
        (Some(before), None) => format!("- {path}: {before}"),
        (None, None) => format!("~ {path}"),
    }
}

/// Every default of the key table in its place.
fn defaults(port: u16) -> Value {
    let mut root = Map::new();
    for field in FIELDS {
        let value = match field.path {
            "gateway.port" => Some(json!(port)),
            _ => default(field),
        };
        let Some(value) = value else { continue };
        let mut parts: Vec<&str> = field.path.split('.').collect();
        let Some(last) = parts.pop() else { continue };
        let parent = parts.into_iter().try_fold(&mut root, |object, key| {
            object
                .entry(key)
                .or_insert_with(|| Value::Object(Map::new()))
                .as_object_mut()
        });
        if let Some(parent) = parent {
            parent.insert(last.to_owned(), value);
        }
    }
    Value::Object(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_have_every_default_of_the_table() {
        let defaults = defaults(19001);
        assert_eq!(defaults["gateway"]["port"], 19001);
        assert_eq!(defaults["gateway"]["bind"], "loopback");
        assert_eq!(defaults["gateway"]["auth"]["rateLimit"]["maxAttempts"], 10);
        assert_eq!(defaults["gateway"]["trustedProxies"], json!([]));
        assert_eq!(defaults["gateway"]["auth"].get("token"), None);
    }

    #[test]
    fn a_secret_that_changed_is_named_and_not_shown() {
        let config = |token: &str| json!({ "gateway": { "auth": { "token": token } } });
        let found = differences(
            &config("first-secret-token"),
            &config("second-secret-token"),
        );
        assert_eq!(line(&found[0]), "~ gateway.auth.token: another secret");
    }
}
