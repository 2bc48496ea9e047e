//! The listeners of a running gateway: any part opens another one at run time and closes it by dropping its handle.
//!
//! ```ignore
//! let ingress = core.listeners.open(ListenerKind::Ingress, Place::loopback()).await?;
//! tracing::info!("forward to {}", ingress.place());
//! drop(ingress); // no connection is accepted any more; those that were accepted live on
//! ```
//!
//! A listener that is closed first takes what the system has queued for it, so that nobody who was already connected is
//! reset. Shutdown closes all of them at once.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::UnixSocket;
use super::accept::{Acceptor, DRAIN_LIMIT, Entrance, Socket};
use super::bind::{self, BindError};
use super::inherited::Inherited;
use crate::http::HttpState;
use crate::peer::ListenerKind;
use crate::platform::{Handle, duplicate};

/// Where a listener listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// A TCP address; with port 0 the system chooses one.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix {
        /// Its path. The folder must exist; a socket that nobody listens on is replaced.
        path: PathBuf,
        /// Permission bits, such as `0o660`: who may connect needs to write.
        mode: u32,
    },
}

impl Place {
    /// A port of the system's choice on 127.0.0.1.
    pub fn loopback() -> Self {
        Self::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }
}

impl fmt::Display for Place {
    /// `127.0.0.1:18789`, or `unix:/run/openclaw.sock`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix { path, .. } => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The listeners that are open. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct ListenerSet {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// `None` before the gateway serves and once it stops.
    acceptor: Mutex<Option<Acceptor>>,
    open: Mutex<BTreeMap<u64, Open>>,
    next_id: AtomicU64,
    /// Sockets that were open before this process began to serve.
    inherited: Inherited,
    /// The sockets live on in a successor: what waits in their queues is for it.
    handed_over: Arc<AtomicBool>,
}

#[derive(Debug)]
struct Open {
    kind: ListenerKind,
    place: Place,
    /// The socket itself, for what is done to it while it listens; its accept loop owns it.
    socket: Shared,
}

#[derive(Debug)]
enum Shared {
    Tcp(Weak<TcpListener>),
    Unix(Weak<UnixSocket>),
}

impl Open {
    fn tcp(&self) -> Option<Arc<TcpListener>> {
        match &self.socket {
            Shared::Tcp(socket) => socket.upgrade(),
            Shared::Unix(_) => None,
        }
    }

    /// The socket once more, to live on in a successor. The file of a Unix socket stays.
    fn duplicate(&self) -> Option<io::Result<Handle>> {
        match &self.socket {
            Shared::Tcp(socket) => Some(duplicate(socket.upgrade()?.as_ref())),
            Shared::Unix(socket) => Some(socket.upgrade()?.hand_over()),
        }
    }
}

impl ListenerSet {
    /// A set that takes over sockets that listen already, when somebody asks for them.
    pub(crate) fn with_inherited(inherited: Inherited) -> Self {
        Self {
            inner: Arc::new(Inner {
                inherited,
                ..Inner::default()
            }),
        }
    }

    /// Duplicates of everything that is open, for a successor. From now on what waits in the queues is left to it.
    pub(crate) fn hand_over(&self) -> Vec<(String, Handle)> {
        self.inner.handed_over.store(true, Ordering::Relaxed);
        let open = self.inner.open.lock();
        let mut sockets = Vec::new();
        for listener in open.values() {
            match listener.duplicate() {
                Some(Ok(socket)) => sockets.push((listener.place.to_string(), socket)),
                Some(Err(error)) => {
                    tracing::warn!(place = %listener.place, %error, "a listener cannot be handed over");
                }
                None => {}
            }
        }
        sockets
    }

    /// Opens a listener; returns once it listens.
    ///
    /// # Errors
    /// Why it cannot listen there: somebody else does, the address is not one of this machine, or the gateway is stopping.
    pub async fn open(
        &self,
        kind: ListenerKind,
        place: Place,
    ) -> Result<ListenerHandle, BindError> {
        match place {
            Place::Tcp(address) => {
                // A port of the system's choice is for a listener that nobody had before.
                if address.port() != 0
                    && let Some(socket) = self.inner.inherited.take_tcp(address)
                {
                    return self.adopt(kind, socket);
                }
                let beside = self.sockets_on_port(address.port());
                let socket = bind::listen_beside(address, &beside)?;
                self.adopt(kind, socket)
            }
            Place::Unix { path, mode } => {
                let socket = match self.inner.inherited.take_unix(&path) {
                    Some(listener) => UnixSocket::adopt(listener, &path, mode)?,
                    None => UnixSocket::bind(&path, mode).await?,
                };
                let place = Place::Unix { path, mode };
                let socket = Arc::new(socket);
                let shared = Shared::Unix(Arc::downgrade(&socket));
                self.add(kind, place, Socket::Unix(socket), shared)
            }
        }
    }

