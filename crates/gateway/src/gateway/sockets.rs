//! The gateway as the HTTP surface sees it, and the listeners.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use openclaw_protocol::scope::{Role, Scope};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::auth::admission::AuthMode;
use crate::auth::limiter::{Source, Verdict};
use crate::auth::secret;
use crate::conn::actor;
use crate::conn::hub::Conn;
use crate::control::ControlSocket;
use crate::core::{Core, STORE};
use crate::gate::{Gate, GateCounts, PreAuthPermit};
use crate::gateway::{GatewayOptions, StartError};
use crate::http::{Asking, BearerVerdict, HttpState, JoinAnswer, Readiness, Socket, SocketHandler};
use crate::listen::{ListenerHandle, Listeners};
use crate::peer::Peer;
use crate::rpc;
use crate::tasks;

struct Handler {
    core: Arc<Core>,
}

impl SocketHandler for Handler {
    fn serve(&self, socket: Socket, peer: Peer, permit: PreAuthPermit) {
        self.core.tasks.spawn(
            "connection",
            actor::serve(Arc::clone(&self.core), socket, peer, permit),
        );
    }

    fn readiness(&self) -> Readiness {
        let core = &self.core;
        let draining = core.is_draining();
        let failing = draining.then(|| "draining".to_owned());
        Readiness {
            // Without records nobody new can be let in; everything else that fails leaves the gateway useful.
            ready: !draining && !core.subsystems.is_degraded(STORE),
            failing: failing
                .into_iter()
                .chain(core.degraded.iter().cloned())
                .chain(core.subsystems.failing())
                .chain(core.config_trouble())
                .collect(),
            uptime_ms: u64::try_from(core.server.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            draining,
            version: core.server.version.clone(),
        }
    }

    fn lets_in(&self) -> bool {
        self.core.drain.lets_in()
    }

    fn metrics(&self, gate: GateCounts) -> String {
        crate::metrics::page(&self.core, gate)
    }

    fn bearer_delay(&self, peer: &Peer) -> Duration {
        let core = &self.core;
        core.limiter.lock().delay(Source::of(peer), core.now_ms())
    }

    fn bearer_allowed(&self, bearer: &str, peer: &Peer) -> BearerVerdict {
        let core = &self.core;
        let now_ms = core.now_ms();
        let live = core.live();
        // Where a proxy signs people in, the secret is for this machine only.
        let secret_counts = peer.is_local() || !live.policy.allow_trusted_proxy;
        if secret_counts && live.is_shared_secret([bearer]) {
            return BearerVerdict::Allowed;
        }
        let scopes = core.books.devices.lock().operator_token_scopes(bearer);
        if scopes.is_some_and(|scopes| scopes.allows(Scope::Read)) {
            return BearerVerdict::Allowed;
        }
        match core
            .limiter
            .lock()
            .wrong(Source::of(peer), secret::hash(bearer), now_ms)
        {
            Verdict::Wrong => BearerVerdict::Denied,
            Verdict::Limited { retry_after_ms } => BearerVerdict::Limited {
                retry_after_secs: retry_after_ms.div_ceil(1_000),
            },
        }
    }

    fn is_metrics_token(&self, bearer: &str) -> bool {
        let settings = &self.core.snapshot().settings;
        let token = settings.gateway.metrics.token.as_ref();
        token.is_some_and(|token| !token.expose().is_empty() && secret::matches(token, bearer))
    }

    fn may_forward(&self, peer: SocketAddr, local: SocketAddr) -> Asking<'_> {
        Box::pin(self.core.vouchers.vouch(peer, local))
    }

    fn is_identified<'a>(&'a self, peer: &'a Peer) -> Asking<'a> {
        Box::pin(async move {
            let Some(claim) = &peer.claim else {
                return false;
            };
            let allowed = || self.core.live().policy.accepts(claim.source());
            // Looked at again afterwards: asking takes a moment.
            allowed() && self.core.identities.verify(claim).await.is_ok() && allowed()
        })
    }

    fn awaits_proxy_check(&self, id: &str) -> bool {
        self.core.proxy_checks.awaits(id)
    }

    fn note_proxy_check(&self, id: &str, request: Value) {
        self.core.proxy_checks.note(id, request);
    }

    fn control_ui_config(&self) -> Value {
        let settings = &self.core.snapshot().settings;
        json!({
            "basePath": settings.gateway.control_ui.base_path,
            "assistantName": settings.ui.assistant.name.as_deref().unwrap_or("Assistant"),
            "assistantAvatar": settings.ui.assistant.avatar.as_deref().unwrap_or("A"),
            "assistantAgentId": "main",
            "serverVersion": self.core.server.version,
        })
    }

    fn sign_in_modes(&self) -> Vec<&'static str> {
        let policy = &self.core.live().policy;
        // Where a proxy signs people in, the secret is for this machine only.
        let first = match policy.mode {
            _ if policy.allow_trusted_proxy => "trusted-proxy",
            AuthMode::None => "none",
            AuthMode::Token => "token",
            AuthMode::Password => "password",
        };
        let tailscale = policy.allow_tailscale.then_some("tailscale");
        std::iter::once(first).chain(tailscale).collect()
    }

    fn join(&self, code: String, peer: Peer) -> Pin<Box<dyn Future<Output = JoinAnswer> + Send>> {
        let core = Arc::clone(&self.core);
        Box::pin(async move { rpc::join(&core, &code, &peer).await })
    }

    fn is_connected_node(&self, conn_id: &str) -> bool {
        let found = |conn: &Conn| conn.role == Role::Node && conn.id == conn_id;
        !self.core.hub.select(found).is_empty()
    }

    fn witness(&self, nonce: &str) -> Option<String> {
        self.core.witness.answer(nonce)
    }
}

/// From now on listeners are served; starts those of the bind plan and the control socket.
pub(super) fn serve(
    core: &Arc<Core>,
    gate: &Gate,
    listeners: Listeners,
    options: &GatewayOptions,
    accepting: &CancellationToken,
) -> Result<Serving, StartError> {
    let handler = Arc::new(Handler {
        core: Arc::clone(core),
    });
    let state = HttpState::new(
        handler,
        options.config.clone(),
        gate.clone(),
        core.names.clone(),
        core.tls.clone(),
        (core.server.state_dir.clone(), core.capabilities.clone()),
    );
    let path = &options.paths.control_socket;
    let control = ControlSocket::bind_or_adopt(path, &options.inherited)?.map(Arc::new);
    let control_socket = control.as_ref().map_or_else(Weak::new, Arc::downgrade);
    core.listeners.serve(state.clone(), accepting.clone());
    let main = listeners.adopt_into(&core.listeners)?;
    let serve = |control: Arc<ControlSocket>| {
        tasks::spawn_owned("control socket", control.serve(state, accepting.clone()))
    };
    Ok(Serving {
        control: control.map(serve),
        control_socket,
        main,
    })
}

/// What is served now. The handles end it when dropped.
pub(super) struct Serving {
    pub(super) control: Option<AbortOnDropHandle<()>>,
    /// The control socket while it is open, where the system has one.
    pub(super) control_socket: Weak<ControlSocket>,
    pub(super) main: Vec<ListenerHandle>,
}
