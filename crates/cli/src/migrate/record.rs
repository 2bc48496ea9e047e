//! What a migration wrote, kept beside it so that it can be taken back.

use std::path::{Path, PathBuf};

use openclaw_config::Paths;
use openclaw_config::store::{StoreError, write_private};
use serde::{Deserialize, Serialize};

use crate::error::CommandError;

/// The one version there is.
const VERSION: u32 = 1;

/// `migration.json` in the state directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    version: u32,
    /// When, in milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// State directory of the earlier program.
    pub(crate) from: PathBuf,
    /// Files that were written.
    pub(crate) files: Vec<Written>,
    /// The database did not exist before.
    pub(crate) database_created: bool,
}

/// A file that was written, or that the gateway will write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Written {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Copy of what was there before; `None` when nothing was.
    pub(crate) before: Option<PathBuf>,
    /// SHA-256 of what was written, in hex.
    pub(crate) hash: String,
}

impl Record {
    pub(super) fn new(at_ms: i64, from: &Path, database_created: bool) -> Self {
        Self {
            version: VERSION,
            at_ms,
            from: from.to_owned(),
            files: Vec::new(),
            database_created,
        }
    }

    /// Where it is kept.
    pub(crate) fn file(paths: &Paths) -> PathBuf {
        paths.state_dir.join("migration.json")
    }

    /// The record of a migration that was not taken back.
    pub(crate) fn load(paths: &Paths) -> Result<Option<Self>, CommandError> {
        let file = Self::file(paths);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(CommandError::new(format!("{}: {error}", file.display()))),
        };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            CommandError::new(format!("{}: {error}", file.display()))
                .hint("Fix: move that file away to migrate again; it only says how to undo the last migration")
        })
    }

    pub(super) fn save(&self, paths: &Paths) -> Result<(), StoreError> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        write_private(&Self::file(paths), text.as_bytes())
    }
}
