//! The lock of a state dir: one gateway at a time, and nobody else writing its store.
//!
//! The kernel holds it (`flock`, on Windows `LockFileEx`), so it ends with the process however that ends, and no process id is ever guessed
//! at. The file stays; what is written in it only tells others who holds the lock.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use openclaw_config::platform::{file_identity, private_dir_builder, private_file_options};
use openclaw_config::resolve::{Resolved, Source};
use openclaw_config::schema::TlsMode;
use serde::{Deserialize, Serialize};

use crate::platform::{lock_text, lock_text_to_read};

/// Attempts at a lock that is taken. A look at the lock holds it for microseconds, which must not pass for a holder.
const ATTEMPTS: u32 = 3;
/// Pause between attempts.
const PAUSE: Duration = Duration::from_millis(5);
/// Bytes read of what the holder wrote.
const MAX_INFO_BYTES: u64 = 16 * 1024;

/// Who holds a lock, as written into the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LockInfo {
    /// Process id.
    pub pid: u32,
    /// Path of the program.
    pub exe: String,
    /// Start of the process, milliseconds since the epoch.
    pub started_at_ms: i64,
    /// Where it listens, once it does, such as `127.0.0.1:18789`.
    #[serde(default)]
    pub address: Option<String>,
    /// TLS mode, where its command line or environment chose it: nobody else can know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<String>,
    /// Every address that it listens on, the first one included.
    #[serde(default)]
    pub addresses: Vec<String>,
}

impl LockInfo {
    /// This process, as started now.
    pub fn of_this_process(now_ms: i64) -> Self {
        Self {
            pid: std::process::id(),
            exe: std::env::current_exe()
                .map(|path| path.display().to_string())
                .unwrap_or_default(),
            started_at_ms: now_ms,
            address: None,
            tls: None,
            addresses: Vec::new(),
        }
    }

    /// Notes the TLS mode, unless the config says it.
    #[must_use]
    pub fn with_tls(self, mode: &Resolved<TlsMode>) -> Self {
        let tls = match mode.source {
            Source::Flag(_) | Source::Env(_) => Some(mode.value.to_string()),
            _ => None,
        };
        Self { tls, ..self }
    }
}

/// The lock is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LockHeld {
    /// Process id of the holder. All fields are `None` for the instant before the holder has written them.
    pub pid: Option<u32>,
    /// Its program.
    pub exe: Option<String>,
    /// When it started, milliseconds since the epoch.
    pub started_at_ms: Option<i64>,
    /// How long it has been running, in milliseconds.
    pub uptime_ms: Option<i64>,
    /// Where it listens.
    pub address: Option<String>,
    /// TLS mode of its command line or environment.
    pub tls: Option<String>,
    /// Every address that it listens on.
    pub addresses: Vec<String>,
}

impl LockHeld {
    fn read(lock: &File, path: &Path, now_ms: i64) -> Self {
        let Some(info) = read_info(lock, path) else {
            return Self::default();
        };
        Self {
            pid: Some(info.pid),
            exe: Some(info.exe),
            started_at_ms: Some(info.started_at_ms),
            uptime_ms: Some((now_ms - info.started_at_ms).max(0)),
            address: info.address,
            tls: info.tls,
            addresses: info.addresses,
        }
    }
}

impl fmt::Display for LockHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(pid) = self.pid else {
            return f.write_str("another process");
        };
        write!(f, "pid {pid}")?;
        if let Some(exe) = self.exe.as_ref().filter(|exe| !exe.is_empty()) {
            write!(f, ", {exe}")?;
        }
        if let Some(uptime_ms) = self.uptime_ms {
            write!(f, ", up {}", Uptime(uptime_ms / 1000))?;
        }
        if let Some(address) = &self.address {
            write!(f, ", on {address}")?;
        }
        Ok(())
    }
}

/// Whole seconds, in at most two units.
struct Uptime(i64);

