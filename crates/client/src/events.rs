//! Events for subscribers: bounded, and honest about what a slow subscriber missed.

use std::sync::Arc;

use openclaw_protocol::frame::EventFrame;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

/// One item of a subscription.
#[derive(Debug, Clone)]
pub enum EventItem {
    /// An event.
    Event(Arc<EventFrame>),
    /// The subscriber was too slow and this many events are gone; re-read the state you follow.
    Lagged(u64),
}

/// A subscription; goes on over reconnects and ends with the client.
#[derive(Debug)]
pub struct Events(broadcast::Receiver<Arc<EventFrame>>);

impl Events {
    pub(crate) const fn new(receiver: broadcast::Receiver<Arc<EventFrame>>) -> Self {
        Self(receiver)
    }

    /// Waits for the next item; `None` when the client has ended. Cancel safe.
    pub async fn recv(&mut self) -> Option<EventItem> {
        match self.0.recv().await {
            Ok(event) => Some(EventItem::Event(event)),
            Err(RecvError::Lagged(missed)) => Some(EventItem::Lagged(missed)),
            Err(RecvError::Closed) => None,
        }
    }

    /// Takes an item that is already here.
    pub fn try_recv(&mut self) -> Option<EventItem> {
        match self.0.try_recv() {
            Ok(event) => Some(EventItem::Event(event)),
            Err(TryRecvError::Lagged(missed)) => Some(EventItem::Lagged(missed)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => None,
        }
    }
}
