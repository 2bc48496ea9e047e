//! What runs beside the connections: ticks, health, presence announcements, deadlines, config changes.

use std::sync::Arc;
use std::time::Duration;

use openclaw_config::load::Snapshot;
use openclaw_config::resolve::{GatewayFlags, resolve_gateway};
use openclaw_protocol::error::close;
use openclaw_protocol::limits::TICK_INTERVAL;
use openclaw_protocol::methods::clients::ClientsChanged;
use serde_json::json;
use tokio::sync::watch;

use crate::approvals::Expiry;
use crate::auth::admission::Method;
use crate::auth::identity::IdentitySource;
use crate::core::Core;
use crate::gateway::listeners::Follower;
use crate::gateway::{GatewayOptions, chronicle, start};
use crate::live::Live;
use crate::peer::PeerClass;
use crate::subsystems::SubsystemState;
use crate::tasks;
use crate::tls::{self, Refresher, Serving, Wanted};

/// Period of the health snapshot.
const HEALTH_INTERVAL: Duration = Duration::from_secs(60);
/// Departures within this time are announced together.
const PRESENCE_DEBOUNCE: Duration = Duration::from_millis(200);
/// How often counted refusals are written.
const REFUSALS_INTERVAL: Duration = Duration::from_secs(60);

pub(super) fn spawn(core: &Arc<Core>, options: &GatewayOptions, listeners: Follower, tls: Tls) {
    let tasks = &core.tasks;
    let (applied, is_applied) = watch::channel(());
    tasks.spawn_until_cancelled("listeners", listeners.run(is_applied));
    tasks.spawn_until_cancelled("interfaces", interfaces(Arc::clone(core)));
    tasks.spawn_until_cancelled("own addresses", own_addresses(Arc::clone(core)));
    for listener in [crate::proxy::PROXIES, crate::proxy::SCRAPERS] {
        let follow = crate::proxy::follow(Arc::clone(core), listener);
        tasks.spawn_until_cancelled(listener.name, follow);
    }
    tasks.spawn_until_cancelled("tls", tls.follow(Arc::clone(core)));
    tasks.spawn_until_cancelled("tick", tick(Arc::clone(core)));
    tasks.spawn_until_cancelled("health", health(Arc::clone(core)));
    tasks.spawn_until_cancelled("presence", presence(Arc::clone(core)));
    tasks.spawn_until_cancelled("audit", crate::rpc::follow_audit(Arc::clone(core)));
    tasks.spawn_until_cancelled("pairing", chronicle::pairing(Arc::clone(core)));
    tasks.spawn_until_cancelled("exposure", chronicle::exposure(Arc::clone(core)));
    tasks.spawn_until_cancelled("confirm", crate::confirm::watch(Arc::clone(core)));
    tasks.spawn_until_cancelled("clients", clients(Arc::clone(core)));
    tasks.spawn_until_cancelled("invoke deadlines", deadlines(Arc::clone(core)));
    tasks.spawn_until_cancelled("refusals", refusals(Arc::clone(core)));
    tasks.spawn_until_cancelled("approvals", approvals(Arc::clone(core)));
    tasks.spawn_until_cancelled(
        "config",
        config(Arc::clone(core), options.flags.clone(), applied),
    );
}

async fn interfaces(core: Arc<Core>) {
    crate::listen::interfaces::follow(&core.interfaces).await;
}

/// What comes from an address of this machine comes from a program here, whoever it says it is.
async fn own_addresses(core: Arc<Core>) {
    let mut interfaces = core.interfaces.subscribe();
    loop {
        let addresses = interfaces
            .borrow_and_update()
            .iter()
            .map(|interface| interface.address.to_canonical())
            .collect();
        core.names.set_addresses(addresses);
        if interfaces.changed().await.is_err() {
            return;
        }
    }
}

async fn tick(core: Arc<Core>) {
    let mut interval =
        tokio::time::interval_at(tokio::time::Instant::now() + TICK_INTERVAL, TICK_INTERVAL);
    loop {
        interval.tick().await;
        core.broadcast("tick", &json!({ "ts": core.now_ms() }));
    }
}

async fn health(core: Arc<Core>) {
    let mut interval = tokio::time::interval_at(
        tokio::time::Instant::now() + HEALTH_INTERVAL,
        HEALTH_INTERVAL,
    );
    loop {
        interval.tick().await;
        crate::rpc::refresh_health(&core);
    }
}

async fn presence(core: Arc<Core>) {
    loop {
        core.system.presence_dirty().await;
        tokio::time::sleep(PRESENCE_DEBOUNCE).await;
        core.broadcast_presence();
    }
}

