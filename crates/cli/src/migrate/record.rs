//! What a migration wrote, kept beside it so that it can be taken back.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use openclaw_config::Paths;
use openclaw_config::store::{StoreError, read_regular, write_private};
use openclaw_gateway::store::import::Trace;
use serde::{Deserialize, Serialize};

use super::MAX_FILE_BYTES;
use crate::error::CommandError;

/// The newest version: 2 has paths that move with the state directory.
const VERSION: u32 = 2;

/// `migration.json` in the state directory. Paths in it are relative to that directory: a copy of the directory must not
/// lead back to the original.
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
    /// Folders that were made for them, outer ones first.
    #[serde(default)]
    pub(crate) folders: Vec<PathBuf>,
    /// The database did not exist before.
    pub(crate) database_created: bool,
    /// What was imported into it.
    #[serde(default)]
    pub(crate) imported: Trace,
    /// When taking it back began; going on later uses the same names.
    #[serde(default)]
    pub(crate) undone_at_ms: Option<i64>,
}

/// A file that was written, or that the gateway will write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Written {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Copy of what was there before; `None` when nothing was.
    pub(crate) before: Option<PathBuf>,
    /// Fingerprint of what was there before.
    #[serde(default)]
    pub(crate) original: Option<String>,
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
            folders: Vec::new(),
            database_created,
            imported: Trace::default(),
            undone_at_ms: None,
        }
    }

    /// Where it is kept.
    pub(crate) fn file(paths: &Paths) -> PathBuf {
        paths.state_dir.join("migration.json")
    }

    /// The record of a migration that was not taken back.
    pub(crate) fn load(paths: &Paths) -> Result<Option<Self>, CommandError> {
        let file = Self::file(paths);
        let bytes = match read_regular(&file, MAX_FILE_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(&file, &error)),
        };
        let mut record: Self =
            serde_json::from_slice(&bytes).map_err(|error| unusable(&file, &error))?;
        if record.version > VERSION {
            let version = record.version;
            let newer = format!("version {version} is of a newer openclaw; use that one");
            return Err(unusable(&file, &newer));
        }
        record.each_path(|path| here(path, paths).map_err(|problem| unusable(&file, &problem)))?;
        Ok(Some(record))
    }

    pub(super) fn save(&self, paths: &Paths) -> Result<(), StoreError> {
        let mut stored = self.clone();
        stored.version = VERSION;
        let relative = |path: &Path| Ok::<_, StoreError>(relative(path, paths));
        stored.each_path(relative)?;
        let text = serde_json::to_string_pretty(&stored).unwrap_or_default();
        write_private(&Self::file(paths), text.as_bytes())
    }

    fn each_path<E>(&mut self, with: impl Fn(&Path) -> Result<PathBuf, E>) -> Result<(), E> {
        let files = self.files.iter_mut();
        for path in files
            .flat_map(|file| [Some(&mut file.path), file.before.as_mut()])
            .flatten()
            .chain(&mut self.folders)
        {
            *path = with(path)?;
        }
        Ok(())
    }
}

fn unusable(file: &Path, problem: &dyn std::fmt::Display) -> CommandError {
    CommandError::new(format!("{}: {problem}", file.display()))
        .hint("Nothing was changed.")
        .hint("Fix: move that file away to keep everything as it is and to migrate again; it only says how to undo the last migration")
}

fn relative(path: &Path, paths: &Paths) -> PathBuf {
    path.strip_prefix(&paths.state_dir)
        .unwrap_or(path)
        .to_owned()
}

/// The place that a path of a record means, if a migration of this state directory can have written there.
fn here(stored: &Path, paths: &Paths) -> Result<PathBuf, String> {
    let path = paths.state_dir.join(stored);
    // A config may lie elsewhere, and its copy beside it.
    let is_config = path.parent() == paths.config_path.parent()
        && paths.config_path.file_name().is_some_and(|name| {
            let found = path.file_name().unwrap_or_default().as_encoded_bytes();
            let name = name.as_encoded_bytes();
            found == name || found.starts_with(&[name, &b".before-migration-"[..]].concat())
        });
    if !is_config {
        inside(&path, paths)?;
    }
    Ok(path)
}

/// Whether a path leads to a place in the state directory, also after links.
pub(super) fn inside(path: &Path, paths: &Paths) -> Result<(), String> {
    let outside = || {
        format!(
            "{} is outside of the state directory {}",
            path.display(),
            paths.state_dir.display()
        )
    };
    let below = path.strip_prefix(&paths.state_dir).map_err(|_| outside())?;
    let plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    if below.as_os_str().is_empty() || !below.components().all(plain) {
        return Err(outside());
    }
    let Ok(state_dir) = fs::canonicalize(&paths.state_dir) else {
        return Ok(());
    };
    // The folder counts: a link in the place of the file itself is replaced, not followed.
    let folders = path.ancestors().skip(1);
    let existing = folders
        .take_while(|folder| folder.starts_with(&paths.state_dir))
        .find(|folder| super::is_there(folder));
    match existing.map(fs::canonicalize) {
        None => Ok(()),
        Some(Ok(real)) if real.starts_with(&state_dir) => Ok(()),
        Some(_) => Err(outside()),
    }
}
