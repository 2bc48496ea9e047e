//! The control socket of Unix.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::ControlError;
use crate::http::connection::{self, Connection};
use crate::http::{HttpState, router};
use crate::listen::Inherited;
use crate::listen::accept::{DRAIN_LIMIT, pause_after};
use crate::listen::unix::SocketFile;
use crate::platform::{Handle, duplicate};
use crate::tasks::Tasks;

/// The listening control socket; its file is removed when this is dropped.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    file: SocketFile,
}

impl ControlSocket {
    /// Listens on `path`. Call it only while holding the lock of the state directory: a socket file found there is taken for
    /// a leftover and replaced.
    pub fn bind(path: &Path) -> Result<Self, ControlError> {
        let failed = |source| ControlError::Io {
            path: path.to_owned(),
            source,
        };
        let folder = path.parent().unwrap_or(Path::new("."));
        prepare_folder(folder, path)?;
        match fs::symlink_metadata(path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(path).map_err(failed)?,
            Ok(_) => {
                return Err(ControlError::InTheWay {
                    path: path.to_owned(),
                });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        let file = SocketFile::of(path).map_err(failed)?;
        // Until here the directory alone kept others out.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { listener, file })
    }

    /// Goes on with the socket that listens on `path` already, if there is one, else listens anew. Call it only while holding
    /// the lock of the state directory.
    pub(crate) fn bind_or_adopt(
        path: &Path,
        inherited: &Inherited,
    ) -> Result<Option<Self>, ControlError> {
        let Some(listener) = inherited.take_unix(path) else {
            return Self::bind(path).map(Some);
        };
        let failed = |source| ControlError::Io {
            path: path.to_owned(),
            source,
        };
        prepare_folder(path.parent().unwrap_or(Path::new(".")), path)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        let file = SocketFile::of(path).map_err(failed)?;
        Ok(Some(Self { listener, file }))
    }

    /// The socket once more, to live on in a successor; its file stays.
    pub(crate) fn hand_over(&self) -> io::Result<Handle> {
        self.file.keep();
        duplicate(&self.listener)
    }

    /// Where it listens.
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Accepts and serves until `shutdown`, then removes the socket file.
    pub async fn serve(self: Arc<Self>, state: HttpState, shutdown: CancellationToken) {
        let tasks = Tasks::with_token(shutdown.clone());
        let router = router(state.clone());
        loop {
            let accepted = tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, _)) if is_owner(&stream) => {
                    let (router, state) = (router.clone(), state.clone());
                    let serving = connection::serve(
                        stream,
                        Connection::control(),
                        router,
                        state,
                        shutdown.clone(),
                    );
                    tasks.spawn("control connection", serving);
                }
                Ok((stream, _)) => {
                    let user = stream.peer_cred().map(|peer| peer.uid()).ok();
                    tracing::warn!(
                        ?user,
                        "connection of another user to the control socket refused"
                    );
                }
                Err(error) => pause_after(&error).await,
            }
        }
        drop(self);
        tasks.wait(DRAIN_LIMIT).await;
    }
}

/// Whether the other end runs as this user or as root, as the kernel says.
fn is_owner(stream: &UnixStream) -> bool {
    stream
        .peer_cred()
        .is_ok_and(|peer| is_owner_uid(peer.uid(), rustix::process::geteuid().as_raw()))
}

fn is_owner_uid(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

/// Makes the directory, or closes an existing one to others.
fn prepare_folder(folder: &Path, path: &Path) -> Result<(), ControlError> {
    let failed = |source| ControlError::Io {
        path: path.to_owned(),
        source,
    };
    let mut builder = fs::DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed)?;
    let metadata = fs::metadata(folder).map_err(failed)?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(ControlError::Exposed {
            folder: folder.to_owned(),
        });
    }
    if metadata.mode() & 0o077 != 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(|_| {
            ControlError::Exposed {
                folder: folder.to_owned(),
            }
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn u13_the_socket_is_for_the_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("state/gateway.sock");
        let socket = ControlSocket::bind(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o7777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(socket.path(), path);
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn an_open_directory_is_closed() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state");
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
        let _socket = ControlSocket::bind(&folder.join("gateway.sock")).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700);
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_the_successor_s_is_left() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("gateway.sock");
        let first = ControlSocket::bind(&path).unwrap();
        let second = ControlSocket::bind(&path).unwrap();
        drop(first);
        assert!(path.exists(), "the newer socket stays");
        assert!(UnixStream::connect(&path).await.is_ok());
        drop(second);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_is_no_socket_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("gateway.sock");
        std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
        let error = ControlSocket::bind(&path).unwrap_err();
        assert!(matches!(error, ControlError::InTheWay { .. }));
        assert!(
            error
                .to_string()
                .ends_with("is not a socket; move it away and start again")
        );
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    }

    #[test]
    fn only_this_user_and_root_pass() {
        for (peer, own, passes) in [
            (1000, 1000, true),
            (0, 1000, true),
            (1001, 1000, false),
            (1000, 0, false),
        ] {
            assert_eq!(is_owner_uid(peer, own), passes);
        }
    }
}
