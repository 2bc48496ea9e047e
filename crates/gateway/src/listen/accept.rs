//! The accept loops: every connection passes the gate before a byte of it is read.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;

use super::incoming::{Incoming, Stream};
use super::preface::{self, Preface};
use super::secured::{self, Carrier, Entered};
use super::{BindError, ListenerHandle, ListenerSet, Listeners, UnixSocket};
use crate::gate::{Charge, ConnectionPermit, Gate, PreAuthPermit, Refusal, WaitingPlace};
use crate::http::connection::{self, Connection};
use crate::http::{HttpState, router};
use crate::peer::ListenerKind;
use crate::platform::{self, AcceptError, verdict};
use crate::tasks::Tasks;

/// Pause when the process or the machine has run out of something: descriptors, memory.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);
/// Pause after an error that should not happen; the listener is never given up while the gateway runs.
const UNKNOWN_PAUSE: Duration = Duration::from_secs(1);
/// How long HTTP answers under way may take once the gateway stops.
pub(crate) const DRAIN_LIMIT: Duration = Duration::from_secs(6);
/// How long a refused client may take to read why.
const REFUSAL_LINGER: Duration = Duration::from_millis(500);

impl Listeners {
    /// Accepts and serves until `shutdown`. Then no connection is accepted any more, HTTP answers under way are finished
    /// and the call returns; upgraded connections belong to the handler by then.
    pub async fn serve(self, state: HttpState, shutdown: CancellationToken) {
        let set = ListenerSet::default();
        set.serve(state, shutdown.clone());
        let handles = self.adopt_into(&set);
        shutdown.cancelled().await;
        set.stop().await;
        drop(handles);
    }

    /// Has a set serve them.
    pub(crate) fn adopt_into(self, set: &ListenerSet) -> Result<Vec<ListenerHandle>, BindError> {
        let sockets = self.sockets.into_iter();
        sockets
            .map(|socket| set.adopt(ListenerKind::Main, socket))
            .collect()
    }
}

/// What listens.
#[derive(Debug)]
pub(super) enum Socket {
    Tcp(Arc<TcpListener>),
    Unix(Arc<UnixSocket>),
}

impl Socket {
    async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Stream::Left(stream), Some(peer)))
            }
            Self::Unix(socket) => Ok((Stream::Right(socket.accept().await?), None)),
        }
    }

    /// The connections that wait in the queue. Asks the system and not the runtime, which may not have heard of them yet.
    fn queued(&self) -> Vec<(Stream, Option<SocketAddr>)> {
        let mut queued = Vec::new();
        match self {
            Self::Tcp(listener) => {
                let Ok(twin) = platform::twin(listener) else {
                    return queued;
                };
                while let Ok((stream, peer)) = twin.accept() {
                    if stream.set_nonblocking(true).is_ok()
                        && let Ok(stream) = TcpStream::from_std(stream)
                    {
                        queued.push((Stream::Left(stream), Some(peer)));
                    }
                }
            }
            Self::Unix(socket) => {
                let connections = socket.queued().into_iter();
                queued.extend(connections.map(|stream| (Stream::Right(stream), None)));
            }
        }
        queued
    }

    fn local(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr().ok(),
            Self::Unix(_) => None,
        }
    }
}

/// A listener's kind and its end.
#[derive(Debug, Clone)]
pub(super) struct Entrance {
    pub(super) kind: ListenerKind,
    /// Tells it to accept no more.
    pub(super) closing: CancellationToken,
    /// Told once the socket is closed.
    pub(super) closed: CancellationToken,
    /// The socket lives on in a successor.
    pub(super) handed_over: Arc<AtomicBool>,
}

/// Serves what listeners accept.
#[derive(Clone)]
pub(super) struct Acceptor {
    router: Router,
    state: HttpState,
    tasks: Tasks,
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acceptor").finish_non_exhaustive()
    }
}

impl Acceptor {
    pub(super) fn new(state: HttpState, stopping: CancellationToken) -> Self {
        Self {
            router: router(state.clone()),
            state,
            tasks: Tasks::with_token(stopping),
        }
    }

    /// The accept loops and the connections that are not upgraded yet.
    pub(super) fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Accepts until the entrance is closed or the gateway stops.
    pub(super) fn start(&self, socket: Socket, entrance: Entrance) {
        let this = self.clone();
        self.tasks.spawn("accept", async move {
            let _closed = entrance.closed.clone().drop_guard();
            this.run(socket, entrance).await;
        });
    }

