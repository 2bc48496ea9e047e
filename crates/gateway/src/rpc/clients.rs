//! `clients.*`: who is connected, and how to end it.

use std::sync::Arc;

use openclaw_protocol::error::{WireError, close};
use openclaw_protocol::methods::clients::{
    ClientDisconnectParams, ClientDisconnected, ClientEntry, ClientsList,
};
use serde_json::json;

use crate::conn::hub::Conn;
use crate::core::Core;
use crate::peer::PeerClass;
use crate::rpc::context::{Call, Ctx, Payload, RpcResult, parse_checked};
use crate::rpc::router::Methods;

pub(super) fn register(methods: &mut Methods) {
    methods.now("clients.list", list);
    methods.later("clients.disconnect", crate::later!(disconnect));
}

fn list(ctx: &Ctx<'_>, _params: &str) -> RpcResult {
    let clients = ctx.core.hub.select(|_| true);
    Ok(Payload::of(&ClientsList {
        ts: ctx.core.now_ms(),
        clients: clients
            .iter()
            .map(|conn| entry(ctx.core, conn, ctx.conn))
            .collect(),
    }))
}

fn entry(core: &Core, conn: &Conn, caller: &Conn) -> ClientEntry {
    let (facts, local) = (&conn.facts, conn.peer != PeerClass::Remote);
    ClientEntry {
        conn_id: conn.id.clone(),
        device_id: conn.device_id.clone(),
        name: name(core, conn),
        client_id: facts.client_id.clone(),
        client_mode: facts.client_mode.clone(),
        version: facts.version.clone(),
        platform: facts.platform.clone(),
        device_family: facts.device_family.clone(),
        instance_id: conn.instance_id.clone(),
        role: conn.role.name().to_owned(),
        scopes: conn
            .scopes()
            .names()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        protocol: conn.protocol,
        auth: conn.method.name().to_owned(),
        user: conn.identity.as_ref().map(|identity| identity.user.clone()),
        ip: facts.remote_ip.clone(),
        local,
        secure: if local { Some(true) } else { conn.secure },
        via: conn.via,
        connected_at_ms: conn.connected_at_ms,
        last_activity_ms: conn.last_activity_ms(),
        queued_bytes: conn.outbox.queued_bytes() as u64,
        in_flight: u32::try_from(conn.in_flight()).unwrap_or(u32::MAX),
        you: conn.number == caller.number,
    }
}

/// What people call a connection: the label of its device, else what it says itself.
fn name(core: &Core, conn: &Conn) -> String {
    let devices = core.books.devices.lock();
    let label = conn
        .device_id
        .as_deref()
        .and_then(|device_id| devices.get(device_id)?.operator_label.clone());
    label.unwrap_or_else(|| conn.label().to_owned())
}

async fn disconnect(call: Call) -> RpcResult {
    let ClientDisconnectParams { conn_id } = parse_checked(call.method, &call.params)?;
    if conn_id == call.conn.id {
        return Err(WireError::invalid(
            "this is your own connection; close it from your side instead",
        ));
    }
    let core = &call.core;
    let found = core.hub.select(|conn| conn.id == conn_id);
    let Some(conn) = found.first().map(Arc::clone) else {
        return Err(WireError::invalid(
            "unknown connId: it is not connected any more; clients.list shows who is",
        ));
    };
    let details = json!({
        "deviceId": conn.device_id, "client": conn.facts.client_id, "name": name(core, &conn), "role": conn.role,
    });
    let line = call.audit("client.disconnect", Some(&conn_id), details);
    core.commit(vec![crate::records::Change::Audit(Box::new(line))])
        .await?;
    conn.outbox.close(close::POLICY, close::REASON_DISCONNECTED);
    Ok(Payload::of(&ClientDisconnected { conn_id }))
}
