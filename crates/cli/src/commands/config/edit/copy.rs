//! The copy that is edited: in a directory that nobody else can enter, gone afterwards.

use std::fs;
use std::path::{Path, PathBuf};

use openclaw_config::store::{FileLock, private_dir, write_private};

use crate::error::CommandError;

/// How the directories of copies begin.
const PREFIX: &str = "edit-";
/// Held in it while somebody edits.
const LOCK: &str = "lock";

/// A private copy of the config file, removed when dropped, with whatever the editor left beside it.
#[derive(Debug)]
pub(super) struct PrivateCopy {
    dir: PathBuf,
    file: PathBuf,
    _lock: FileLock,
}

impl PrivateCopy {
    /// Writes `text` to a file in a new directory below `state_dir`.
    pub(super) fn new(state_dir: &Path, text: &str) -> Result<Self, CommandError> {
        sweep(state_dir);
        let dir = state_dir.join(format!("{PREFIX}{}", uuid::Uuid::new_v4()));
        private_dir(&dir).map_err(CommandError::new)?;
        let lock = FileLock::acquire(&dir.join(LOCK)).map_err(CommandError::new)?;
        // The ending tells editors how to colour comments.
        let copy = Self {
            file: dir.join("openclaw.json5"),
            dir,
            _lock: lock,
        };
        write_private(&copy.file, text.as_bytes()).map_err(CommandError::new)?;
        Ok(copy)
    }

    pub(super) fn path(&self) -> &Path {
        &self.file
    }

    pub(super) fn read(&self) -> Result<String, CommandError> {
        fs::read_to_string(&self.file).map_err(|error| {
            CommandError::new(format!(
                "cannot read what was edited ({}): {error}; the config file is as it was",
                self.file.display()
            ))
        })
    }
}

impl Drop for PrivateCopy {
    fn drop(&mut self) {
        // It holds credentials; when it cannot be removed, it still is in a directory that only its owner can enter.
        fs::remove_dir_all(&self.dir).ok();
    }
}

/// Removes copies whose command was killed: they hold credentials, and nobody would ever write them back.
pub(crate) fn sweep(state_dir: &Path) {
    let entries = fs::read_dir(state_dir);
    for entry in entries.into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_copy = name
            .to_str()
            .and_then(|name| name.strip_prefix(PREFIX))
            .is_some_and(|id| uuid::Uuid::parse_str(id).is_ok());
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_copy || !is_dir {
            continue;
        }
        let dir = entry.path();
        // The lock goes with the process that holds it.
        if let Ok(Some(_lock)) = FileLock::try_acquire(&dir.join(LOCK)) {
            // One that cannot be removed is tried again the next time.
            fs::remove_dir_all(&dir).ok();
        }
    }
}
