//! The accept loops: every connection passes the gate before a byte of it is read.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::Listeners;
use super::secured::{self, Entered};
use crate::gate::{Charge, ConnectionPermit, Gate, PreAuthPermit, Refusal, WaitingPlace};
use crate::http::connection::{self, Connection, TransportRule};
use crate::http::{HttpState, router};
use crate::tasks::Tasks;
use crate::tls::Serving;

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
        let tasks = Tasks::with_token(shutdown.clone());
        let acceptor = Acceptor {
            router: router(state.clone()),
            state,
            tasks: tasks.clone(),
        };
        for socket in self.sockets {
            tasks.spawn("accept", acceptor.clone().run(socket));
        }
        drop(acceptor);
        shutdown.cancelled().await;
        let unfinished = tasks.wait(DRAIN_LIMIT).await;
        if unfinished > 0 {
            tracing::warn!(unfinished, "HTTP connections cut at shutdown");
        }
    }
}

#[derive(Clone)]
struct Acceptor {
    router: Router,
    state: HttpState,
    tasks: Tasks,
}

impl Acceptor {
    async fn run(self, socket: TcpListener) {
        let local = socket.local_addr().ok();
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.tasks.token().cancelled() => return,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer, local),
                Err(error) => pause_after(&error).await,
            }
        }
    }

    fn admit(&self, stream: TcpStream, peer: SocketAddr, local: Option<SocketAddr>) {
        let gate = self.state.gate();
        // Without it small frames wait for the acknowledgement of earlier ones.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "could not turn Nagle's algorithm off");
        }
        let connection = match gate.connection() {
            Ok(connection) => connection,
            Err(refusal) => return refuse_at_once(&stream, refusal),
        };
        let charge = if self.state.policy().peer.trusts(peer.ip()) {
            Charge::Proxy
        } else {
            Charge::Address(peer.ip())
        };
        match gate.try_enter(charge, connection) {
            Ok(permit) => {
                let task = self.clone().serve(stream, peer, local, permit);
                self.tasks.spawn("connection", task);
            }
            Err((refusal, connection)) => match gate.waiting_room() {
                Some(place) => {
                    let newcomer = Newcomer {
                        stream,
                        peer,
                        local,
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

    async fn serve(
        self,
        stream: TcpStream,
        peer: SocketAddr,
        local: Option<SocketAddr>,
        permit: PreAuthPermit,
    ) {
        let stopping = self.tasks.token().clone();
        let serving = self.state.tls().serving();
        let mut connection = Connection::tcp(peer, local, permit);
        if let Serving::Off = serving {
            return connection::serve(stream, connection, self.router, self.state, stopping).await;
        }
        let trusted = peer.ip().is_loopback() || self.state.policy().peer.trusts(peer.ip());
        let entered = tokio::select! {
            entered = secured::enter(stream, &serving, trusted) => entered,
            () = stopping.cancelled() => return,
        };
        match entered {
            Some(Entered::Secure(stream)) => {
                connection.set_rule(TransportRule::Serve);
                connection.set_secure();
                connection::serve(*stream, connection, self.router, self.state, stopping).await;
            }
            Some(Entered::Plain(stream, rule)) => {
                connection.set_rule(rule);
                connection::serve(stream, connection, self.router, self.state, stopping).await;
            }
            None => {}
        }
    }

    async fn wait_and_serve(self, newcomer: Newcomer, place: WaitingPlace) {
        let Newcomer {
            stream,
            peer,
            local,
            charge,
            connection,
        } = newcomer;
        let gate: &Gate = self.state.gate();
        let entered = tokio::select! {
            entered = gate.enter(charge, connection, &place) => entered,
            () = self.tasks.token().cancelled() => return,
        };
        match entered {
            Ok(permit) => {
                drop(place);
                self.serve(stream, peer, local, permit).await;
            }
            Err(refusal) => refuse_politely(stream, refusal).await,
        }
    }
}

/// A connection that found its budget spent.
struct Newcomer {
    stream: TcpStream,
    peer: SocketAddr,
    local: Option<SocketAddr>,
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

/// Tells without waiting, and closes. The client may see a reset instead: this is the flood case.
fn refuse_at_once(stream: &TcpStream, refusal: Refusal) {
    if let Err(error) = stream.try_write(refusal_text(refusal).as_bytes()) {
        tracing::trace!(%error, "refusal not delivered");
    }
}

/// Tells, then reads what the client still sends: closing with unread bytes would reset the connection and lose the answer.
async fn refuse_politely(mut stream: TcpStream, refusal: Refusal) {
    let text = refusal_text(refusal);
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

#[derive(Debug, PartialEq, Eq)]
enum AcceptError {
    /// About one connection, which is gone.
    Passing,
    /// About what the process or the machine has left.
    Exhausted,
    /// Anything else.
    Unknown,
}

fn verdict(error: &io::Error) -> AcceptError {
    use rustix::io::Errno;
    let passing = [
        Errno::CONNABORTED,
        Errno::CONNRESET,
        Errno::INTR,
        Errno::AGAIN,
        Errno::PROTO,
        Errno::PERM,
        Errno::NETDOWN,
        Errno::NETUNREACH,
        Errno::HOSTDOWN,
        Errno::HOSTUNREACH,
    ];
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    match Errno::from_io_error(error) {
        Some(errno) if passing.contains(&errno) => AcceptError::Passing,
        Some(errno) if exhausted.contains(&errno) => AcceptError::Exhausted,
        _ => AcceptError::Unknown,
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
