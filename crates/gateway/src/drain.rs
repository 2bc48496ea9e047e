//! How far the end of this gateway is, and what callers are told meanwhile.
//!
//! Serving, then draining (what was begun is finished, nothing is begun any more), then closing (whoever still waits is
//! told to come back). When it restarts, connections are still let in while it drains; when it stops, nobody is.

use std::sync::atomic::{AtomicU8, Ordering};

use openclaw_protocol::error::WireError;
use openclaw_protocol::methods::system::Shutdown;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// When a gateway that restarts answers again, counted from the end of the drain, in milliseconds. Its sockets stay open,
/// so that whoever comes earlier only waits.
pub const RESTART_EXPECTED_MS: u64 = 500;
/// When to ask again at a gateway that stops, in milliseconds: whoever stopped it may start it again.
const STOPPED_RETRY_MS: u64 = 2_000;

/// Why a gateway ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was told to stop.
    Stop,
    /// Its successor takes the sockets over.
    Restart,
}

impl Ending {
    /// What callers are told, in the event `shutdown` and elsewhere.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Stop => Shutdown::STOPPING,
            Self::Restart => Shutdown::RESTARTING,
        }
    }

    /// When it is back, if it is known.
    pub const fn expected_ms(self) -> Option<u64> {
        match self {
            Self::Stop => None,
            Self::Restart => Some(RESTART_EXPECTED_MS),
        }
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Stop => "GATEWAY_STOPPING",
            Self::Restart => "GATEWAY_RESTARTING",
        }
    }

    /// One word for programs.
    const fn word(self) -> &'static str {
        match self {
            Self::Stop => Shutdown::STOPPING,
            Self::Restart => "restarting",
        }
    }

    /// The answer to what is not begun, or not finished, any more. `more` is added to its details.
    pub fn refusal(self, more: Value) -> WireError {
        let mut details = json!({ "code": self.code(), "reason": self.word() });
        if let (Value::Object(details), Value::Object(more)) = (&mut details, more) {
            details.extend(more);
        }
        WireError::unavailable(format!("{}; retry shortly", self.reason()))
            .with_details(details)
            .retryable(Some(self.expected_ms().unwrap_or(STOPPED_RETRY_MS)))
    }
}

const SERVING: u8 = 0;
const STOPPING: u8 = 1;
const RESTARTING: u8 = 2;

/// The state of the whole gateway.
#[derive(Debug, Default)]
pub struct Drain {
    phase: AtomicU8,
    closing: CancellationToken,
}

impl Drain {
    /// Nothing new is begun from now on.
    pub fn begin(&self, ending: Ending) {
        let phase = match ending {
            Ending::Stop => STOPPING,
            Ending::Restart => RESTARTING,
        };
        self.phase.store(phase, Ordering::Relaxed);
    }

    /// Who still waits is told to come back; handshakes under way end.
    pub(crate) fn close(&self) {
        self.closing.cancel();
    }

    /// Why it ends, once it does.
    pub fn ending(&self) -> Option<Ending> {
        match self.phase.load(Ordering::Relaxed) {
            SERVING => None,
            STOPPING => Some(Ending::Stop),
            _ => Some(Ending::Restart),
        }
    }

    /// Whether new connections are still let in.
    pub fn lets_in(&self) -> bool {
        self.ending() != Some(Ending::Stop)
    }

    /// Fires when those who still wait are told to come back.
    pub fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    /// The answer to a call that would begin something, if nothing is begun any more.
    pub fn refusal(&self) -> Option<WireError> {
        Some(self.ending()?.refusal(Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u23_callers_are_told_why_and_when_to_come_back() {
        let drain = Drain::default();
        assert!(drain.lets_in() && drain.refusal().is_none());
        for (ending, lets_in, reason, code, after) in [
            (
                Ending::Restart,
                true,
                "restarting",
                "GATEWAY_RESTARTING",
                500,
            ),
            (
                Ending::Stop,
                false,
                "gateway stopping",
                "GATEWAY_STOPPING",
                2_000,
            ),
        ] {
            drain.begin(ending);
            assert_eq!(drain.lets_in(), lets_in);
            let error = drain.refusal().unwrap();
            assert_eq!(error.code, "UNAVAILABLE");
            assert_eq!(
                (error.retryable, error.retry_after_ms),
                (Some(true), Some(after))
            );
            assert_eq!(error.detail_code(), Some(code));
            assert_eq!(error.details.unwrap()["reason"], reason);
        }
    }
}
