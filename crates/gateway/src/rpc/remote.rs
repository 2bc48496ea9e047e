//! `remote.status`: how this gateway is reached, how each way in is doing, what of it is dangerous, and how the caller came.

use std::path::PathBuf;
use std::sync::Arc;

use openclaw_config::exec_approvals::ApprovalsStore;
use openclaw_config::resolve::{GatewayPlan, resolve_gateway};
use openclaw_config::schema::{AuthMode, Settings};
use openclaw_protocol::error::WireError;
use openclaw_protocol::methods::remote::{
    RemoteAddresses, RemoteAuth, RemoteEndpoint, RemoteFinding, RemoteFindingParams, RemoteRestart,
    RemoteStatus, RemoteStatusParams, RemoteTailscale, RemoteTls, RemoteUnreachable, RemoteYou,
};

use crate::conn::hub::Conn;
use crate::core::Core;
use crate::peer::{PeerClass, Via};
use crate::reach::{self, Survey, Wish};
use crate::rpc::context::{Call, Payload, RpcResult};
use crate::rpc::router::Methods;
use crate::security::{self, Facts, Finding, PairingFacts, files};
use crate::tailscale::TAILSCALE;

pub(super) fn register(methods: &mut Methods) {
    methods.later("remote.status", crate::later!(status));
}

async fn status(call: Call) -> RpcResult {
    let params: RemoteStatusParams = call.params()?;
    let core = Arc::clone(&call.core);
    let you = you(&call.conn);
    // The audit looks at modes of files.
    let looked = crate::tasks::blocking("remote status", move || collect(&core, you)).await;
    let mut answer = looked.unwrap_or(Err(WireError::unavailable("the gateway is stopping")))?;
    if params.addresses == Some(true) {
        let conn = &call.conn;
        let wish = Wish {
            origin: conn.origin.clone(),
            host: conn.host.clone().filter(|_| conn.origin.is_none()),
            ..Wish::default()
        };
        answer.addresses = Some(addresses(reach::survey(&call.core, wish).await));
    }
    Ok(Payload::of(&answer))
}

/// Whether the caller may restart it, before looking whether a successor would start.
fn restart(core: &Core, via: Via) -> RemoteRestart {
    let peer = match via {
        Via::Control => PeerClass::Control,
        _ => PeerClass::Remote,
    };
    let hint = if core.restart.is_possible() {
        super::restart::switched_off(core, peer)
            .map(|refused| format!("{}; to allow it: {}", refused.reason, refused.fix))
    } else {
        Some("stop it on its host and start it again".to_owned())
    };
    RemoteRestart {
        possible: hint.is_none(),
        hint,
    }
}

fn addresses(survey: Survey) -> RemoteAddresses {
    let endpoint = |found: reach::Endpoint| RemoteEndpoint {
        url: found.url,
        source: found.source.name().to_owned(),
        tls_fingerprint: found.tls_fingerprint,
        proven: found.proven,
    };
    let unreachable = |found: reach::Unreachable| RemoteUnreachable {
        url: found.url,
        source: found.source.name().to_owned(),
        reason: found.reason,
    };
    RemoteAddresses {
        endpoints: survey.endpoints.into_iter().map(endpoint).collect(),
        unreachable: survey.unreachable.into_iter().map(unreachable).collect(),
    }
}

