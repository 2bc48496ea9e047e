//! From a target to a WebSocket: addresses, TCP, TLS, Unix socket, HTTP upgrade.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::Uri;
use openclaw_protocol::limits::V4_MAX_PAYLOAD;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_websockets::{ClientBuilder, Limits};

use super::Socket;
use crate::client::{CredentialUsed, LinkInfo};
use crate::error::{ConnectError, TransportError};
use crate::options::ClientOptions;
use crate::plaintext::{Way, is_allowed, plaintext_allowed, way_from, way_to};
use crate::platform;
use crate::target::{GatewayUrl, Host, Scheme, Target};
use crate::tls::{TlsError, Verifier};

/// Head start of one address before the next is tried beside it.
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);

/// Time for a look whether TLS is spoken where a plain request was not understood.
const TLS_LOOK: Duration = Duration::from_secs(2);

/// What opening a connection needs besides the options; made once, used for every attempt.
#[derive(Debug)]
pub(crate) struct Transport {
    tls: Option<(Arc<Verifier>, Arc<ClientConfig>)>,
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Transport {
    pub(crate) fn new(options: &ClientOptions) -> Result<Self, TlsError> {
        let scheme = options.target.url().map(|url| url.scheme);
        let tls = match scheme {
            Some(Scheme::Wss) => {
                let verifier = Verifier::new(&options.tls)?;
                let config = verifier.client_config()?;
                Some((verifier, config))
            }
            Some(Scheme::Ws) if options.tls.fingerprint.is_some() => {
                return Err(TlsError::FingerprintNeedsTls);
            }
            _ => None,
        };
        Ok(Self { tls })
    }

    pub(crate) async fn open(
        &self,
        options: &ClientOptions,
    ) -> Result<(Socket, LinkInfo), ConnectError> {
        let mut link = LinkInfo {
            peer: None,
            encrypted: false,
            tls_fingerprint: None,
            certificate: None,
            credential: CredentialUsed::None,
        };
        let (stream, uri): (Box<dyn Stream>, _) = match &options.target {
            Target::Unix(path) => (open_unix(path).await?, "ws://localhost/".to_owned()),
            Target::Url(url) => {
                let tcp = open_tcp(url, options).await?;
                link.peer = tcp.peer_addr().ok();
                let stream: Box<dyn Stream> = match &self.tls {
                    None => Box::new(tcp),
                    Some((verifier, config)) => {
                        let stream = TlsConnector::from(config.clone())
                            .connect(
                                server_name(options.tls.server_name.as_ref().unwrap_or(&url.host))?,
                                tcp,
                            )
                            .await
                            .map_err(|error| verifier.explain(error))?;
                        link.encrypted = true;
                        link.certificate = verifier.certificate();
                        link.tls_fingerprint = verifier.seen();
                        Box::new(stream)
                    }
                };
                (stream, request_uri(url))
            }
        };
        match upgrade(stream, &uri, options).await {
            Ok(socket) => Ok((socket, link)),
            Err(error) => {
                let peer = link
                    .peer
                    .filter(|_| self.tls.is_none() && may_be_tls(&error));
                let url = options.target.url();
                let expected = match (url, peer) {
                    (Some(url), Some(peer)) => tls_expected(url, peer, options).await,
                    _ => None,
                };
                Err(expected.map_or(error, unreachable))
            }
        }
    }
}

/// Whether a plain request failed as it does on a port with TLS: 400 from web servers, 426 from gateways, and no HTTP at
/// all from everything else.
const fn may_be_tls(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::Unreachable(TransportError::Status(400 | 426) | TransportError::Broken(_))
    )
}

/// Shakes hands with a server that did not understand plain HTTP, to say so if TLS is what it wants. Nothing but the
/// handshake is sent.
async fn tls_expected(
    url: &GatewayUrl,
    peer: SocketAddr,
    options: &ClientOptions,
) -> Option<TransportError> {
    let verifier = Verifier::new(&options.tls).ok()?;
    let config = verifier.client_config().ok()?;
    let name = server_name(&url.host).ok()?;
    let look = async {
        let tcp = connect_one(peer).await.ok()?;
        let shaken = TlsConnector::from(config).connect(name, tcp).await;
        let shown = verifier.seen()?;
        Some(TransportError::TlsExpected {
            address: format!("{}:{}", url.host, url.port),
            pin: shaken.is_err().then_some(shown),
        })
    };
    tokio::time::timeout(TLS_LOOK, look).await.ok().flatten()
}

async fn upgrade(
    stream: Box<dyn Stream>,
    uri: &str,
    options: &ClientOptions,
) -> Result<Socket, ConnectError> {
    let uri: Uri = uri
        .parse()
        .map_err(|error| unreachable(TransportError::Broken(format!("bad url: {error}"))))?;
    let mut builder = ClientBuilder::from_uri(uri)
        .limits(Limits::default().max_payload_len(Some(V4_MAX_PAYLOAD)));
    for (name, value) in &options.extra_headers {
        builder = builder
            .add_header(name.clone(), value.clone())
            .map_err(|_| unreachable(TransportError::Broken(format!("header {name} is ours"))))?;
    }
    let counted = Counted {
        stream,
        received: 0,
    };
    match builder.connect_on(counted).await {
        Ok((socket, _)) => Ok(socket),
        Err(tokio_websockets::Error::Upgrade(
            tokio_websockets::upgrade::Error::DidNotSwitchProtocols(status),
        )) => Err(unreachable(TransportError::Status(status))),
        Err(error) => Err(unreachable(TransportError::Broken(error.to_string()))),
    }
}