    /// Takes over a socket that listens already.
    pub(crate) fn adopt(
        &self,
        kind: ListenerKind,
        socket: TcpListener,
    ) -> Result<ListenerHandle, BindError> {
        let address = socket.local_addr().map_err(|source| BindError::Other {
            address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            source,
        })?;
        let socket = Arc::new(socket);
        let shared = Shared::Tcp(Arc::downgrade(&socket));
        self.add(kind, Place::Tcp(address), Socket::Tcp(socket), shared)
    }

    fn add(
        &self,
        kind: ListenerKind,
        place: Place,
        socket: Socket,
        shared: Shared,
    ) -> Result<ListenerHandle, BindError> {
        let acceptor = self.inner.acceptor.lock();
        let Some(acceptor) = acceptor.as_ref() else {
            return Err(BindError::Stopping);
        };
        let entrance = Entrance {
            kind,
            closing: acceptor.tasks().token().child_token(),
            closed: CancellationToken::new(),
            handed_over: Arc::clone(&self.inner.handed_over),
        };
        let handle = ListenerHandle {
            id: self.inner.next_id.fetch_add(1, Ordering::Relaxed),
            set: self.clone(),
            place: place.clone(),
            kind,
            closing: entrance.closing.clone(),
            closed: entrance.closed.clone(),
        };
        let open = Open {
            kind,
            place,
            socket: shared,
        };
        self.inner.open.lock().insert(handle.id, open);
        acceptor.start(socket, entrance);
        Ok(handle)
    }

    /// What is open now, in the order in which it was opened.
    pub fn all(&self) -> Vec<(ListenerKind, Place)> {
        let open = self.inner.open.lock();
        open.values()
            .map(|listener| (listener.kind, listener.place.clone()))
            .collect()
    }

    /// Our own sockets on a TCP port: what keeps a wider or narrower one from being opened there.
    fn sockets_on_port(&self, port: u16) -> Vec<Arc<TcpListener>> {
        let on_port = |listener: &&Open| matches!(&listener.place, Place::Tcp(address) if address.port() == port);
        let open = self.inner.open.lock();
        open.values()
            .filter(on_port)
            .filter_map(Open::tcp)
            .collect()
    }

    /// From now on listeners can be opened; what they accept is served until `stopping`.
    pub(crate) fn serve(&self, state: HttpState, stopping: CancellationToken) {
        *self.inner.acceptor.lock() = Some(Acceptor::new(state, stopping));
    }

    /// Opens nothing more, and waits for the HTTP answers under way once `stopping` is cancelled. Upgraded connections
    /// belong to their handler by then.
    pub(crate) async fn stop(&self) {
        let acceptor = self.inner.acceptor.lock().take();
        let Some(acceptor) = acceptor else { return };
        acceptor.tasks().cancel();
        let unfinished = acceptor.tasks().wait(DRAIN_LIMIT).await;
        if unfinished > 0 {
            tracing::warn!(unfinished, "HTTP connections cut at shutdown");
        }
    }
}

/// An open listener. Dropping it closes it; connections that it accepted live on.
#[derive(Debug)]
#[must_use = "dropping the handle closes the listener"]
pub struct ListenerHandle {
    id: u64,
    set: ListenerSet,
    place: Place,
    kind: ListenerKind,
    closing: CancellationToken,
    closed: CancellationToken,
}

impl ListenerHandle {
    /// Where it listens, with the port that the system chose.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What it is for.
    pub fn kind(&self) -> ListenerKind {
        self.kind
    }

    /// The TCP address, unless it is a Unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        match self.place {
            Place::Tcp(address) => Some(address),
            Place::Unix { .. } => None,
        }
    }

    /// The path of a Unix socket.
    pub fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::Tcp(_) => None,
            Place::Unix { path, .. } => Some(path),
        }
    }

    /// Closes it and waits until the address is free again.
    pub async fn close(self) {
        let closed = self.closed.clone();
        drop(self);
        closed.cancelled().await;
    }
}

impl Drop for ListenerHandle {
    fn drop(&mut self) {
        self.set.inner.open.lock().remove(&self.id);
        self.closing.cancel();
    }
}
