//! `openclaw config get`.

use openclaw_config::edit::KeyPath;
use openclaw_config::load::{Snapshot, load};
use openclaw_config::redact::redact;
use openclaw_config::resolve::effective;
use serde_json::{Value, json};

use crate::context::{Context, problem};
use crate::error::{CommandError, Exit, Outcome};

/// Arguments of `config get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Path such as gateway.port
    #[arg(value_name = "path")]
    path: String,
    /// Show the effective value (environment and defaults included) and its source
    #[arg(long)]
    source: bool,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let path = KeyPath::parse(&self.path).map_err(CommandError::new)?;
        // The file alone counts here: neither flags nor the environment, and no last good values.
        let snapshot = load(context.paths(), context.env());
        if self.source {
            return self.with_source(context, &path, &snapshot);
        }
        if let Some(unreadable) = snapshot.issues.iter().find(|issue| issue.path.is_empty()) {
            return Err(CommandError::plain(format!(
                "Config invalid\nFile: {}\nProblem:\n  - {}",
                context.paths().display_home(&snapshot.path),
                problem(unreadable)
            )));
        }
        let found = path.get(&snapshot.parsed).map(|written| {
            // `${VAR}` filled in, unless the section is wrong and was replaced.
            path.get(&snapshot.resolved)
                .filter(|_| written.as_str().is_some_and(|text| text.contains("${")))
                .unwrap_or(written)
        });
        let Some(value) = found.or_else(|| path.get(&snapshot.resolved)) else {
            return Err(CommandError::plain(format!(
                "Config path not found: {}",
                self.path
            )));
        };
        let value = &without_edge_headers(&self.path, value);
        let ui = context.ui();
        match value {
            Value::String(text) if !ui.is_json() => ui.line(text)?,
            other => ui.json(other)?,
        }
        Ok(Exit::OK)
    }
}

impl Args {
    fn with_source(&self, context: &Context, path: &KeyPath, snapshot: &Snapshot) -> Outcome {
        let profile = &context.paths().profile;
        let Some((value, source)) = effective(snapshot, profile, path) else {
            return Err(
                CommandError::plain(format!("Config path not found: {}", self.path))
                    .hint("Nothing sets it, and it has no default."),
            );
        };
        let value = without_edge_headers(&self.path, &value);
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&json!({ "path": self.path, "value": value, "source": source }))?;
        } else {
            match &value {
                Value::String(text) => ui.line(text)?,
                other => ui.json(other)?,
            }
            ui.line(format!("Source: {source}"))?;
        }
        Ok(Exit::OK)
    }
}

/// Headers for a proxy are shown by name only; nobody copies them to another machine by hand, as the token is.
fn without_edge_headers(path: &str, value: &Value) -> Value {
    const PATH: [&str; 3] = ["gateway", "remote", "edgeAuth"];
    let steps: Vec<&str> = path.split('.').map(str::trim).collect();
    if steps.starts_with(&PATH) {
        let hidden = redact(&json!({ "edgeAuth": value }));
        return hidden["edgeAuth"].clone();
    }
    let mut shown = value.clone();
    if PATH.starts_with(&steps) {
        let pointer = format!("/{}", PATH[steps.len()..].join("/"));
        if let Some(headers) = shown.pointer_mut(&pointer) {
            *headers = redact(&json!({ "edgeAuth": headers }))["edgeAuth"].clone();
        }
    }
    shown
}
