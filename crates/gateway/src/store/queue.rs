//! What waits for the writer thread: durable batches, lazy changes, and questions.
//!
//! Everything keeps the order in which it was handed over, so that a lazy touch never overtakes a newer record.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use super::{Answer, Reply, StoreError};
use crate::records::{AuditEvent, Change, CredentialHash, StoredState};

/// Longest time that a lazy change waits while nothing durable comes along.
const LAZY_DELAY: Duration = Duration::from_millis(250);
/// Audit lines that wait at most; a flood of connects costs no more memory than this.
pub(super) const MAX_LAZY_LINES: usize = 1024;
/// Touches that wait at most, one per device and token.
const MAX_LAZY_TOUCHES: usize = 4096;
/// Durable batches that wait at most. Far beyond what a working disk lets pile up.
const MAX_WAITING: usize = 4096;

/// A batch, applied as a whole or not at all.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) changes: Vec<Change>,
    /// `None` for lazy changes.
    pub(super) answer: Option<Answer<()>>,
}

/// What is not a batch. Handled after the batches that were queued before.
pub(super) enum Question {
    Load(Answer<StoredState>),
    Flush(Answer<()>),
    Close(Answer<()>),
    /// Direct access, for what only tests do to a database.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "only tests ask for direct access")
    )]
    Direct(Box<dyn FnOnce(&mut Connection) + Send>),
}

/// Everything that was waiting.
#[derive(Default)]
pub(super) struct Work {
    pub(super) batches: Vec<Batch>,
    pub(super) questions: Vec<Question>,
    /// Audit lines that were dropped since the last time.
    pub(super) dropped_lines: u64,
}

#[derive(Default)]
struct Waiting {
    ticket: u64,
    durable: Vec<(u64, Batch)>,
    questions: Vec<Question>,
    touches: HashMap<(String, Option<CredentialHash>), (u64, Change)>,
    /// Audit lines and everything else that came lazily.
    lazy: Vec<(u64, Change)>,
    lazy_since: Option<Instant>,
    dropped_lines: u64,
    closed: bool,
}

impl Waiting {
    fn next_ticket(&mut self) -> u64 {
        self.ticket += 1;
        self.ticket
    }

    fn add_lazily(&mut self, change: Change) {
        let ticket = self.next_ticket();
        match change {
            Change::TouchDevice {
                ref device_id,
                token,
                ..
            } => {
                let key = (device_id.clone(), token);
                if self.touches.len() < MAX_LAZY_TOUCHES || self.touches.contains_key(&key) {
                    self.touches.insert(key, (ticket, change));
                }
            }
            Change::Audit(_) if self.lazy.len() >= MAX_LAZY_LINES => self.dropped_lines += 1,
            change => self.lazy.push((ticket, change)),
        }
    }

    fn take(&mut self) -> Work {
        self.lazy_since = None;
        let lazy = self
            .touches
            .drain()
            .map(|(_, touch)| touch)
            .chain(self.lazy.drain(..));
        let mut batches: Vec<(u64, Batch)> = lazy
            .map(|(ticket, change)| {
                (
                    ticket,
                    Batch {
                        changes: vec![change],
                        answer: None,
                    },
                )
            })
            .chain(self.durable.drain(..))
            .collect();
        batches.sort_by_key(|(ticket, _)| *ticket);
        Work {
            batches: batches.into_iter().map(|(_, batch)| batch).collect(),
            questions: std::mem::take(&mut self.questions),
            dropped_lines: std::mem::take(&mut self.dropped_lines),
        }
    }
}

/// The queue between callers and the writer thread.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    wake: Condvar,
}

