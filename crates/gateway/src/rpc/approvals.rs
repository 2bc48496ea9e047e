//! `exec.approval.*`: ask an operator, decide, list, wait.

use std::time::Duration;

use openclaw_protocol::error::WireError;
use openclaw_protocol::limits::APPROVAL_TIMEOUT_MS;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use uuid::Uuid;

use crate::approvals::{self, Decided, Expiry, Outcome};
use crate::core::Core;
use crate::records::{ApprovalRecord, AuditEvent, Change};
use crate::rpc::context::{Call, Ctx, Payload, RpcResult, parse, parse_checked};
use crate::rpc::router::Methods;

/// Longest life of an approval: a week.
const MAX_TIMEOUT_MS: u64 = 7 * 86_400_000;

pub(super) fn register(methods: &mut Methods) {
    methods.later("exec.approval.request", crate::later!(request));
    methods.later("exec.approval.resolve", crate::later!(resolve));
    methods.later("exec.approval.waitDecision", crate::later!(wait_decision));
    methods.now("exec.approval.get", get);
    methods.now("exec.approval.list", |ctx, _| {
        Ok(list(&ctx.core.approvals.pending(ctx.core.now_ms())))
    });
    methods.now("approval.history", history);
    methods.now("exec.approval.grants.list", |_, _| {
        Ok(Payload::Static(r#"{"grants":[]}"#))
    });
    methods.now("plugin.approval.list", |_, _| Ok(Payload::Static("[]")));
    methods.now("openclaw.approval.list", |_, _| Ok(Payload::Static("[]")));
}

fn list(records: &[ApprovalRecord]) -> Payload {
    Payload::of(&records.iter().map(approvals::view).collect::<Vec<_>>())
}

/// Decided approvals in an answer unless asked otherwise.
const HISTORY_ITEMS: usize = 50;

fn history(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    #[derive(Deserialize)]
    struct Params {
        limit: Option<usize>,
    }
    let Params { limit } = parse("approval.history", params)?;
    let items: Vec<Value> = ctx
        .core
        .approvals
        .history()
        .iter()
        .take(limit.unwrap_or(HISTORY_ITEMS))
        .map(approvals::decided_view)
        .collect();
    Ok(Payload::of(&json!({ "items": items })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    id: Option<String>,
    command: String,
    cwd: Option<String>,
    host: Option<String>,
    security: Option<String>,
    ask: Option<String>,
    agent_id: Option<String>,
    resolved_path: Option<String>,
    session_key: Option<String>,
    node_id: Option<String>,
    timeout_ms: Option<u64>,
}

async fn request(call: Call) -> RpcResult {
    let params: Request = parse_checked(call.method, &call.params)?;
    let core = &call.core;
    let now_ms = core.now_ms();
    let timeout_ms = params
        .timeout_ms
        .unwrap_or(APPROVAL_TIMEOUT_MS)
        .clamp(1, MAX_TIMEOUT_MS);
    let mut shown = json!({
        "command": params.command,
        "cwd": params.cwd,
        "host": params.host,
        "security": params.security,
        "ask": params.ask,
        "agentId": params.agent_id,
        "resolvedPath": params.resolved_path,
        "sessionKey": params.session_key,
    });
    if let Some(node_id) = &params.node_id {
        shown["nodeId"] = json!(node_id);
        if let Some(name) = node_name(core, node_id) {
            shown["nodeName"] = json!(name);
        }
    }
    let id = params
        .id
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| Uuid::new_v4().to_string());
    let record = ApprovalRecord {
        id: id.clone(),
        request_json: shown.to_string(),
        requested_by: Some(call.conn.label().to_owned()),
        created_at_ms: now_ms,
        expires_at_ms: now_ms.saturating_add_unsigned(timeout_ms),
        decision: None,
        resolved_by: None,
        resolved_at_ms: None,
    };
    let mut changes = core.approvals.open(record.clone(), now_ms)?;
    let line = audit(
        &call,
        &id,
        &json!({ "event": "requested", "commandSha256": hash(&params.command) }),
    );
    changes.push(line);
    if let Err(error) = core.commit(changes).await {
        core.approvals.discard(&id);
        return Err(error);
    }
    core.broadcast("exec.approval.requested", &approvals::view(&record));
    let (_, outcome) = core
        .approvals
        .watch(&id)
        .ok_or_else(|| WireError::invalid("unknown approval id"))?;
    Ok(answer(
        &record,
        wait(core, &record, outcome).await.as_deref(),
    ))
}

/// What people call a node.
fn node_name(core: &Core, node_id: &str) -> Option<String> {
    let devices = core.books.devices.lock();
    let device = devices.get(node_id)?;
    let told = device.facts.display_name.as_ref();
    device.operator_label.as_ref().or(told).cloned()
}

fn hash(command: &str) -> String {
    openclaw_protocol::device::sha256_hex(command)
}

fn audit(call: &Call, id: &str, details: &Value) -> Change {
    Change::Audit(Box::new(call.audit(
        "exec.approval",
        Some(id),
        details.clone(),
    )))
}

/// The line about an approval that nobody decided.
pub(crate) fn expired(core: &Core, id: &str) -> Change {
    Change::Audit(Box::new(AuditEvent {
        ts: core.now_ms(),
        kind: "exec.approval".to_owned(),
        actor: "gateway".to_owned(),
        remote_ip: None,
        subject: Some(id.to_owned()),
        details: json!({ "event": "expired" }),
    }))
}

/// Waits for the decision or the end of the approval's life.
async fn wait(
    core: &Core,
    record: &ApprovalRecord,
    mut outcome: watch::Receiver<Outcome>,
) -> Option<String> {
    let left_ms = u64::try_from(record.expires_at_ms - core.now_ms()).unwrap_or(0);
    let left = Duration::from_millis(left_ms);
    if let Ok(decision) = tokio::time::timeout(left, decision(&mut outcome)).await {
        return decision;
    }
    match core.approvals.expire(&record.id, core.now_ms()) {
        // Nobody decided: the next decision is told that it came too late.
        Expiry::Expired(change) => {
            if let Err(error) = core.commit(vec![change, expired(core, &record.id)]).await {
                tracing::warn!(approval = %record.id, %error, "the expiry could not be stored");
            }
            None
        }
        // Decided in the last moment and being stored.
        Expiry::Decided => decision(&mut outcome).await,
        Expiry::Unknown => None,
    }
}

/// The decision, once there is one that is durable.
async fn decision(outcome: &mut watch::Receiver<Outcome>) -> Option<String> {
    let decided = outcome.wait_for(|outcome| *outcome != Outcome::Waiting);
    match &*decided.await.ok()? {
        Outcome::Decided(decision) => decision.clone(),
        Outcome::Waiting => None,
    }
}

fn answer(record: &ApprovalRecord, decision: Option<&str>) -> Payload {
    Payload::of(&json!({
        "id": record.id,
        "decision": decision,
        "createdAtMs": record.created_at_ms,
        "expiresAtMs": record.expires_at_ms,
    }))
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

async fn wait_decision(call: Call) -> RpcResult {
    let Id { id } = parse_checked(call.method, &call.params)?;
    let (record, outcome) = call
        .core
        .approvals
        .watch(&id)
        .ok_or_else(|| WireError::invalid("unknown approval id"))?;
    let decision = wait(&call.core, &record, outcome).await;
    Ok(answer(&record, decision.as_deref()))
}

fn get(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    let Id { id } = parse_checked("exec.approval.get", params)?;
    let (record, _) = ctx
        .core
        .approvals
        .watch(&id)
        .ok_or_else(|| WireError::invalid("unknown approval id"))?;
    Ok(Payload::of(&approvals::view(&record)))
}

#[derive(Deserialize)]
struct Resolve {
    id: String,
    decision: String,
}

async fn resolve(call: Call) -> RpcResult {
    let Resolve { id, decision } = parse_checked(call.method, &call.params)?;
    if !matches!(decision.as_str(), "allow-once" | "allow-always" | "deny") {
        return Err(WireError::invalid("invalid decision"));
    }
    let core = &call.core;
    let now_ms = core.now_ms();
    let by = call.conn.label().to_owned();
    let Decided { record, change } = core.approvals.decide(&id, &decision, &by, now_ms)?;
    let line = audit(
        &call,
        &id,
        &json!({ "event": "resolved", "decision": decision }),
    );
    if let Err(error) = core.commit(vec![change, line]).await {
        core.approvals.undo(&id);
        return Err(error);
    }
    let waiting = core.approvals.announce(&id);
    let payload = json!({ "id": record.id, "decision": decision, "resolvedBy": by, "ts": now_ms });
    core.broadcast("exec.approval.resolved", &payload);
    Ok(Payload::Static(if waiting {
        r#"{"ok":true}"#
    } else {
        // Whoever asked has left: the decision is on record and runs nothing.
        r#"{"ok":true,"waiting":false}"#
    }))
}