async fn clients(core: Arc<Core>) {
    loop {
        core.hub.changed().await;
        tokio::time::sleep(PRESENCE_DEBOUNCE).await;
        let count = u32::try_from(core.hub.len()).unwrap_or(u32::MAX);
        let ts = core.now_ms();
        core.broadcast_typed("clients.changed", &ClientsChanged { ts, count });
    }
}

async fn deadlines(core: Arc<Core>) {
    loop {
        for (node_id, invoke_id) in core.invokes.next_expired().await {
            crate::rpc::node::cancel(&core, &node_id, &invoke_id);
        }
    }
}

async fn refusals(core: Arc<Core>) {
    let mut interval = tokio::time::interval(REFUSALS_INTERVAL);
    loop {
        interval.tick().await;
        flush_refusals(&core, false);
    }
}

/// Writes the refusals that were counted, all of them when the gateway stops.
pub(super) fn flush_refusals(core: &Core, all: bool) {
    let lines = {
        let mut log = core.refusals.lock();
        if all {
            log.finish()
        } else {
            log.due(core.now_ms())
        }
    };
    for line in lines {
        tracing::warn!(peer = %line.remote_ip, reason = %line.reason, count = line.count, "connections refused");
        core.audit_lazily(line.into_event("gateway"));
    }
}

/// Approvals whose requester is gone expire too; one that survived a restart has no requester at all.
async fn approvals(core: Arc<Core>) {
    let mut interval = tokio::time::interval(REFUSALS_INTERVAL);
    loop {
        interval.tick().await;
        let now_ms = core.now_ms();
        let changes: Vec<_> = core
            .approvals
            .overdue(now_ms)
            .into_iter()
            .filter_map(|id| match core.approvals.expire(&id, now_ms) {
                Expiry::Expired(change) => Some([change, crate::rpc::approval_expired(&core, &id)]),
                Expiry::Decided | Expiry::Unknown => None,
            })
            .flatten()
            .collect();
        if let Err(error) = core.commit(changes).await {
            tracing::warn!(%error, "expired approvals could not be stored");
        }
    }
}

/// Applies what changed in the config to everything that can change while running, then has the listeners follow.
async fn config(core: Arc<Core>, flags: GatewayFlags, applied: watch::Sender<()>) {
    let mut changes = core.config.clone();
    let mut listening = core.listening.subscribe();
    let mut refused = false;
    let mut before = Arc::clone(&changes.borrow());
    loop {
        let changed = tokio::select! {
            changed = changes.changed() => changed,
            // What was refused because others could connect may be fine now.
            changed = listening.changed(), if refused => changed,
        };
        if changed.is_err() {
            return;
        }
        listening.mark_unchanged();
        let snapshot = Arc::clone(&changes.borrow_and_update());
        chronicle::config(&core, &before, &snapshot);
        before = Arc::clone(&snapshot);
        refused = !apply(&core, &flags, &snapshot);
        applied.send_replace(());
    }
}

