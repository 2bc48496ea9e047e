//! What waits to be written to one connection, bounded in bytes.
//!
//! Any task may push; only the connection's actor pops. A full outbox never blocks the pusher: events of which only the
//! newest matters replace each other, other events are dropped and counted (the reader gets a `resync` event once it
//! reads again), and an answer that does not fit closes the connection as a slow consumer.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use openclaw_protocol::error::close;
use openclaw_protocol::event::EventSpec;
use parking_lot::Mutex;

/// Something to write.
#[derive(Debug, Clone)]
pub enum Item {
    /// A finished frame: an answer or a direct event.
    Frame(Bytes),
    /// A broadcast event without its end, which carries this connection's sequence number.
    Event {
        /// Which event.
        spec: &'static EventSpec,
        /// The shared bytes.
        head: Bytes,
    },
}

impl Item {
    fn len(&self) -> usize {
        match self {
            Self::Frame(bytes) | Self::Event { head: bytes, .. } => bytes.len(),
        }
    }
}

/// How a connection is to be closed by the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseOrder {
    /// Close code.
    pub code: u16,
    /// Close reason.
    pub reason: String,
}

/// What the actor takes from the outbox.
#[derive(Debug)]
pub enum Popped {
    /// Write this.
    Item(Item),
    /// Say that events were dropped, by name.
    Resync {
        /// How many.
        dropped: u64,
        /// Which.
        events: Vec<&'static str>,
    },
    /// Close, after everything queued before has been written or given up.
    Close(CloseOrder),
}

#[derive(Debug, Default)]
struct Queue {
    items: VecDeque<Item>,
    bytes: usize,
    dropped: u64,
    dropped_events: Vec<&'static str>,
    close: Option<CloseOrder>,
    closed: bool,
}

/// The outbox of one connection.
#[derive(Debug)]
pub struct Outbox {
    queue: Mutex<Queue>,
    answers: usize,
    events: usize,
    waker: AtomicWaker,
}

/// Whether a push was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// It will be written.
    Queued,
    /// It was dropped, or the connection is closing.
    Refused,
}

impl Outbox {
    /// An empty outbox. Answers may fill it to `answers` bytes, events only to `events`.
    pub fn new(answers: usize, events: usize) -> Self {
        Self {
            queue: Mutex::default(),
            answers,
            events,
            waker: AtomicWaker::new(),
        }
    }

    /// Queues an answer or a direct event.
    pub fn push(&self, frame: Bytes) -> Pushed {
        let mut queue = self.queue.lock();
        if queue.closed || queue.close.is_some() {
            return Pushed::Refused;
        }
        // A single answer of any announced size fits an empty outbox; beyond that the budget holds.
        if !queue.items.is_empty() && queue.bytes + frame.len() > self.answers {
            queue.close = Some(CloseOrder {
                code: close::POLICY,
                reason: close::REASON_SLOW_CONSUMER.to_owned(),
            });
            queue.items.clear();
            queue.bytes = 0;
            drop(queue);
            self.waker.wake();
            return Pushed::Refused;
        }
        queue.bytes += frame.len();
        queue.items.push_back(Item::Frame(frame));
        drop(queue);
        self.waker.wake();
        Pushed::Queued
    }

    /// Queues a direct event unless the outbox is over its budget; never closes the connection.
    pub fn try_push(&self, frame: Bytes) -> Pushed {
        let mut queue = self.queue.lock();
        let full = !queue.items.is_empty() && queue.bytes + frame.len() > self.answers;
        if queue.closed || queue.close.is_some() || full {
            return Pushed::Refused;
        }
        queue.bytes += frame.len();
        queue.items.push_back(Item::Frame(frame));
        drop(queue);
        self.waker.wake();
        Pushed::Queued
    }

    /// Queues a broadcast event.
    pub fn push_event(&self, spec: &'static EventSpec, head: &Bytes) {
        let mut queue = self.queue.lock();
        if queue.closed || queue.close.is_some() {
            return;
        }
        if spec.coalesces
            && let Some(position) = queue.items.iter().position(
                |item| matches!(item, Item::Event { spec: queued, .. } if queued.name == spec.name),
            )
        {
            // The reader has not even taken the last one: the newest replaces it in place.
            let old = queue.items[position].len();
            queue.bytes = queue.bytes - old + head.len();
            queue.items[position] = Item::Event {
                spec,
                head: head.clone(),
            };
            return;
        }
        if !queue.items.is_empty() && queue.bytes + head.len() > self.events {
            queue.dropped += 1;
            if !queue.dropped_events.contains(&spec.name) {
                queue.dropped_events.push(spec.name);
            }
            return;
        }
        queue.bytes += head.len();
        queue.items.push_back(Item::Event {
            spec,
            head: head.clone(),
        });
        drop(queue);
        self.waker.wake();
    }

