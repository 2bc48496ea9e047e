//! Unix.

use std::fs::{File, Metadata};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::sockopt;
use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process_group, setrlimit};
use tokio::net::{TcpListener, TcpSocket};
use tokio::process::Command;

use super::AcceptError;

pub(crate) use std::os::unix::net::UnixListener as StdUnixListener;
pub(crate) use tokio::net::{UnixListener, UnixStream};

/// Whether listening sockets live on in the program that a restart starts.
pub(crate) const HANDS_OVER: bool = true;

/// An open socket or lock for a successor.
pub(crate) type Handle = OwnedFd;

/// A listening socket once more, for a successor.
pub(crate) fn duplicate(socket: &impl AsFd) -> io::Result<Handle> {
    socket.as_fd().try_clone_to_owned()
}

/// What the holder of a lock writes about itself stands in the locked file.
pub(crate) fn lock_text(lock: &File, _path: &Path) -> io::Result<File> {
    lock.try_clone()
}

/// The same, for whoever does not hold the lock.
pub(crate) fn lock_text_to_read(lock: &File, _path: &Path) -> io::Result<File> {
    lock.try_clone()
}

/// The lock for a successor: who has the file open holds it.
#[expect(clippy::unnecessary_wraps, reason = "there is none elsewhere")]
pub(crate) fn lock_handle(lock: File) -> Option<Handle> {
    Some(lock.into())
}

/// The same listening socket, to be asked without the runtime.
pub(crate) fn twin(listener: &TcpListener) -> io::Result<std::net::TcpListener> {
    Ok(listener.as_fd().try_clone_to_owned()?.into())
}

/// The path of a Unix socket that was open before this process began, made ready for the runtime.
pub(crate) fn inherited_path(socket: &StdUnixListener) -> io::Result<Option<PathBuf>> {
    socket.set_nonblocking(true)?;
    Ok(socket.local_addr()?.as_pathname().map(Path::to_owned))
}

/// A Unix socket for the runtime.
pub(crate) fn for_runtime(socket: StdUnixListener) -> io::Result<UnixListener> {
    UnixListener::from_std(socket)
}

/// Whether a path leads to a socket.
pub(crate) fn is_socket(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

/// An address whose last connections still fade out can be listened on.
pub(crate) fn reuse_address(socket: &TcpSocket) -> io::Result<()> {
    socket.set_reuseaddr(true)
}

/// Has a socket that is about to listen share its port with our own ones.
pub(crate) fn share_port(socket: &TcpSocket) -> io::Result<()> {
    socket.set_reuseport(true)
}

/// Whether others of this user may listen on the port of a socket that listens.
pub(crate) fn set_shared(socket: &TcpListener, shared: bool) -> io::Result<()> {
    Ok(sockopt::set_socket_reuseport(socket, shared)?)
}

/// Has a datagram socket share its port with other programs, as multicast DNS wants.
pub(crate) fn share_datagrams(socket: &impl AsFd) -> io::Result<()> {
    sockopt::set_socket_reuseaddr(socket, true)?;
    Ok(sockopt::set_socket_reuseport(socket, true)?)
}

/// Whether the machine lacks the family of an address.
pub(crate) fn lacks_family(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::AFNOSUPPORT)
}

/// What an error of `accept` is about.
pub(crate) fn verdict(error: &io::Error) -> AcceptError {
    let passing = [
        Errno::CONNABORTED,
        Errno::CONNRESET,
        Errno::INTR,
        Errno::AGAIN,
        Errno::PROTO,
        Errno::PERM,
        Errno::NETDOWN,
        Errno::NETUNREACH,
        Errno::HOSTDOWN,
        Errno::HOSTUNREACH,
    ];
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    match Errno::from_io_error(error) {
        Some(errno) if passing.contains(&errno) => AcceptError::Passing,
        Some(errno) if exhausted.contains(&errno) => AcceptError::Exhausted,
        _ => AcceptError::Unknown,
    }
}

/// How many files and sockets this process may have open.
pub(crate) fn fd_limit() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// Raises the soft limit of open files to the hard one; returns the limit in force.
pub(crate) fn raise_fd_limit() -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::debug!(%error, "could not raise the limit of open files");
        }
    }
    fd_limit()
}

/// Gives a socket file to a group.
pub(crate) fn give_to_group(path: &Path, group: u32) -> io::Result<()> {
    let group = rustix::fs::Gid::from_raw(group);
    Ok(rustix::fs::chown(path, None, Some(group))?)
}

/// Where the Tailscale daemon listens.
pub(crate) fn tailscale_socket() -> PathBuf {
    let path = if cfg!(target_os = "macos") {
        "/var/run/tailscaled.socket"
    } else {
        "/var/run/tailscale/tailscaled.sock"
    };
    PathBuf::from(path)
}

/// Connects to the Tailscale daemon.
pub(crate) async fn connect_tailscale(socket: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(socket).await
}

/// The user whose a file is.
#[expect(clippy::unnecessary_wraps, reason = "there is none elsewhere")]
pub(crate) fn owner(found: &Metadata) -> Option<u32> {
    Some(found.uid())
}

/// Whether a user is the one that this process acts as.
pub(crate) fn is_own_user(user: u32) -> bool {
    user == rustix::process::geteuid().as_raw()
}

/// What tells a state of a file from an earlier one without reading it: change time, modification time, file and length. A
/// file that was put back in place of another has a new change time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FileStamp {
    changed: (i64, i64),
    modified: (i64, i64),
    file: (u64, u64),
    length: u64,
}

impl FileStamp {
    /// Of a file as it was found.
    pub(crate) fn of(found: &Metadata) -> Self {
        Self {
            changed: (found.ctime(), found.ctime_nsec()),
            modified: (found.mtime(), found.mtime_nsec()),
            file: (found.dev(), found.ino()),
            length: found.len(),
        }
    }
}

/// Has a program lead a group of its own.
pub(crate) fn set_apart(command: &mut Command) {
    command.process_group(0);
}

/// Ends a program that leads a group, with everything that it started. It may have ended meanwhile.
pub(crate) fn end_all(leader: u32) {
    let leader = i32::try_from(leader).ok().and_then(Pid::from_raw);
    if let Some(leader) = leader {
        let _gone = kill_process_group(leader, Signal::KILL);
    }
}
