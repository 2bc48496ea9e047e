//! Asks the operators of the gateway whether a command may run.

use std::time::Duration;

use openclaw_protocol::methods::approvals::{Decision, ExecApprovalDecided};
use openclaw_protocol::methods::node::NodeEntry;
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use super::{Policy, wrong};
use crate::args::CallArgs;
use crate::commands::nodes::{fail, open};
use crate::connect::{Connection, Deadline, needs};
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::format::short_id;

/// How long operators have.
const WAIT: Duration = Duration::from_secs(120);
/// The gateway answers by itself when the time is over.
const MARGIN: Duration = Duration::from_secs(5);

/// What operators are asked.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) context: &'a Context,
    pub(super) call: &'a CallArgs,
    /// Where it is to run.
    pub(super) node: &'a NodeEntry,
    /// The command as text.
    pub(super) command: String,
    /// Parameters of `system.run`.
    pub(super) params: &'a Value,
    /// What this side's config and flags say.
    pub(super) policy: Policy,
}

/// Leave to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    /// An operator decided, or the fallback did.
    Decided(Decision),
    /// Nobody decided; the node's allowlist may still let it through.
    NodeDecides,
}

/// Asks and waits. On a connection of its own: who may run may not always ask.
pub(super) async fn ask(question: &Question<'_>) -> Result<Grant, CommandError> {
    let context = question.context;
    let id = uuid::Uuid::new_v4().to_string();
    let params = json!({
        "id": id,
        "command": question.command,
        "cwd": question.params.get("cwd"),
        "host": place(question.node),
        "security": question.policy.security.as_str(),
        "ask": question.policy.ask.as_str(),
        "agentId": question.params.get("agentId"),
        "timeoutMs": u64::try_from(WAIT.as_millis()).unwrap_or(u64::MAX),
    });
    let connection = open(
        context,
        question.call,
        needs([Scope::Approvals]),
        Duration::ZERO,
        "run",
    )
    .await?;
    context.ui().note(format!("waiting for approval {id} …"));
    context.ui().note(format!(
        "decide with: {}",
        context.command(&format!("openclaw approvals allow {id}"))
    ));
    let raw = connection
        .call_within(
            "exec.approval.request",
            &params,
            Deadline::after(WAIT + MARGIN),
        )
        .await
        .map_err(fail("run"))?;
    let decided: ExecApprovalDecided =
        serde_json::from_str(raw.get()).map_err(|error| wrong("run", error))?;
    connection.close().await;
    match decided.decision {
        Some(Decision::Deny) => Err(wrong("run", "exec denied: user denied")),
        Some(decision) => Ok(Grant::Decided(decision)),
        None => fallback(question).await,
    }
}

/// Nobody answered: what the node's owner wants then.
async fn fallback(question: &Question<'_>) -> Result<Grant, CommandError> {
    let node = question.node;
    let scopes = needs([Scope::Admin]);
    let params = json!({ "nodeId": node.node_id });
    let answer = match Connection::open(question.context, question.call, scopes).await {
        Ok(connection) => {
            connection
                .call::<Value>("exec.approvals.node.get", &params)
                .await
        }
        Err(failure) => Err(failure),
    };
    // Whoever may not read the rules gets the strictest.
    let answer = answer.unwrap_or_default();
    match answer["file"]["defaults"]["askFallback"].as_str() {
        Some("full") => Ok(Grant::Decided(Decision::AllowOnce)),
        Some("allowlist") => Ok(Grant::NodeDecides),
        _ => {
            let name = node.display_name.as_deref().unwrap_or(&node.node_id);
            let allow = format!("openclaw approvals allowlist add <path> --node {name}");
            Err(wrong(
                "run",
                "exec denied: approval required (approval UI not available)",
            )
            .hint(format!(
                "Nobody decided in time; allow the program beforehand with: {}",
                question.context.command(&allow)
            )))
        }
    }
}

/// Which node, for whoever decides.
fn place(node: &NodeEntry) -> String {
    let id = short_id(&node.node_id);
    node.display_name.as_ref().map_or_else(
        || format!("node {id}"),
        |name| format!("node {name} ({id})"),
    )
}
