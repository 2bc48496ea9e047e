//! The HTTP surface: probes, the Control UI, and the door to the WebSocket.
//!
//! [`router`] answers requests; `connection` runs one socket under limits and hands upgraded ones to the
//! [`SocketHandler`]. Everything that is known about the other end is computed once, in `front`.

mod answer;
mod canvas;
pub(crate) mod connection;
mod front;
mod insecure;
mod join;
mod metrics;
mod pages;
mod policy;
mod probes;
pub mod proxy_check;
mod repeats;
mod ui;
mod upgrade;

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use openclaw_config::load::Snapshot;
use serde_json::Value;
use tokio::sync::watch;
use tokio_websockets::WebSocketStream;

use crate::canvas::Capabilities;
use crate::gate::{Gate, GateCounts, PreAuthPermit};
use crate::peer::{KnownNames, Peer, ProxyWarning};
use crate::tls::TlsSlot;
use policy::PolicyCache;
use repeats::{FirstTimes, Repeats};

pub use policy::HttpPolicy;

/// An upgraded connection.
pub type Socket = WebSocketStream<hyper_util::rt::TokioIo<hyper::upgrade::Upgraded>>;

/// The rest of the gateway, as the HTTP surface sees it. None of these may block.
pub trait SocketHandler: Send + Sync + 'static {
    /// Takes an upgraded connection over. Called on the connection's own task, right after the 101 was flushed.
    fn serve(&self, socket: Socket, peer: Peer, permit: PreAuthPermit);
    /// Whether the gateway can do its work now.
    fn readiness(&self) -> Readiness;
    /// Whether new connections are let in; while it restarts they still are.
    fn lets_in(&self) -> bool {
        !self.readiness().draining
    }
    /// Every figure, in the text format of Prometheus.
    fn metrics(&self, gate: GateCounts) -> String;
    /// How long a bearer from there waits before it is looked at: guessing costs time.
    fn bearer_delay(&self, peer: &Peer) -> Duration;
    /// Whether a bearer is the shared secret or the token of an operator device.
    fn bearer_allowed(&self, bearer: &str, peer: &Peer) -> BearerVerdict;
    /// Whether a bearer opens `/metrics`, and nothing else.
    fn is_metrics_token(&self, _bearer: &str) -> bool {
        false
    }
    /// Whether the process at the other end of a connection to the listener for Tailscale may speak for it.
    fn may_forward(&self, peer: SocketAddr, local: SocketAddr) -> Asking<'_>;
    /// Whether the user that something in front of us names may read what the Control UI needs to start. Asks whoever vouches.
    fn is_identified<'a>(&'a self, peer: &'a Peer) -> Asking<'a>;
    /// Whether a request with this id is to be noted, see [`proxy_check`].
    fn awaits_proxy_check(&self, _id: &str) -> bool {
        false
    }
    /// Notes what was seen of it.
    fn note_proxy_check(&self, _id: &str, _request: Value) {}
    /// What `control-ui-config.json` says to those who may know.
    fn control_ui_config(&self) -> Value;
    /// The ways to sign in that everybody may know of.
    fn sign_in_modes(&self) -> Vec<&'static str>;
    /// Takes what a join link gives.
    fn join(&self, code: String, peer: Peer) -> Pin<Box<dyn Future<Output = JoinAnswer> + Send>>;
    /// Whether a node is connected by a connection of this id.
    fn is_connected_node(&self, _conn_id: &str) -> bool {
        false
    }
    /// What this gateway answers to a nonce of its own; `None` for what is no nonce.
    fn witness(&self, nonce: &str) -> Option<String>;
}

/// What a join link gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JoinAnswer {
    /// Address and token, this once.
    Taken(Value),
    /// No such link, or it was used, or its time is over.
    Nothing,
    /// Too many wrong ones came from there.
    Limited {
        /// When to try again, in seconds.
        retry_after_secs: u64,
    },
}

/// A question that takes a moment.
pub type Asking<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;

/// Whether a bearer opens an HTTP route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BearerVerdict {
    /// It does.
    Allowed,
    /// It is wrong.
    Denied,
    /// It is wrong, and too many wrong ones came from there.
    Limited {
        /// When to try again, in seconds.
        retry_after_secs: u64,
    },
}