/// Whether the settings are in force now.
fn apply(core: &Arc<Core>, flags: &GatewayFlags, snapshot: &Snapshot) -> bool {
    let profile = &core.server.paths.profile;
    let plan = match resolve_gateway(flags, &snapshot.env, &snapshot.settings, profile) {
        Ok(plan) => plan,
        Err(issues) => {
            let shown: Vec<_> = issues.iter().map(ToString::to_string).collect();
            tracing::warn!(issues = %shown.join("; "), "config change not applied; the old settings stay");
            return false;
        }
    };
    let exposed = {
        let listening = core.listening.borrow();
        listening.iter().any(|address| !address.ip().is_loopback())
    };
    let fresh = Arc::new(Live::new(start::credentials(&plan), &snapshot.settings));
    let unsafe_auth = start::unsafe_auth(&plan.auth, exposed).map(|reason| {
        (
            reason,
            "openclaw config set gateway.auth.mode token, with a gateway.auth.token",
        )
    });
    // The token of the start was accepted then.
    let tiny =
        start::has_tiny_token(&plan.auth, exposed) && core.live().shared_secret_changed(&fresh);
    let tiny = tiny.then_some((
        "gateway.auth.token is shorter than 6 characters, and this gateway listens on addresses that others can reach",
        "openclaw config set gateway.auth.token \"$(openssl rand -hex 32)\"",
    ));
    if let Some((reason, fix)) = unsafe_auth.or(tiny) {
        core.subsystems.set(
            "config",
            SubsystemState::Degraded {
                reason: format!("{reason}; the old settings stay"),
                fix: fix.to_owned(),
                next_try_at_ms: None,
            },
        );
        return false;
    }
    core.subsystems.set(
        "config",
        SubsystemState::Up {
            detail: if snapshot.valid {
                "applied".to_owned()
            } else {
                "applied in part; what cannot be used keeps its last good value".to_owned()
            },
        },
    );
    let before = std::mem::replace(&mut *core.live.write(), Arc::clone(&fresh));
    core.limiter.lock().set_limits(fresh.limits);
    core.setup_limiter.lock().set_limits(fresh.limits);
    if before.shared_secret_changed(&fresh) {
        core.capabilities.credential_changed();
        let closed = core
            .hub
            .close(close::AUTH_CHANGED, close::REASON_AUTH_CHANGED, |conn| {
                conn.peer != PeerClass::Control
                    && matches!(conn.method, Method::Token | Method::Password | Method::None)
            });
        tracing::info!(
            closed,
            "shared secret changed; connections that used the old one are closed"
        );
    }
    close_unvouched(core, &before, &fresh);
    if before.lists != fresh.lists {
        reapply_lists(core, &fresh);
    }
    if snapshot.valid {
        tracing::info!(hash = %snapshot.hash, "config applied");
    } else {
        tracing::warn!(hash = %snapshot.hash, "config is invalid; what cannot be used keeps its last good value");
    }
    core.broadcast(
        "config.changed",
        &json!({ "hash": snapshot.hash, "valid": snapshot.valid, "ts": core.now_ms() }),
    );
    true
}

/// Connections by an identity that is no longer accepted end, as those by a secret that was changed do.
fn close_unvouched(core: &Core, before: &Live, fresh: &Live) {
    let other_rules = before.proxy_identity != fresh.proxy_identity
        || before.identity_scopes != fresh.identity_scopes;
    let gone = |source| {
        let rules_changed = source == IdentitySource::TrustedProxy && other_rules;
        before.policy.accepts(source) && (rules_changed || !fresh.policy.accepts(source))
    };
    let closed = core.hub.close(
        close::AUTH_CHANGED,
        close::REASON_AUTH_CHANGED,
        |conn| matches!(conn.method, Method::Identity(source) if gone(source)),
    );
    if closed > 0 {
        tracing::info!(
            closed,
            "identity no longer accepted; its connections are closed"
        );
    }
}

/// Keeps the certificate right.
pub(super) struct Tls(Option<Refresher>);

impl Tls {
    /// Settles what the first connection meets.
    pub(super) async fn first_round(core: &Arc<Core>) -> Self {
        let refresher = Refresher::new(core.tls.clone(), &core.server.host);
        Self(Some(refresher)).round(core).await
    }

    /// Looks after it until the gateway stops.
    async fn follow(mut self, core: Arc<Core>) {
        let mut changes = core.config.clone();
        let mut listening = core.listening.subscribe();
        loop {
            // While TLS is off there are no files to look at.
            let is_on = !matches!(core.tls.serving(), Serving::Off);
            let goes_on = tokio::select! {
                changed = changes.changed() => changed.is_ok(),
                changed = listening.changed() => changed.is_ok(),
                () = tokio::time::sleep(tls::INTERVAL), if is_on => true,
            };
            if !goes_on {
                return;
            }
            self = self.round(&core).await;
        }
    }

    async fn round(self, core: &Arc<Core>) -> Self {
        let Some(mut refresher) = self.0 else {
            return self;
        };
        let task = Arc::clone(core);
        let done = tasks::blocking("tls", move || {
            let settings = Arc::clone(&task.snapshot().settings);
            if let Some(plan) = task.tls_plan() {
                task.names.set_domains(&plan.domains.value);
                let wanted = Wanted::from_plan(&plan, &settings, &task.server.paths);
                let listening = task.listening.borrow().clone();
                refresher.round(wanted, &listening, &task.subsystems, task.now_ms());
            }
            refresher
        });
        // A round that panicked has said so in the log; what is served stays.
        Self(done.await)
    }
}

/// Commands that the lists no longer allow are gone at once; newly allowed ones come with the node's next connect.
fn reapply_lists(core: &Core, live: &Live) {
    core.nodes.update_all(|_, session| {
        let (lists, platform) = (&live.lists, session.platform);
        session
            .declared
            .retain(|command| lists.allows(platform, command));
        session
            .commands
            .retain(|command| lists.allows(platform, command));
    });
}
