//! Where the state of a tunnel is kept: `<state>/tunnels/<key>.json`, `.lock`, `.use`, `.keep`, `.port`.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use openclaw_client::tunnel::SshTarget;
use openclaw_config::Paths;
use openclaw_config::hash::sha256_hex;
use openclaw_config::platform::private_file_options;
use openclaw_config::store::{StoreError, private_dir, write_private};
use openclaw_gateway::lock::{LockError, LockHeld, peek};
use serde::{Deserialize, Serialize};

use crate::ui::format::now_ms;

/// Where a tunnel stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// `ssh` is on its way.
    Opening,
    /// The port is open.
    Up,
    /// It was open and is opened again; see the reason.
    Degraded,
    /// It did not come about.
    Failed,
}

impl State {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Up => "up",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
        }
    }
}

/// What a tunnel's own process says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// `[user@]host[:port]`.
    pub(crate) target: String,
    /// Port on 127.0.0.1 here.
    pub(crate) local_port: u16,
    /// Port on 127.0.0.1 there.
    pub(crate) remote_port: u16,
    /// Process that watches over it.
    pub(crate) pid: u32,
    /// Start of that process, milliseconds since the epoch.
    pub(crate) started_at_ms: i64,
    /// Process id of `ssh`.
    pub(crate) ssh_pid: Option<u32>,
    /// Where it stands.
    pub(crate) state: State,
    /// Since when, milliseconds since the epoch.
    pub(crate) since_ms: i64,
    /// How often it was opened again.
    pub(crate) reopened: u32,
    /// What went wrong last: one word.
    pub(crate) kind: Option<String>,
    /// What went wrong last.
    pub(crate) reason: Option<String>,
    /// What to do about it.
    pub(crate) fix: Option<String>,
    /// Next attempt, milliseconds since the epoch.
    pub(crate) retry_at_ms: Option<i64>,
    /// What the SSH host said when it could not reach the gateway.
    pub(crate) gateway_note: Option<String>,
}

/// The files of one tunnel.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    dir: PathBuf,
    key: String,
}

impl Place {
    /// The tunnel to a gateway port of an SSH host.
    pub(crate) fn of(paths: &Paths, target: &SshTarget, remote_port: u16) -> Self {
        let digest = sha256_hex(format!("{target} {remote_port}").as_bytes());
        Self {
            dir: dir(paths),
            key: digest[..16].to_owned(),
        }
    }

    /// Every tunnel that left a record, in the order of their keys.
    pub(crate) fn all(paths: &Paths) -> Vec<Self> {
        let dir = dir(paths);
        let mut keys: Vec<String> = fs::read_dir(&dir)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.to_owned()))
            .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
            .collect();
        keys.sort();
        keys.into_iter()
            .map(|key| Self {
                dir: dir.clone(),
                key,
            })
            .collect()
    }

    fn file(&self, kind: &str) -> PathBuf {
        self.dir.join(format!("{}.{kind}", self.key))
    }

    /// The lock of the process that watches over it.
    pub(crate) fn lock_file(&self) -> PathBuf {
        self.file("lock")
    }

    /// The last record, whether or not anybody keeps it true.
    pub(crate) fn record(&self) -> Option<Record> {
        let text = fs::read_to_string(self.file("json")).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// Who holds the lock.
    pub(crate) fn holder(&self) -> Result<Option<LockHeld>, LockError> {
        peek(&self.lock_file(), now_ms())
    }

    /// The record of a tunnel whose process lives.
    pub(crate) fn running(&self) -> Option<Record> {
        let holder = self.holder().ok()??;
        // A record of an earlier process is not this one's.
        self.record()
            .filter(|record| holder.pid == Some(record.pid))
    }

    /// Replaces the record.
    pub(crate) fn write(&self, record: &Record) -> Result<(), StoreError> {
        let text = serde_json::to_vec_pretty(record).unwrap_or_default();
        write_private(&self.file("json"), &text)
    }

    /// Makes the directory.
    pub(crate) fn prepare(&self) -> Result<(), StoreError> {
        private_dir(&self.dir)
    }

    /// Port of this machine that it had last; it gets the same one again when that is free.
    pub(crate) fn last_port(&self) -> Option<u16> {
        let text = fs::read_to_string(self.file("port")).ok()?;
        text.trim().parse().ok()
    }

    /// Remembers the port.
    pub(crate) fn remember_port(&self, port: u16) -> Result<(), StoreError> {
        write_private(&self.file("port"), port.to_string().as_bytes())
    }

    /// Forgets everything but the port and the lock, whose file others may hold.
    pub(crate) fn forget(&self) {
        for kind in ["json", "keep"] {
            remove(&self.file(kind));
        }
    }

    /// From now on it stays, also when nobody uses it.
    pub(crate) fn keep(&self) -> Result<(), StoreError> {
        write_private(&self.file("keep"), b"")
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.file("keep").exists()
    }

    /// Notes a user, until the file is closed.
    pub(crate) fn begin_use(&self) -> io::Result<File> {
        let file = self.use_file()?;
        // Only a look for users can be in the way, and it does not last.
        file.lock_shared()?;
        Ok(file)
    }

    /// Whether nobody uses it.
    pub(crate) fn is_unused(&self) -> bool {
        self.use_file().is_ok_and(|file| file.try_lock().is_ok())
    }

    fn use_file(&self) -> io::Result<File> {
        private_file_options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(self.file("use"))
    }
}

fn dir(paths: &Paths) -> PathBuf {
    paths.state_dir.join("tunnels")
}

fn remove(path: &Path) {
    // What is not there need not be removed.
    fs::remove_file(path).ok();
}
