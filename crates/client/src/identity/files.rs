//! Edges shared by the key file and the token cache.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use openclaw_config::store::{FileLock, StoreError};

/// Milliseconds since the epoch; only for stamps in files, never to decide anything.
pub(super) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|elapsed| i64::try_from(elapsed.as_millis()).ok())
        .unwrap_or_default()
}

/// Keeps other processes of ours from changing the directory of `path`; made when missing (0700).
pub(super) fn lock_directory_of(path: &Path) -> Result<Option<FileLock>, StoreError> {
    match FileLock::acquire(&path.with_file_name(".lock")) {
        // Some network file systems have no locks; the writes are atomic even so.
        Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::Unsupported => {
            Ok(None)
        }
        lock => lock.map(Some),
    }
}

/// Renames a file that cannot be used; nothing happens when there is none.
pub(super) fn move_aside(path: &Path) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".unreadable-{}", now_ms()));
    match fs::rename(path, path.with_file_name(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
