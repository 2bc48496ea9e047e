//! Files of the state directory: private, written whole or not at all, locked by the kernel.
//!
//! [`ConfigStore`] adds compare-and-swap, a ring of backups and the last-known-good copy for the
//! config file.

mod config;
mod regular;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::paths::{Paths, with_suffix};
use crate::platform::{
    self, is_open_to_others, is_owned, permission_bits, private_dir_builder, private_file_options,
    set_permission_bits,
};

pub use config::{Backup, ConfigStore, Replaced, Stored};
pub use regular::read_regular;

/// Number of backups kept next to the config file: `.bak`, `.bak.1` … `.bak.4`.
pub const BACKUPS: usize = 5;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// With which file or directory.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file exists and no base hash was given.
    #[error("config base hash required; re-run config.get and retry")]
    BaseHashRequired,
    /// Somebody else wrote the file in between.
    #[error("config changed since last load; re-run config.get and retry")]
    Changed,
    /// The config is managed from outside.
    #[error("config is read-only (OPENCLAW_CONFIG_READONLY or OPENCLAW_NIX_MODE is set): {}", .0.display())]
    ReadOnly(PathBuf),
    /// There is no such backup.
    #[error("no backup to roll back to: {}", .0.display())]
    NoBackup(PathBuf),
    /// A link that leads nowhere is in the place of a directory.
    #[error("{} is a link that leads nowhere; make the directory that it names, or remove the link", .0.display())]
    Dangling(PathBuf),
    /// A directory that must be ours belongs to somebody else or is a link.
    #[error("{} is not a directory of this user", .0.display())]
    NotOurs(PathBuf),
}

/// Reads a file of text. A pipe or device in its place is refused: reading one could wait for ever.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file; move it away",
        ));
    }
    let bytes = fs::read(path)?;
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8 text"))
}

pub(crate) fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io {
        action,
        path,
        source,
    }
}

/// The link in `path` that leads nowhere, if there is one: the reason why no directory can be made there.
pub fn dangling(path: &Path) -> Option<PathBuf> {
    let is_dangling = |part: &&Path| {
        fs::symlink_metadata(part).is_ok_and(|found| found.is_symlink()) && !part.exists()
    };
    path.ancestors().find(is_dangling).map(Path::to_owned)
}

/// Makes sure that `path` is a directory that only this user can enter. Missing parents are created
/// the same way; an existing directory of this user is tightened to 0700. On Windows the access list
/// that it inherits from the user's profile does this (see [`platform`]).
pub fn private_dir(path: &Path) -> Result<(), StoreError> {
    private_dir_builder()
        .create(path)
        .map_err(|error| match dangling(path) {
            Some(link) => StoreError::Dangling(link),
            None => io_error("create", path)(error),
        })?;
    let metadata = fs::symlink_metadata(path).map_err(io_error("inspect", path))?;
    // A state directory may be a link that its owner made; what counts is where it leads.
    let metadata = if metadata.is_symlink() && is_owned(&metadata) {
        fs::metadata(path).map_err(io_error("inspect", path))?
    } else {
        metadata
    };
    if !metadata.is_dir() || !is_owned(&metadata) {
        return Err(StoreError::NotOurs(path.to_owned()));
    }
    if is_open_to_others(&metadata) {
        set_permission_bits(path, 0o700).map_err(io_error("protect", path))?;
    }
    Ok(())
}

/// Replaces `path` by `bytes`, mode 0600: after a crash the file holds either the old or the new
/// content. Missing parent directories are created 0700.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let dir = parent(path);
    if !dir.exists() {
        private_dir(dir)?;
    }
    let temporary = temporary_beside(path);
    let written = write_new(&temporary, bytes)
        .map_err(io_error("write", &temporary))
        .and_then(|()| rename_over(&temporary, path, bytes));
    if written.is_err() {
        // The error that is returned says more than a failure to clean up would.
        drop(fs::remove_file(&temporary));
    }
    written?;
    sync_dir(dir)
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private_file_options()
        .write(true)
        .create_new(true)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Renames; where the target cannot be replaced (a file mounted on its own, as containers do), its
/// content is overwritten instead.
fn rename_over(temporary: &Path, path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    match platform::replace(temporary, path) {
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
            let overwrite = || {
                let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
                file.write_all(bytes)?;
                file.sync_all()?;
                fs::remove_file(temporary)
            };
            overwrite().map_err(io_error("write", path))
        }
        renamed => renamed.map_err(io_error("replace", path)),
    }
}

/// Makes a rename in `dir` survive a power cut.
fn sync_dir(dir: &Path) -> Result<(), StoreError> {
    platform::sync_dir(dir).map_err(io_error("sync", dir))
}

fn temporary_beside(path: &Path) -> PathBuf {
    with_suffix(
        path,
        &format!(".{}.{}.tmp", std::process::id(), uuid::Uuid::new_v4()),
    )
}

fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// An exclusive lock between processes. The kernel releases it when the value is dropped or the
/// process dies.
#[derive(Debug)]
pub struct FileLock(
    #[expect(dead_code, reason = "holding the open file is what holds the lock")] File,
);

impl FileLock {
    /// Waits until the lock on `path` is ours. The file is created 0600 and stays afterwards.
    pub fn acquire(path: &Path) -> Result<Self, StoreError> {
        let file = Self::open(path)?;
        file.lock().map_err(io_error("lock", path))?;
        Ok(Self(file))
    }

    /// Takes the lock on `path`, or returns `None` at once when somebody else holds it.
    pub fn try_acquire(path: &Path) -> Result<Option<Self>, StoreError> {
        let file = Self::open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(source)) => Err(io_error("lock", path)(source)),
        }
    }

    fn open(path: &Path) -> Result<File, StoreError> {
        let dir = parent(path);
        if !dir.exists() {
            private_dir(dir)?;
        }
        private_file_options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(io_error("open", path))
    }
}

/// Returns the directory for log files, and makes it: the usual one when it is, or can be made, ours alone; else
/// `<state>/logs`. A directory that somebody named keeps its permissions, and counts unless others may write to it.
pub fn usable_log_dir(paths: &Paths) -> Result<PathBuf, StoreError> {
    let dir = &paths.log_dir;
    let made = dir.symlink_metadata().is_ok() || private_dir_builder().create(dir).is_ok();
    let protected =
        made && may_hold_logs(paths) && (paths.log_dir_is_named || private_dir(dir).is_ok());
    if protected {
        return Ok(dir.clone());
    }
    let own = paths.state_dir.join("logs");
    private_dir(&own)?;
    Ok(own)
}

/// Returns where [`usable_log_dir`] would have log files, and makes nothing.
pub fn log_dir(paths: &Paths) -> PathBuf {
    let own = paths.state_dir.join("logs");
    let is_missing = paths.log_dir.symlink_metadata().is_err();
    if may_hold_logs(paths) || is_missing && !own.is_dir() {
        paths.log_dir.clone()
    } else {
        own
    }
}

fn may_hold_logs(paths: &Paths) -> bool {
    paths.log_dir.symlink_metadata().is_ok_and(|found| {
        let others_write = permission_bits(&found).is_some_and(|bits| bits & 0o022 != 0);
        found.is_dir() && is_owned(&found) && !(paths.log_dir_is_named && others_write)
    })
}

#[cfg(test)]
mod tests;
