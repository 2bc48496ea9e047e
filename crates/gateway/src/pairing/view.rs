//! How pairing records look on the wire. Never a token.

use openclaw_protocol::pairing_code::pairing_code;
use serde_json::{Map, Value, json};

use openclaw_protocol::scope::Scope;

use crate::pairing::surfaces::approve_scopes;
use crate::records::{ClientFacts, DeviceRecord, NodeRecord, PendingDevice, PendingNode};

fn set(object: &mut Map<String, Value>, key: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(key.to_owned(), value.into());
    }
}

fn add_facts(object: &mut Map<String, Value>, facts: &ClientFacts) {
    add_asking_facts(object, facts);
    set(object, "modelIdentifier", facts.model_identifier.clone());
    set(object, "version", facts.version.clone());
}

/// What a request of a device shows: the published schema knows no more.
fn add_asking_facts(object: &mut Map<String, Value>, facts: &ClientFacts) {
    set(object, "platform", facts.platform.clone());
    set(object, "deviceFamily", facts.device_family.clone());
    set(object, "clientId", facts.client_id.clone());
    set(object, "clientMode", facts.client_mode.clone());
    set(object, "remoteIp", facts.remote_ip.clone());
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}

/// A pending device request; also the payload of `device.pair.requested`.
pub fn pending_device(request: &PendingDevice) -> Value {
    let mut out = object(json!({
        "requestId": request.request_id,
        "code": pairing_code(&request.request_id),
        "deviceId": request.device_id,
        "publicKey": request.public_key,
        "role": request.role,
        "roles": [request.role],
        "scopes": request.scopes,
        "silent": request.silent,
        "isRepair": request.is_repair,
        "ts": request.ts,
        "expiresAtMs": request.expires_at_ms(),
    }));
    set(&mut out, "displayName", request.facts.display_name.clone());
    set(&mut out, "browserOrigin", request.browser_origin.clone());
    add_asking_facts(&mut out, &request.facts);
    Value::Object(out)
}

/// Payload of `device.pair.resolved`.
pub fn resolved_device(request: &PendingDevice, decision: &str, ts: i64) -> Value {
    json!({ "requestId": request.request_id, "deviceId": request.device_id, "decision": decision, "ts": ts })
}

/// A paired device.
pub fn device(record: &DeviceRecord, connected: bool) -> Value {
    let tokens: Vec<Value> = newest_tokens(record);
    let mut out = object(json!({
        "deviceId": record.device_id,
        "publicKey": record.public_key,
        "role": record.roles.first(),
        "roles": record.roles,
        "scopes": record.scopes,
        "approvedVia": record.approved_via,
        "createdAtMs": record.created_at_ms,
        "approvedAtMs": record.approved_at_ms,
        "connected": connected,
        "tokens": tokens,
    }));
    set(
        &mut out,
        "displayName",
        record
            .operator_label
            .clone()
            .or_else(|| record.facts.display_name.clone()),
    );
    set(&mut out, "operatorLabel", record.operator_label.clone());
    set(&mut out, "lastSeenAtMs", record.last_seen_at_ms);
    set(&mut out, "lastSeenReason", record.last_seen_reason.clone());
    add_facts(&mut out, &record.facts);
    Value::Object(out)
}

/// The newest token of each role, without its value; a role counts as used when any of its tokens was.
fn newest_tokens(record: &DeviceRecord) -> Vec<Value> {
    let mut newest: Vec<_> = Vec::new();
    for token in &record.tokens {
        if !newest
            .iter()
            .any(|seen: &&crate::records::TokenRecord| seen.role == token.role)
        {
            newest.push(token);
        }
    }
    newest.sort_by_key(|token| token.role.name());
    newest
        .into_iter()
        .map(|token| {
            let mut out = object(json!({
                "role": token.role,
                "scopes": token.scopes,
                "createdAtMs": token.created_at_ms,
            }));
            set(&mut out, "rotatedAtMs", token.rotated_at_ms);
            set(&mut out, "revokedAtMs", token.revoked_at_ms);
            let of_role = record.tokens.iter().filter(|held| held.role == token.role);
            let last_used = of_role.filter_map(|held| held.last_used_at_ms).max();
            set(&mut out, "lastUsedAtMs", last_used);
            Value::Object(out)
        })
        .collect()
}

/// A pending node request; also the payload of `node.pair.requested`.
pub fn pending_node(request: &PendingNode) -> Value {
    let pairs_device = request.public_key.is_some().then_some(Scope::Admin);
    let scopes: Vec<_> = approve_scopes(&request.commands)
        .into_iter()
        .filter(|scope| pairs_device != Some(*scope))
        .chain(pairs_device)
        .map(openclaw_protocol::scope::Scope::name)
        .collect();
    let mut out = object(json!({
        "requestId": request.request_id,
        "code": pairing_code(&request.request_id),
        "nodeId": request.node_id,
        "caps": request.caps,
        "commands": request.commands,
        "requiredApproveScopes": scopes,
        "silent": request.silent,
        "isRepair": request.is_repair,
        "ts": request.ts,
    }));
    set(&mut out, "displayName", request.display_name.clone());
    set(&mut out, "coreVersion", request.core_version.clone());
    set(&mut out, "uiVersion", request.ui_version.clone());
    if !request.permissions.is_empty() {
        out.insert("permissions".into(), json!(request.permissions));
    }
    add_facts(&mut out, &request.facts);
    Value::Object(out)
}

/// Payload of `node.pair.resolved`.
pub fn resolved_node(request: &PendingNode, decision: &str, ts: i64) -> Value {
    json!({ "requestId": request.request_id, "nodeId": request.node_id, "decision": decision, "ts": ts })
}

/// An approved node, as the pairing lists show it.
pub fn node(record: &NodeRecord) -> Value {
    let mut out = object(json!({
        "nodeId": record.node_id,
        "caps": record.caps,
        "commands": record.commands,
        "createdAtMs": record.created_at_ms,
        "approvedAtMs": record.approved_at_ms,
    }));
    set(
        &mut out,
        "displayName",
        record
            .display_name
            .clone()
            .or_else(|| record.facts.display_name.clone()),
    );
    set(&mut out, "coreVersion", record.core_version.clone());
    set(&mut out, "uiVersion", record.ui_version.clone());
    set(&mut out, "lastConnectedAtMs", record.last_connected_at_ms);
    if !record.permissions.is_empty() {
        out.insert("permissions".into(), json!(record.permissions));
    }
    add_facts(&mut out, &record.facts);
    Value::Object(out)
}
