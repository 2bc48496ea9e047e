//! The config file on disk: compare-and-swap under a lock, backups, rollback.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{
    BACKUPS, FileLock, StoreError, io_error, parent, private_dir, read_text, write_private,
};
use crate::hash::sha256_hex;
use crate::paths::{Paths, with_suffix};

/// Temporary files of interrupted writes are removed after this long.
const STALE_AFTER: Duration = Duration::from_secs(3600);

/// The config file as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its text; `None` when there is no file.
    pub raw: Option<String>,
    /// Lower-case hexadecimal SHA-256 of the text, of the empty text when there is no file.
    pub hash: String,
}

impl Stored {
    fn of(raw: Option<String>) -> Self {
        let hash = sha256_hex(raw.as_deref().unwrap_or_default().as_bytes());
        Self { raw, hash }
    }
}

/// A successful write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// Hash of the new text.
    pub hash: String,
    /// False when the file already held this text, so that nothing was written.
    pub changed: bool,
}

/// A backup of the config file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// 0 for the newest (`.bak`), up to 4.
    pub index: usize,
    /// Where it lies.
    pub path: PathBuf,
    /// When it was made.
    pub modified: Option<SystemTime>,
}

/// Reads and writes one config file. Every call may block on the disk or the lock.
#[derive(Debug, Clone)]
pub struct ConfigStore {
    path: PathBuf,
    last_good: PathBuf,
}

impl ConfigStore {
    /// The config file of `paths`. A link is followed, so that it survives writes.
    pub fn new(paths: &Paths) -> Self {
        let path =
            fs::canonicalize(&paths.config_path).unwrap_or_else(|_| paths.config_path.clone());
        Self {
            path,
            last_good: paths.last_good_file(),
        }
    }

    /// The file that is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file.
    pub fn read(&self) -> Result<Stored, StoreError> {
        match read_text(&self.path) {
            Ok(text) => Ok(Stored::of(Some(text))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Stored::of(None)),
            Err(error) => Err(io_error("read", &self.path)(error)),
        }
    }

    /// Replaces the file by `text` when it still has the hash `base_hash`. Without a base hash the
    /// file must not exist yet.
    pub fn replace(&self, base_hash: Option<&str>, text: &str) -> Result<Replaced, StoreError> {
        self.update(|stored| {
            match (base_hash, &stored.raw) {
                (None, Some(_)) => return Err(StoreError::BaseHashRequired),
                (Some(hash), _) if hash != stored.hash => return Err(StoreError::Changed),
                _ => {}
            }
            Ok(text.to_owned())
        })
    }

    /// Reads, changes and writes the file as one step: nobody else writes in between.
    pub fn update<E: From<StoreError>>(
        &self,
        change: impl FnOnce(&Stored) -> Result<String, E>,
    ) -> Result<Replaced, E> {
        let dir = parent(&self.path);
        if !dir.exists() {
            private_dir(dir)?;
        }
        let _lock = FileLock::acquire(&with_suffix(&self.path, ".lock"))?;
        let stored = self.read()?;
        let text = change(&stored)?;
        let hash = sha256_hex(text.as_bytes());
        if stored.raw.as_deref() == Some(text.as_str()) {
            return Ok(Replaced {
                hash,
                changed: false,
            });
        }
        self.remove_stale_temporaries();
        if let Some(old) = &stored.raw {
            self.rotate_backups(old)?;
        }
        write_private(&self.path, text.as_bytes())?;
        Ok(Replaced {
            hash,
            changed: true,
        })
    }

