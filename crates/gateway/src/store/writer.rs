//! The thread that owns the database. Takes everything that waits, writes it in one transaction, answers everyone.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use tokio::sync::watch;
use tracing::{error, warn};

use super::apply::{apply, concerns_snapshot, prune_audit, put_head, put_value};
use super::queue::{Batch, Question, Queue, Work, audit_lines, dropped_line};
use super::schema::{AUDIT_HEAD_KEY, AUDIT_LINES_KEPT, AUDIT_PRUNE_EVERY, GENERATION_KEY};
use super::{StoreError, create, now_ms, recover, rows, snapshot};
use crate::audit::ChainHead;
use crate::records::StoredState;

/// How long the snapshot may lag behind while changes keep coming.
const SNAPSHOT_DELAY: Duration = Duration::from_secs(1);

/// What has to hold for a transaction that was committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// Survives a power loss.
    Full,
    /// Survives the end of the process.
    Lazy,
}

pub(super) struct Writer {
    path: PathBuf,
    queue: Arc<Queue>,
    connection: Connection,
    /// False between a recovery that failed and one that works.
    is_open: bool,
    head: ChainHead,
    /// Tells how far the audit log goes.
    told: watch::Sender<i64>,
    generation: i64,
    durability: Option<Durability>,
    /// Whether something was committed that a power loss may still take.
    unsynced: bool,
    snapshot_due: Option<Instant>,
}

