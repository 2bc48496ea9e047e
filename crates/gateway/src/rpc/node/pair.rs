//! `node.pair.*`: command surfaces, and the older flow that ends in a node token.

use bytes::Bytes;
use openclaw_protocol::device::PublicKey;
use openclaw_protocol::error::WireError;
use openclaw_protocol::frame::encode_event;
use openclaw_protocol::scope::{Role, Scope, ScopeSet};
use serde::Deserialize;
use serde_json::json;

use crate::conn::outbox::Pushed;
use crate::core::Core;
use crate::pairing::devices::Ask;
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

/// Phones describe themselves in one member, `deviceInfo`; its members mean what they mean beside `nodeId`, and a key in
/// it has the device paired along with the node.
fn flatten(params: &str) -> Result<(String, Option<String>), WireError> {
    let mut params: serde_json::Value =
        serde_json::from_str(params).unwrap_or(serde_json::Value::Null);
    let Some(serde_json::Value::Object(info)) = params
        .as_object_mut()
        .and_then(|params| params.remove("deviceInfo"))
    else {
        return Ok((params.to_string(), None));
    };
    let mut key = None;
    for (name, value) in info {
        let name = match name.as_str() {
            "publicKey" => {
                key = value.as_str().map(str::to_owned);
                continue;
            }
            "deviceId" | "id" => "nodeId",
            "name" => "displayName",
            "model" => "modelIdentifier",
            other => other,
        };
        if params.get(name).is_none() {
            params[name] = value;
        }
    }
    let Some(key) = key else {
        return Ok((params.to_string(), None));
    };
    let public = PublicKey::parse(&key)
        .ok_or_else(|| WireError::invalid("deviceInfo.publicKey is no Ed25519 key"))?;
    let id = public.device_id();
    if params.get("nodeId").is_none() {
        params["nodeId"] = json!(id);
    }
    if params["nodeId"] != id.as_str() {
        return Err(WireError::invalid(
            "deviceInfo.publicKey does not belong to deviceId",
        ));
    }
    Ok((params.to_string(), Some(public.to_base64url())))
}

async fn request(call: Call) -> RpcResult {
    let (flat, public_key) = flatten(&call.params)?;
    let params: RequestParams = parse_checked(call.method, &flat)?;
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
        public_key,
        ..PendingNode::default()
    };
    let (request, created, mut changes) = {
        let mut surfaces = core.books.surfaces.lock();
        let filed = surfaces
            .request(asked, core.now_ms())
            .map_err(|error| wire(&error))?;
        surfaces.wait(&filed.0.request_id, call.conn.number);
        filed
    };
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
        let mut needed = approve_scopes(&waiting.commands);
        // Its device is paired along with it, which is for the owner to say.
        needed.extend(waiting.public_key.is_some().then_some(Scope::Admin));
        if let Some(missing) = needed.into_iter().find(|scope| !held.allows(*scope)) {
            return Err(missing_scope(call.conn.protocol, missing));
        }
        surfaces
            .approve(&request_id, now_ms)
            .map_err(|error| wire(&error))?
    };
    let token = match (&request.public_key, token) {
        (Some(public_key), Some(_)) => {
            let (token, more) = pair_device(core, &request, public_key, now_ms);
            changes.extend(more);
            token
        }
        (_, token) => token,
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
        // A phone that gave its key waits for its token, which then goes to nobody else; all others get it handed on by
        // whoever approves them.
        let delivered = request.public_key.is_some() && deliver(core, &request, &token, now_ms);
        if !delivered || call.conn.protocol == 3 {
            shown["token"] = json!(token);
        }
    }
    Ok(Payload::of(
        &json!({ "requestId": request_id, "node": shown }),
    ))
}

/// Pairs the device that asked with its key, and gives it a device token as its node token.
fn pair_device(
    core: &Core,
    request: &PendingNode,
    public_key: &str,
    now_ms: i64,
) -> (Option<String>, Vec<Change>) {
    let ask = Ask {
        device_id: request.node_id.clone(),
        public_key: public_key.to_owned(),
        facts: request.facts.clone(),
        role: Role::Node,
        scopes: ScopeSet::EMPTY,
        silent: false,
        browser_origin: None,
    };
    let mut devices = core.books.devices.lock();
    let mut changes = devices.approve_now(ask, "owner", now_ms).changes;
    let issued = devices.issue(&request.node_id, Role::Node, ScopeSet::EMPTY, now_ms);
    let Ok((token, more)) = issued else {
        return (None, changes);
    };
    changes.extend(more);
    let kept = core
        .books
        .surfaces
        .lock()
        .set_token(&request.node_id, &token);
    changes.extend(kept);
    (Some(token), changes)
}

/// Gives a token to the connection that asked for it, if that is still there.
fn deliver(core: &Core, request: &PendingNode, token: &str, now_ms: i64) -> bool {
    let waiter = core.books.surfaces.lock().waiter(&request.request_id);
    let Some(number) = waiter else {
        return false;
    };
    let mut payload = view::resolved_node(request, "approved", now_ms);
    payload["token"] = json!(token);
    let frame = Bytes::from(encode_event(
        "node.pair.resolved",
        Some(&payload.to_string()),
    ));
    let found = core.hub.select(|conn| conn.number == number);
    found
        .first()
        .is_some_and(|conn| !matches!(conn.outbox.push(frame), Pushed::Refused))
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
    core.hub
        .close_device(&node_id, Some(Role::Node), call.conn.number);
    Ok(Payload::of(&json!({ "nodeId": node_id })))
}
