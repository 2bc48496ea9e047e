//! Windows: no Unix sockets; a config that names one is told so.

use std::io;
use std::path::Path;

use super::bind::BindError;
use crate::platform::{Handle, UnixListener, UnixStream};

/// A listening Unix socket; there never is one.
#[derive(Debug)]
pub(crate) enum UnixSocket {}

impl UnixSocket {
    /// Says that there are none here.
    #[expect(clippy::unused_async, reason = "other systems have to wait")]
    pub(crate) async fn bind(path: &Path, _mode: u32) -> Result<Self, BindError> {
        Err(BindError::Unix {
            path: path.to_owned(),
            source: io::Error::new(
                io::ErrorKind::Unsupported,
                "there are no Unix sockets on Windows; name an address and a port",
            ),
        })
    }

    pub(crate) fn adopt(
        listener: UnixListener,
        _path: &Path,
        _mode: u32,
    ) -> Result<Self, BindError> {
        match listener {}
    }

    #[expect(clippy::unused_async, reason = "other systems have to wait")]
    pub(crate) async fn accept(&self) -> io::Result<UnixStream> {
        match *self {}
    }

    pub(crate) fn queued(&self) -> Vec<UnixStream> {
        match *self {}
    }

    pub(crate) fn hand_over(&self) -> io::Result<Handle> {
        match *self {}
    }
}
