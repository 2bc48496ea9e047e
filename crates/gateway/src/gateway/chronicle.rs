//! Audit lines about what nobody asks for: requests that nobody decided, addresses that open and close, a config file that
//! was changed by hand.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use openclaw_config::edit::changed_keys;
use openclaw_config::load::Snapshot;
use openclaw_config::resolve::resolve_gateway;
use openclaw_protocol::methods::PairingDecision;
use openclaw_protocol::methods::device::DevicePairResolved;
use serde_json::{Value, json};

use crate::core::Core;
use crate::records::{AuditEvent, Change};

/// How often requests are looked through for those whose time is over.
const SWEEP_INTERVAL: Duration = Duration::from_secs(20);

pub(super) fn line(core: &Core, kind: &str, subject: Option<String>, details: Value) -> AuditEvent {
    AuditEvent {
        ts: core.now_ms(),
        kind: kind.to_owned(),
        actor: "gateway".to_owned(),
        remote_ip: None,
        subject,
        details,
    }
}

/// Forgets pairing requests that nobody decided, and says so.
pub(super) async fn pairing(core: Arc<Core>) {
    let mut interval = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        interval.tick().await;
        let now_ms = core.now_ms();
        let (expired, mut changes) = core.books.devices.lock().forget_expired(now_ms);
        for request in &expired {
            let details = json!({
                "deviceId": request.device_id, "role": request.role, "scopes": request.scopes,
                "name": request.facts.display_name,
            });
            let mut line = line(
                &core,
                "pair.expire",
                Some(request.request_id.clone()),
                details,
            );
            line.remote_ip.clone_from(&request.facts.remote_ip);
            changes.push(Change::Audit(Box::new(line)));
        }
        if let Err(error) = core.commit(changes).await {
            tracing::warn!(%error, "expired pairing requests could not be stored");
            continue;
        }
        for request in expired {
            let resolved = DevicePairResolved {
                request_id: request.request_id,
                device_id: request.device_id,
                decision: PairingDecision::Expired,
                ts: now_ms,
            };
            core.broadcast_typed("device.pair.resolved", &resolved);
        }
    }
}

/// Follows the addresses at which others can come in.
pub(super) async fn exposure(core: Arc<Core>) {
    let mut listening = core.listening.subscribe();
    let mut tailnet = core.tailnet_facts.subscribe();
    let mut addresses: Vec<SocketAddr> = listening.borrow_and_update().clone();
    let mut url = tailnet.borrow_and_update().url.clone();
    loop {
        let changed = tokio::select! {
            changed = listening.changed() => changed,
            changed = tailnet.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
        let now = listening.borrow_and_update().clone();
        let opened = now.iter().filter(|address| !addresses.contains(address));
        let closed = addresses.iter().filter(|address| !now.contains(address));
        let all = opened
            .map(|address| ("listener.open", address))
            .chain(closed.map(|address| ("listener.close", address)));
        for (kind, address) in all {
            let details = json!({ "tls": core.tls.facts().is_some() });
            core.audit_lazily(line(&core, kind, Some(address.to_string()), details));
        }
        addresses = now;
        let route = tailnet.borrow_and_update().url.clone();
        if route != url {
            let lines = [
                ("tailscale.off", url.take()),
                ("tailscale.on", route.clone()),
            ];
            for (kind, subject) in lines {
                if subject.is_some() {
                    let details = json!({ "mode": tailscale_mode(&core) });
                    core.audit_lazily(line(&core, kind, subject, details));
                }
            }
            url = route;
        }
    }
}

fn tailscale_mode(core: &Core) -> Option<String> {
    let snapshot = core.snapshot();
    let profile = &core.server.paths.profile;
    resolve_gateway(
        &core.server.flags,
        &snapshot.env,
        &snapshot.settings,
        profile,
    )
    .ok()
    .map(|plan| plan.tailscale.mode.value.to_string())
}

/// A config file that was changed by hand, or by another program.
pub(super) fn config(core: &Core, before: &Snapshot, after: &Snapshot) {
    if before.hash == after.hash || core.written_config.lock().as_ref() == Some(&after.hash) {
        return;
    }
    let keys = changed_keys(&before.parsed, &after.parsed);
    if !keys.is_empty() {
        let details = json!({ "hash": after.hash, "keys": keys, "valid": after.valid });
        core.audit_lazily(line(core, "config.change", None, details));
    }
}
