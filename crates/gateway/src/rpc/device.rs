//! `device.pair.*`, `device.token.*` and the legacy `node.pair.*` devices share: who is paired, and with what.

use openclaw_protocol::error::WireError;
use openclaw_protocol::methods::device::DevicePairApproveParams;
use openclaw_protocol::scope::{Role, Scope, ScopeSet};
use serde::Deserialize;
use serde_json::json;

use crate::core::Core;
use crate::pairing::devices::{Approved, DeviceError, MAX_LABEL};
use crate::pairing::surfaces::approve_scopes;
use crate::pairing::view;
use crate::peer::PeerClass;
use crate::records::{Change, PendingDevice};
use crate::rpc::context::{Call, Ctx, Payload, RpcResult, parse_checked};
use crate::rpc::router::{Methods, missing_scope};

pub(super) fn register(methods: &mut Methods) {
    methods.now("device.pair.list", list);
    methods.later("device.pair.approve", crate::later!(approve));
    methods.later("device.pair.reject", crate::later!(reject));
    methods.later("device.pair.remove", crate::later!(remove));
    methods.later("device.pair.rename", crate::later!(rename));
    methods.later("device.token.rotate", crate::later!(rotate));
    methods.later("device.token.revoke", crate::later!(revoke));
}

fn wire(error: DeviceError) -> WireError {
    let message = error.to_string();
    match error {
        DeviceError::Superseded { by, .. } => WireError::invalid(message)
            .with_details(json!({ "code": "SUPERSEDED", "requestId": by })),
        _ => WireError::invalid(message),
    }
}

/// A device that is no admin, on its own token, sees and manages only itself.
fn only_own(call: &Call) -> Option<&str> {
    let own_token = matches!(
        call.conn.method,
        crate::auth::admission::Method::DeviceToken | crate::auth::admission::Method::Bootstrap
    );
    (own_token && !call.conn.scopes().allows(Scope::Admin))
        .then_some(call.conn.device_id.as_deref())
        .flatten()
}

fn guard_own(call: &Call, device_id: &str) -> Result<(), WireError> {
    match only_own(call) {
        Some(own) if own != device_id => Err(missing_scope(call.conn.protocol, Scope::Admin)),
        _ => Ok(()),
    }
}

fn connected(core: &Core, device_id: &str) -> bool {
    !core
        .hub
        .select(|conn| conn.device_id.as_deref() == Some(device_id))
        .is_empty()
}