    /// Puts `former` back, byte for byte, if the file still has the hash `written`; with `None` there was no file before. What is
    /// replaced becomes the newest backup. Returns whether it did.
    pub fn take_back(&self, written: &str, former: Option<&str>) -> Result<bool, StoreError> {
        let Some(former) = former else {
            let _lock = FileLock::acquire(&with_suffix(&self.path, ".lock"))?;
            let stored = self.read()?;
            if stored.hash != written {
                return Ok(false);
            }
            if let Some(old) = &stored.raw {
                self.rotate_backups(old)?;
                fs::remove_file(&self.path).map_err(io_error("remove", &self.path))?;
            }
            return Ok(true);
        };
        let done = self.update(|stored| {
            if stored.hash == written {
                Ok(former.to_owned())
            } else {
                Err(StoreError::Changed)
            }
        });
        match done {
            Ok(_) => Ok(true),
            Err(StoreError::Changed) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Puts `text` in the place of a file that cannot be used, whatever is in that, and keeps the file under another name; gives
    /// that name. The backups stay as they are: what is damaged is no version to go back to.
    pub fn set_aside(&self, text: &str, now_ms: i64) -> Result<PathBuf, StoreError> {
        let _lock = FileLock::acquire(&with_suffix(&self.path, ".lock"))?;
        let damaged = fs::read(&self.path).map_err(io_error("read", &self.path))?;
        let aside = with_suffix(&self.path, &format!(".damaged-{now_ms}"));
        write_private(&aside, &damaged)?;
        write_private(&self.path, text.as_bytes())?;
        Ok(aside)
    }

    /// Lists the backups that exist, newest first.
    pub fn backups(&self) -> Vec<Backup> {
        (0..BACKUPS)
            .map(|index| (index, self.backup_path(index)))
            .filter_map(|(index, path)| {
                let metadata = fs::metadata(&path).ok()?;
                Some(Backup {
                    index,
                    path,
                    modified: metadata.modified().ok(),
                })
            })
            .collect()
    }

    /// Reads one backup.
    pub fn read_backup(&self, index: usize) -> Result<String, StoreError> {
        let path = self.backup_path(index);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(StoreError::NoBackup(path))
            }
            read => read.map_err(io_error("read", &path)),
        }
    }

    /// Puts a backup back. What is replaced becomes the newest backup, so a second rollback undoes
    /// the first. `check` sees the text before anything is written.
    pub fn rollback<E: From<StoreError>>(
        &self,
        index: usize,
        check: impl FnOnce(&str) -> Result<(), E>,
    ) -> Result<Replaced, E> {
        self.update(|_| {
            let text = self.read_backup(index)?;
            check(&text)?;
            Ok(text)
        })
    }

    /// Reads the last-known-good copy, if there is one.
    pub fn last_good(&self) -> Option<String> {
        fs::read_to_string(&self.last_good).ok()
    }

    /// Keeps `text` as the last-known-good config, unless it already is.
    pub fn remember_good(&self, text: &str) -> Result<(), StoreError> {
        if self.last_good().as_deref() == Some(text) {
            return Ok(());
        }
        write_private(&self.last_good, text.as_bytes())
    }

    fn backup_path(&self, index: usize) -> PathBuf {
        match index {
            0 => with_suffix(&self.path, ".bak"),
            index => with_suffix(&self.path, &format!(".bak.{index}")),
        }
    }

    fn rotate_backups(&self, current: &str) -> Result<(), StoreError> {
        for index in (1..BACKUPS).rev() {
            let (newer, older) = (self.backup_path(index - 1), self.backup_path(index));
            match fs::rename(&newer, &older) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(io_error("rotate", &newer)(error));
                }
                _ => {}
            }
        }
        write_private(&self.backup_path(0), current.as_bytes())
    }

    /// Removes what writers that died left behind. They may hold credentials.
    fn remove_stale_temporaries(&self) {
        let Some(name) = self.path.file_name().and_then(|name| name.to_str()) else {
            return;
        };
        let prefix = format!("{name}.");
        for entry in fs::read_dir(parent(&self.path))
            .into_iter()
            .flatten()
            .flatten()
        {
            let file_name = entry.file_name();
            let is_ours = file_name.to_str().is_some_and(|name| {
                name.starts_with(&prefix) && name.strip_suffix(".tmp").is_some()
            });
            let age = entry
                .metadata()
                .and_then(|metadata| metadata.modified())
                .ok()
                .and_then(|time| time.elapsed().ok());
            if is_ours && age.is_some_and(|age| age > STALE_AFTER) {
                // Left for the next write when it fails.
                drop(fs::remove_file(entry.path()));
            }
        }
    }
}
