//! The store of a single gateway: one `SQLite` database, owned by one thread.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use rusqlite::{Connection, ToSql};
use tokio::sync::watch;

use super::queue::{Question, Queue};
use super::schema::{AUDIT_ANCHOR_KEY, AUDIT_HEAD_KEY};
use super::writer::Writer;
use super::{CommitHandle, Store, StoreError, StoreReport, create, recover, rows};
use crate::audit::{AuditEntry, AuditFilter, AuditVerdict, ChainCheck, ChainHead};
use crate::records::{Change, StoredState};

/// Stack of the writer thread. `SQLite` needs little.
const STACK_BYTES: usize = 512 * 1024;

/// A [`Store`] in a `SQLite` database.
pub struct SqliteStore {
    path: PathBuf,
    queue: Arc<Queue>,
    report: StoreReport,
    head: watch::Receiver<i64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Opens the database at `path`, creating it and its folder if need be. A damaged database is set aside and
    /// replaced by what can be saved of it; [`Store::report`] then says so. Blocks.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let (connection, report) = create::open(path)?;
        if let Some(recovery) = &report.recovery {
            recover::log(path, recovery);
        }
        let queue = Arc::new(Queue::default());
        let (writer, head) = Writer::new(path.to_owned(), Arc::clone(&queue), connection)?;
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .stack_size(STACK_BYTES)
            .spawn(move || writer.run())
            .map_err(|error| StoreError::file("start a thread for", path, error))?;
        Ok(Self {
            path: path.to_owned(),
            queue,
            report,
            head,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Runs `work` with the database, after everything queued before.
    #[cfg(test)]
    pub(super) fn direct<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> T + Send + 'static,
    ) -> super::Reply<T> {
        self.queue.ask(|answer| {
            Question::Direct(Box::new(move |connection| {
                drop(answer.send(Ok(work(connection))));
            }))
        })
    }

    fn reader(&self) -> Result<Connection, StoreError> {
        // Lines that wait should be seen. If they cannot be written, the rest is still of interest.
        if let Err(StoreError::Closed) = self.flush().wait() {
            return Err(StoreError::Closed);
        }
        create::connect_reader(&self.path).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        StoreError::database(&self.path, error)
    }
}

impl Store for SqliteStore {
    fn load(&self) -> Result<StoredState, StoreError> {
        self.queue.ask(Question::Load).wait()
    }

    fn commit(&self, changes: Vec<Change>) -> CommitHandle {
        self.queue.commit(changes)
    }

    fn commit_lazily(&self, changes: Vec<Change>) {
        self.queue.commit_lazily(changes);
    }

    fn audit_list(&self, filter: &AuditFilter) -> Result<Vec<AuditEntry>, StoreError> {
        let connection = self.reader()?;
        list(&connection, filter).map_err(|error| self.failed(error))
    }

    fn audit_head(&self) -> watch::Receiver<i64> {
        self.head.clone()
    }

    fn audit_follow(&self, after_seq: i64, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let connection = create::connect_reader(&self.path).map_err(|error| self.failed(error))?;
        let filter = AuditFilter {
            after_seq: Some(after_seq),
            limit,
            ..AuditFilter::default()
        };
        list(&connection, &filter).map_err(|error| self.failed(error))
    }

    fn audit_verify(&self) -> Result<AuditVerdict, StoreError> {
        let mut connection = self.reader()?;
        verify(&mut connection).map_err(|error| self.failed(error))
    }

    fn flush(&self) -> CommitHandle {
        self.queue.ask(Question::Flush)
    }

    fn close(&self) -> Result<(), StoreError> {
        let Some(thread) = self.thread.lock().take() else {
            return Ok(());
        };
        let closed = self.queue.ask(Question::Close).wait();
        // A thread that panicked has said so, and the reply reads as closed.
        drop(thread.join());
        closed
    }

    fn report(&self) -> &StoreReport {
        &self.report
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(path = %self.path.display(), %error, "cannot close the store");
        }
    }
}

fn list(connection: &Connection, filter: &AuditFilter) -> rusqlite::Result<Vec<AuditEntry>> {
    let mut conditions = Vec::new();
    let mut values: Vec<&dyn ToSql> = Vec::new();
    let below: Vec<String> = filter.kinds.iter().map(|kind| format!("{kind}.")).collect();
    let one = "(kind = ? OR substr(kind, 1, length(?)) = ?)";
    let kinds = format!("({})", vec![one; below.len()].join(" OR "));
    for (kind, below) in filter.kinds.iter().zip(&below) {
        values.extend([kind as &dyn ToSql, below, below]);
    }
    if !below.is_empty() {
        conditions.push(kinds.as_str());
    }
    if let Some(actor) = &filter.actor {
        conditions.push("actor = ?");
        values.push(actor);
    }
    if let Some(subject) = &filter.subject {
        conditions.push("subject = ?");
        values.push(subject);
    }
    if let Some(since_ms) = &filter.since_ms {
        conditions.push("ts >= ?");
        values.push(since_ms);
    }
    if let Some(until_ms) = &filter.until_ms {
        conditions.push("ts < ?");
        values.push(until_ms);
    }
    if let Some(after_seq) = &filter.after_seq {
        conditions.push("seq > ?");
        values.push(after_seq);
    }
    if let Some(before_seq) = &filter.before_seq {
        conditions.push("seq < ?");
        values.push(before_seq);
    }
    let mut sql = String::from("SELECT * FROM audit");
    for (index, condition) in conditions.iter().enumerate() {
        sql.push_str(if index == 0 { " WHERE " } else { " AND " });
        sql.push_str(condition);
    }
    // Whoever follows the log wants the next lines, everyone else the newest.
    sql.push_str(if filter.after_seq.is_some() {
        " ORDER BY seq"
    } else {
        " ORDER BY seq DESC"
    });
    sql.push_str(" LIMIT ?");
    values.push(&filter.limit);
    let mut statement = connection.prepare(&sql)?;
    let lines = statement.query_map(values.as_slice(), rows::audit_line)?;
    let mut entries: Vec<AuditEntry> = lines
        .map(|line| line.map(crate::audit::ChainedLine::into_entry))
        .collect::<rusqlite::Result<_>>()?;
    entries.sort_by_key(|entry| entry.seq);
    Ok(entries)
}

/// Walks the chain in one read transaction, so that head and lines belong together.
fn verify(connection: &mut Connection) -> rusqlite::Result<AuditVerdict> {
    let transaction = connection.transaction()?;
    let head = rows::own_value(&transaction, AUDIT_HEAD_KEY)?
        .and_then(|text| ChainHead::parse(&text))
        .unwrap_or(ChainHead::EMPTY);
    let anchor = rows::own_value(&transaction, AUDIT_ANCHOR_KEY)?
        .and_then(|text| ChainHead::parse(&text))
        .unwrap_or(ChainHead::EMPTY);
    let mut check = ChainCheck::from(anchor);
    let mut statement = transaction.prepare("SELECT * FROM audit ORDER BY seq")?;
    let mut lines = statement.query(())?;
    while let Some(row) = lines.next()? {
        check.line(&rows::audit_line(row)?);
    }
    Ok(check.finish(head))
}