fn collect(core: &Core, you: RemoteYou) -> Result<RemoteStatus, WireError> {
    let snapshot = core.snapshot();
    let settings = &snapshot.settings;
    let gateway = &settings.gateway;
    let paths = &core.server.paths;
    let plan = resolve_gateway(&core.server.flags, &snapshot.env, settings, &paths.profile)
        .map_err(|issues| {
            let issue = issues.first().map(ToString::to_string).unwrap_or_default();
            WireError::unavailable(format!("the settings cannot be used: {issue}"))
        })?;
    let certificate = core.tls.facts();
    let tailnet = core.tailnet_facts();
    let shown = |path: &std::path::Path| path.display().to_string();
    Ok(RemoteStatus {
        ts: core.now_ms(),
        version: core.server.version.clone(),
        uptime_ms: core.now_ms() - core.server.started_at_ms,
        host: core.server.host.clone(),
        draining: core.is_draining(),
        mode: gateway.mode.map(|mode| mode.to_string()),
        bind: plan.bind.value.to_string(),
        bind_source: plan.bind.source.to_string(),
        listen: core
            .listening
            .borrow()
            .iter()
            .map(ToString::to_string)
            .collect(),
        port: core.port(),
        base_path: gateway.control_ui.base_path.clone(),
        tls: RemoteTls {
            on: certificate.is_some(),
            mode: plan.tls.mode.value.to_string(),
            fingerprint_sha256: certificate.as_ref().map(|facts| facts.fingerprint.clone()),
            not_after: certificate.as_ref().map(|facts| facts.not_after_ms),
            self_made: certificate.as_ref().is_some_and(|facts| facts.own),
        },
        tailscale: RemoteTailscale {
            mode: plan.tailscale.mode.value.to_string(),
            port: plan.tailscale.port.value,
            url: tailnet.url.clone(),
            name: tailnet.name.clone(),
            state: core.subsystems.get(TAILSCALE),
        },
        auth: auth(core, &plan),
        public_origin: gateway.public_origin.clone(),
        allowed_origins: gateway.control_ui.allowed_origins.clone(),
        trusted_proxies: gateway.trusted_proxies.clone(),
        addresses: None,
        config_path: shown(&core.server.config_path),
        state_dir: shown(&core.server.state_dir),
        log_file: shown(&core.log_file()),
        restart: restart(core, you.via),
        pending_confirm: core.confirms.pending(),
        last_confirm: core.confirms.last(),
        findings: findings(
            core,
            settings,
            &snapshot.include_files,
            &snapshot.parsed,
            &plan,
        ),
        subsystems: core
            .subsystems
            .all()
            .into_iter()
            .map(|(name, state)| (name.to_owned(), state))
            .collect(),
        degraded: core
            .degraded
            .iter()
            .cloned()
            .chain(core.config_trouble())
            .collect(),
        you,
    })
}

fn auth(core: &Core, plan: &GatewayPlan) -> RemoteAuth {
    let live = core.live();
    let is_token = plan.auth.mode.value == AuthMode::Token;
    let secret = live.shared_secret().filter(|_| is_token);
    let bits = |chars: usize| u32::try_from(chars * 4).unwrap_or(u32::MAX);
    RemoteAuth {
        mode: plan.auth.mode.value.to_string(),
        allow_tailscale: plan.auth.allow_tailscale.value,
        source: plan.auth.secret().map(|secret| secret.source.to_string()),
        token_bits: secret.map(|secret| bits(secret.expose().len())),
    }
}

fn findings(
    core: &Core,
    settings: &Settings,
    includes: &[PathBuf],
    authored: &serde_json::Value,
    plan: &GatewayPlan,
) -> Vec<RemoteFinding> {
    let paths = &core.server.paths;
    let now_ms = core.now_ms();
    let key: Option<PathBuf> = crate::tls::Wanted::key_path(&plan.tls, settings, paths);
    let looked = files::look(paths, includes, key.as_deref(), &core.log_file());
    let exec = ApprovalsStore::new(&paths.exec_approvals_file)
        .read()
        .ok()
        .map(|read| read.file);
    let pairing = {
        let devices = core.books.devices.lock();
        let setups = core.books.setups.lock();
        PairingFacts::of(devices.paired(), setups.all(), now_ms)
    };
    let report = security::audit(&Facts {
        settings,
        authored,
        plan,
        listening: &core.listening.borrow().clone(),
        token_to_come: false,
        interfaces: &core.interfaces.borrow().clone(),
        certificate: core.tls.facts().as_ref(),
        exec: exec.as_ref(),
        files: &looked,
        pairing: &pairing,
        profile: &paths.profile,
        now_ms,
    });
    report.findings.into_iter().map(finding).collect()
}

fn finding(found: Finding) -> RemoteFinding {
    RemoteFinding {
        id: found.check_id.to_owned(),
        severity: found.severity,
        title: found.title.to_owned(),
        params: RemoteFindingParams {
            detail: found.detail,
            fix: found.remediation,
        },
    }
}

fn you(conn: &Conn) -> RemoteYou {
    let local = conn.peer != PeerClass::Remote;
    RemoteYou {
        conn_id: conn.id.clone(),
        ip: conn.facts.remote_ip.clone(),
        local,
        secure: if local { Some(true) } else { conn.secure },
        via: conn.via,
        device_id: conn.device_id.clone(),
        scopes: conn
            .scopes()
            .names()
            .into_iter()
            .map(str::to_owned)
            .collect(),
    }
}
