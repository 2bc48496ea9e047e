//! The signals a gateway knows.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::handover::{ToldToEnd, release};
use crate::error::CommandError;

/// Receivers of the signals.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    user: Signal,
    told_to_end: ToldToEnd,
}

impl Signals {
    /// From now on no signal of these ends the process by itself. Those that came during a restart are let in.
    pub(super) fn listen() -> Result<Self, CommandError> {
        let signals = Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            user: signal(SignalKind::user_defined1())?,
            told_to_end: ToldToEnd::listen()?,
        };
        release()?;
        Ok(signals)
    }

    /// What is known of SIGINT and SIGTERM when nobody receives them any more.
    pub(super) fn into_told_to_end(self) -> ToldToEnd {
        self.told_to_end
    }

    /// Waits for SIGINT or SIGTERM.
    pub(super) async fn terminating(&mut self) -> Terminating {
        tokio::select! {
            _ = self.interrupt.recv() => Terminating::Interrupt,
            _ = self.terminate.recv() => Terminating::Terminate,
        }
    }

    /// Waits for any of the signals.
    pub(super) async fn any(&mut self) -> Received {
        tokio::select! {
            _ = self.interrupt.recv() => Received::Stop(Terminating::Interrupt),
            _ = self.terminate.recv() => Received::Stop(Terminating::Terminate),
            _ = self.hangup.recv() => Received::Reload,
            _ = self.user.recv() => Received::Restart,
        }
    }
}

/// A signal that ends the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Terminating {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Terminating {
    /// Its number, for the exit code.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

impl std::fmt::Display for Terminating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        })
    }
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Received {
    /// To stop.
    Stop(Terminating),
    /// To read the config again.
    Reload,
    /// To restart.
    Restart,
}
