//! The books without a gateway: what `openclaw devices …` works on while none is running.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use super::import::{self, ImportReport};
use super::{SqliteStore, Store, StoreError, StorePaths, create, rows};
use crate::lock::{self, LockError, LockInfo, StateLock};
use crate::records::{Change, StoredState};

/// Why the books cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// A gateway is running, or another command is at work; [`LockError::Held`] says which.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store, opened under the lock of the state dir, so that no gateway can start meanwhile.
#[derive(Debug)]
pub struct OfflineBooks {
    // Dropped in this order: the lock goes last.
    store: SqliteStore,
    import: ImportReport,
    _lock: Arc<StateLock>,
}

impl OfflineBooks {
    /// Takes the lock and opens the store as a gateway would: recovers it if it is damaged, imports older files if
    /// that has not been done. Blocks.
    pub fn open(paths: &StorePaths, now_ms: i64) -> Result<Self, OfflineError> {
        let info = LockInfo::of_this_process(now_ms);
        let lock = StateLock::acquire(&paths.lock, info, now_ms)?;
        let mut books = Self::under(Arc::new(lock), paths)?;
        let state = books.load()?;
        books.import = import::run(&books.store, &state, &paths.state_dir, now_ms)?;
        Ok(books)
    }

    /// Opens the store under a lock of the state dir that the caller took, and imports nothing. Blocks.
    pub fn under(lock: Arc<StateLock>, paths: &StorePaths) -> Result<Self, OfflineError> {
        Ok(Self {
            store: SqliteStore::open(&paths.database)?,
            import: ImportReport::default(),
            _lock: lock,
        })
    }

    /// Everything that is remembered.
    pub fn load(&self) -> Result<StoredState, StoreError> {
        self.store.load()
    }

    /// Stores a batch and waits until it is durable.
    pub fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.store.commit(changes).wait()
    }

    /// The store itself, for the audit log and the report.
    pub fn store(&self) -> &dyn Store {
        &self.store
    }

    /// What was imported just now.
    pub fn import(&self) -> &ImportReport {
        &self.import
    }

    /// Closes the store, then releases the lock.
    pub fn close(self) -> Result<(), StoreError> {
        self.store.close()
    }
}

/// What the books say, for commands that only list: takes no lock, creates nothing, changes nothing. Without a store,
/// what an import would bring. A damaged store is an error here; [`OfflineBooks::open`] recovers it.
pub fn view(paths: &StorePaths, now_ms: i64) -> Result<StoredState, OfflineError> {
    let database = &paths.database;
    let mut state = match fs::metadata(database) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => StoredState::default(),
        Err(error) => return Err(StoreError::file("look at", database, error).into()),
        Ok(_) => read(paths, now_ms)?,
    };
    let (changes, _) = import::plan(&state, &paths.state_dir, now_ms);
    for change in changes {
        match change {
            Change::PutDevice(device) => state.devices.push(*device),
            Change::PutPendingDevice(request) => state.pending_devices.push(*request),
            Change::PutNode(node) => state.nodes.push(*node),
            Change::PutPendingNode(request) => state.pending_nodes.push(*request),
            _ => {}
        }
    }
    Ok(state)
}

fn read(paths: &StorePaths, now_ms: i64) -> Result<StoredState, OfflineError> {
    let database = &paths.database;
    let failed = |error| StoreError::database(database, error);
    let in_use =
        lock::peek(&paths.lock, now_ms)?.is_some() || create::sibling(database, "-wal").exists();
    let connection = if in_use {
        create::connect_reader(database)
    } else {
        connect_untouched(database)
    };
    let connection = connection.map_err(failed)?;
    Ok(rows::state(&connection, now_ms).map_err(failed)?)
}

/// Opens a database that nobody uses without so much as a lock file beside it.
fn connect_untouched(path: &Path) -> rusqlite::Result<Connection> {
    let Some(text) = path.to_str() else {
        return create::connect_reader(path);
    };
    let escaped = text
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)
}
