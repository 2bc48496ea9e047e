//! Sockets that this process was given open: by the gateway that it follows, or by a service manager.
//!
//! They are found by their address, so that it does not matter who opened them and in which order. What nobody asks for is
//! closed.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::platform::{self, Handle, StdUnixListener, UnixListener};

/// Sockets, and the lock of the state directory, from before this process began to serve. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Inherited {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    tcp: Vec<(SocketAddr, TcpListener)>,
    unix: Vec<(PathBuf, StdUnixListener)>,
    lock: Option<File>,
}

/// What the successor of a gateway gets.
#[derive(Debug)]
pub struct HandedOver {
    /// Listening sockets, each with a name for people.
    pub sockets: Vec<(String, Handle)>,
    /// The open lock file; who has it open holds the lock.
    pub lock: Option<Handle>,
}

impl Inherited {
    /// Adds a TCP listener.
    ///
    /// # Errors
    /// When the system does not say where it listens.
    pub fn add_tcp(&self, socket: TcpListener) -> std::io::Result<()> {
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        self.inner.lock().tcp.push((address, socket));
        Ok(())
    }

    /// Adds a listener on a Unix socket. One without a path is of no use and is closed.
    ///
    /// # Errors
    /// When the system does not say where it listens.
    pub fn add_unix(&self, socket: StdUnixListener) -> std::io::Result<()> {
        if let Some(path) = platform::inherited_path(&socket)? {
            self.inner.lock().unix.push((path, socket));
        }
        Ok(())
    }

    /// Adds the lock of the state directory, which stays held.
    pub fn set_lock(&self, lock: File) {
        self.inner.lock().lock = Some(lock);
    }

    /// Whether the gateway before this one handed its lock over: then nobody else runs.
    pub fn has_lock(&self) -> bool {
        self.inner.lock().lock.is_some()
    }

    pub(crate) fn take_lock(&self) -> Option<File> {
        self.inner.lock().lock.take()
    }

    /// A listener on this address; with port 0 on any port of it.
    pub(crate) fn take_tcp(&self, wanted: SocketAddr) -> Option<tokio::net::TcpListener> {
        let mut inner = self.inner.lock();
        let matches = |address: &SocketAddr| {
            address.ip() == wanted.ip() && (wanted.port() == 0 || wanted.port() == address.port())
        };
        let index = inner.tcp.iter().position(|(address, _)| matches(address))?;
        let (_, socket) = inner.tcp.swap_remove(index);
        tokio::net::TcpListener::from_std(socket)
            .inspect_err(
                |error| tracing::warn!(%error, %wanted, "an inherited socket is of no use"),
            )
            .ok()
    }

    /// A listener on this path, if the path still leads to a socket.
    pub(crate) fn take_unix(&self, wanted: &Path) -> Option<UnixListener> {
        let mut inner = self.inner.lock();
        let index = inner.unix.iter().position(|(path, _)| path == wanted);
        index
            .map(|index| inner.unix.swap_remove(index))
            .filter(|(path, _)| platform::is_socket(path))
            .and_then(|(_, socket)| platform::for_runtime(socket).ok())
    }

    /// Closes the TCP listeners that `unwanted` picks.
    pub(crate) fn close_tcp(&self, unwanted: impl Fn(SocketAddr) -> bool) {
        self.inner
            .lock()
            .tcp
            .retain(|(address, _)| !unwanted(*address));
    }

    /// Closes what nobody asked for, and names it.
    pub(crate) fn close_rest(&self) -> Vec<String> {
        let mut inner = self.inner.lock();
        let tcp = inner.tcp.drain(..).map(|(address, _)| address.to_string());
        let mut closed: Vec<String> = tcp.collect();
        let unix = inner.unix.drain(..);
        closed.extend(unix.map(|(path, _)| format!("unix:{}", path.display())));
        closed
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[tokio::test]
    async fn u23_inherited_sockets_are_found_by_their_address_and_the_rest_is_closed() {
        let home = tempfile::tempdir().unwrap();
        let inherited = Inherited::default();
        let sockets: Vec<_> = (0..3)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let addresses: Vec<_> = sockets
            .iter()
            .map(|socket| socket.local_addr().unwrap())
            .collect();
        for socket in sockets {
            inherited.add_tcp(socket).unwrap();
        }
        let path = home.path().join("a.sock");
        inherited
            .add_unix(UnixListener::bind(&path).unwrap())
            .unwrap();
        let other = home.path().join("b.sock");
        inherited
            .add_unix(UnixListener::bind(&other).unwrap())
            .unwrap();

        let second = inherited.take_tcp(addresses[1]).unwrap();
        assert_eq!(second.local_addr().unwrap(), addresses[1]);
        assert!(inherited.take_tcp(addresses[1]).is_none(), "only once");
        assert!(inherited.take_tcp("127.0.0.2:0".parse().unwrap()).is_none());
        assert!(inherited.take_unix(&path).is_some());
        std::fs::remove_file(&other).unwrap();
        assert!(
            inherited.take_unix(&other).is_none(),
            "a socket that nobody can reach is not taken"
        );
        let any = inherited.take_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        assert!(addresses.contains(&any.local_addr().unwrap()));
        assert_eq!(inherited.close_rest().len(), 1);
        assert!(inherited.close_rest().is_empty());
    }
}
