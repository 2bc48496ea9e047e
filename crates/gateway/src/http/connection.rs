//! One accepted socket: HTTP under limits, then either its end or the hand-over to the WebSocket side.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tokio_websockets::{Config, Limits, ServerBuilder};
use tower::Service;

use super::HttpState;
use super::upgrade::Purpose;
use crate::gate::{PreAuthPermit, Refusal};
use crate::peer::{ListenerKind, Peer, PeerPolicy, Proxied};

/// Time to send a request head, and the longest a connection may idle between requests.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest life of a connection that is not upgraded; it holds a pre-auth share all along.
const HTTP_LIFETIME: Duration = Duration::from_secs(120);
/// Time an answer that is being sent gets once the connection has to end.
const LAST_ANSWER: Duration = Duration::from_secs(5);
/// How long a connection that was accepted just before the end may take to say what it wants.
pub(crate) const FIRST_REQUEST: Duration = Duration::from_millis(300);
/// Request heads larger than this are refused, in bytes.
const MAX_BUFFER: usize = 16 * 1024;
/// Outgoing WebSocket bytes gathered before a write; fan-out writes once per turn, not once per frame.
const FLUSH_THRESHOLD: usize = 64 * 1024;

/// What a request knows about the socket it came by. Clones share one socket.
#[derive(Clone)]
pub(crate) struct Connection {
    socket_peer: Option<SocketAddr>,
    local: Option<SocketAddr>,
    listener: ListenerKind,
    rule: TransportRule,
    secure: bool,
    proxied: Option<Proxied>,
    slot: Arc<Mutex<Slot>>,
}

/// What a connection may do because of how it is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TransportRule {
    /// Everything.
    Serve,
    /// Plain HTTP from elsewhere: only to be sent to HTTPS.
    SendToHttps,
    /// Plain HTTP where none is wanted.
    RefusePlain,
    /// Plain HTTP from elsewhere while TLS is wanted and cannot be had.
    NotReady,
}

struct Slot {
    permit: Option<PreAuthPermit>,
    upgraded: Option<Upgraded>,
}

struct Upgraded {
    on_upgrade: OnUpgrade,
    peer: Peer,
    permit: PreAuthPermit,
    purpose: Purpose,
}

impl Connection {
    /// A connection that a listener accepted and the gate let in.
    pub(crate) fn accepted(
        listener: ListenerKind,
        peer: Option<SocketAddr>,
        local: Option<SocketAddr>,
        permit: PreAuthPermit,
    ) -> Self {
        Self::new(peer, local, listener, permit)
    }

    /// A connection over the control socket.
    #[cfg_attr(windows, expect(dead_code, reason = "there is no control socket"))]
    pub(crate) fn control() -> Self {
        Self::new(
            None,
            None,
            ListenerKind::Control,
            PreAuthPermit::unlimited(),
        )
    }

    fn new(
        socket_peer: Option<SocketAddr>,
        local: Option<SocketAddr>,
        listener: ListenerKind,
        permit: PreAuthPermit,
    ) -> Self {
        Self {
            socket_peer,
            local,
            listener,
            rule: TransportRule::Serve,
            secure: false,
            proxied: None,
            slot: Arc::new(Mutex::new(Slot {
                permit: Some(permit),
                upgraded: None,
            })),
        }
    }

    /// Before the connection is served.
    pub(crate) fn set_rule(&mut self, rule: TransportRule) {
        self.rule = rule;
    }

    /// Before the connection is served: it is TLS.
    pub(crate) fn set_secure(&mut self) {
        self.secure = true;
    }

    /// Before the connection is served: what the PROXY header in front of it said.
    pub(crate) fn set_proxied(&mut self, proxied: Option<Proxied>) {
        self.proxied = proxied;
    }

    pub(super) fn is_secure(&self) -> bool {
        self.secure
    }

    pub(super) fn proxied(&self) -> Option<Proxied> {
        self.proxied
    }

