//! Unix.

use std::io;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use tokio::net::UnixStream;
use tokio::process::Child;

/// Connects to a Unix socket.
pub(crate) async fn connect_unix(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path).await
}

/// Asks a program to end (SIGTERM); whether it was asked.
pub(crate) fn ask_to_end(child: &Child) -> bool {
    // Not yet waited for, so the number is still its own.
    child
        .id()
        .and_then(|pid| i32::try_from(pid).ok())
        .and_then(Pid::from_raw)
        .is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok())
}
