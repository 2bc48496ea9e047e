//! The signals a gateway knows.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::error::CommandError;

/// Receivers of the signals.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    user: Signal,
}

impl Signals {
    /// From now on no signal of these ends the process by itself.
    pub(super) fn listen() -> Result<Self, CommandError> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            user: signal(SignalKind::user_defined1())?,
        })
    }

    /// Waits for SIGINT or SIGTERM; gives its name.
    pub(super) async fn terminating(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }

    /// Waits for any of the signals.
    pub(super) async fn any(&mut self) -> Received {
        tokio::select! {
            _ = self.interrupt.recv() => Received::Stop("SIGINT"),
            _ = self.terminate.recv() => Received::Stop("SIGTERM"),
            _ = self.hangup.recv() => Received::Reload,
            _ = self.user.recv() => Received::Restart,
        }
    }
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Received {
    /// To stop; with the name of the signal.
    Stop(&'static str),
    /// To read the config again.
    Reload,
    /// To restart.
    Restart,
}