impl From<bool> for BearerVerdict {
    fn from(allowed: bool) -> Self {
        if allowed { Self::Allowed } else { Self::Denied }
    }
}

/// What the probes report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Whether work is accepted.
    pub ready: bool,
    /// What keeps it from being ready, by part.
    pub failing: Vec<String>,
    /// Time since the start, in milliseconds.
    pub uptime_ms: u64,
    /// Whether the gateway is shutting down.
    pub draining: bool,
    /// Version of this program.
    pub version: String,
}

/// What the routes need. Clones share everything.
#[derive(Clone)]
pub struct HttpState {
    inner: Arc<Inner>,
}

struct Inner {
    tls: TlsSlot,
    handler: Arc<dyn SocketHandler>,
    policy: PolicyCache,
    gate: Gate,
    repeats: Repeats,
    capabilities: Capabilities,
    versions: canvas::Versions,
    proxies_warned: FirstTimes,
}

impl std::fmt::Debug for HttpState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpState")
            .field("policy", &self.inner.policy)
            .finish_non_exhaustive()
    }
}

impl HttpState {
    /// Routes over `handler`; `settings` is followed live. `names` are the names of this machine, `tls` says what is
    /// served on TCP, `canvas` which state directory the canvas host is of and what opens its addresses.
    pub fn new(
        handler: Arc<dyn SocketHandler>,
        settings: watch::Receiver<Arc<Snapshot>>,
        gate: Gate,
        names: KnownNames,
        tls: TlsSlot,
        canvas: (PathBuf, Capabilities),
    ) -> Self {
        let (state_dir, capabilities) = canvas;
        Self {
            inner: Arc::new(Inner {
                tls,
                handler,
                policy: PolicyCache::new(settings, names, state_dir),
                gate,
                repeats: Repeats::default(),
                capabilities,
                versions: canvas::Versions::default(),
                proxies_warned: FirstTimes::default(),
            }),
        }
    }

    /// The admission gate.
    pub fn gate(&self) -> &Gate {
        &self.inner.gate
    }

    /// What TCP connections meet.
    pub(crate) fn tls(&self) -> &TlsSlot {
        &self.inner.tls
    }

    /// The policy in force.
    pub fn policy(&self) -> Arc<HttpPolicy> {
        self.inner.policy.current()
    }

    /// Tells the operator, once.
    pub(crate) fn warn_about_proxy(&self, warning: ProxyWarning) {
        if self.inner.proxies_warned.first_time(warning) {
            tracing::warn!("{}", warning.text(&self.policy().peer));
        }
    }

    /// Whether the process at the other end may speak for Tailscale.
    pub(crate) async fn may_forward(&self, peer: SocketAddr, local: SocketAddr) -> bool {
        self.handler().may_forward(peer, local).await
    }

    fn capabilities(&self) -> &Capabilities {
        &self.inner.capabilities
    }

    fn versions(&self) -> &canvas::Versions {
        &self.inner.versions
    }

    fn handler(&self) -> &Arc<dyn SocketHandler> {
        &self.inner.handler
    }

    /// What a bearer from there is worth, after the wait that guessing costs.
    async fn bearer_verdict(&self, bearer: &str, peer: &Peer) -> BearerVerdict {
        let delay = self.handler().bearer_delay(peer);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.handler().bearer_allowed(bearer, peer)
    }
}

/// The routes. Requests must carry what `connection` puts into their extensions; without it they count as remote and
/// cannot be upgraded.
pub fn router(state: HttpState) -> Router {
    let mut router = Router::new();
    for (path, probe) in probes::PATHS {
        router = router.route(path, any(probes::answer).layer(axum::Extension(probe)));
    }
    router = router.route("/metrics", any(metrics::answer));
    router
        .route("/j/{code}", any(join::answer))
        .fallback(pages::answer)
        .layer(axum::middleware::from_fn_with_state(
            state.clone(),
            front::front,
        ))
        .with_state(state)
}

#[cfg(test)]
mod tests;