impl fmt::Display for Uptime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0;
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
        match seconds {
            ..60 => write!(f, "{seconds}s"),
            60..3600 => write!(f, "{minutes}m {}s", seconds % 60),
            3600..86_400 => write!(f, "{hours}h {}m", minutes % 60),
            _ => write!(f, "{days}d {}h", hours % 24),
        }
    }
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// A gateway, or a command that works on its store, holds it.
    #[error("{} is held by {holder}", path.display())]
    Held {
        /// Lock file.
        path: PathBuf,
        /// Who.
        holder: Box<LockHeld>,
    },
    /// A link that leads nowhere is in the place of its directory.
    #[error("{} is a link that leads nowhere; make the directory that it names, or remove the link", link.display())]
    Dangling {
        /// The link.
        link: PathBuf,
    },
    /// The file could not be used.
    #[error("cannot lock {}: {source}", path.display())]
    File {
        /// Lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A lock that is held until this is dropped or the process ends.
#[derive(Debug)]
pub struct StateLock {
    file: File,
    /// Where the info is written: the same file, where a locked one can be read.
    text: File,
    path: PathBuf,
    info: LockInfo,
}

impl StateLock {
    /// Takes the lock at `path`, or says at once who holds it. `now_ms` only serves to tell the holder's uptime.
    pub fn acquire(path: &Path, info: LockInfo, now_ms: i64) -> Result<Self, LockError> {
        let failed = |source| LockError::File {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path.parent() {
            private_dir_builder().create(folder).map_err(|error| {
                match openclaw_config::store::dangling(folder) {
                    Some(link) => LockError::Dangling { link },
                    None => failed(error),
                }
            })?;
        }
        let file = private_file_options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        if !lock(&file).map_err(failed)? {
            return Err(LockError::Held {
                path: path.to_owned(),
                holder: Box::new(LockHeld::read(&file, path, now_ms)),
            });
        }
        let mut lock = Self {
            text: lock_text(&file, path).map_err(failed)?,
            file,
            path: path.to_owned(),
            info,
        };
        lock.write_info().map_err(failed)?;
        Ok(lock)
    }

    /// Takes the lock, or goes on with the one that the gateway before this one handed over.
    pub fn acquire_or_adopt(
        path: &Path,
        info: LockInfo,
        now_ms: i64,
        handed_over: Option<File>,
    ) -> Result<Self, LockError> {
        let Some(file) = handed_over.filter(|file| is_at(file, path)) else {
            return Self::acquire(path, info, now_ms);
        };
        let failed = |source| LockError::File {
            path: path.to_owned(),
            source,
        };
        // Held already, unless it was handed over by somebody who did not have it.
        if !lock(&file).map_err(failed)? {
            drop(file);
            return Self::acquire(path, info, now_ms);
        }
        let mut lock = Self {
            text: lock_text(&file, path).map_err(failed)?,
            file,
            path: path.to_owned(),
            info,
        };
        lock.write_info().map_err(failed)?;
        Ok(lock)
    }

    /// The lock once more: it is held until both are dropped.
    pub(crate) fn hand_over(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Notes where this process listens, the first address being the one for clients on this machine.
    pub fn set_addresses(&mut self, addresses: &[SocketAddr]) -> Result<(), LockError> {
        self.info.addresses = addresses.iter().map(ToString::to_string).collect();
        self.info.address = self.info.addresses.first().cloned();
        self.write_info().map_err(|source| LockError::File {
            path: self.path.clone(),
            source,
        })
    }

    /// The lock file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes over the old text before cutting what is left of it, so that a reader always finds a whole object first.
    fn write_info(&mut self) -> io::Result<()> {
        let mut text = serde_json::to_vec(&self.info)?;
        text.push(b'\n');
        self.text.seek(SeekFrom::Start(0))?;
        self.text.write_all(&text)?;
        self.text.set_len(text.len() as u64)
    }
}

/// Who holds the lock at `path`, if anybody does. Creates and changes nothing.
pub fn peek(path: &Path, now_ms: i64) -> Result<Option<LockHeld>, LockError> {
    let failed = |source| LockError::File {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(failed)?,
    };
    // Shared, so that looks do not see each other; closing the file releases it.
    match file.try_lock_shared() {
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(Some(LockHeld::read(&file, path, now_ms))),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Whether an open file is the one at `path`.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(there)) = (file.metadata(), fs::metadata(path)) else {
        return false;
    };
    file_identity(&open) == file_identity(&there)
}

fn lock(file: &File) -> io::Result<bool> {
    for attempt in 1..=ATTEMPTS {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

fn read_info(lock: &File, path: &Path) -> Option<LockInfo> {
    let mut text = Vec::new();
    let mut file = lock_text_to_read(lock, path).ok()?;
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(MAX_INFO_BYTES).read_to_end(&mut text).ok()?;
    serde_json::Deserializer::from_slice(&text)
        .into_iter()
        .next()?
        .ok()
}

#[cfg(test)]
mod tests;
