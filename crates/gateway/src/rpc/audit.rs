//! `audit.list` and `audit.verify`.

use openclaw_protocol::error::WireError;
use serde::Deserialize;
use serde_json::json;

use crate::audit::AuditFilter;
use crate::rpc::context::{Call, Payload, RpcResult};
use crate::rpc::router::Methods;
use crate::tasks;

/// Lines in an answer unless asked otherwise.
const DEFAULT_LINES: u32 = 200;
/// Most lines in an answer.
const MAX_LINES: u32 = 5_000;

pub(super) fn register(methods: &mut Methods) {
    methods.later("audit.list", crate::later!(list));
    methods.later("audit.verify", crate::later!(verify));
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ListParams {
    kind: Option<String>,
    actor: Option<String>,
    subject: Option<String>,
    since_ms: Option<i64>,
    until_ms: Option<i64>,
    after_seq: Option<i64>,
    limit: Option<u32>,
}

fn failed() -> WireError {
    WireError::unavailable("the audit log could not be read; see openclaw logs")
}

async fn list(call: Call) -> RpcResult {
    let params: ListParams = call.params()?;
    let filter = AuditFilter {
        kind: params.kind,
        actor: params.actor,
        subject: params.subject,
        since_ms: params.since_ms,
        until_ms: params.until_ms,
        after_seq: params.after_seq,
        limit: params.limit.unwrap_or(DEFAULT_LINES).clamp(1, MAX_LINES),
    };
    // Lines that are still queued belong to what the caller asks for.
    call.core
        .store
        .flush()
        .await
        .map_err(|error| WireError::unavailable(error.to_string()))?;
    let store = std::sync::Arc::clone(&call.core.store);
    let lines = tasks::blocking("audit list", move || store.audit_list(&filter))
        .await
        .ok_or_else(failed)?;
    let lines = lines.map_err(|error| WireError::unavailable(error.to_string()))?;
    let entries: Vec<_> = lines
        .iter()
        .map(|line| {
            let mut shown = json!(line.event);
            shown["seq"] = json!(line.seq);
            shown["hash"] = json!(line.hash);
            shown
        })
        .collect();
    // `events` is where callers of protocol 4 look for what agents did, and there are none.
    Ok(Payload::of(&json!({ "entries": entries, "events": [] })))
}

async fn verify(call: Call) -> RpcResult {
    call.core
        .store
        .flush()
        .await
        .map_err(|error| WireError::unavailable(error.to_string()))?;
    let store = std::sync::Arc::clone(&call.core.store);
    let verdict = tasks::blocking("audit verify", move || store.audit_verify())
        .await
        .ok_or_else(failed)?;
    let verdict = verdict.map_err(|error| WireError::unavailable(error.to_string()))?;
    let fault = verdict
        .fault
        .as_ref()
        .map(|(seq, fault)| json!({ "seq": seq, "reason": fault.text() }));
    Ok(Payload::of(&json!({
        "ok": verdict.fault.is_none(),
        "lines": verdict.lines,
        "headSeq": verdict.head_seq,
        "fault": fault,
    })))
}
