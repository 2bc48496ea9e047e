//! The pairing side of a handshake: filing requests, pairing on the spot, device tokens and node surfaces.

use std::sync::Arc;

use openclaw_protocol::error::WireError;
use openclaw_protocol::handshake::{ConnectParams, RoleToken};
use openclaw_protocol::scope::{Role, ScopeSet};
use serde_json::json;

use crate::auth::admission::{Method, Pairing, Standing};
use crate::auth::identity::IdentitySource;
use crate::auth::refusal::{self, CredentialFacts, Refusal};
use crate::auth::secret;
use crate::conn::browser;
use crate::conn::handshake::store_refusal;
use crate::conn::hub::Conn;
use crate::core::Core;
use crate::nodes::policy::Platform;
use crate::nodes::registry::NodeSession;
use crate::pairing::devices::Ask;
use crate::pairing::setups::Offer;
use crate::pairing::surfaces::{Declared, Surface};
use crate::pairing::view;
use crate::peer::{Peer, PeerClass};
use crate::records::{AuditEvent, Change, ClientFacts, CredentialHash, PendingDevice};

/// Longest name, platform or version a client may give itself, in characters.
const MAX_FACT: usize = 128;

/// A stranger's text, as it is stored, logged and shown to the owner who decides about it: one short line without
/// control characters, and without the ones that turn the writing direction around.
fn plain(text: &str) -> String {
    let shown = text.trim().chars().filter(|letter| {
        !letter.is_control()
            && !matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    shown.take(MAX_FACT).collect()
}

/// What to call a web page that gives itself no name.
fn page_name(peer: &Peer) -> Option<String> {
    peer.origin.as_ref()?;
    browser::name(peer.user_agent.as_deref()?)
}

/// What a client says about itself, and where it comes from.
pub(crate) fn facts(params: &ConnectParams, peer: &Peer) -> ClientFacts {
    let client = &params.client;
    let nonempty = |text: &Option<String>| {
        let text = plain(text.as_deref().unwrap_or_default());
        (!text.is_empty()).then_some(text)
    };
    ClientFacts {
        display_name: nonempty(&client.display_name).or_else(|| page_name(peer)),
        platform: Some(plain(&client.platform)),
        device_family: nonempty(&client.device_family),
        model_identifier: nonempty(&client.model_identifier),
        version: Some(plain(&client.version)),
        client_id: Some(client.id.clone()),
        client_mode: Some(client.mode.clone()),
        remote_ip: peer.reported_ip.clone(),
    }
}

/// The pairing request of a connect.
pub(crate) fn ask(
    params: &ConnectParams,
    peer: &Peer,
    device_id: &str,
    public_key: &str,
    role: Role,
    scopes: ScopeSet,
) -> Ask {
    Ask {
        device_id: device_id.to_owned(),
        public_key: public_key.to_owned(),
        facts: facts(params, peer),
        role,
        scopes,
        silent: peer.class != PeerClass::Remote,
        browser_origin: peer.origin.clone(),
    }
}

fn event(core: &Core, ask: &Ask, kind: &str, subject: &str) -> Change {
    Change::Audit(Box::new(AuditEvent {
        ts: core.now_ms(),
        kind: kind.to_owned(),
        actor: ask.device_id.clone(),
        remote_ip: ask.facts.remote_ip.clone(),
        subject: Some(subject.to_owned()),
        details: json!({ "role": ask.role, "scopes": ask.scopes }),
    }))
}

/// Files a pairing request and announces it. It is durable and visible before this returns.
pub(crate) async fn file(
    core: &Arc<Core>,
    ask: Ask,
    node: Option<&ConnectParams>,
) -> Result<PendingDevice, Refusal> {
    let now_ms = core.now_ms();
    let mut filed = core.books.devices.lock().file(ask.clone(), now_ms);
    if filed.created {
        let line = event(core, &ask, "pair.request", &filed.request.request_id);
        filed.changes.push(line);
    }
    let mut changes = filed.changes;
    if let Some(params) = node.filter(|_| ask.role == Role::Node) {
        // The surface waits beside the device request, so that one approval can settle both.
        let declared = declared(core, &ask.device_id, &ask.facts, params);
        changes.extend(
            core.books
                .surfaces
                .lock()
                .declare(declared, false, now_ms)
                .changes,
        );
    }
    core.commit(changes)
        .await
        .map_err(|error| store_refusal(&error))?;
    if filed.created {
        tracing::info!(device = %ask.device_id, role = ask.role.name(), "pairing requested");
        core.broadcast(
            "device.pair.requested",
            &view::pending_device(&filed.request),
        );
    }
    Ok(filed.request)
}

/// Something this handshake rests on changed while it waited for the store.
pub(crate) fn changed_meanwhile() -> Refusal {
    refusal::unavailable(
        "pairing or credentials changed while connecting; connect again",
        100,
    )
}

/// What enrolling led to.
pub(crate) struct Enrolled {
    /// A fresh device token: plain, hash, time of issue.
    pub(crate) token: Option<(String, CredentialHash, i64)>,
    /// The request for the scopes that were not granted.
    pub(crate) pending_request_id: Option<String>,
    /// Tokens of further roles.
    pub(crate) further: Vec<RoleToken>,
}

/// Pairs the device that came with a setup code. One transaction binds the code to the device, pairs it and issues its
/// tokens: after a crash either nothing happened, or the same device may come again with the same code.
pub(crate) async fn redeem(
    core: &Arc<Core>,
    ask: Ask,
    offer: &Offer,
    params: &ConnectParams,
) -> Result<Enrolled, Refusal> {
    let now_ms = core.now_ms();
    let used = || {
        refusal::credential(CredentialFacts {
            mode: core.live().policy.mode,
            configured: true,
            kind: params.client.kind(),
            has_device: true,
            device_token: false,
            bootstrap_token: true,
            missing: false,
        })
    };
    let bound = core
        .books
        .setups
        .lock()
        .bind(&offer.setup_id, &ask.device_id, now_ms);
    let (record, mut changes) = bound.map_err(|_| used())?;
    let mut grants = vec![(ask.role, offer_of(offer, ask.role))];
    if let (Role::Node, true, Some(scopes)) = (ask.role, params.client.is_mobile(), offer.operator)
    {
        // A phone is both: it serves commands and it is in its owner's hand.
        grants.push((Role::Operator, scopes));
    }
    let mut enrolled = Enrolled {
        token: None,
        pending_request_id: None,
        further: Vec::new(),
    };
    let mut resolved = Vec::new();
    {
        let mut devices = core.books.devices.lock();
        for (role, scopes) in grants {
            let grant = Ask {
                role,
                scopes,
                ..ask.clone()
            };
            let approved = devices.approve_now(grant, "bootstrap", now_ms);
            changes.extend(approved.changes);
            resolved.extend(approved.request);
            devices.seen(&ask.device_id, None, None, "connect", now_ms);
            let carried = match role {
                Role::Node => ScopeSet::EMPTY,
                // As ever: a token carries all that its device is approved for.
                Role::Operator => approved.device.scopes,
            };
            let Ok((plain, put)) = devices.issue(&ask.device_id, role, carried, now_ms) else {
                return Err(changed_meanwhile());
            };
            changes.extend(put);
            if role == ask.role {
                let hash = secret::hash(&plain);
                enrolled.token = Some((plain, hash, now_ms));
            } else {
                enrolled.further.push(RoleToken {
                    device_token: plain,
                    role: role.name().to_owned(),
                    scopes: carried.names().into_iter().map(str::to_owned).collect(),
                    issued_at_ms: Some(now_ms),
                });
            }
        }
    }
    changes.push(Change::Audit(Box::new(AuditEvent {
        ts: now_ms,
        kind: "setup.use".to_owned(),
        actor: ask.device_id.clone(),
        remote_ip: ask.facts.remote_ip.clone(),
        subject: Some(record.setup_id.clone()),
        details: json!({ "access": record.access, "role": ask.role, "mintedBy": record.minted_by }),
    })));
    core.commit(changes)
        .await
        .map_err(|error| store_refusal(&error))?;
    tracing::info!(device = %ask.device_id, setup = %record.setup_id, access = %record.access, "paired with a setup code");
    core.nodes.touch();
    for request in resolved {
        core.broadcast(
            "device.pair.resolved",
            &view::resolved_device(&request, "approved", now_ms),
        );
    }
    Ok(enrolled)
}

fn offer_of(offer: &Offer, role: Role) -> ScopeSet {
    match role {
        Role::Node => ScopeSet::EMPTY,
        Role::Operator => offer.operator.unwrap_or_default(),
    }
}

/// Takes the pairing step of an admission and issues a token where one is due.
pub(crate) async fn settle(
    core: &Arc<Core>,
    ask: Ask,
    pairing: Pairing,
    method: Method,
    used: Option<CredentialHash>,
    params: &ConnectParams,
) -> Result<Enrolled, Refusal> {
    let now_ms = core.now_ms();
    let mut enrolled = Enrolled {
        token: None,
        pending_request_id: None,
        further: Vec::new(),
    };
    let mut changes = Vec::new();
    let mut resolved = None;
    match pairing {
        Pairing::None => return Ok(enrolled),
        Pairing::Refresh => {}
        Pairing::Approve => {
            let approved = core
                .books
                .devices
                .lock()
                .approve_now(ask.clone(), "silent", now_ms);
            changes.extend(approved.changes);
            changes.push(event(core, &ask, "pair.approve", &ask.device_id));
            resolved = approved.request;
        }
        Pairing::File => {
            let requested =
                crate::auth::admission::requested_scopes(ask.role, params.scopes.as_deref());
            let answered =
                core.books
                    .devices
                    .lock()
                    .take_answer(&ask.device_id, ask.role, requested, now_ms);
            if !answered {
                let wider = Ask {
                    scopes: requested,
                    ..ask.clone()
                };
                enrolled.pending_request_id = Some(file(core, wider, None).await?.request_id);
            }
        }
    }
    // A device token would outlive the sign-in at the proxy.
    let issues = !matches!(
        method,
        Method::DeviceToken | Method::Identity(IdentitySource::TrustedProxy)
    );
    {
        let mut devices = core.books.devices.lock();
        // Filing waits for the store: a device that was removed or revoked meanwhile gets nothing.
        let standing = devices.standing(&ask.device_id, &ask.public_key, ask.role);
        if !matches!(standing, Standing::Paired(_)) {
            return Err(changed_meanwhile());
        }
        // First, so that the record with the new token is the last one of the batch.
        let mut touch = None;
        match devices.seen(&ask.device_id, Some(&ask.facts), used, "connect", now_ms) {
            Some(change @ Change::TouchDevice { .. }) => touch = Some(change),
            Some(change) => changes.push(change),
            None => {}
        }
        if issues {
            // The token carries all that the device is approved for: least-scope callers share one token.
            let granted = devices
                .get(&ask.device_id)
                .map_or(ask.scopes, |device| device.scopes);
            let scopes = if ask.role == Role::Node {
                ScopeSet::EMPTY
            } else {
                granted
            };
            if let Ok((plain, put)) = devices.issue(&ask.device_id, ask.role, scopes, now_ms) {
                let hash = secret::hash(&plain);
                enrolled.token = Some((plain, hash, now_ms));
                changes.extend(put);
                changes.push(event(core, &ask, "token.issue", &ask.device_id));
            }
        }
        if let Some(touch) = touch {
            if changes.is_empty() {
                core.store.commit_lazily(vec![touch]);
            } else {
                changes.push(touch);
            }
        }
    }
    core.commit(changes)
        .await
        .map_err(|error| store_refusal(&error))?;
    if let Some(request) = resolved {
        core.nodes.touch();
        core.broadcast(
            "device.pair.resolved",
            &view::resolved_device(&request, "approved", now_ms),
        );
    }
    Ok(enrolled)
}

fn declared(core: &Core, node_id: &str, facts: &ClientFacts, params: &ConnectParams) -> Declared {
    let platform = Platform::of(facts.platform.as_deref(), facts.device_family.as_deref());
    let commands = core
        .live()
        .lists
        .filter(platform, params.commands.as_deref().unwrap_or_default());
    Declared {
        node_id: node_id.to_owned(),
        display_name: facts.display_name.clone(),
        facts: facts.clone(),
        caps: tidy(params.caps.as_deref().unwrap_or_default()),
        commands,
        permissions: params.permissions.clone().unwrap_or_default(),
    }
}

fn tidy(names: &[String]) -> Vec<String> {
    let mut tidy: Vec<String> = names
        .iter()
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    tidy.sort_unstable();
    tidy.dedup();
    tidy
}

/// Gives a node connection its slot and the surface that is approved for it.
pub(crate) async fn register_node(
    core: &Arc<Core>,
    conn: &Arc<Conn>,
    params: &ConnectParams,
    pairing: Pairing,
    method: Method,
) -> Result<(), WireError> {
    let Some(node_id) = conn.device_id.clone() else {
        return Ok(());
    };
    let now_ms = core.now_ms();
    let declared = declared(core, &node_id, &conn.facts, params);
    let platform = Platform::of(
        conn.facts.platform.as_deref(),
        conn.facts.device_family.as_deref(),
    );
    let imported = {
        let known = core.books.surfaces.lock().get(&node_id).is_some();
        let devices = core.books.devices.lock();
        !known
            && devices
                .get(&node_id)
                .is_some_and(|device| device.approved_via == "imported")
    };
    // The owner at the keyboard (control socket, or the shared secret straight over loopback) approves by connecting;
    // a node that an earlier release had paired keeps what it had.
    let owner = conn.peer == PeerClass::Control
        || (conn.peer == PeerClass::DirectLocal
            && !matches!(method, Method::DeviceToken | Method::Bootstrap))
        || (pairing == Pairing::Approve && method != Method::Bootstrap)
        || imported;
    // A setup code speaks for its maker about the first surface of a new node, and about no later one.
    let owner = owner
        || (method == Method::Bootstrap && core.books.surfaces.lock().get(&node_id).is_none());
    let wanted = (declared.commands.clone(), declared.caps.clone());
    let Surface {
        caps,
        commands,
        pending,
        created,
        changes,
    } = core.books.surfaces.lock().declare(declared, owner, now_ms);
    core.commit(changes).await?;
    core.nodes.connect(
        &node_id,
        NodeSession {
            conn: Arc::clone(conn),
            platform,
            caps,
            commands,
            declared: wanted.0,
            declared_caps: wanted.1,
            permissions: params.permissions.clone().unwrap_or_default(),
            path_env: params.path_env.clone(),
            streams: false,
            host_stats: None,
        },
    );
    if let Some(request) = pending.filter(|_| created) {
        tracing::info!(node = %node_id, "command surface waits for approval");
        core.broadcast("node.pair.requested", &view::pending_node(&request));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_can_neither_steer_a_terminal_nor_flood_a_list() {
        for (sent, shown) in [
            ("  Anna's phone ", "Anna's phone"),
            ("\u{1b}[2J\u{1b}[1;1Hroot", "[2J[1;1Hroot"),
            ("two\r\nlines\0", "twolines"),
            ("safe\u{202e}gnp.exe", "safegnp.exe"),
            ("\u{7}\u{9b}", ""),
            ("日本語 🦞", "日本語 🦞"),
        ] {
            assert_eq!(plain(sent), shown, "{sent:?}");
        }
        assert_eq!(plain(&"n".repeat(60_000)).len(), MAX_FACT);
    }
}