    async fn run(self, socket: Socket, entrance: Entrance) {
        let local = socket.local();
        loop {
            let accepted = tokio::select! {
                biased;
                () = entrance.closing.cancelled() => break,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer, local, entrance.kind),
                Err(error) => pause_after(&error).await,
            }
        }
        if entrance.handed_over.load(Ordering::Relaxed) {
            // They are the successor's.
            return;
        }
        // Closing a socket resets the connections that wait in its queue.
        for (stream, peer) in socket.queued() {
            self.admit(stream, peer, local, entrance.kind);
        }
    }

    fn admit(
        &self,
        stream: Stream,
        peer: Option<SocketAddr>,
        local: Option<SocketAddr>,
        kind: ListenerKind,
    ) {
        let gate = self.state.gate();
        // Without it small frames wait for the acknowledgement of earlier ones.
        if let Either::Left(stream) = &stream
            && let Err(error) = stream.set_nodelay(true)
        {
            tracing::debug!(%error, "could not turn Nagle's algorithm off");
        }
        let connection = match gate.connection() {
            Ok(connection) => connection,
            Err(refusal) => return refuse_at_once(&stream, refusal),
        };
        let charge = match peer.map(|peer| peer.ip()) {
            Some(peer) if kind == ListenerKind::Main && !self.state.policy().peer.trusts(peer) => {
                Charge::Address(peer)
            }
            // What comes by the others was forwarded: the client behind is charged once it is known.
            _ => Charge::Proxy,
        };
        let from = Source { peer, local, kind };
        match gate.try_enter(charge, connection) {
            Ok(permit) => {
                let task = self.clone().serve(stream, from, permit);
                self.tasks.spawn("connection", task);
            }
            Err((refusal, connection)) => match gate.waiting_room() {
                Some(place) => {
                    let newcomer = Newcomer {
                        stream,
                        from,
                        charge,
                        connection,
                    };
                    let task = self.clone().wait_and_serve(newcomer, place);
                    self.tasks.spawn("waiting connection", task);
                }
                None => refuse_at_once(&stream, gate.refuse(refusal)),
            },
        }
    }

    async fn serve(self, stream: Stream, from: Source, permit: PreAuthPermit) {
        let stopping = self.tasks.token().clone();
        // Whoever was accepted a moment before the end may still say what it wants.
        let cut_off = || async {
            stopping.cancelled().await;
            tokio::time::sleep(connection::FIRST_REQUEST).await;
        };
        let serving = self.state.tls().serving();
        let challenges = self.state.tls().challenges().clone();
        let Source { peer, local, kind } = from;
        if kind == ListenerKind::Ingress
            && let (Some(peer), Some(local)) = (peer, local)
            && !self.state.may_forward(peer, local).await
        {
            return;
        }
        let policy = self.state.policy();
        let mut incoming = Incoming::new(stream);
        let address = peer.map(|peer| peer.ip().to_canonical());
        let preface = preface::read(&mut incoming, kind, address, &policy.peer);
        let preface = tokio::select! {
            preface = tokio::time::timeout(secured::PATIENCE, preface) => preface,
            () = cut_off() => return,
        };
        let proxied = match preface {
            Ok(Preface::Passed(proxied)) => proxied,
            Ok(Preface::Refused(warning)) => {
                self.state.warn_about_proxy(warning);
                let text = bad_request_text(warning.message());
                return refuse_politely(incoming.into_stream(), &text).await;
            }
            Ok(Preface::Gone) | Err(_) => return,
        };
        let mut connection = Connection::accepted(kind, peer, local, permit);
        connection.set_proxied(proxied);
        let carrier = match (proxied.and_then(|proxied| proxied.client), address) {
            // The proxy passes bytes on: what counts is the client it names.
            (Some(client), _) if policy.peer.trusts(client) => Carrier::Trusted,
            (Some(_), _) if kind == ListenerKind::Main => Carrier::Stranger,
            // Scrapers speak plain HTTP there, whatever the main listeners do.
            _ if matches!(
                kind,
                ListenerKind::Proxy | ListenerKind::Ingress | ListenerKind::Metrics
            ) =>
            {
                Carrier::Proxy
            }
            (_, Some(address)) if address.is_loopback() || policy.peer.trusts(address) => {
                Carrier::Trusted
            }
            _ => Carrier::Stranger,
        };
        let entered = tokio::select! {
            entered = secured::enter(incoming, &serving, &challenges, carrier) => entered,
            () = cut_off() => return,
        };
        let (router, state) = (self.router, self.state);
        match entered {
            Some(Entered::Secure(stream)) => {
                connection.set_secure();
                connection::serve(*stream, connection, router, state, stopping).await;
            }
            Some(Entered::Plain(stream, rule)) => {
                connection.set_rule(rule);
                connection::serve(stream, connection, router, state, stopping).await;
            }
            None => {}
        }
    }

    async fn wait_and_serve(self, newcomer: Newcomer, place: WaitingPlace) {
        let Newcomer {
            stream,
            from,
            charge,
            connection,
        } = newcomer;
        let gate: &Gate = self.state.gate();
        // Also when the gateway ends meanwhile: to hang up on somebody who has asked would look like a fault. The gate says no
        // in time.
        match gate.enter(charge, connection, &place).await {
            Ok(permit) => {
                drop(place);
                self.serve(stream, from, permit).await;
            }
            Err(refusal) => refuse_politely(stream, &refusal_text(refusal)).await,
        }
    }
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
struct Source {
    peer: Option<SocketAddr>,
    local: Option<SocketAddr>,
    kind: ListenerKind,
}

