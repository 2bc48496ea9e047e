//! Windows: no Unix sockets, nothing that lives on in another process, and an address that is ours alone without asking for it.

use std::fs::{File, Metadata};
use std::io;
use std::os::windows::fs::MetadataExt as _;
use std::os::windows::io::AsSocket;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};

use openclaw_config::platform::private_file_options;
use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient};
use tokio::net::{TcpListener, TcpSocket};
use tokio::process::Command;

use super::AcceptError;

/// Whether listening sockets live on in the program that a restart starts: here it opens its own.
pub(crate) const HANDS_OVER: bool = false;

/// `WSAEMFILE` and `WSAENOBUFS`: too many sockets, no memory for another.
const EXHAUSTED: [i32; 2] = [10_024, 10_055];
/// `WSAEAFNOSUPPORT`.
const NO_FAMILY: i32 = 10_047;
/// The system sets no limit; beyond this many connections the memory of a machine is what counts.
const CONNECTIONS: u64 = 16_384;
/// No window for a program without one (`CREATE_NO_WINDOW`).
const NO_WINDOW: u32 = 0x0800_0000;

/// An open socket for a successor; there never is one.
#[derive(Debug)]
pub enum Handle {}

/// A Unix socket that listens; there never is one.
#[derive(Debug)]
pub enum StdUnixListener {}

/// The same, in the runtime.
#[derive(Debug)]
pub(crate) enum UnixListener {}

/// A connection over a Unix socket; there never is one.
#[derive(Debug)]
pub(crate) enum UnixStream {}

impl AsyncRead for UnixStream {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match *self {}
    }
}

impl AsyncWrite for UnixStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        match *self {}
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match *self {}
    }
}

impl UnixStream {
    /// As of a TCP connection.
    pub(crate) fn try_write(&self, _bytes: &[u8]) -> io::Result<usize> {
        match *self {}
    }
}

/// Nothing is handed to a successor here.
pub(crate) fn duplicate(_socket: &TcpListener) -> io::Result<Handle> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What the holder of a lock writes about itself stands beside the locked file, which nobody else can read.
pub(crate) fn lock_text(_lock: &File, path: &Path) -> io::Result<File> {
    private_file_options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(text_beside(path))
}

/// The same, for whoever does not hold the lock.
pub(crate) fn lock_text_to_read(_lock: &File, path: &Path) -> io::Result<File> {
    File::open(text_beside(path))
}

fn text_beside(lock: &Path) -> PathBuf {
    let mut name = lock.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// The lock ends with this process; its successor takes it anew.
pub(crate) fn lock_handle(_lock: File) -> Option<Handle> {
    None
}

/// The same listening socket, to be asked without the runtime.
pub(crate) fn twin(listener: &TcpListener) -> io::Result<std::net::TcpListener> {
    Ok(listener.as_socket().try_clone_to_owned()?.into())
}

/// There is none.
pub(crate) fn inherited_path(socket: &StdUnixListener) -> io::Result<Option<PathBuf>> {
    match *socket {}
}

/// There is none.
pub(crate) fn for_runtime(socket: StdUnixListener) -> io::Result<UnixListener> {
    match socket {}
}

/// No path leads to a socket here.
pub(crate) fn is_socket(_path: &Path) -> bool {
    false
}

/// Nothing to be done: addresses are free as soon as nobody listens, and the option of this name would let other programs
/// listen on ours.
#[expect(clippy::unnecessary_wraps, reason = "it may fail elsewhere")]
pub(crate) fn reuse_address(_socket: &TcpSocket) -> io::Result<()> {
    Ok(())
}

/// Nothing to be done: a narrower and a wider address may be listened on side by side.
#[expect(clippy::unnecessary_wraps, reason = "it may fail elsewhere")]
pub(crate) fn share_port(_socket: &TcpSocket) -> io::Result<()> {
    Ok(())
}

/// Nothing to be done, as for [`share_port`].
#[expect(clippy::unnecessary_wraps, reason = "it may fail elsewhere")]
pub(crate) fn set_shared(_socket: &TcpListener, _shared: bool) -> io::Result<()> {
    Ok(())
}

/// Has a datagram socket share its port with other programs, as multicast DNS wants.
pub(crate) fn share_datagrams(socket: &impl AsSocket) -> io::Result<()> {
    Ok(sockopt::set_socket_reuseaddr(socket, true)?)
}

/// Whether the machine lacks the family of an address.
pub(crate) fn lacks_family(error: &io::Error) -> bool {
    error.raw_os_error() == Some(NO_FAMILY)
}

/// What an error of `accept` is about.
pub(crate) fn verdict(error: &io::Error) -> AcceptError {
    if error
        .raw_os_error()
        .is_some_and(|code| EXHAUSTED.contains(&code))
    {
        return AcceptError::Exhausted;
    }
    match error.kind() {
        io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::Interrupted
        | io::ErrorKind::WouldBlock
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::HostUnreachable => AcceptError::Passing,
        _ => AcceptError::Unknown,
    }
}

/// How many sockets this process should have open.
pub(crate) fn fd_limit() -> u64 {
    CONNECTIONS
}

/// There is no limit to raise.
pub(crate) fn raise_fd_limit() -> u64 {
    CONNECTIONS
}

/// There are no socket files to give away.
pub(crate) fn give_to_group(_path: &Path, _group: u32) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Where the Tailscale daemon listens.
pub(crate) fn tailscale_socket() -> PathBuf {
    PathBuf::from(r"\\.\pipe\ProtectedPrefix\Administrators\Tailscale\tailscaled")
}

/// Connects to the Tailscale daemon.
#[expect(clippy::unused_async, reason = "other systems have to wait")]
pub(crate) async fn connect_tailscale(pipe: &Path) -> io::Result<NamedPipeClient> {
    ClientOptions::new().open(pipe)
}

/// Users have no numbers here.
pub(crate) fn owner(_found: &Metadata) -> Option<u32> {
    None
}

/// Users have no numbers here, so none is ours.
pub(crate) fn is_own_user(_user: u32) -> bool {
    false
}

/// What tells a state of a file from an earlier one without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FileStamp {
    created: u64,
    written: u64,
    length: u64,
}

impl FileStamp {
    /// Of a file as it was found.
    pub(crate) fn of(found: &Metadata) -> Self {
        Self {
            created: found.creation_time(),
            written: found.last_write_time(),
            length: found.file_size(),
        }
    }
}

/// Starts a program without a window.
pub(crate) fn set_apart(command: &mut Command) {
    command.creation_flags(NO_WINDOW);
}

/// Ends a program and what it started, as far as the system still knows who started whom.
pub(crate) fn end_all(leader: u32) {
    let ended = Command::new("taskkill")
        .args(["/T", "/F", "/PID", &leader.to_string()])
        .creation_flags(NO_WINDOW)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = ended {
        tracing::warn!(%error, pid = leader, "taskkill does not run; only the program itself is ended");
    }
}
