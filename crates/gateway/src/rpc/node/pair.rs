//! `node.pair.*`: command surfaces, and the older flow that ends in a node token.

use openclaw_protocol::error::WireError;
use openclaw_protocol::scope::Role;
use serde::Deserialize;
use serde_json::json;

use crate::core::Core;
use crate::pairing::surfaces::{ApprovedNode, SurfaceError, approve_scopes};
use crate::pairing::view;
use crate::records::{Change, ClientFacts, PendingNode};
use crate::rpc::context::{Call, Ctx, Payload, RpcResult, parse_checked};
use crate::rpc::router::{Methods, missing_scope};

pub(super) fn register(methods: &mut Methods) {
    methods.now("node.pair.list", list);
    methods.now("node.pair.verify", verify);
    methods.later("node.pair.request", crate::later!(request));
    methods.later("node.pair.approve", crate::later!(approve));
    methods.later("node.pair.reject", crate::later!(reject));
    methods.later("node.pair.remove", crate::later!(remove));
}

fn wire(error: &SurfaceError) -> WireError {
    WireError::invalid(error.to_string())
}

fn list(ctx: &Ctx<'_>, _params: &str) -> RpcResult {
    let devices = ctx.core.books.devices.lock();
    let surfaces = ctx.core.books.surfaces.lock();
    let pending: Vec<_> = surfaces
        .pending(ctx.core.now_ms())
        .into_iter()
        // A surface whose device is not paired yet is settled together with the device.
        .filter(|request| request.legacy || devices.get(&request.node_id).is_some())
        .map(view::pending_node)
        .collect();
    let paired: Vec<_> = surfaces.nodes().into_iter().map(view::node).collect();
    Ok(Payload::of(
        &json!({ "pending": pending, "paired": paired }),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verify {
    node_id: String,
    token: String,
}

fn verify(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    let Verify { node_id, token } = parse_checked("node.pair.verify", params)?;
    let surfaces = ctx.core.books.surfaces.lock();
    Ok(match surfaces.verify(node_id.trim(), &token) {
        Some(node) => Payload::of(&json!({ "ok": true, "node": view::node(node) })),
        None => Payload::Static(r#"{"ok":false}"#),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestParams {
    node_id: String,
    display_name: Option<String>,
    platform: Option<String>,
    version: Option<String>,
    core_version: Option<String>,
    ui_version: Option<String>,
    device_family: Option<String>,
    model_identifier: Option<String>,
    #[serde(default)]
    caps: Vec<String>,
    #[serde(default)]
    commands: Vec<String>,
    remote_ip: Option<String>,
    #[serde(default)]
    silent: bool,
}

async fn request(call: Call) -> RpcResult {
    let params: RequestParams = parse_checked(call.method, &call.params)?;
    let node_id = params.node_id.trim();
    if node_id.is_empty() {
        return Err(WireError::unavailable("Error: nodeId required"));
    }
    let core = &call.core;
    let asked = PendingNode {
        node_id: node_id.to_owned(),
        display_name: params.display_name.clone(),
        facts: ClientFacts {
            display_name: params.display_name,
            platform: params.platform,
            device_family: params.device_family,
            model_identifier: params.model_identifier,
            version: params.version,
            client_id: None,
            client_mode: None,
            remote_ip: params.remote_ip,
        },
        core_version: params.core_version,
        ui_version: params.ui_version,
        caps: params.caps,
        commands: params.commands,
        silent: params.silent,
        ..PendingNode::default()
    };
    let (request, created, mut changes) = core
        .books
        .surfaces
        .lock()
        .request(asked, core.now_ms())
        .map_err(|error| wire(&error))?;
    if created {
        let details = json!({ "requestId": request.request_id });
        changes.push(Change::Audit(Box::new(call.audit(
            "pair.request",
            Some(&request.node_id),
            details,
        ))));
    }
    core.commit(changes).await?;
    let shown = view::pending_node(&request);
    if created {
        core.broadcast("node.pair.requested", &shown);
    }
    Ok(Payload::of(
        &json!({ "status": "pending", "request": shown, "created": created }),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestId {
    #[serde(alias = "pairingId")]
    request_id: String,
}

async fn approve(call: Call) -> RpcResult {
    let RequestId { request_id } = parse_checked(call.method, &call.params)?;
    let core = &call.core;
    let now_ms = core.now_ms();
    let ApprovedNode {
        node,
        request,
        token,
        mut changes,
    } = {
        let mut surfaces = core.books.surfaces.lock();
        let waiting = surfaces
            .pending_by_id(&request_id, now_ms)
            .ok_or_else(|| wire(&SurfaceError::UnknownRequest))?;
        let held = call.conn.scopes();
        if let Some(missing) = approve_scopes(&waiting.commands)
            .into_iter()
            .find(|scope| !held.allows(*scope))
        {
            return Err(missing_scope(call.conn.protocol, missing));
        }
        surfaces
            .approve(&request_id, now_ms)
            .map_err(|error| wire(&error))?
    };
    let details = json!({ "requestId": request_id, "commands": node.commands });
    changes.push(Change::Audit(Box::new(call.audit(
        "node.approve",
        Some(&node.node_id),
        details,
    ))));
    core.commit(changes).await?;
    apply_surface(core, &node.node_id, &node.caps, &node.commands);
    core.broadcast(
        "node.pair.resolved",
        &view::resolved_node(&request, "approved", now_ms),
    );
    let mut shown = view::node(&node);
    if let Some(token) = token {
        shown["token"] = json!(token);
    }
    Ok(Payload::of(
        &json!({ "requestId": request_id, "node": shown }),
    ))
}

/// An approved surface takes effect on the connected node at once.
pub(crate) fn apply_surface(core: &Core, node_id: &str, caps: &[String], commands: &[String]) {
    core.nodes.update(node_id, |session| {
        session.commands = session
            .declared
            .iter()
            .filter(|name| commands.contains(name))
            .cloned()
            .collect();
        session.caps = session
            .declared_caps
            .iter()
            .filter(|name| caps.contains(name))
            .cloned()
            .collect();
    });
}

async fn reject(call: Call) -> RpcResult {
    let RequestId { request_id } = parse_checked(call.method, &call.params)?;
    let core = &call.core;
    let now_ms = core.now_ms();
    let (request, mut changes) = core
        .books
        .surfaces
        .lock()
        .reject(&request_id, now_ms)
        .map_err(|error| wire(&error))?;
    let details = json!({ "requestId": request_id });
    changes.push(Change::Audit(Box::new(call.audit(
        "node.reject",
        Some(&request.node_id),
        details,
    ))));
    core.commit(changes).await?;
    core.nodes.touch();
    core.broadcast(
        "node.pair.resolved",
        &view::resolved_node(&request, "rejected", now_ms),
    );
    Ok(Payload::of(
        &json!({ "requestId": request_id, "nodeId": request.node_id }),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NodeId {
    node_id: String,
}

async fn remove(call: Call) -> RpcResult {
    let NodeId { node_id } = parse_checked(call.method, &call.params)?;
    let core = &call.core;
    let from_surfaces = core.books.surfaces.lock().remove(&node_id);
    let from_devices = core.books.devices.lock().remove_role(&node_id, Role::Node);
    let mut changes = from_surfaces;
    match from_devices {
        Ok(more) => changes.extend(more),
        Err(_) if changes.is_empty() => return Err(wire(&SurfaceError::UnknownNode)),
        Err(_) => {}
    }
    changes.extend(core.books.setups.lock().device_gone(&node_id));
    changes.push(Change::Audit(Box::new(call.audit(
        "pair.remove",
        Some(&node_id),
        json!({ "role": "node" }),
    ))));
    core.commit(changes).await?;
    core.nodes.touch();
    core.hub.close_device(&node_id, Some(Role::Node));
    Ok(Payload::of(&json!({ "nodeId": node_id })))
}