fn list(ctx: &Ctx<'_>, _params: &str) -> RpcResult {
    let online: std::collections::HashSet<String> = ctx
        .core
        .hub
        .select(|conn| conn.device_id.is_some())
        .iter()
        .filter_map(|conn| conn.device_id.clone())
        .collect();
    let devices = ctx.core.books.devices.lock();
    let surfaces = ctx.core.books.surfaces.lock();
    let pending: Vec<_> = devices
        .pending(ctx.core.now_ms())
        .into_iter()
        .map(|request| {
            let mut shown = view::pending_device(request);
            let surface = surfaces.pending_of(&request.device_id);
            if let Some(surface) = surface.filter(|_| request.role == Role::Node) {
                shown["nodeSurface"] = view::pending_node(surface);
            }
            shown
        })
        .collect();
    let paired: Vec<_> = devices
        .paired()
        .into_iter()
        .map(|device| {
            let mut shown = view::device(device, online.contains(&device.device_id));
            if let Some(waiting) = surfaces.pending_of(&device.device_id) {
                shown["pendingNodeSurface"] = view::pending_node(waiting);
            }
            shown
        })
        .collect();
    Ok(Payload::of(
        &json!({ "pending": pending, "paired": paired }),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestId {
    request_id: String,
}

/// What is granted: what was asked for, or the part of it that the approver names.
fn granted(
    request: &PendingDevice,
    named: Option<&[String]>,
) -> Result<Option<ScopeSet>, WireError> {
    let Some(named) = named else {
        return Ok(None);
    };
    if request.role == Role::Node {
        return Err(WireError::invalid(
            "a node has no scopes; leave scopes out to approve it",
        ));
    }
    if let Some(unknown) = named.iter().find(|name| Scope::parse(name).is_none()) {
        return Err(WireError::invalid(format!("unknown scope: {unknown}")));
    }
    let narrowed = ScopeSet::parse(named);
    if narrowed.is_empty() {
        return Err(WireError::invalid(
            "scopes is empty; name at least one, or reject the request",
        ));
    }
    if let Some(beyond) = narrowed.iter().find(|scope| !request.scopes.allows(*scope)) {
        let asked = request.scopes.names().join(", ");
        return Err(WireError::invalid(format!(
            "{} is more than the device asks for ({asked}); only less can be granted",
            beyond.name()
        ))
        .with_details(
            json!({ "code": "SCOPE_NOT_REQUESTED", "scope": beyond.name(), "requestedScopes": request.scopes }),
        ));
    }
    Ok(Some(narrowed))
}

/// What a caller needs to approve a request: pairing (checked already), and never more than it holds itself.
fn guard_approve(
    call: &Call,
    request: &PendingDevice,
    narrowed: Option<ScopeSet>,
) -> Result<(), WireError> {
    let held = call.conn.scopes();
    let beyond_role = request.role == Role::Node && !held.allows(Scope::Admin);
    if beyond_role || !held.covers(narrowed.unwrap_or(request.scopes)) {
        // The CLI of 2026.9.6 asks with the least scope first and comes back as admin on exactly this text.
        return Err(WireError::invalid("device pairing approval denied"));
    }
    match only_own(call) {
        Some(own) if own == request.device_id => Err(WireError::invalid(
            "a device cannot approve its own request; approve it from another device or on the gateway host",
        )),
        _ => Ok(()),
    }
}

async fn approve(call: Call) -> RpcResult {
    let DevicePairApproveParams { request_id, scopes } = parse_checked(call.method, &call.params)?;
    let core = &call.core;
    let now_ms = core.now_ms();
    let Approved {
        device,
        request,
        mut changes,
    } = {
        let mut devices = core.books.devices.lock();
        let mut narrowed = None;
        if let Some(request) = devices.pending_by_id(&request_id, now_ms) {
            narrowed = granted(request, scopes.as_deref())?;
            guard_approve(&call, request, narrowed)?;
        }
        devices
            .approve(&request_id, narrowed, "owner", now_ms)
            .map_err(wire)?
    };
    let mut surface = None;
    if let Some(request) = &request {
        let subject = Some(device.device_id.as_str());
        let details = json!({
            "requestId": request_id,
            "role": request.role,
            "scopes": request.scopes,
            "name": request.facts.display_name,
        });
        changes.push(Change::Audit(Box::new(call.audit(
            "pair.approve",
            subject,
            details,
        ))));
        if request.role == Role::Node {
            surface = approve_first_surface(&call, &device.device_id, &mut changes);
        }
    }
    core.commit(changes).await?;
    core.nodes.touch();
    if let Some(request) = &request {
        widen_live(core, &device.device_id, request);
        core.broadcast(
            "device.pair.resolved",
            &view::resolved_device(request, "approved", now_ms),
        );
    }
    if let Some(surface) = surface {
        crate::rpc::node::apply_surface(core, &surface.node_id, &surface.caps, &surface.commands);
        core.broadcast(
            "node.pair.resolved",
            &view::resolved_node(&surface, "approved", now_ms),
        );
    }
    let shown = view::device(&device, connected(core, &device.device_id));
    Ok(Payload::of(
        &json!({ "requestId": request_id, "device": shown }),
    ))
}

/// Approving a new node approves what it asked to serve, if the approver may approve that too.
fn approve_first_surface(
    call: &Call,
    node_id: &str,
    changes: &mut Vec<Change>,
) -> Option<crate::records::PendingNode> {
    let mut surfaces = call.core.books.surfaces.lock();
    let waiting = surfaces.pending_of(node_id)?.clone();
    let held = call.conn.scopes();
    if !approve_scopes(&waiting.commands)
        .into_iter()
        .all(|scope| held.allows(scope))
    {
        return None;
    }
    let approved = surfaces
        .approve(&waiting.request_id, call.core.now_ms())
        .ok()?;
    changes.extend(approved.changes);
    let details = json!({ "requestId": waiting.request_id, "commands": waiting.commands });
    changes.push(Change::Audit(Box::new(call.audit(
        "node.approve",
        Some(node_id),
        details,
    ))));
    Some(approved.request)
}

/// An approved upgrade takes effect on the connections the device has now.
fn widen_live(core: &Core, device_id: &str, request: &PendingDevice) {
    if request.role != Role::Operator {
        return;
    }
    for conn in core
        .hub
        .select(|conn| conn.device_id.as_deref() == Some(device_id) && conn.role == Role::Operator)
    {
        conn.set_scopes(conn.scopes().union(request.scopes));
    }
}

async fn reject(call: Call) -> RpcResult {
    let RequestId { request_id } = parse_checked(call.method, &call.params)?;
    let core = &call.core;
    let now_ms = core.now_ms();
    let asked_by = core
        .books
        .devices
        .lock()
        .pending_by_id(&request_id, now_ms)
        .map(|request| request.device_id.clone());
    if let Some(device_id) = asked_by {
        guard_own(&call, &device_id)?;
    }
    let (request, mut changes) = core
        .books
        .devices
        .lock()
        .reject(&request_id, now_ms)
        .map_err(wire)?;
    if request.role == Role::Node && core.books.devices.lock().get(&request.device_id).is_none() {
        changes.extend(core.books.surfaces.lock().remove(&request.device_id));
    }
    let details = json!({ "requestId": request_id });
    changes.push(Change::Audit(Box::new(call.audit(
        "pair.reject",
        Some(&request.device_id),
        details,
    ))));
    core.commit(changes).await?;
    core.broadcast(
        "device.pair.resolved",
        &view::resolved_device(&request, "rejected", now_ms),
    );
    Ok(Payload::of(
        &json!({ "requestId": request_id, "deviceId": request.device_id }),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeviceId {
    device_id: String,
}

async fn remove(call: Call) -> RpcResult {
    let DeviceId { device_id } = parse_checked(call.method, &call.params)?;
    guard_own(&call, &device_id)?;
    let core = &call.core;
    let mut changes = core.books.devices.lock().remove(&device_id).map_err(wire)?;
    changes.extend(core.books.surfaces.lock().remove(&device_id));
    changes.extend(core.books.setups.lock().device_gone(&device_id));
    changes.push(Change::Audit(Box::new(call.audit(
        "pair.remove",
        Some(&device_id),
        json!({}),
    ))));
    core.commit(changes).await?;
    core.nodes.touch();
    core.hub.close_device(&device_id, None, call.conn.number);
    changed(core, &device_id, "removed");
    let own = call.conn.device_id.as_deref() == Some(device_id.as_str());
    Ok(farewell(own, &json!({ "deviceId": device_id })))
}

/// The answer; to somebody who just took away its own access, the last one.
fn farewell(own: bool, answer: &serde_json::Value) -> Payload {
    if !own {
        return Payload::of(answer);
    }
    Payload::Last {
        text: answer.to_string(),
        code: openclaw_protocol::error::close::POLICY,
        reason: openclaw_protocol::error::close::REASON_DEVICE_REVOKED,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rename {
    device_id: String,
    label: String,
}

async fn rename(call: Call) -> RpcResult {
    let Rename { device_id, label } = parse_checked(call.method, &call.params)?;
    guard_own(&call, &device_id)?;
    let label = label.trim();
    if label.is_empty() || label.chars().count() > MAX_LABEL {
        return Err(WireError::invalid(format!(
            "label must have 1 to {MAX_LABEL} characters"
        )));
    }
    let core = &call.core;
    let mut changes = core
        .books
        .devices
        .lock()
        .rename(&device_id, label)
        .map_err(wire)?;
    let details = json!({ "label": label });
    changes.push(Change::Audit(Box::new(call.audit(
        "pair.rename",
        Some(&device_id),
        details,
    ))));
    core.commit(changes).await?;
    core.nodes.touch();
    changed(core, &device_id, "renamed");
    Ok(Payload::of(
        &json!({ "deviceId": device_id, "label": label }),
    ))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenParams {
    device_id: String,
    role: String,
    scopes: Option<Vec<String>>,
}

fn token_role(params: &TokenParams) -> Result<Role, WireError> {
    Role::parse(params.role.trim()).ok_or_else(|| wire(DeviceError::UnknownRole))
}

async fn rotate(call: Call) -> RpcResult {
    let params: TokenParams = parse_checked(call.method, &call.params)?;
    let role = token_role(&params)?;
    guard_own(&call, &params.device_id)?;
    let scopes = params.scopes.as_deref().map(ScopeSet::parse);
    let core = &call.core;
    let now_ms = core.now_ms();
    let held = call.conn.scopes();
    let own =
        call.conn.device_id.as_deref() == Some(params.device_id.as_str()) && call.conn.role == role;
    // Whoever may have the token's value must not gain by it: minted scopes are within the caller's and the grant's.
    let delivers = own
        || (call.conn.protocol == 3 && held.allows(Scope::Admin))
        || call.conn.peer == PeerClass::Control;
    let (token, record, mut changes) = {
        let mut devices = core.books.devices.lock();
        let target = devices
            .get(&params.device_id)
            .map(|device| device.scopes)
            .unwrap_or_default();
        let minted = scopes.unwrap_or(target);
        if role == Role::Operator && !held.covers(minted) {
            return Err(missing_scope(call.conn.protocol, Scope::Admin));
        }
        devices
            .rotate(&params.device_id, role, scopes, now_ms)
            .map_err(wire)?
    };
    let details = json!({ "role": role, "scopes": record.scopes });
    changes.push(Change::Audit(Box::new(call.audit(
        "token.rotate",
        Some(&params.device_id),
        details,
    ))));
    core.commit(changes).await?;
    let keep = call.conn.number;
    core.hub.close(
        openclaw_protocol::error::close::AUTH_CHANGED,
        openclaw_protocol::error::close::REASON_AUTH_CHANGED,
        |conn| {
            conn.device_id.as_deref() == Some(params.device_id.as_str())
                && conn.role == role
                && conn.number != keep
        },
    );
    let mut answer = json!({
        "deviceId": params.device_id,
        "role": role,
        "scopes": record.scopes,
        "rotatedAtMs": now_ms,
        "tokenDelivery": if delivers { "in-band" } else { "withheld-cross-device" },
    });
    if delivers {
        answer["token"] = json!(token);
    }
    changed(core, &params.device_id, "rotated");
    Ok(Payload::of(&answer))
}

async fn revoke(call: Call) -> RpcResult {
    let params: TokenParams = parse_checked(call.method, &call.params)?;
    let role = token_role(&params)?;
    guard_own(&call, &params.device_id)?;
    let core = &call.core;
    let now_ms = core.now_ms();
    let mut changes = core
        .books
        .devices
        .lock()
        .revoke(&params.device_id, role, now_ms)
        .map_err(wire)?;
    changes.extend(core.books.setups.lock().device_gone(&params.device_id));
    let details = json!({ "role": role });
    changes.push(Change::Audit(Box::new(call.audit(
        "token.revoke",
        Some(&params.device_id),
        details,
    ))));
    core.commit(changes).await?;
    core.hub
        .close_device(&params.device_id, Some(role), call.conn.number);
    changed(core, &params.device_id, "revoked");
    let own =
        call.conn.device_id.as_deref() == Some(params.device_id.as_str()) && call.conn.role == role;
    let answer = json!({ "deviceId": params.device_id, "role": role, "revokedAtMs": now_ms });
    Ok(farewell(own, &answer))
}

fn changed(core: &Core, device_id: &str, change: &str) {
    core.broadcast(
        "device.pair.changed",
        &json!({ "deviceId": device_id, "change": change, "ts": core.now_ms() }),
    );
}