impl Queue {
    /// Queues a durable batch.
    pub(super) fn commit(&self, mut changes: Vec<Change>) -> Reply<()> {
        bound(&mut changes);
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return Reply::ready(Err(StoreError::Closed));
        }
        if waiting.durable.len() >= MAX_WAITING {
            let waiting = waiting.durable.len();
            return Reply::ready(Err(StoreError::Overloaded { waiting }));
        }
        let (answer, reply) = Reply::channel();
        let ticket = waiting.next_ticket();
        waiting.durable.push((
            ticket,
            Batch {
                changes,
                answer: Some(answer),
            },
        ));
        drop(waiting);
        self.wake.notify_one();
        reply
    }

    /// Queues changes that may wait.
    pub(super) fn commit_lazily(&self, mut changes: Vec<Change>) {
        bound(&mut changes);
        let mut waiting = self.waiting.lock();
        if waiting.closed || changes.is_empty() {
            return;
        }
        for change in changes {
            waiting.add_lazily(change);
        }
        if waiting.lazy_since.is_none() {
            waiting.lazy_since = Some(Instant::now());
            drop(waiting);
            // The thread may be in its sleep without a deadline.
            self.wake.notify_one();
        }
    }

    /// Queues a question, built from its answer.
    pub(super) fn ask<T>(&self, question: impl FnOnce(Answer<T>) -> Question) -> Reply<T> {
        let (answer, reply) = Reply::channel();
        self.put(question(answer));
        reply
    }

    /// Queues a question. On a closed queue it is dropped, which its asker reads as [`StoreError::Closed`].
    pub(super) fn put(&self, question: Question) {
        let mut waiting = self.waiting.lock();
        if waiting.closed {
            return;
        }
        if matches!(question, Question::Close(_)) {
            waiting.closed = true;
        }
        waiting.questions.push(question);
        drop(waiting);
        self.wake.notify_one();
    }

    /// Waits for work: at once for durable batches and questions, [`LAZY_DELAY`] after the first lazy change, or with
    /// nothing at `deadline`. Without any of these the thread sleeps without a timer.
    pub(super) fn take(&self, deadline: Option<Instant>) -> Work {
        let mut waiting = self.waiting.lock();
        loop {
            let lazy_deadline = waiting.lazy_since.map(|since| since + LAZY_DELAY);
            let next = [lazy_deadline, deadline].into_iter().flatten().min();
            let is_due = next.is_some_and(|next| next <= Instant::now());
            if is_due || !waiting.durable.is_empty() || !waiting.questions.is_empty() {
                return waiting.take();
            }
            match next {
                Some(next) => {
                    // Time-out or not, the loop looks again.
                    let _timed_out = self.wake.wait_until(&mut waiting, next);
                }
                None => self.wake.wait(&mut waiting),
            }
        }
    }

    /// Counts audit lines that could not be written.
    pub(super) fn count_dropped(&self, lines: u64) {
        self.waiting.lock().dropped_lines += lines;
    }

    /// Refuses everything from now on and drops what waits, which its callers read as [`StoreError::Closed`].
    pub(super) fn abandon(&self) {
        let mut waiting = self.waiting.lock();
        waiting.closed = true;
        let work = waiting.take();
        drop(waiting);
        drop(work);
    }
}

fn bound(changes: &mut [Change]) {
    for change in changes {
        if let Change::Audit(event) = change {
            event.bound();
        }
    }
}

/// The line that stands for lines that were dropped.
pub(super) fn dropped_line(lines: u64, now_ms: i64) -> Change {
    Change::Audit(Box::new(AuditEvent {
        ts: now_ms,
        kind: "audit.dropped".to_owned(),
        actor: "gateway".to_owned(),
        remote_ip: None,
        subject: None,
        details: serde_json::json!({ "lines": lines }),
    }))
}

/// Audit lines among the changes of a batch.
pub(super) fn audit_lines(batch: &Batch) -> u64 {
    let lines = batch
        .changes
        .iter()
        .filter(|change| matches!(change, Change::Audit(_)));
    lines.count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(device: &str, at_ms: i64) -> Change {
        Change::TouchDevice {
            device_id: device.to_owned(),
            token: None,
            at_ms,
            reason: "connect",
        }
    }

    fn line(n: i64) -> Change {
        dropped_line(0, n)
    }

    fn shape(work: &Work) -> Vec<String> {
        let name = |change: &Change| match change {
            Change::TouchDevice {
                device_id, at_ms, ..
            } => format!("touch {device_id} {at_ms}"),
            Change::Audit(event) => format!("line {}", event.ts),
            Change::RemoveDevice(id) => format!("remove {id}"),
            other => format!("{other:?}"),
        };
        work.batches
            .iter()
            .flat_map(|batch| batch.changes.iter().map(name))
            .collect()
    }

    #[test]
    fn order_of_arrival_is_kept_and_touches_coalesce() {
        let queue = Queue::default();
        queue.commit_lazily(vec![touch("a", 1), line(1), touch("b", 2)]);
        drop(queue.commit(vec![Change::RemoveDevice("b".to_owned())]));
        queue.commit_lazily(vec![touch("a", 3), line(2)]);
        assert_eq!(
            shape(&queue.take(None)),
            ["line 1", "touch b 2", "remove b", "touch a 3", "line 2"]
        );
    }

    #[test]
    fn overflow_drops_lines_and_counts_them() {
        let queue = Queue::default();
        for n in 0..2000 {
            queue.commit_lazily(vec![line(n), touch("a", n)]);
        }
        drop(queue.commit(Vec::new()));
        let work = queue.take(None);
        assert_eq!(work.dropped_lines, 2000 - MAX_LAZY_LINES as u64);
        assert_eq!(work.batches.len(), MAX_LAZY_LINES + 2);
        assert_eq!(
            shape(&work).last().map(String::as_str),
            Some("touch a 1999")
        );
    }

    #[test]
    fn too_many_waiting_batches_are_refused_at_once() {
        let queue = Queue::default();
        let replies: Vec<_> = (0..MAX_WAITING).map(|_| queue.commit(Vec::new())).collect();
        let refused = queue.commit(Vec::new()).wait();
        assert!(matches!(
            refused,
            Err(StoreError::Overloaded {
                waiting: MAX_WAITING
            })
        ));
        drop(replies);
    }

    #[test]
    fn abandoned_queue_answers_closed() {
        let queue = Queue::default();
        let reply = queue.commit(Vec::new());
        queue.abandon();
        assert!(matches!(reply.wait(), Err(StoreError::Closed)));
        assert!(matches!(
            queue.commit(Vec::new()).wait(),
            Err(StoreError::Closed)
        ));
        let loaded = queue.ask(Question::Load).wait();
        assert!(matches!(loaded, Err(StoreError::Closed)));
    }
}