const fn unreachable(error: TransportError) -> ConnectError {
    ConnectError::Unreachable(error)
}

/// The default port is left out, as browsers do: some proxies compare `Host` by text.
fn request_uri(url: &GatewayUrl) -> String {
    let port = match (url.scheme, url.port) {
        (Scheme::Ws, 80) | (Scheme::Wss, 443) => String::new(),
        (_, port) => format!(":{port}"),
    };
    let query = url.query.as_ref().map(|query| format!("?{query}"));
    format!(
        "{}://{}{port}{}{}",
        url.scheme.name(),
        url.host.header(),
        url.path,
        query.unwrap_or_default()
    )
}

/// Whom the certificate must be for.
pub(crate) fn server_name(host: &Host) -> Result<ServerName<'static>, ConnectError> {
    match host {
        Host::Name(name) => ServerName::try_from(name.clone())
            .map_err(|error| ConnectError::Tls(TlsError::Setup(format!("{name}: {error}")))),
        Host::V4(address) => Ok(ServerName::from(IpAddr::V4(*address))),
        Host::V6(address, _) => Ok(ServerName::from(IpAddr::V6(*address))),
    }
}

pub(crate) async fn open_unix(path: &Path) -> Result<Box<dyn Stream>, ConnectError> {
    let stream = platform::connect_unix(path)
        .await
        .map_err(|source| connect_error(&path.display(), source))?;
    Ok(Box::new(stream))
}

fn connect_error(address: &impl ToString, source: io::Error) -> ConnectError {
    unreachable(TransportError::Connect {
        address: address.to_string(),
        source: Arc::new(source),
    })
}

pub(crate) async fn open_tcp(
    url: &GatewayUrl,
    options: &ClientOptions,
) -> Result<TcpStream, ConnectError> {
    let mut addresses = if options.addresses.is_empty() {
        resolve(url).await?
    } else {
        options.addresses.clone()
    };
    if url.scheme == Scheme::Ws && !options.allow_insecure_plaintext {
        let named = |mut refused: crate::plaintext::PlaintextRefused| {
            refused.url = url.to_string();
            ConnectError::Plaintext(refused)
        };
        let host = url.host.to_string();
        let ways: Vec<(IpAddr, Way)> = addresses
            .iter()
            .map(|address| (address.ip(), way_to(address.ip())))
            .collect();
        plaintext_allowed(&host, &ways, false).map_err(named)?;
        let mut way = ways.iter();
        addresses.retain(|_| way.next().is_some_and(|(ip, way)| is_allowed(*ip, *way)));
        let stream = connect_any(addresses).await?;
        let ends = || Ok((stream.local_addr()?.ip(), stream.peer_addr()?.ip()));
        let (source, peer) = ends().map_err(|source| connect_error(&url.host, source))?;
        plaintext_allowed(&host, &[(peer, way_from(source, peer))], false).map_err(named)?;
        return Ok(stream);
    }
    connect_any(addresses).await
}

async fn resolve(url: &GatewayUrl) -> Result<Vec<SocketAddr>, ConnectError> {
    if let (Some(ip), Host::V4(_) | Host::V6(_, None)) = (url.host.ip(), &url.host) {
        return Ok(vec![SocketAddr::new(ip, url.port)]);
    }
    let host = url.host.lookup_name();
    let failed = |source| {
        unreachable(TransportError::Resolve {
            host: host.clone(),
            source: Arc::new(source),
        })
    };
    let found = tokio::net::lookup_host((host.as_str(), url.port)).await;
    let addresses: Vec<SocketAddr> = found.map_err(failed)?.collect();
    if addresses.is_empty() {
        return Err(failed(io::Error::from(io::ErrorKind::NotFound)));
    }
    Ok(addresses)
}

/// Connects to the first address that answers; the next one starts when one fails or is slow.
async fn connect_any(addresses: Vec<SocketAddr>) -> Result<TcpStream, ConnectError> {
    let mut waiting = addresses.into_iter();
    let mut attempts = JoinSet::new();
    let mut last = None;
    loop {
        let started = waiting.next();
        if let Some(address) = started {
            attempts.spawn(async move { (address, connect_one(address).await) });
        }
        let more = waiting.len() > 0;
        tokio::select! {
            done = attempts.join_next() => match done {
                Some(Ok((_, Ok(stream)))) => return Ok(stream),
                Some(Ok((address, Err(error)))) => last = Some(connect_error(&address, error)),
                Some(Err(error)) => last = Some(connect_error(&"gateway", io::Error::other(error))),
                None => {
                    let nothing = || connect_error(&"gateway", io::ErrorKind::NotFound.into());
                    return Err(last.unwrap_or_else(nothing));
                }
            },
            () = tokio::time::sleep(NEXT_ADDRESS_AFTER), if more => {}
        }
    }
}

async fn connect_one(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A stream that counts what it received, so that a large message under way counts as life.
pub(crate) struct Counted {
    stream: Box<dyn Stream>,
    received: u64,
}

impl Counted {
    /// Bytes received so far.
    pub(crate) const fn received(&self) -> u64 {
        self.received
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.received += (buf.filled().len() - before) as u64;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
