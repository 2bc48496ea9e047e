//! The way to a gateway one hop at a time, for whoever wants to know where it ends: name, TCP, TLS, HTTP, WebSocket.
//!
//! Every hop opens a connection of its own to the same address and notes what it sees. No credential is sent, a
//! certificate that is not trusted is looked at and not relied on, and nothing is judged here.

pub mod http;
pub mod network;
pub mod socket;
pub mod tls;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ::http::{HeaderName, HeaderValue};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::target::{GatewayUrl, Host, Scheme};
use crate::tls::{TlsError, TlsOptions};
use http::HttpSeen;
use network::Network;
use socket::SocketSeen;
use tls::TlsSeen;

/// Most time for one hop, unless the caller leaves less.
pub const HOP_LIMIT: Duration = Duration::from_secs(5);

/// A way to be walked.
#[derive(Debug)]
pub struct Walker<'a> {
    /// Where to.
    pub url: &'a GatewayUrl,
    /// Name resolution and TCP.
    pub network: &'a dyn Network,
    /// Whom to trust.
    pub tls: &'a TlsOptions,
    /// Further headers of the requests, as for every connection to this gateway.
    pub headers: &'a [(HeaderName, HeaderValue)],
    /// Most time for one hop.
    pub limit: Duration,
}

/// What the resolver said.
#[derive(Debug)]
pub enum DnsSeen {
    /// The URL has an address in it.
    Literal(SocketAddr),
    /// It knows these, which may be none.
    Found(Vec<SocketAddr>),
    /// It failed.
    Failed(io::Error),
    /// It did not answer.
    TimedOut,
}

/// What became of one address.
#[derive(Debug)]
pub enum TcpSeen {
    /// Somebody accepted.
    Connected,
    /// The system said no.
    Failed(io::Error),
    /// Nobody answered.
    TimedOut,
}

/// One address and what became of it.
#[derive(Debug)]
pub struct Attempt {
    /// The address.
    pub address: SocketAddr,
    /// What became of it.
    pub seen: TcpSeen,
    /// How long that took.
    pub took: Duration,
}

impl Walker<'_> {
    /// Resolves the name.
    pub async fn resolve(&self) -> DnsSeen {
        if let (Some(ip), Host::V4(_) | Host::V6(_, None)) = (self.url.host.ip(), &self.url.host) {
            return DnsSeen::Literal(SocketAddr::new(ip, self.url.port));
        }
        let name = self.url.host.lookup_name();
        match timeout(self.limit, self.network.resolve(&name, self.url.port)).await {
            Ok(Ok(addresses)) => DnsSeen::Found(addresses),
            Ok(Err(error)) => DnsSeen::Failed(error),
            Err(_) => DnsSeen::TimedOut,
        }
    }

    /// Tries the addresses in turn until one accepts; the last attempt is that one, if any did.
    pub async fn connect(&self, addresses: &[SocketAddr]) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        let until = Instant::now() + self.limit;
        for (index, address) in addresses.iter().enumerate() {
            let left = until.saturating_duration_since(Instant::now());
            // Every address gets its share, so that one that is silent does not hide the next.
            let rest = u32::try_from(addresses.len() - index).unwrap_or(u32::MAX);
            let started = Instant::now();
            let seen = match timeout(left / rest, self.network.connect(*address)).await {
                Ok(Ok(_)) => TcpSeen::Connected,
                Ok(Err(error)) => TcpSeen::Failed(error),
                Err(_) => TcpSeen::TimedOut,
            };
            let connected = matches!(seen, TcpSeen::Connected);
            attempts.push(Attempt {
                address: *address,
                seen,
                took: started.elapsed(),
            });
            if connected {
                break;
            }
        }
        attempts
    }

    /// Shakes hands over TLS, whatever the URL's scheme is.
    pub async fn secure(&self, address: SocketAddr) -> Result<TlsSeen, TlsError> {
        let shaken = async {
            let stream = match self.tcp(address).await {
                Ok(stream) => stream,
                Err(error) => return Ok(TlsSeen::Failed(error.to_string())),
            };
            tls::look(stream, &self.url.host, self.tls).await
        };
        timeout(self.limit, shaken)
            .await
            .unwrap_or(Ok(TlsSeen::Silent))
    }

    /// Asks for the WebSocket; with a 101, reads on until the gateway's challenge.
    pub async fn upgrade(&self, address: SocketAddr) -> (HttpSeen, Option<SocketSeen>) {
        let request = http::upgrade_request(self.url, self.headers);
        let asked = timeout(
            self.limit,
            self.exchange(address, &request, self.url.scheme),
        )
        .await;
        match asked.unwrap_or((HttpSeen::Silent, None)) {
            (HttpSeen::Answer(answer), Some(stream)) if answer.status == 101 => {
                let seen = if http::accepts(&answer) {
                    timeout(self.limit, socket::look(stream))
                        .await
                        .unwrap_or(SocketSeen::Silent)
                } else {
                    SocketSeen::WrongAccept
                };
                (HttpSeen::Answer(answer), Some(seen))
            }
            (seen, _) => (seen, None),
        }
    }

    /// Asks for the liveness page beside the WebSocket, over `scheme`.
    pub async fn live_page(&self, address: SocketAddr, scheme: Scheme) -> HttpSeen {
        let request = http::live_request(self.url, self.headers);
        let asked = timeout(self.limit, self.exchange(address, &request, scheme)).await;
        asked.map_or(HttpSeen::Silent, |(seen, _)| seen)
    }

    async fn exchange(
        &self,
        address: SocketAddr,
        request: &str,
        scheme: Scheme,
    ) -> (HttpSeen, Option<http::Stream>) {
        let stream = match self.tcp(address).await {
            Ok(stream) => stream,
            Err(error) => return (HttpSeen::Broken(error.to_string()), None),
        };
        match scheme {
            Scheme::Ws => http::exchange(Box::new(stream), request).await,
            Scheme::Wss => match tls::open(stream, &self.url.host, self.tls).await {
                Ok(stream) => http::exchange(Box::new(stream), request).await,
                Err(error) => (HttpSeen::Broken(error.to_string()), None),
            },
        }
    }

    async fn tcp(&self, address: SocketAddr) -> io::Result<TcpStream> {
        self.network.connect(address).await
    }
}
