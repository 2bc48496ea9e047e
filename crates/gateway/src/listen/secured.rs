//! HTTP and HTTPS on one port: the first byte tells which it is.

use std::time::Duration;

use openclaw_config::schema::PlainHttp;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::incoming::Incoming;
use crate::http::connection::TransportRule;
use crate::tls::{Challenges, Serving, show_challenge};

/// Time for the first bytes, and for the TLS handshake.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// First byte of every TLS connection: a handshake record.
const HANDSHAKE: u8 = 0x16;

/// A connection that may speak HTTP now.
pub(super) enum Entered {
    /// Over TLS.
    Secure(Box<TlsStream<Incoming>>),
    /// In the clear, and what that allows.
    Plain(Incoming, TransportRule),
}

/// How far a client in the clear may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    /// The proxy in front of us by its own listener: TLS ends there, if anywhere.
    Proxy,
    /// On this machine, or a listed proxy.
    Trusted,
    /// Anybody.
    Stranger,
}

/// Finds out what the client speaks, by the first byte, which is read. `None` when there is nothing more to say.
pub(super) async fn enter(
    incoming: Incoming,
    serving: &Serving,
    challenges: &Challenges,
    carrier: Carrier,
) -> Option<Entered> {
    if incoming.front().first() != Some(&HANDSHAKE)
        || (matches!(serving, Serving::Off) && !challenges.offers_tls())
    {
        return Some(Entered::Plain(incoming, plain_rule(serving, carrier)));
    }
    let handshake = handshake(incoming, serving, challenges);
    let stream = tokio::time::timeout(PATIENCE, handshake).await.ok()??;
    Some(Entered::Secure(Box::new(stream)))
}

async fn handshake(
    stream: Incoming,
    serving: &Serving,
    challenges: &Challenges,
) -> Option<TlsStream<Incoming>> {
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
fn plain_rule(serving: &Serving, carrier: Carrier) -> TransportRule {
    let trusted = carrier != Carrier::Stranger;
    match serving {
        _ if carrier == Carrier::Proxy => TransportRule::Serve,
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
