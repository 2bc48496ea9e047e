//! `remote.status`: how this gateway is reached, how each way in is doing, what of it is dangerous, and how the caller came.

use std::path::PathBuf;
use std::sync::Arc;

use openclaw_config::exec_approvals::ApprovalsStore;
use openclaw_config::resolve::resolve_gateway;
use openclaw_protocol::error::WireError;
use serde_json::{Value, json};

use crate::conn::hub::Conn;
use crate::core::Core;
use crate::peer::PeerClass;
use crate::rpc::context::{Call, Payload, RpcResult};
use crate::rpc::router::Methods;
use crate::security::{self, Facts, files};

pub(super) fn register(methods: &mut Methods) {
    methods.later("remote.status", crate::later!(status));
}

async fn status(call: Call) -> RpcResult {
    let core = Arc::clone(&call.core);
    // The audit looks at modes of files.
    let looked = crate::tasks::blocking("remote status", move || collect(&core)).await;
    let mut answer = looked.unwrap_or(Err(WireError::unavailable("the gateway is stopping")))?;
    answer["you"] = you(&call.conn);
    Ok(Payload::of(&answer))
}

fn collect(core: &Core) -> Result<Value, WireError> {
    let snapshot = core.snapshot();
    let settings = &snapshot.settings;
    let paths = &core.server.paths;
    let plan = resolve_gateway(&core.server.flags, &snapshot.env, settings, &paths.profile)
        .map_err(|issues| {
            let issue = issues.first().map(ToString::to_string).unwrap_or_default();
            WireError::unavailable(format!("the settings cannot be used: {issue}"))
        })?;
    let live = core.live();
    let listening = core.listening.borrow().clone();
    let interfaces = core.interfaces.borrow().clone();
    let certificate = core.tls.facts();
    let exec = ApprovalsStore::new(&paths.exec_approvals_file)
        .read()
        .ok()
        .map(|read| read.file);
    let key: Option<PathBuf> = crate::tls::Wanted::key_path(&plan.tls, settings, paths);
    let looked = files::look(
        paths,
        &snapshot.include_files,
        key.as_deref(),
        &core.log_file(),
    );
    let report = security::audit(&Facts {
        settings,
        authored: &snapshot.parsed,
        plan: &plan,
        listening: &listening,
        interfaces: &interfaces,
        certificate: certificate.as_ref(),
        exec: exec.as_ref(),
        files: &looked,
        profile: &paths.profile,
        now_ms: core.now_ms(),
    });
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| {
            json!({
                "id": finding.check_id,
                "severity": finding.severity,
                "title": finding.title,
                "params": { "detail": finding.detail, "fix": finding.remediation },
            })
        })
        .collect();
    let secret = live.shared_secret().map(|secret| secret.expose().len());
    let subsystems = core.subsystems.all();
    let tailscale = subsystems.get("tailscale");
    Ok(json!({
        "ts": core.now_ms(),
        "version": core.server.version,
        "uptimeMs": core.now_ms() - core.server.started_at_ms,
        "draining": core.is_draining(),
        "mode": settings.gateway.mode,
        "bind": plan.bind.value,
        "bindSource": plan.bind.source.to_string(),
        "listen": listening,
        "port": core.port(),
        "tls": {
            "on": certificate.is_some(),
            "mode": plan.tls.mode.value,
            "fingerprintSha256": certificate.as_ref().map(|facts| &facts.fingerprint),
            "notAfter": certificate.as_ref().map(|facts| facts.not_after_ms),
        },
        "tailscale": {
            "mode": plan.tailscale.mode.value,
            "port": plan.tailscale.port.value,
            "state": tailscale,
        },
        "auth": {
            "mode": plan.auth.mode.value,
            "allowTailscale": plan.auth.allow_tailscale.value,
            "source": plan.auth.secret().map(|secret| secret.source.to_string()),
            // Of a hex token; an upper bound for anything a person made up.
            "tokenBits": secret.map(|chars| chars * 4),
        },
        "publicOrigin": settings.gateway.public_origin,
        "allowedOrigins": settings.gateway.control_ui.allowed_origins,
        "trustedProxies": settings.gateway.trusted_proxies,
        "subsystems": subsystems,
        "degraded": core.degraded,
        "findings": findings,
    }))
}

fn you(conn: &Conn) -> Value {
    let local = conn.peer != PeerClass::Remote;
    let via = match conn.peer {
        PeerClass::Control => "control",
        PeerClass::DirectLocal => "loopback",
        PeerClass::Remote if conn.identity.is_some() => "identity",
        PeerClass::Remote => "network",
    };
    json!({
        "ip": conn.facts.remote_ip,
        "local": local,
        "secure": if local { Some(true) } else { conn.secure },
        "via": via,
        "deviceId": conn.device_id,
        "scopes": conn.scopes().names(),
    })
}
