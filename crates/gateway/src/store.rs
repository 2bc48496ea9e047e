//! Where the gateway keeps what it must not forget.
//!
//! Owns the [`Store`] trait, its errors and the paths inside the state dir. [`SqliteStore`] is the store of a single
//! gateway. It does not decide anything: callers hold the books in memory and hand over [`Change`]s.

mod apply;
mod create;
pub mod import;
pub mod offline;
mod queue;
mod recover;
mod rows;
mod salvage;
mod schema;
mod snapshot;
mod sqlite;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use tokio::sync::{oneshot, watch};

use crate::audit::{AuditEntry, AuditFilter, AuditVerdict};
use crate::records::{Change, StoredState};

pub use offline::{OfflineBooks, OfflineError};
pub use sqlite::SqliteStore;

/// Durable memory of a gateway.
///
/// Methods that return a value directly block the calling thread; call them at start, at the end, or on a blocking
/// thread. Those that return a [`Reply`] do not block.
pub trait Store: Send + Sync + fmt::Debug {
    /// Everything that is remembered.
    fn load(&self) -> Result<StoredState, StoreError>;

    /// Stores a batch. It is queued when this returns, whether or not the handle is kept; the handle resolves once
    /// the batch would survive a power loss, or with the reason why nothing of it was stored.
    fn commit(&self, changes: Vec<Change>) -> CommitHandle;

    /// Stores changes that may be lost by a power loss: written together within 250 ms or with the next batch.
    /// Never blocks: beyond a bound, audit lines are dropped, and a later audit line says how many.
    fn commit_lazily(&self, changes: Vec<Change>);

    /// Lists audit lines, oldest first. Blocks.
    fn audit_list(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, StoreError>;

    /// The number of the last audit line that was written, as it grows.
    fn audit_head(&self) -> watch::Receiver<i64>;

    /// The next audit lines after a number, of those that [`Store::audit_head`] has told of; waits for nothing else. Blocks.
    fn audit_follow(&self, after_seq: i64, limit: u32) -> Result<Vec<AuditEntry>, StoreError>;

    /// Checks the audit chain. Blocks, for longer the longer the log is.
    fn audit_verify(&self) -> Result<AuditVerdict, StoreError>;

    /// Resolves once everything queued before would survive a power loss.
    fn flush(&self) -> CommitHandle;

    /// Writes everything queued and closes. Later commits fail with [`StoreError::Closed`]. Blocks.
    fn close(&self) -> Result<(), StoreError>;

    /// What happened when the store was opened.
    fn report(&self) -> &StoreReport;
}

/// Resolves once a batch is durable.
pub type CommitHandle = Reply<()>;

/// The other end of a [`Reply`].
pub type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// An answer of the store that is still to come. Dropping it does not cancel the work.
#[derive(Debug)]
pub struct Reply<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T> Reply<T> {
    /// An open reply and its other end. An answer that is dropped reads as [`StoreError::Closed`].
    pub fn channel() -> (Answer<T>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self(receiver))
    }

    /// A reply that is there already.
    pub fn ready(result: Result<T, StoreError>) -> Self {
        let (answer, reply) = Self::channel();
        // The receiver lives in `reply`, so sending cannot fail.
        drop(answer.send(result));
        reply
    }

    /// Blocks the thread until the answer is there. For commands without a runtime, start and shutdown.
    pub fn wait(self) -> Result<T, StoreError> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut reply = pin!(self);
        loop {
            match reply.as_mut().poll(&mut context) {
                Poll::Ready(result) => return result,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl<T> Future for Reply<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|answer| answer.unwrap_or(Err(StoreError::Closed)))
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Why the store could not do something. Cloned to everyone whose batch was in the same transaction.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The file was written by a later version. It is left as it is.
    #[error(
        "{} was written by a later version of openclaw (format {found}, this version knows {known}); \
         start that version, or move the file away to begin anew", path.display()
    )]
    LaterVersion {
        /// Database.
        path: PathBuf,
        /// Format of the file.
        found: i64,
        /// Latest format that this version knows.
        known: i64,
    },
    /// Another process keeps the database busy.
    #[error("{} is locked by another process; close that process and try again", path.display())]
    Locked {
        /// Database.
        path: PathBuf,
    },
    /// No space is left. Nothing of the batch was stored, everything stored before is intact.
    #[error("cannot write {}: no space left; free some space, then try again", path.display())]
    Full {
        /// Database.
        path: PathBuf,
    },
    /// Reading or writing failed.
    #[error("cannot use {}: {source}", path.display())]
    Database {
        /// Database.
        path: PathBuf,
        /// What the database said.
        source: Arc<rusqlite::Error>,
    },
    /// A file operation failed.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// What was tried, as in "cannot create".
        action: &'static str,
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// The database is damaged, and it could not be set aside, so it was left as it is.
    #[error("{} is damaged ({damage}) and could not be set aside: {source}", path.display())]
    Quarantine {
        /// Database.
        path: PathBuf,
        /// What is wrong with it.
        damage: String,
        /// Why no copy could be made.
        source: Arc<std::io::Error>,
    },
    /// More batches are waiting than the disk can take.
    #[error("the store is overloaded: {waiting} batches are waiting for the disk")]
    Overloaded {
        /// Batches in the queue.
        waiting: usize,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Sorts an error of the database into the cases that users can act on.
    pub(crate) fn database(path: &Path, error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            _ => Self::Database {
                path,
                source: Arc::new(error),
            },
        }
    }

    pub(crate) fn file(action: &'static str, path: &Path, error: std::io::Error) -> Self {
        Self::File {
            action,
            path: path.to_owned(),
            source: Arc::new(error),
        }
    }
}

/// What happened when a store was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreReport {
    /// Whether the database was new.
    pub created: bool,
    /// Set when the database was damaged.
    pub recovery: Option<Recovery>,
}

/// How a damaged database was put in order. The damaged one is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// What was wrong.
    pub damage: String,
    /// The damaged files, set aside.
    pub quarantined: Vec<PathBuf>,
    /// Devices that are there again.
    pub devices: usize,
    /// Nodes that are there again.
    pub nodes: usize,
    /// Ids of devices and nodes that came from the snapshot beside the database.
    pub from_snapshot: Vec<String>,
    /// What could not be read, in words.
    pub lost: Vec<String>,
}

/// Where the store's files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePaths {
    /// Where an earlier program left its files.
    pub state_dir: PathBuf,
    /// The database.
    pub database: PathBuf,
    /// The lock that a running gateway holds.
    pub lock: PathBuf,
}

impl From<&openclaw_config::paths::Paths> for StorePaths {
    fn from(paths: &openclaw_config::paths::Paths) -> Self {
        Self {
            state_dir: paths.state_dir.clone(),
            database: paths.database_file.clone(),
            lock: paths.lock_file.clone(),
        }
    }
}

/// Milliseconds since the epoch.
pub(crate) fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
