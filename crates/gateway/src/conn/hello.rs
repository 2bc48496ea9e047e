//! The hello: what a client learns when it is admitted.

use std::sync::OnceLock;

use openclaw_protocol::frame::encode_ok;
use openclaw_protocol::handshake::HelloAuth;
use openclaw_protocol::scope::{Role, Scope};
use openclaw_protocol::{event, limits, method};
use serde_json::{Value, json};

use crate::auth::admission::AuthMode;
use crate::canvas::{CAPABILITY_PREFIX, CanvasFolder};
use crate::conn::hub::Conn;
use crate::core::Core;
use crate::peer::{Authority, Peer, PeerClass};

/// The part that is the same for every client of a protocol.
fn features(protocol: u32) -> &'static str {
    static FEATURES: [OnceLock<String>; 2] = [const { OnceLock::new() }; 2];
    let index = usize::from(protocol >= 4);
    FEATURES[index].get_or_init(|| {
        let methods: Vec<_> = method::advertised(protocol).collect();
        let events: Vec<_> = event::advertised(protocol).collect();
        let mut features = json!({ "methods": methods, "events": events });
        if protocol >= 4 {
            features["capabilities"] = json!([]);
        }
        features.to_string()
    })
}

/// Encodes the answer to the connect request.
pub fn encode(core: &Core, conn: &Conn, peer: &Peer, id: &str, auth: &HelloAuth) -> String {
    let v4 = conn.protocol >= 4;
    let server = &core.server;
    let mut server_json = json!({ "version": server.version, "connId": conn.id });
    if v4 {
        server_json["bootId"] = json!(server.boot_id);
    } else {
        server_json["host"] = json!(server.host);
    }
    let scopes = conn.scopes();
    let presence = if scopes.allows(Scope::Read) {
        core.presence.list_json(core.now_ms())
    } else {
        "[]".into()
    };
    let version = core.state_version();
    let mut rest = json!({
        "stateVersion": version,
        "uptimeMs": u64::try_from(server.started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "sessionDefaults": { "defaultAgentId": "main", "mainKey": "main", "mainSessionKey": "agent:main:main", "scope": "per-sender" },
    });
    if scopes.allows(Scope::Admin) {
        rest["configPath"] = json!(server.config_path);
        rest["stateDir"] = json!(server.state_dir);
        if v4 {
            rest["authMode"] = json!(mode_name(core.live().policy.mode));
        }
    }
    if v4 {
        rest["suspension"] = json!({ "phase": "accepting" });
    }
    let (max_payload, max_buffered) = if v4 {
        (limits::V4_MAX_PAYLOAD, limits::V4_MAX_BUFFERED)
    } else {
        (limits::V3_MAX_PAYLOAD, limits::V3_MAX_BUFFERED)
    };
    let policy = json!({
        "maxPayload": max_payload,
        "maxBufferedBytes": max_buffered,
        "tickIntervalMs": u64::try_from(limits::TICK_INTERVAL.as_millis()).unwrap_or(u64::MAX),
    });
    let surface = match canvas_address(core, conn, peer) {
        Some(address) if v4 => {
            format!(r#","pluginSurfaceUrls":{}"#, json!({ "canvas": address }))
        }
        Some(address) => format!(r#","canvasHostUrl":{}"#, json!(address)),
        None => String::new(),
    };
    // Presence, health and features are ready-made text; only the small members are built as a tree.
    let payload = format!(
        r#"{{"type":"hello-ok","protocol":{},"server":{server_json},"features":{},"snapshot":{{"presence":{presence},"health":{},{}}},"auth":{},"policy":{policy}{surface}}}"#,
        conn.protocol,
        features(conn.protocol),
        core.system.health_json(),
        inner(&rest),
        json!(auth),
    );
    encode_ok(id, Some(&payload))
}

/// Where a node finds the canvas host: the way it came itself, with what opens it while it is connected.
fn canvas_address(core: &Core, conn: &Conn, peer: &Peer) -> Option<String> {
    if conn.role != Role::Node || peer.class == PeerClass::Control {
        return None;
    }
    CanvasFolder::from_snapshot(&core.snapshot(), &core.server.state_dir).ok()??;
    let host = peer.host.as_deref().and_then(Authority::parse)?;
    let capability = core.capabilities.of_node(&conn.id);
    let scheme = peer.scheme().unwrap_or("http");
    Some(format!("{scheme}://{host}{CAPABILITY_PREFIX}{capability}"))
}

/// The members of an object, without its braces.
fn inner(object: &Value) -> String {
    let text = object.to_string();
    text[1..text.len() - 1].to_owned()
}

/// Wire name of an authentication mode.
pub fn mode_name(mode: AuthMode) -> &'static str {
    match mode {
        AuthMode::None => "none",
        AuthMode::Token => "token",
        AuthMode::Password => "password",
    }
}
