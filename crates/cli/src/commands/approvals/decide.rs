//! `openclaw approvals pending`, `allow` and `deny`: commands that wait for a person.

use openclaw_protocol::methods::approvals::{Decision, ExecApproval};
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::Table;
use crate::ui::format::{ago, now_ms, short_id};

/// Shortest part of an approval id that counts as one.
const MIN_PREFIX: usize = 6;

/// Arguments of `approvals pending`.
#[derive(Debug, clap::Args)]
pub(crate) struct PendingArgs {
    #[command(flatten)]
    call: CallArgs,
}

/// Arguments of `approvals allow`.
#[derive(Debug, clap::Args)]
pub(crate) struct AllowArgs {
    /// Id of the request, or at least 6 characters of it
    #[arg(value_name = "id")]
    id: String,
    /// From now on without asking
    #[arg(long)]
    always: bool,
    #[command(flatten)]
    call: CallArgs,
}

/// Arguments of `approvals deny`.
#[derive(Debug, clap::Args)]
pub(crate) struct DenyArgs {
    /// Id of the request, or at least 6 characters of it
    #[arg(value_name = "id")]
    id: String,
    #[command(flatten)]
    call: CallArgs,
}

impl PendingArgs {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let connection = open(context, &self.call).await?;
        let list: Value = connection
            .call("exec.approval.list", &json!({}))
            .await
            .map_err(CallFailure::into_error)?;
        connection.close().await;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&list)?;
            return Ok(Exit::OK);
        }
        let list: Vec<ExecApproval> = serde_json::from_value(list).map_err(CommandError::new)?;
        if list.is_empty() {
            ui.line("No command waits for approval.")?;
            return Ok(Exit::OK);
        }
        let now = now_ms();
        let mut table = Table::new(["ID", "Command", "Where", "Directory", "Agent", "Asked"]);
        for approval in &list {
            let request = &approval.request;
            table.row([
                short_id(&approval.id),
                request.command.clone(),
                request.host.clone().unwrap_or_default(),
                request.cwd.clone().unwrap_or_default(),
                request.agent_id.clone().unwrap_or_default(),
                ago(now, Some(approval.created_at_ms)),
            ]);
        }
        ui.table(&table)?;
        ui.line(format!(
            "Decide with: {} <id>, or {} <id>",
            context.command("openclaw approvals allow"),
            context.command("openclaw approvals deny")
        ))?;
        Ok(Exit::OK)
    }
}

impl AllowArgs {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let decision = if self.always {
            Decision::AllowAlways
        } else {
            Decision::AllowOnce
        };
        decide(context, &self.call, &self.id, decision).await
    }
}

impl DenyArgs {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        decide(context, &self.call, &self.id, Decision::Deny).await
    }
}

async fn open(context: &Context, call: &CallArgs) -> Result<Connection, CommandError> {
    Connection::open(context, call, needs([Scope::Approvals]))
        .await
        .map_err(CallFailure::into_error)
}

async fn decide(context: &Context, call: &CallArgs, id: &str, decision: Decision) -> Outcome {
    let connection = open(context, call).await?;
    let id = full_id(&connection, id).await?;
    let params = json!({ "id": id, "decision": decision.name() });
    let answer: Value = connection
        .call("exec.approval.resolve", &params)
        .await
        .map_err(CallFailure::into_error)?;
    connection.close().await;
    let ui = context.ui();
    if ui.is_json() {
        ui.json(&answer)?;
    } else {
        ui.line(format!("{} {id}", decision.name()))?;
        if answer["waiting"] == false && decision != Decision::Deny {
            ui.note(format!(
                "Whoever asked has left: nothing runs now, and no rule was added. Ask again, or add a rule: {}",
                context.command("openclaw approvals allowlist add <path> --node <name>")
            ));
        }
    }
    Ok(Exit::OK)
}

/// Completes an id from what waits, else from what was decided, so that a late decision learns what happened. A gateway
/// that lists nothing gets the id as typed.
async fn full_id(connection: &Connection, typed: &str) -> Result<String, CommandError> {
    let typed = typed.trim();
    let waiting: Value = connection
        .call("exec.approval.list", &json!({}))
        .await
        .unwrap_or_default();
    let mut fitting = ids(&waiting, typed);
    let decided: Value;
    if fitting.is_empty() {
        decided = connection
            .call("approval.history", &json!({}))
            .await
            .unwrap_or_default();
        fitting = ids(&decided["items"], typed);
    }
    match fitting.as_slice() {
        [id] => Ok((*id).to_owned()),
        [] => Ok(typed.to_owned()),
        several => Err(CommandError::new(format!(
            "several requests match {typed}: {}",
            several.join(", ")
        ))),
    }
}

/// Ids in a list that fit what was typed.
fn ids<'a>(list: &'a Value, typed: &str) -> Vec<&'a str> {
    let entries = list.as_array().into_iter().flatten();
    entries
        .filter_map(|entry| entry["id"].as_str())
        .filter(|id| *id == typed || (typed.len() >= MIN_PREFIX && id.starts_with(typed)))
        .collect()
}
