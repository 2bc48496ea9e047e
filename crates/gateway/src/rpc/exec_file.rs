//! `exec.approvals.*`: the exec-approvals file of the gateway host, and that of a node.

use openclaw_config::exec_approvals;
use openclaw_protocol::error::WireError;
use openclaw_protocol::schema::invalid_params;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::records::Change;
use crate::rpc::context::{Call, Payload, RpcResult, parse, parse_checked};
use crate::rpc::node::{Inner, invoke_inside};
use crate::rpc::router::Methods;
use crate::tasks;

/// How long a node may take to answer, in milliseconds.
const NODE_TIMEOUT_MS: u64 = 30_000;

pub(super) fn register(methods: &mut Methods) {
    methods.later("exec.approvals.get", crate::later!(get));
    methods.later("exec.approvals.set", crate::later!(set));
    methods.later("exec.approvals.node.get", crate::later!(node_get));
    methods.later("exec.approvals.node.set", crate::later!(node_set));
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetParams<'a> {
    #[serde(borrow)]
    file: &'a RawValue,
    base_hash: Option<String>,
}

fn store(call: &Call) -> exec_approvals::ApprovalsStore {
    exec_approvals::ApprovalsStore::new(&call.core.server.paths.exec_approvals_file)
}

fn answer(snapshot: &exec_approvals::Snapshot) -> Payload {
    Payload::Text(snapshot.to_json())
}

fn wire(error: &exec_approvals::StoreError) -> WireError {
    use exec_approvals::StoreError;
    match error {
        StoreError::BaseHashRequired => WireError::invalid(
            "exec approvals base hash required; re-run exec.approvals.get and retry",
        ),
        StoreError::Changed => WireError::invalid(
            "exec approvals changed since last load; re-run exec.approvals.get and retry",
        ),
        StoreError::Disk(_) => WireError::unavailable(error.to_string()),
    }
}

fn stopped() -> WireError {
    WireError::unavailable("the exec approvals file could not be handled; see openclaw logs")
}

async fn get(call: Call) -> RpcResult {
    let store = store(&call);
    let read = tasks::blocking("exec approvals", move || store.ensure())
        .await
        .ok_or_else(stopped)?;
    read.map(|snapshot| answer(&snapshot))
        .map_err(|error| wire(&error))
}

async fn set(call: Call) -> RpcResult {
    let params: SetParams<'_> = parse(call.method, &call.params)?;
    let sent: Value = serde_json::from_str(params.file.get()).unwrap_or(Value::Null);
    let file = exec_approvals::parse_strict(&sent).map_err(|issues| {
        let shown: Vec<String> = issues
            .iter()
            .map(|issue| format!("{}: {}", issue.path, issue.message))
            .collect();
        // In the wording of the schema where that has something to say: clients match on it.
        invalid_params(call.method, &call.params, &shown.join("; "))
            .with_details(json!({ "issues": shown }))
    })?;
    let (store, base_hash) = (store(&call), params.base_hash);
    let written = tasks::blocking("exec approvals", move || {
        store.replace(file, base_hash.as_deref())
    })
    .await
    .ok_or_else(stopped)?
    .map_err(|error| wire(&error))?;
    let line = call.audit(
        "exec.approvals.set",
        Some("gateway"),
        json!({ "hash": written.hash }),
    );
    call.core
        .commit(vec![Change::Audit(Box::new(line))])
        .await?;
    Ok(answer(&written))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeParams {
    node_id: String,
    #[serde(default)]
    file: Value,
    base_hash: Option<String>,
}

async fn node_get(call: Call) -> RpcResult {
    let params: NodeParams = parse_checked(call.method, &call.params)?;
    forward(
        &call,
        &params.node_id,
        "system.execApprovals.get",
        &json!({}),
    )
    .await
}

async fn node_set(call: Call) -> RpcResult {
    let params: NodeParams = parse_checked(call.method, &call.params)?;
    let sent = json!({ "file": params.file, "baseHash": params.base_hash });
    let answer = forward(&call, &params.node_id, "system.execApprovals.set", &sent).await?;
    let line = call.audit("exec.approvals.set", Some(params.node_id.trim()), json!({}));
    call.core
        .commit(vec![Change::Audit(Box::new(line))])
        .await?;
    Ok(answer)
}

async fn forward(call: &Call, node_id: &str, command: &str, params: &Value) -> RpcResult {
    let node_id = node_id.trim();
    if node_id.is_empty() {
        return Err(WireError::invalid("nodeId required"));
    }
    let params = params.to_string();
    let inner = Inner {
        node_id,
        command,
        params: &params,
        timeout_ms: NODE_TIMEOUT_MS,
    };
    let result = invoke_inside(&call.core, inner).await?;
    Ok(result.payload.map_or(Payload::Static("{}"), |payload| {
        Payload::Text(payload.into_owned())
    }))
}
