//! The owner-only control socket: the same routes over a Unix socket that only this user (and root) may open.
//!
//! It needs no credential, because the operating system says who connects, and it passes no gate: whatever happens on the
//! network, the owner has a way in. On Windows there is none; the way in is the loopback address with the credential of the
//! config file.

use std::io;
use std::path::PathBuf;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::ControlSocket;
#[cfg(windows)]
pub use windows::ControlSocket;

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Something that is no socket is in the way; it is left alone.
    #[error("{} is not a socket; move it away and start again", path.display())]
    InTheWay {
        /// The path.
        path: PathBuf,
    },
    /// Others could replace the socket.
    #[error("{} belongs to or may be written by another user; run: chmod 700 {}", folder.display(), folder.display())]
    Exposed {
        /// The directory of the socket.
        folder: PathBuf,
    },
    /// The system refused.
    #[error("cannot open the control socket {}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
