//! The copy that is edited: in a directory that nobody else can enter, gone afterwards.

use std::fs;
use std::path::{Path, PathBuf};

use openclaw_config::store::{private_dir, write_private};

use crate::error::CommandError;

/// A private copy of the config file, removed when dropped, with whatever the editor left beside it.
#[derive(Debug)]
pub(super) struct PrivateCopy {
    dir: PathBuf,
    file: PathBuf,
}

impl PrivateCopy {
    /// Writes `text` to a file in a new directory below `state_dir`.
    pub(super) fn new(state_dir: &Path, text: &str) -> Result<Self, CommandError> {
        let dir = state_dir.join(format!("edit-{}", uuid::Uuid::new_v4()));
        private_dir(&dir).map_err(CommandError::new)?;
        // The ending tells editors how to colour comments.
        let copy = Self {
            file: dir.join("openclaw.json5"),
            dir,
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
