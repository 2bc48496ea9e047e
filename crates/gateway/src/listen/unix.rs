//! Listening Unix sockets as files: made without a moment in which others may connect, removed when they are done.

use std::fs;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::{UnixListener, UnixStream};

use super::bind::BindError;
use crate::platform::{Handle, duplicate};

/// A listening Unix socket; its file is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct UnixSocket {
    listener: UnixListener,
    file: SocketFile,
}

impl UnixSocket {
    /// Listens on `path` with these permission bits. A socket that nobody listens on is replaced, anything else is left alone.
    pub(crate) async fn bind(path: &Path, mode: u32) -> Result<Self, BindError> {
        let failed = |source| BindError::Unix {
            path: path.to_owned(),
            source,
        };
        match fs::symlink_metadata(path) {
            Ok(found) if found.file_type().is_socket() => {
                if UnixStream::connect(path).await.is_ok() {
                    return Err(failed(io::ErrorKind::AddrInUse.into()));
                }
                if found.uid() != rustix::process::geteuid().as_raw() {
                    return Err(failed(io::Error::new(
                        io::ErrorKind::AlreadyExists,
                        "the socket of another user is there; remove it",
                    )));
                }
            }
            Ok(_) => {
                return Err(failed(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "something that is no socket is there; move it away",
                )));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        // Under another name until its permissions are right, then put in place, also of a leftover, in one step.
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let making = path.with_file_name(format!(".{name}.{}", std::process::id()));
        drop(fs::remove_file(&making));
        let listener = UnixListener::bind(&making).map_err(failed)?;
        let placed = fs::set_permissions(&making, fs::Permissions::from_mode(mode))
            .and_then(|()| fs::rename(&making, path))
            .and_then(|()| SocketFile::of(path));
        match placed {
            Ok(file) => Ok(Self { listener, file }),
            Err(error) => {
                drop(fs::remove_file(&making));
                Err(failed(error))
            }
        }
    }
}

impl UnixSocket {
    /// Goes on with a socket that listens on `path` already.
    pub(crate) fn adopt(listener: UnixListener, path: &Path, mode: u32) -> Result<Self, BindError> {
        let file = fs::set_permissions(path, fs::Permissions::from_mode(mode))
            .and_then(|()| SocketFile::of(path))
            .map_err(|source| BindError::Unix {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self { listener, file })
    }

    /// Waits for a connection.
    pub(crate) async fn accept(&self) -> io::Result<UnixStream> {
        Ok(self.listener.accept().await?.0)
    }

    /// The connections that wait in the queue, without asking the runtime.
    pub(crate) fn queued(&self) -> Vec<UnixStream> {
        let mut queued = Vec::new();
        let Ok(twin) = self.listener.as_fd().try_clone_to_owned() else {
            return queued;
        };
        let twin = std::os::unix::net::UnixListener::from(twin);
        while let Ok((stream, _)) = twin.accept() {
            if stream.set_nonblocking(true).is_ok()
                && let Ok(stream) = UnixStream::from_std(stream)
            {
                queued.push(stream);
            }
        }
        queued
    }

    /// The socket once more, for a successor. The file stays when this is dropped.
    pub(crate) fn hand_over(&self) -> io::Result<Handle> {
        self.file.keep();
        duplicate(&self.listener)
    }
}

/// The file of a socket of ours.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    device: u64,
    inode: u64,
    kept: AtomicBool,
}

impl SocketFile {
    /// The socket that was just made at `path`.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Self {
            path: path.to_owned(),
            device: metadata.dev(),
            inode: metadata.ino(),
            kept: AtomicBool::new(false),
        })
    }

    /// It is not removed when this is dropped.
    pub(crate) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SocketFile {
    /// Removes the file, unless a successor has put its own there.
    fn drop(&mut self) {
        if self.kept.load(Ordering::Relaxed) {
            return;
        }
        let is_ours = fs::symlink_metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode));
        if is_ours && let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, path = %self.path.display(), "socket file not removed");
        }
    }
}
