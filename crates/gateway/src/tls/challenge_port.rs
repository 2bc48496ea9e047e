//! A port that answers challenges and nothing else, for gateways whose own port an ACME server does not look at.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, Response, StatusCode};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::LazyConfigAcceptor;
use tokio_util::task::AbortOnDropHandle;

use super::challenges::Challenges;
use crate::listen::accept::pause_after;
use crate::listen::listen_on;
use crate::tasks::{self, Tasks};

/// Connections that are answered at the same time; an ACME server opens a handful.
const CONNECTIONS: usize = 32;
/// Longest life of a connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest request head, in bytes.
const MAX_HEAD: usize = 8 * 1024;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 64;

/// Which challenge a port answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeKind {
    /// http-01.
    Http,
    /// tls-alpn-01.
    Tls,
}

/// An open port; closed when dropped.
#[derive(Debug)]
pub struct ChallengePort {
    _accepting: Vec<AbortOnDropHandle<()>>,
}

impl ChallengePort {
    /// Opens the port on every address of this machine; IPv4 or IPv6 alone is enough.
    pub fn open(challenges: &Challenges, kind: ChallengeKind, port: u16) -> io::Result<Self> {
        let mut accepting = Vec::new();
        let mut failure = None;
        let addresses: [SocketAddr; 2] = [
            (Ipv4Addr::UNSPECIFIED, port).into(),
            (Ipv6Addr::UNSPECIFIED, port).into(),
        ];
        for address in addresses {
            match listen_on(address, BACKLOG) {
                Ok(listener) => accepting.push(tasks::spawn_owned(
                    "acme challenges",
                    accept(listener, challenges.clone(), kind),
                )),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) if accepting.is_empty() => Err(error),
            _ => Ok(Self {
                _accepting: accepting,
            }),
        }
    }
}

async fn accept(listener: TcpListener, challenges: Challenges, kind: ChallengeKind) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    // Dropped with this task, and its connections with it.
    let tasks = Tasks::new();
    let _cancel = tasks.token().clone().drop_guard();
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let challenges = challenges.clone();
        tasks.spawn_until_cancelled("acme challenge", async move {
            let _place = place;
            let answered = async {
                match kind {
                    ChallengeKind::Http => answer_http(stream, challenges).await,
                    ChallengeKind::Tls => answer_tls(stream, &challenges).await,
                }
            };
            if tokio::time::timeout(PATIENCE, answered).await.is_err() {
                tracing::debug!("a connection to the challenge port took too long");
            }
        });
    }
}

async fn answer_http(stream: TcpStream, challenges: Challenges) {
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        let answer = http_answer(&challenges, request.method(), request.uri().path());
        std::future::ready(Ok::<_, Infallible>(answer))
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a request for a challenge ended early");
    }
}

fn http_answer(challenges: &Challenges, method: &Method, path: &str) -> Response<Body> {
    let found = matches!(*method, Method::GET | Method::HEAD)
        .then(|| challenges.http_answer(path))
        .flatten();
    let (status, body) = match found {
        Some(answer) => (StatusCode::OK, answer),
        None => (StatusCode::NOT_FOUND, "Not Found\n".to_owned()),
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
}

async fn answer_tls(stream: TcpStream, challenges: &Challenges) {
    let acceptor = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
    let started = match acceptor.await {
        Ok(started) => started,
        Err(error) => return tracing::debug!(%error, "no TLS on the challenge port"),
    };
    let Some(config) = challenges.tls_config(&started.client_hello()) else {
        return;
    };
    show_challenge(started.into_stream(config)).await;
}

/// Finishes a handshake whose certificate is all that the other side wants to see.
pub(crate) async fn show_challenge<S>(handshake: tokio_rustls::Accept<S>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    match handshake.await {
        Ok(mut stream) => {
            tracing::debug!("showed the certificate of a tls-alpn-01 challenge");
            if let Err(error) = stream.shutdown().await {
                tracing::trace!(%error, "farewell not delivered");
            }
        }
        Err(error) => tracing::debug!(%error, "tls-alpn-01 handshake failed"),
    }
}
