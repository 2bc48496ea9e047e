//! `openclaw config set`.

use openclaw_config::edit::{ConfigEditor, KeyPath, parse_value};
use openclaw_config::resolve::effective;
use openclaw_config::schema::{BindMode, GatewayMode};
use openclaw_gateway::listen::custom::is_here;
use openclaw_gateway::listen::interface_addresses;
use serde_json::json;

use super::{counts, refused, warn};
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
        if let Some(stronger) = stronger(context, &self.path) {
            ui.note(format!("Warning: {stronger}"));
        }
        if let Some(waits) = waits(context, &self.path) {
            ui.note(format!("Warning: {waits}"));
        }
        if ui.is_json() {
            ui.json(&json!({ "ok": true, "path": self.path, "changed": edited.changed, "hash": edited.hash }))?;
        } else {
            ui.line(format!(
                "Updated {}. {}",
                self.path,
                counts(context, [self.path.as_str()])
            ))?;
        }
        Ok(Exit::OK)
    }
}

/// What beats the file for whatever is started from this shell.
fn stronger(context: &Context, path: &str) -> Option<String> {
    let key = KeyPath::parse(path).ok()?;
    let (_, source) = effective(&context.reload(), &context.paths().profile, &key)?;
    let is_file = source.starts_with("config ") || source.starts_with("default");
    (!is_file).then(|| {
        format!("{source} beats the file in this shell, and in a gateway that is started from it")
    })
}

/// What a gateway on this machine would wait for with what has just been written.
fn waits(context: &Context, path: &str) -> Option<String> {
    if !matches!(path, "gateway.bind" | "gateway.customBindHost") {
        return None;
    }
    let gateway = context.reload().settings.gateway.clone();
    if gateway.mode == Some(GatewayMode::Remote) {
        return None;
    }
    let bind = gateway.bind?;
    let host = match (bind.mode, bind.host) {
        (BindMode::Custom, Some(host)) => host,
        (BindMode::Custom, None) => gateway.custom_bind_host?,
        _ => return None,
    };
    let interfaces = interface_addresses().ok()?;
    (!is_here(&host, &interfaces)).then(|| {
        let known: Vec<String> = interfaces
            .iter()
            .filter(|known| !known.address.is_loopback())
            .map(|known| format!("{} ({})", known.address, known.name))
            .collect();
        format!(
            "this machine has no address that matches {host} now; the gateway waits for it with loopback open. It has: {}",
            if known.is_empty() { "only loopback".to_owned() } else { known.join(", ") }
        )
    })
}
