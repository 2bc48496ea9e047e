//! `node.list`, `node.describe`, `node.rename`.

use std::collections::BTreeSet;

use openclaw_protocol::error::WireError;
use openclaw_protocol::scope::Role;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::core::Core;
use crate::nodes::registry::NodeSession;
use crate::pairing::view;
use crate::records::{Change, DeviceRecord, NodeRecord, PendingNode};
use crate::rpc::context::{Call, Ctx, Payload, RpcResult, parse_checked};
use crate::rpc::router::Methods;

pub(super) fn register(methods: &mut Methods) {
    methods.now("node.list", list);
    methods.now("node.describe", describe);
    methods.later("node.rename", crate::later!(rename));
}

/// The encoded list, kept until a node comes, goes or changes.
fn list(ctx: &Ctx<'_>, _params: &str) -> RpcResult {
    let generation = ctx.core.nodes.generation();
    let nodes = ctx.core.system.node_list(generation, || {
        serde_json::to_string(&entries(ctx.core)).expect("answers have string keys only")
    });
    Ok(Payload::Text(format!(
        r#"{{"ts":{},"nodes":{nodes}}}"#,
        ctx.core.now_ms()
    )))
}

/// Every node that is connected or paired, connected ones first.
pub(in crate::rpc) fn entries(core: &Core) -> Vec<Value> {
    let sessions = core.nodes.all();
    let devices = core.books.devices.lock();
    let surfaces = core.books.surfaces.lock();
    let mut ids: BTreeSet<&str> = sessions.keys().map(String::as_str).collect();
    let paired = devices.paired();
    ids.extend(
        paired
            .iter()
            .filter(|device| device.roles.contains(&Role::Node))
            .map(|device| device.device_id.as_str()),
    );
    let mut entries: Vec<(bool, String, Value)> = ids
        .into_iter()
        .map(|id| {
            let session = sessions.get(id);
            let waits = surfaces.pending_of(id);
            let entry = entry(id, session, devices.get(id), surfaces.get(id), waits);
            let name = entry["displayName"].as_str().unwrap_or(id).to_lowercase();
            (session.is_none(), name, entry)
        })
        .collect();
    entries.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    entries.into_iter().map(|(_, _, entry)| entry).collect()
}

/// One node as lists show it.
fn entry(
    id: &str,
    session: Option<&NodeSession>,
    device: Option<&DeviceRecord>,
    surface: Option<&NodeRecord>,
    waits: Option<&PendingNode>,
) -> Value {
    let facts = session
        .map(|session| &session.conn.facts)
        .or_else(|| device.map(|device| &device.facts));
    let mut entry = json!({
        "nodeId": id,
        "caps": session.map_or(&[][..], |session| &session.caps),
        "commands": session.map_or(&[][..], |session| &session.commands),
        "paired": device.is_some_and(|device| device.roles.contains(&Role::Node)),
        "connected": session.is_some(),
        "approvalState": match (surface, waits) {
            (Some(_), None) => "approved",
            (Some(_), Some(_)) | (None, _) => "pending-approval",
        },
    });
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            entry[key] = value;
        }
    };
    let label = device.and_then(|device| device.operator_label.clone());
    let named = surface.and_then(|surface| surface.display_name.clone());
    let told = facts.and_then(|facts| facts.display_name.clone());
    set("displayName", label.or(named).or(told).map(Value::from));
    if let Some(facts) = facts {
        set("platform", facts.platform.clone().map(Value::from));
        set("version", facts.version.clone().map(Value::from));
        set("deviceFamily", facts.device_family.clone().map(Value::from));
        set(
            "modelIdentifier",
            facts.model_identifier.clone().map(Value::from),
        );
        set("clientId", facts.client_id.clone().map(Value::from));
        set("clientMode", facts.client_mode.clone().map(Value::from));
        set("remoteIp", facts.remote_ip.clone().map(Value::from));
    }
    set("pendingSurface", waits.map(view::pending_node));
    if let Some(session) = session {
        set("protocol", Some(json!(session.conn.protocol)));
        set("streams", session.streams.then_some(json!(true)));
        set("connectedAtMs", Some(json!(session.conn.connected_at_ms)));
        set("pathEnv", session.path_env.clone().map(Value::from));
        if !session.permissions.is_empty() {
            set("permissions", Some(json!(session.permissions)));
        }
        let stats = session
            .host_stats
            .as_deref()
            .and_then(|stats| serde_json::from_str(stats).ok());
        set("hostStats", stats);
    }
    if let Some(surface) = surface {
        set("approvedAtMs", Some(json!(surface.approved_at_ms)));
        set(
            "lastConnectedAtMs",
            surface.last_connected_at_ms.map(Value::from),
        );
        set("coreVersion", surface.core_version.clone().map(Value::from));
        set("uiVersion", surface.ui_version.clone().map(Value::from));
    }
    if let Some(device) = device {
        set("lastSeenAtMs", device.last_seen_at_ms.map(Value::from));
        set(
            "lastSeenReason",
            device.last_seen_reason.clone().map(Value::from),
        );
    }
    entry
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeId {
    node_id: String,
}

fn describe(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    let NodeId { node_id } = parse_checked("node.describe", params)?;
    let id = node_id.trim();
    if id.is_empty() {
        return Err(WireError::invalid("nodeId required"));
    }
    let session = ctx.core.nodes.get(id);
    let devices = ctx.core.books.devices.lock();
    let surfaces = ctx.core.books.surfaces.lock();
    let device = devices
        .get(id)
        .filter(|device| device.roles.contains(&Role::Node));
    if session.is_none() && device.is_none() {
        return Err(WireError::invalid("unknown nodeId"));
    }
    let mut entry = entry(
        id,
        session.as_ref(),
        device,
        surfaces.get(id),
        surfaces.pending_of(id),
    );
    entry["ts"] = json!(ctx.core.now_ms());
    if let Some(session) = &session {
        // What waits for approval, so that an operator sees it where it looks for commands.
        let waiting: Vec<_> = session
            .declared
            .iter()
            .filter(|command| !session.commands.contains(command))
            .collect();
        if !waiting.is_empty() {
            entry["pendingCommands"] = json!(waiting);
        }
    }
    Ok(Payload::of(&entry))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rename {
    node_id: String,
    display_name: String,
}

async fn rename(call: Call) -> RpcResult {
    let Rename {
        node_id,
        display_name,
    } = parse_checked(call.method, &call.params)?;
    let (id, name) = (node_id.trim(), display_name.trim());
    if name.is_empty() {
        return Err(WireError::invalid("displayName required"));
    }
    if name.chars().count() > crate::pairing::devices::MAX_LABEL {
        return Err(WireError::invalid(
            "displayName must have at most 64 characters",
        ));
    }
    let core = &call.core;
    let mut changes = Vec::new();
    let in_devices = core
        .books
        .devices
        .lock()
        .rename(id, name)
        .map(|more| changes.extend(more))
        .is_ok();
    let in_surfaces = core
        .books
        .surfaces
        .lock()
        .rename(id, name)
        .map(|more| changes.extend(more))
        .is_ok();
    if !in_devices && !in_surfaces {
        return Err(WireError::invalid("unknown nodeId"));
    }
    let details = json!({ "displayName": name });
    changes.push(Change::Audit(Box::new(call.audit(
        "node.rename",
        Some(id),
        details,
    ))));
    core.commit(changes).await?;
    core.nodes.touch();
    Ok(Payload::of(&json!({ "nodeId": id, "displayName": name })))
}

/// Raw JSON of params that are only passed on.
pub(super) type Raw<'a> = Option<&'a RawValue>;
