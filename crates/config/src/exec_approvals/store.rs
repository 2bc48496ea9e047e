//! Reading and writing the file: owner-only, atomic, and never losing what somebody else wrote.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::hash::sha256_hex;
use crate::paths::with_suffix;
use crate::store::{self, FileLock, io_error, read_regular, write_private};

use super::{ExecApprovalsFile, Issue, normalize, parse_lenient};

/// More than a list of programs that a person can look through.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// The file as it was at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Where it lies.
    pub path: PathBuf,
    /// Whether it was there.
    pub exists: bool,
    /// SHA-256 of its text in hex; of the empty text when it was missing.
    pub hash: String,
    /// Its content in normal form; empty when it was missing or unreadable.
    pub file: ExecApprovalsFile,
    /// What is wrong with its text; empty for a sound or missing file.
    pub issues: Vec<Issue>,
}

/// The members that every surface shows of a snapshot, without the socket's token.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    path: &'a str,
    exists: bool,
    hash: &'a str,
    file: ExecApprovalsFile,
}

impl Snapshot {
    /// `{path, exists, hash, file}` as one line of JSON, without the token of the socket.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Shown {
            path: &self.path.to_string_lossy(),
            exists: self.exists,
            hash: &self.hash,
            file: self.file.redacted(),
        })
        .expect("a tree of strings, numbers and maps with string keys is always JSON")
    }
}

/// Why the file could not be read or replaced.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The replacement came without the hash it was made from.
    #[error("exec approvals base hash required; reload and retry")]
    BaseHashRequired,
    /// Somebody else wrote the file in between.
    #[error("exec approvals changed; reload and retry")]
    Changed,
    /// The file could not be read or written.
    #[error(transparent)]
    Disk(#[from] store::StoreError),
}

/// Reads and writes one exec-approvals file. Calls block on the disk.
#[derive(Debug, Clone)]
pub struct ApprovalsStore {
    path: PathBuf,
}

impl ApprovalsStore {
    /// A store for the file at `path`; nothing is touched yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file without changing it. A missing one is empty; so is one that is no JSON or
    /// has another version, and then the snapshot's issues say so.
    pub fn read(&self) -> Result<Snapshot, StoreError> {
        self.load().map(|loaded| loaded.snapshot)
    }

    /// Reads the file; creates it when missing and writes missing ids and socket members into it.
    /// A file with anything wrong in it is left as it is.
    pub fn ensure(&self) -> Result<Snapshot, StoreError> {
        let loaded = self.load()?;
        if !self.needs_completion(&loaded) {
            return Ok(loaded.snapshot);
        }
        let _lock = self.lock()?;
        let loaded = self.load()?;
        if self.needs_completion(&loaded) {
            let file = loaded.snapshot.file.clone();
            self.write(file, &loaded)
        } else {
            Ok(loaded.snapshot)
        }
    }

    /// Replaces the file if its hash still is `base_hash`, which only a missing file can do without.
    /// Missing socket members are kept from the old file.
    pub fn replace(
        &self,
        file: ExecApprovalsFile,
        base_hash: Option<&str>,
    ) -> Result<Snapshot, StoreError> {
        let _lock = self.lock()?;
        let loaded = self.load()?;
        match base_hash.map(str::trim).filter(|hash| !hash.is_empty()) {
            Some(hash) if hash == loaded.snapshot.hash => {}
            Some(_) => return Err(StoreError::Changed),
            None if !loaded.snapshot.exists => {}
            None => return Err(StoreError::BaseHashRequired),
        }
        self.write(file, &loaded)
    }

    /// Changes the file in place, alone; writes only if `change` changed something.
    pub fn modify(
        &self,
        change: impl FnOnce(&mut ExecApprovalsFile),
    ) -> Result<Snapshot, StoreError> {
        let _lock = self.lock()?;
        let loaded = self.load()?;
        let mut file = loaded.snapshot.file.clone();
        change(&mut file);
        if file == loaded.snapshot.file {
            return Ok(loaded.snapshot);
        }
        self.write(file, &loaded)
    }

    fn needs_completion(&self, loaded: &Loaded) -> bool {
        if !loaded.snapshot.issues.is_empty() {
            return false;
        }
        let mut complete = loaded.snapshot.file.clone();
        normalize::complete_socket(&mut complete, None, &self.path);
        !loaded.snapshot.exists || loaded.normalized || complete != loaded.snapshot.file
    }

    fn load(&self) -> Result<Loaded, StoreError> {
        let bytes = match read_regular(&self.path, MAX_FILE_BYTES) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(io_error("read", &self.path)(error).into()),
        };
        let (file, issues) = bytes.as_deref().map_or((None, Vec::new()), understand);
        let mut file = file.unwrap_or_default();
        let before = file.clone();
        normalize::normalize(&mut file);
        Ok(Loaded {
            normalized: file != before,
            snapshot: Snapshot {
                path: self.path.clone(),
                exists: bytes.is_some(),
                hash: sha256_hex(bytes.as_deref().unwrap_or_default()),
                file,
                issues,
            },
            bytes,
        })
    }

    fn write(&self, mut file: ExecApprovalsFile, old: &Loaded) -> Result<Snapshot, StoreError> {
        if !old.snapshot.issues.is_empty() {
            self.copy_aside(old)?;
        }
        normalize::normalize(&mut file);
        normalize::complete_socket(&mut file, old.snapshot.file.socket.as_ref(), &self.path);
        let text = file.to_text();
        write_private(&self.real_path(), text.as_bytes())?;
        Ok(Snapshot {
            path: self.path.clone(),
            exists: true,
            hash: sha256_hex(text.as_bytes()),
            file,
            issues: Vec::new(),
        })
    }

    /// Keeps the text of a file that is about to be replaced although it was not understood. The
    /// name follows from the content, so repeated attempts make one copy.
    fn copy_aside(&self, old: &Loaded) -> Result<(), StoreError> {
        let Some(bytes) = &old.bytes else {
            return Ok(());
        };
        let suffix = format!(".invalid-{}", &old.snapshot.hash[..12]);
        let aside = with_suffix(&self.path, &suffix);
        write_private(&aside, bytes)?;
        tracing::warn!(
            file = %self.path.display(),
            copy = %aside.display(),
            issue = %old.snapshot.issues[0],
            "exec approvals were not readable; kept a copy before replacing them"
        );
        Ok(())
    }

    /// Held while the file is read and replaced, across processes.
    fn lock(&self) -> Result<FileLock, StoreError> {
        Ok(FileLock::acquire(&with_suffix(&self.path, ".lock"))?)
    }

    /// Where to write: a link that the owner made keeps pointing to the real file.
    fn real_path(&self) -> PathBuf {
        fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone())
    }
}

/// What was on the disk and what it means.
struct Loaded {
    snapshot: Snapshot,
    bytes: Option<Vec<u8>>,
    /// Whether normalising changed the content, so that writing it back is worth it.
    normalized: bool,
}

fn understand(bytes: &[u8]) -> (Option<ExecApprovalsFile>, Vec<Issue>) {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(value) => parse_lenient(&value),
        Err(error) => (
            None,
            vec![Issue {
                path: String::new(),
                message: format!("must be JSON ({error})"),
            }],
        ),
    }
}
