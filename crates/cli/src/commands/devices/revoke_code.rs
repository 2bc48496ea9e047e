//! `openclaw devices revoke-code`.

use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// Arguments of `devices revoke-code`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id of the code, or its beginning
    #[arg(
        value_name = "id",
        required_unless_present = "all",
        conflicts_with = "all"
    )]
    id: Option<String>,
    /// Every code that nobody used yet
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let connection = Connection::open(context, &self.call, needs([Scope::Admin]))
            .await
            .map_err(CallFailure::into_error)?;
        let id = match self.id {
            None => "all".to_owned(),
            Some(query) => {
                let list: Value = connection
                    .call("device.pair.setupList", &json!({}))
                    .await
                    .map_err(CallFailure::into_error)?;
                find(&list, query.trim())?
            }
        };
        let answer: Value = connection
            .call("device.pair.setupRevoke", &json!({ "setupId": id }))
            .await
            .map_err(CallFailure::into_error)?;
        connection.close().await;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&answer)?;
            return Ok(Exit::OK);
        }
        let revoked = answer["revoked"].as_array().map_or(&[][..], Vec::as_slice);
        if revoked.is_empty() {
            ui.line("No setup code is waiting to be used.")?;
        }
        for id in revoked {
            ui.line(format!("Revoked {}", id.as_str().unwrap_or_default()))?;
        }
        Ok(Exit::OK)
    }
}

fn find(list: &Value, query: &str) -> Result<String, CommandError> {
    let ids: Vec<&str> = list["setups"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|setup| setup["setupId"].as_str())
        .filter(|id| query.len() >= 4 && id.starts_with(&query.to_ascii_lowercase()))
        .collect();
    match ids.as_slice() {
        [id] => Ok((*id).to_owned()),
        [] => Err(CommandError::new(format!("unknown setup code: {query}"))
            .hint("Fix: see the ids with: openclaw devices list")),
        several => Err(CommandError::new(format!(
            "ambiguous setup code: {query} (matches: {})",
            several.join(", ")
        ))),
    }
}