/// A connection that found its budget spent.
struct Newcomer {
    stream: Stream,
    from: Source,
    charge: Charge,
    connection: ConnectionPermit,
}

/// The refusal as bytes: the request has not been read, so nothing else can write it.
fn refusal_text(refusal: Refusal) -> String {
    let (status, kind) = match refusal {
        Refusal::Address => ("429 Too Many Requests", "rate_limited"),
        Refusal::Total | Refusal::Connections => ("503 Service Unavailable", "overloaded"),
    };
    let body =
        serde_json::json!({"error": {"message": refusal.to_string(), "type": kind}}).to_string();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\ncache-control: no-store\r\n\
         retry-after: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        refusal.retry_after_secs(),
        body.len()
    )
}

/// The answer to a connection that began with what it may not, or not with what it must.
fn bad_request_text(message: &str) -> String {
    let body =
        serde_json::json!({"error": {"message": message, "type": "proxy_protocol"}}).to_string();
    format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=utf-8\r\ncache-control: no-store\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Tells without waiting, and closes. The client may see a reset instead: this is the flood case.
fn refuse_at_once(stream: &Stream, refusal: Refusal) {
    let text = refusal_text(refusal);
    let written = match stream {
        Either::Left(stream) => stream.try_write(text.as_bytes()),
        Either::Right(stream) => stream.try_write(text.as_bytes()),
    };
    if let Err(error) = written {
        tracing::trace!(%error, "refusal not delivered");
    }
}

/// Tells, then reads what the client still sends: closing with unread bytes would reset the connection and lose the answer.
async fn refuse_politely(mut stream: Stream, text: &str) {
    let conversation = async {
        stream.write_all(text.as_bytes()).await?;
        stream.shutdown().await?;
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    if let Ok(Err(error)) = tokio::time::timeout(REFUSAL_LINGER, conversation).await {
        tracing::trace!(%error, "refusal not delivered");
    }
}

/// Waits as long as an accept error deserves, and logs the ones an operator can do something about.
pub(crate) async fn pause_after(error: &io::Error) {
    match verdict(error) {
        AcceptError::Passing => {}
        AcceptError::Exhausted => {
            tracing::warn!(%error, "cannot accept connections; raise the limit of open files or add memory");
            tokio::time::sleep(EXHAUSTED_PAUSE).await;
        }
        AcceptError::Unknown => {
            tracing::error!(%error, "accept failed");
            tokio::time::sleep(UNKNOWN_PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_errors_are_told_apart() {
        use rustix::io::Errno;
        let cases = [
            (Errno::CONNABORTED, AcceptError::Passing),
            (Errno::MFILE, AcceptError::Exhausted),
            (Errno::NFILE, AcceptError::Exhausted),
            (Errno::BADF, AcceptError::Unknown),
        ];
        for (errno, expected) in cases {
            assert_eq!(verdict(&io::Error::from(errno)), expected, "{errno}");
        }
    }

    #[test]
    fn s08_refusals_are_whole_http_answers() {
        for refusal in [Refusal::Address, Refusal::Total, Refusal::Connections] {
            let text = refusal_text(refusal);
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {} ", refusal.status())));
            assert!(head.contains(&format!("content-length: {}", body.len())));
            assert!(head.contains("retry-after: "));
            assert!(serde_json::from_str::<serde_json::Value>(body).is_ok());
        }
    }
}
