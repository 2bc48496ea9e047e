//! What a gateway is told from outside, while it runs.

use crate::error::CommandError;
use crate::platform::handover::{ToldToEnd, release};
use crate::platform::{Asked, Asks, Ends, Terminating};

/// Receivers of the signals.
#[derive(Debug)]
pub(super) struct Signals {
    ends: Ends,
    asks: Asks,
    told_to_end: ToldToEnd,
}

impl Signals {
    /// From now on no signal of these ends the process by itself. Those that came during a restart are let in.
    pub(super) fn listen() -> Result<Self, CommandError> {
        let signals = Self {
            ends: Ends::listen()?,
            asks: Asks::listen()?,
            told_to_end: ToldToEnd::listen()?,
        };
        release()?;
        Ok(signals)
    }

    /// What is known of an order to end when nobody receives them any more.
    pub(super) fn into_told_to_end(self) -> ToldToEnd {
        self.told_to_end
    }

    /// Waits for what ends it.
    pub(super) async fn terminating(&mut self) -> Terminating {
        self.ends.next().await
    }

    /// Waits for any of the signals.
    pub(super) async fn any(&mut self) -> Received {
        tokio::select! {
            end = self.ends.next() => Received::Stop(end),
            asked = self.asks.next() => Received::Asked(asked),
        }
    }
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Received {
    /// To stop.
    Stop(Terminating),
    /// Something else.
    Asked(Asked),
}
