//! Servers that are broken on purpose: each does one thing wrong, on a port of this machine, until it is dropped.

pub mod certificate;
pub mod gateway;
pub mod http;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;

/// Either kind of stream.
pub trait Both: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Both for T {}

/// A stream.
pub type Stream = Box<dyn Both>;
/// What is done with one.
pub type Script = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A broken server.
#[derive(Debug)]
pub struct Broken {
    address: SocketAddr,
    _task: AbortOnDropHandle<()>,
}

impl Broken {
    /// A server that runs a script on every connection.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn serve(script: impl Fn(TcpStream) -> Script + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let accept = async move {
            let mut running = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                running.spawn(script(stream));
            }
        };
        Self {
            address,
            _task: AbortOnDropHandle::new(tokio::spawn(accept)),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts and closes.
    pub async fn closing() -> Self {
        Self::serve(|stream| Box::pin(async move { drop(stream) })).await
    }

    /// Accepts, reads, and never says anything.
    pub async fn silent() -> Self {
        Self::serve(|stream| Box::pin(hold(Box::new(stream)))).await
    }

    /// Reads what is asked and closes without an answer.
    pub async fn hanging_up() -> Self {
        Self::serve(|mut stream| {
            Box::pin(async move {
                let _asked = stream.read(&mut [0; 4096]).await;
            })
        })
        .await
    }

    /// Says this first, as servers of other protocols do.
    pub async fn greeting(text: &'static [u8]) -> Self {
        Self::serve(move |mut stream| {
            Box::pin(async move {
                let _sent = stream.write_all(text).await;
                hold(Box::new(stream)).await;
            })
        })
        .await
    }

    /// Reads what is asked and answers with these bytes, then closes.
    pub async fn answering(bytes: &'static [u8]) -> Self {
        Self::serve(move |mut stream| {
            Box::pin(async move {
                let _asked = stream.read(&mut [0; 4096]).await;
                let _sent = stream.write_all(bytes).await;
            })
        })
        .await
    }

    /// Serves HTTP as `page` says.
    pub async fn http(page: http::Page) -> Self {
        Self::serve(move |stream| {
            let page = Arc::clone(&page);
            Box::pin(http::serve(Box::new(stream), page))
        })
        .await
    }

    /// Serves HTTP over TLS.
    pub async fn https(config: ServerConfig, page: http::Page) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::serve(move |stream| {
            let (page, acceptor) = (Arc::clone(&page), acceptor.clone());
            Box::pin(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    http::serve(Box::new(stream), page).await;
                }
            })
        })
        .await
    }

    /// Serves an empty page over TLS, and this answer to whoever begins without TLS, as nginx does.
    pub async fn serve_tls_or(config: ServerConfig, plain: &'static str) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::serve(move |mut stream| {
            let acceptor = acceptor.clone();
            Box::pin(async move {
                let mut first = [0];
                if stream.peek(&mut first).await.is_ok_and(|_| first[0] == 22) {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        hold(Box::new(stream)).await;
                    }
                } else {
                    let _asked = stream.read(&mut [0; 4096]).await;
                    let _sent = stream.write_all(plain.as_bytes()).await;
                }
            })
        })
        .await
    }

    /// Passes everything on to `behind`, with these header lines added to the first request of every connection.
    pub async fn proxy(behind: SocketAddr, lines: &'static str) -> Self {
        Self::serve(move |stream| Box::pin(http::pass_on(stream, behind, lines))).await
    }
}

/// Reads until the other end has had enough.
pub async fn hold(mut stream: Stream) {
    let mut bytes = [0; 4096];
    while matches!(stream.read(&mut bytes).await, Ok(read) if read > 0) {}
}

/// A port where nothing listens, and nothing else will while this is kept.
#[derive(Debug)]
pub struct Closed {
    address: SocketAddr,
    _socket: rustix::fd::OwnedFd,
}

impl Closed {
    /// Takes a port and does not listen.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start() -> Self {
        let (socket, address) = bound();
        Self {
            address,
            _socket: socket,
        }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

fn bound() -> (rustix::fd::OwnedFd, SocketAddr) {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket};
    let socket = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    bind(&socket, &any).expect("a free port");
    let address = getsockname(&socket)
        .ok()
        .and_then(|address| SocketAddr::try_from(address).ok())
        .expect("a bound address");
    (socket, address)
}

/// A port that takes no connection and refuses none, as behind a firewall that drops: its queue is full.
#[derive(Debug)]
pub struct Full {
    address: SocketAddr,
    _listener: rustix::fd::OwnedFd,
    _waiting: Vec<std::net::TcpStream>,
}

impl Full {
    /// Fills a queue.
    ///
    /// # Panics
    /// When the system does not play along.
    pub fn start() -> Self {
        let (listener, address) = bound();
        rustix::net::listen(&listener, 0).expect("a listening socket");
        // A backlog of nothing still takes one; the next ones are dropped.
        let waiting = std::net::TcpStream::connect(address).expect("the one that fits");
        Self {
            address,
            _listener: listener,
            _waiting: vec![waiting],
        }
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}