    /// Orders the connection closed once what is queued has been written. The first order wins.
    pub fn close(&self, code: u16, reason: &str) {
        let mut queue = self.queue.lock();
        if !queue.closed && queue.close.is_none() {
            queue.close = Some(CloseOrder {
                code,
                reason: reason.to_owned(),
            });
        }
        drop(queue);
        self.waker.wake();
    }

    /// Takes the next thing to write; registers the actor when there is none.
    pub fn poll_pop(&self, context: &mut Context<'_>) -> Poll<Popped> {
        if let Some(popped) = self.pop() {
            return Poll::Ready(popped);
        }
        self.waker.register(context.waker());
        self.pop().map_or(Poll::Pending, Poll::Ready)
    }

    fn pop(&self) -> Option<Popped> {
        let mut queue = self.queue.lock();
        if let Some(item) = queue.items.pop_front() {
            queue.bytes -= item.len();
            if queue.items.is_empty() && queue.items.capacity() > 64 {
                queue.items = VecDeque::new();
            }
            return Some(Popped::Item(item));
        }
        if queue.dropped > 0 {
            let dropped = std::mem::take(&mut queue.dropped);
            return Some(Popped::Resync {
                dropped,
                events: std::mem::take(&mut queue.dropped_events),
            });
        }
        queue.close.take().map(|order| {
            queue.closed = true;
            Popped::Close(order)
        })
    }

    /// Marks the connection gone: later pushes are refused and nothing is kept.
    pub fn shut(&self) {
        let mut queue = self.queue.lock();
        *queue = Queue {
            closed: true,
            ..Queue::default()
        };
    }

    /// Bytes waiting.
    pub fn queued_bytes(&self) -> usize {
        self.queue.lock().bytes
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    static PRESENCE: EventSpec = EventSpec {
        name: "presence",
        audience: openclaw_protocol::event::Audience::Everyone,
        coalesces: true,
        since: 3,
    };
    static PAIRING: EventSpec = EventSpec {
        name: "device.pair.requested",
        coalesces: false,
        ..PRESENCE
    };

    fn drain(outbox: &Outbox) -> Vec<String> {
        let mut context = Context::from_waker(Waker::noop());
        let mut seen = Vec::new();
        while let Poll::Ready(popped) = outbox.poll_pop(&mut context) {
            seen.push(match popped {
                Popped::Item(Item::Frame(bytes)) => format!("frame {}", bytes.len()),
                Popped::Item(Item::Event { spec, head }) => format!("{} {}", spec.name, head.len()),
                Popped::Resync { dropped, events } => format!("resync {dropped} {events:?}"),
                Popped::Close(order) => format!("close {} {}", order.code, order.reason),
            });
        }
        seen
    }

    #[test]
    fn u31_a_slow_reader_gets_the_newest_state_and_a_resync_and_is_not_closed() {
        let outbox = Outbox::new(100, 100);
        for n in 1..=50 {
            outbox.push_event(&PRESENCE, &Bytes::from(vec![0; n]));
        }
        outbox.push_event(&PAIRING, &Bytes::from(vec![0; 40]));
        for _ in 0..3 {
            outbox.push_event(&PAIRING, &Bytes::from(vec![0; 40]));
        }
        assert_eq!(outbox.queued_bytes(), 90);
        assert_eq!(
            drain(&outbox),
            [
                "presence 50",
                "device.pair.requested 40",
                "resync 3 [\"device.pair.requested\"]"
            ]
        );
    }

    #[test]
    fn u31_answers_over_the_budget_close_the_reader_as_slow() {
        let outbox = Outbox::new(100, 100);
        assert_eq!(
            outbox.push(Bytes::from(vec![0; 5000])),
            Pushed::Queued,
            "one answer of any size fits"
        );
        assert_eq!(outbox.push(Bytes::from(vec![0; 10])), Pushed::Refused);
        assert_eq!(drain(&outbox), ["close 1008 slow consumer"]);
        assert_eq!(outbox.push(Bytes::new()), Pushed::Refused);
    }

    #[test]
    fn a_close_order_comes_after_what_was_queued() {
        let outbox = Outbox::new(100, 100);
        outbox.push(Bytes::from_static(b"x"));
        outbox.close(1012, "service restart");
        outbox.close(1008, "later orders lose");
        assert_eq!(outbox.push(Bytes::from_static(b"y")), Pushed::Refused);
        assert_eq!(drain(&outbox), ["frame 1", "close 1012 service restart"]);
    }
}