/// Closes the queue however the thread ends, so that no caller waits for ever.
struct Abandon(Arc<Queue>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl Writer {
    pub(super) fn new(
        path: PathBuf,
        queue: Arc<Queue>,
        connection: Connection,
    ) -> Result<(Self, watch::Receiver<i64>), StoreError> {
        let position = position(&connection);
        let (head, generation) = position.map_err(|error| StoreError::database(&path, error))?;
        // A new or recovered database has no snapshot of its own yet.
        let is_current =
            snapshot::read(&path).is_some_and(|snapshot| snapshot.generation == generation);
        let snapshot_due = (!is_current).then(Instant::now);
        let (is_open, durability, unsynced) = (true, None, false);
        let (told, head_told) = watch::channel(head.seq);
        let writer = Self {
            path,
            queue,
            connection,
            is_open,
            head,
            told,
            generation,
            durability,
            unsynced,
            snapshot_due,
        };
        Ok((writer, head_told))
    }

    /// Runs until the store is closed.
    pub(super) fn run(mut self) {
        let _abandon = Abandon(Arc::clone(&self.queue));
        loop {
            let work = self.queue.take(self.snapshot_due);
            let Work {
                batches,
                questions,
                dropped_lines,
            } = work;
            let flush = questions
                .iter()
                .any(|question| matches!(question, Question::Flush(_) | Question::Close(_)));
            let written = self.write(batches, dropped_lines, flush);
            if self.snapshot_due.is_some_and(|due| due <= Instant::now()) {
                self.take_snapshot();
            }
            for question in questions {
                // An asker that has gone away needs no answer.
                match question {
                    Question::Load(answer) => drop(answer.send(self.load())),
                    Question::Flush(answer) => drop(answer.send(written.clone())),
                    Question::Direct(work) => work(&mut self.connection),
                    Question::Close(answer) => {
                        let closed = self.close();
                        drop(answer.send(written.and(closed)));
                        return;
                    }
                }
            }
        }
    }

    fn load(&mut self) -> Result<StoredState, StoreError> {
        self.ensure_open()?;
        rows::state(&self.connection, now_ms())
            .map_err(|error| StoreError::database(&self.path, error))
    }

    /// Writes batches and answers them. The result says whether lazy changes (and with `flush` everything before)
    /// were written.
    fn write(&mut self, batches: Vec<Batch>, dropped: u64, flush: bool) -> Result<(), StoreError> {
        let durable = flush || batches.iter().any(|batch| batch.answer.is_some());
        let durability = if durable {
            Durability::Full
        } else {
            Durability::Lazy
        };
        if batches.is_empty() && (dropped == 0 || !flush) {
            self.queue.count_dropped(dropped);
            return if flush && self.unsynced {
                self.sync()
            } else {
                Ok(())
            };
        }
        match self.transact_or_recover(&batches, dropped, durability) {
            Ok(()) => {
                answer_all(batches, &Ok(()));
                Ok(())
            }
            Err(failure) if batches.len() < 2 || !is_about_one_batch(&failure) => {
                self.give_up(batches, dropped, &failure)
            }
            Err(_) => self.write_singly(batches, dropped),
        }
    }

    /// One batch spoiled the transaction of all: every durable batch gets one of its own, lazy changes share one.
    fn write_singly(&mut self, batches: Vec<Batch>, dropped: u64) -> Result<(), StoreError> {
        let (durable, lazy): (Vec<Batch>, Vec<Batch>) = batches
            .into_iter()
            .partition(|batch| batch.answer.is_some());
        for batch in durable {
            let batch = [batch];
            let result = self.transact(&batch, 0, Durability::Full);
            answer_all(batch, &result);
        }
        match self.transact(&lazy, dropped, Durability::Full) {
            Ok(()) => Ok(()),
            Err(failure) => self.give_up(lazy, dropped, &failure),
        }
    }

    fn give_up(
        &mut self,
        batches: Vec<Batch>,
        dropped: u64,
        failure: &StoreError,
    ) -> Result<(), StoreError> {
        error!(path = %self.path.display(), error = %failure, "cannot store changes");
        let lost: u64 = batches
            .iter()
            .filter(|batch| batch.answer.is_none())
            .map(audit_lines)
            .sum();
        self.queue.count_dropped(dropped + lost);
        answer_all(batches, &Err(failure.clone()));
        Err(failure.clone())
    }

    fn transact_or_recover(
        &mut self,
        batches: &[Batch],
        dropped: u64,
        durability: Durability,
    ) -> Result<(), StoreError> {
        let failure = match self.transact(batches, dropped, durability) {
            Err(StoreError::Database { source, .. }) if is_damage(&source) => source,
            other => return other,
        };
        warn!(path = %self.path.display(), error = %failure, "the database is damaged");
        self.reopen()?;
        self.transact(batches, dropped, durability)
    }

    fn ensure_open(&mut self) -> Result<(), StoreError> {
        if self.is_open { Ok(()) } else { self.reopen() }
    }

    /// Closes the damaged database and puts a recovered one in its place.
    fn reopen(&mut self) -> Result<(), StoreError> {
        let path = self.path.clone();
        let failed = |error| StoreError::database(&path, error);
        let placeholder = Connection::open_in_memory().map_err(failed)?;
        self.is_open = false;
        drop(std::mem::replace(&mut self.connection, placeholder));
        let (connection, report) = create::open(&self.path)?;
        if let Some(recovery) = &report.recovery {
            recover::log(&self.path, recovery);
        }
        let (head, generation) = position(&connection).map_err(failed)?;
        self.connection = connection;
        self.is_open = true;
        (self.head, self.generation, self.durability) = (head, generation, None);
        Ok(())
    }

    fn transact(
        &mut self,
        batches: &[Batch],
        dropped: u64,
        durability: Durability,
    ) -> Result<(), StoreError> {
        self.ensure_open()?;
        let mut head = self.head;
        let moves_on = batches
            .iter()
            .flat_map(|batch| &batch.changes)
            .any(concerns_snapshot);
        let generation = self.generation + i64::from(moves_on);
        let result = self
            .set_durability(durability)
            .and_then(|()| self.connection.execute_batch("BEGIN IMMEDIATE"))
            .and_then(|()| {
                for change in batches.iter().flat_map(|batch| &batch.changes) {
                    apply(&self.connection, change, &mut head)?;
                }
                if dropped > 0 {
                    apply(
                        &self.connection,
                        &dropped_line(dropped, now_ms()),
                        &mut head,
                    )?;
                }
                if moves_on {
                    put_value(&self.connection, GENERATION_KEY, &generation.to_string())?;
                }
                if head != self.head {
                    put_head(&self.connection, head)?;
                }
                if head.seq / AUDIT_PRUNE_EVERY != self.head.seq / AUDIT_PRUNE_EVERY {
                    prune_audit(&self.connection, head.seq - AUDIT_LINES_KEPT)?;
                }
                self.connection.execute_batch("COMMIT")
            });
        if let Err(failure) = result {
            // Some errors have rolled back already.
            if !self.connection.is_autocommit()
                && let Err(error) = self.connection.execute_batch("ROLLBACK")
            {
                warn!(path = %self.path.display(), %error, "cannot roll back");
            }
            return Err(StoreError::database(&self.path, failure));
        }
        (self.head, self.generation) = (head, generation);
        self.told.send_if_modified(|told| {
            let moved = *told != head.seq;
            *told = head.seq;
            moved
        });
        self.unsynced = durability == Durability::Lazy;
        if moves_on && self.snapshot_due.is_none() {
            self.snapshot_due = Some(Instant::now() + SNAPSHOT_DELAY);
        }
        Ok(())
    }

    fn set_durability(&mut self, durability: Durability) -> rusqlite::Result<()> {
        if self.durability != Some(durability) {
            let level = if durability == Durability::Full {
                "FULL"
            } else {
                "NORMAL"
            };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.durability = Some(durability);
        }
        Ok(())
    }

    /// A checkpoint syncs the log first, which makes lazy commits durable.
    fn sync(&mut self) -> Result<(), StoreError> {
        create::checkpoint(&self.connection, "PASSIVE")
            .map_err(|error| StoreError::database(&self.path, error))?;
        self.unsynced = false;
        Ok(())
    }

    fn take_snapshot(&mut self) {
        self.snapshot_due = None;
        if let Err(error) = snapshot::write(&self.path, &self.connection, self.generation) {
            // The database itself is fine; the next change tries again.
            warn!(path = %self.path.display(), %error, "cannot write the snapshot");
        }
    }

    fn close(&mut self) -> Result<(), StoreError> {
        if self.snapshot_due.is_some() {
            self.take_snapshot();
        }
        create::checkpoint(&self.connection, "TRUNCATE")
            .map_err(|error| StoreError::database(&self.path, error))
    }
}

fn answer_all(batches: impl IntoIterator<Item = Batch>, result: &Result<(), StoreError>) {
    for answer in batches.into_iter().filter_map(|batch| batch.answer) {
        // A caller that dropped its handle does not want to know.
        drop(answer.send(result.clone()));
    }
}

/// Where chain and generation stand.
fn position(connection: &Connection) -> rusqlite::Result<(ChainHead, i64)> {
    let last: i64 = connection.query_row("SELECT coalesce(max(seq), 0) FROM audit", (), |row| {
        row.get(0)
    })?;
    let mut head = rows::own_value(connection, AUDIT_HEAD_KEY)?
        .and_then(|text| ChainHead::parse(&text))
        .unwrap_or(ChainHead::EMPTY);
    // Lines behind the head are not ours; numbering goes on after them, and a check of the chain names them.
    head.seq = head.seq.max(last);
    let generation = rows::own_value(connection, GENERATION_KEY)?;
    Ok((
        head,
        generation.and_then(|text| text.parse().ok()).unwrap_or(0),
    ))
}

/// Whether the file, not the request, is at fault.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// Whether another batch might do better alone.
fn is_about_one_batch(failure: &StoreError) -> bool {
    match failure {
        StoreError::Full { .. } => true,
        StoreError::Database { source, .. } => !matches!(
            source.sqlite_error_code(),
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly)
        ),
        _ => false,
    }
}
