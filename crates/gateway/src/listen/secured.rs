//! HTTP and HTTPS on one port: the first byte tells which it is.

use std::time::Duration;

use openclaw_config::schema::PlainHttp;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::http::connection::TransportRule;
use crate::tls::{Challenges, Serving, show_challenge};

/// Time for the first byte, and for the TLS handshake.
const PATIENCE: Duration = Duration::from_secs(10);
/// First byte of every TLS connection: a handshake record.
const HANDSHAKE: u8 = 0x16;

/// A connection that may speak HTTP now.
pub(super) enum Entered {
    /// Over TLS.
    Secure(Box<TlsStream<TcpStream>>),
    /// In the clear, and what that allows.
    Plain(TcpStream, TransportRule),
}

/// Finds out what the client speaks. `None` when there is nothing more to say. `trusted` clients are on this machine, or
/// are the proxy in front of us.
pub(super) async fn enter(
    stream: TcpStream,
    serving: &Serving,
    challenges: &Challenges,
    trusted: bool,
) -> Option<Entered> {
    let mut first = [0];
    let peeked = tokio::time::timeout(PATIENCE, stream.peek(&mut first)).await;
    if !matches!(peeked, Ok(Ok(1))) {
        return None;
    }
    if first[0] != HANDSHAKE {
        return Some(Entered::Plain(stream, plain_rule(serving, trusted)));
    }
    let handshake = handshake(stream, serving, challenges);
    let stream = tokio::time::timeout(PATIENCE, handshake).await.ok()??;
    Some(Entered::Secure(Box::new(stream)))
}

async fn handshake(
    stream: TcpStream,
    serving: &Serving,
    challenges: &Challenges,
) -> Option<TlsStream<TcpStream>> {
    let active = match serving {
        Serving::On(active) => Some(active),
        Serving::Off | Serving::Broken(_) => None,
    };
    let handshake = if challenges.offers_tls() {
        let acceptor = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream);
        let started = match acceptor.await {
            Ok(started) => started,
            Err(error) => {
                tracing::debug!(%error, "TLS handshake failed");
                return None;
            }
        };
        if let Some(config) = challenges.tls_config(&started.client_hello()) {
            show_challenge(started.into_stream(config)).await;
            return None;
        }
        started.into_stream(active?.acceptor.config().clone())
    } else if let Some(active) = active {
        active.acceptor.accept(stream)
    } else {
        tracing::debug!("TLS connection while there is no certificate");
        return None;
    };
    match handshake.await {
        Ok(stream) => Some(stream),
        Err(error) => {
            tracing::debug!(%error, "TLS handshake failed");
            None
        }
    }
}

/// What a client in the clear may do.
fn plain_rule(serving: &Serving, trusted: bool) -> TransportRule {
    match serving {
        Serving::Off => TransportRule::Serve,
        Serving::Broken(_) if trusted => TransportRule::Serve,
        Serving::Broken(_) => TransportRule::NotReady,
        Serving::On(active) => match active.plain_http {
            PlainHttp::Allow => TransportRule::Serve,
            PlainHttp::Redirect if trusted => TransportRule::Serve,
            PlainHttp::Redirect => TransportRule::SendToHttps,
            PlainHttp::Refuse => TransportRule::RefusePlain,
        },
    }
}