    /// Whether a proxy that is believed is at the other end.
    pub(super) fn is_from_proxy(&self, policy: &PeerPolicy) -> bool {
        matches!(self.listener, ListenerKind::Proxy | ListenerKind::Ingress)
            || self.proxied.is_some()
            || self.socket_peer().is_some_and(|peer| policy.trusts(peer))
    }

    pub(super) fn rule(&self) -> TransportRule {
        self.rule
    }

    pub(super) fn socket_peer(&self) -> Option<IpAddr> {
        self.socket_peer.map(|address| address.ip())
    }

    pub(super) fn listener(&self) -> ListenerKind {
        self.listener
    }

    /// Port this connection came in by.
    pub(super) fn local_port(&self) -> Option<u16> {
        self.local.map(|address| address.port())
    }

    /// Leaves the upgrade for the connection's task. `client` is charged in place of the proxy it came through.
    pub(super) fn hand_over(
        &self,
        on_upgrade: OnUpgrade,
        peer: Peer,
        client: Option<IpAddr>,
        purpose: Purpose,
    ) -> Result<(), Refusal> {
        let mut slot = self.slot.lock();
        let mut permit = slot.permit.take().ok_or(Refusal::Connections)?;
        if let Some(client) = client {
            permit.charge_client(client)?;
        }
        slot.upgraded = Some(Upgraded {
            on_upgrade,
            peer,
            permit,
            purpose,
        });
        Ok(())
    }
}

/// Serves one socket until it ends or is upgraded. `stopping` lets the answer under way finish, then closes.
pub(crate) async fn serve<I>(
    io: I,
    connection: Connection,
    router: Router,
    state: HttpState,
    stopping: CancellationToken,
) where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let slot = Arc::clone(&connection.slot);
    // Boxed so that what HTTP needed is gone from memory once the socket is a WebSocket.
    Box::pin(serve_http(io, connection, router, stopping.clone())).await;
    let Some(upgraded) = slot.lock().upgraded.take() else {
        return;
    };
    match upgraded.on_upgrade.await {
        Ok(stream) => {
            let socket = ServerBuilder::new()
                .config(Config::default().flush_threshold(FLUSH_THRESHOLD))
                .limits(
                    Limits::default()
                        .max_payload_len(Some(openclaw_protocol::limits::PRE_AUTH_MAX_PAYLOAD)),
                )
                .serve(TokioIo::new(stream));
            match upgraded.purpose {
                Purpose::Gateway => {
                    state
                        .handler()
                        .serve(socket, upgraded.peer, upgraded.permit);
                }
                // It proves nothing, and keeps its share as long as it lasts.
                Purpose::Canvas(waiting) => {
                    let _share = upgraded.permit;
                    tokio::select! {
                        () = stopping.cancelled() => {}
                        () = waiting.serve(socket, &state) => {}
                    }
                }
            }
        }
        Err(error) => tracing::debug!(%error, "connection ended before its upgrade"),
    }
}

async fn serve_http<I>(io: I, connection: Connection, router: Router, stopping: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let asked = Arc::new(AtomicBool::new(false));
    let asks = Arc::clone(&asked);
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        asks.store(true, Ordering::Relaxed);
        request.extensions_mut().insert(connection.clone());
        router.clone().call(request.map(Body::new))
    });
    let http = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_BUFFER)
        .serve_connection(TokioIo::new(io), service)
        .with_upgrades();
    let mut http = pin!(http);
    let result = tokio::select! {
        result = http.as_mut() => Some(result),
        () = stopping.cancelled() => None,
        () = tokio::time::sleep(HTTP_LIFETIME) => None,
    };
    let result = match result {
        // It was accepted a moment ago, and what it wants is on its way.
        None if !asked.load(Ordering::Relaxed) => {
            tokio::time::timeout(FIRST_REQUEST, http.as_mut())
                .await
                .ok()
        }
        result => result,
    };
    let result = if let Some(result) = result {
        result
    } else {
        http.as_mut().graceful_shutdown();
        match tokio::time::timeout(LAST_ANSWER, http).await {
            Ok(result) => result,
            Err(_) => return,
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "HTTP connection ended early");
    }
}
