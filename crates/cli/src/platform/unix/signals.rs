//! Signals.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::platform::{Asked, Terminating};

/// What ends a program, as messages.
#[derive(Debug)]
pub(crate) struct Ends {
    interrupt: Signal,
    terminate: Signal,
}

impl Ends {
    /// From now on neither ends the process by itself.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for SIGINT or SIGTERM. Cancel safe.
    pub(crate) async fn next(&mut self) -> Terminating {
        tokio::select! {
            _ = self.interrupt.recv() => Terminating::Interrupt,
            _ = self.terminate.recv() => Terminating::Terminate,
        }
    }
}

/// What else a gateway is told, as messages.
#[derive(Debug)]
pub(crate) struct Asks {
    hangup: Signal,
    user: Signal,
}

impl Asks {
    /// From now on neither ends the process.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            user: signal(SignalKind::user_defined1())?,
        })
    }

    /// Waits for SIGHUP or SIGUSR1. Cancel safe.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.hangup.recv() => Asked::Reload,
            _ = self.user.recv() => Asked::Restart,
        }
    }
}

/// From now on Ctrl-C interrupts what reads from the terminal, and does not end the process. To be called in a runtime.
pub(crate) fn hold_interrupts() -> io::Result<()> {
    // The handler stays when the stream goes.
    drop(signal(SignalKind::interrupt())?);
    Ok(())
}

/// The name of a signal.
pub(crate) const fn name(signal: Terminating) -> &'static str {
    match signal {
        Terminating::Interrupt => "SIGINT",
        Terminating::Terminate => "SIGTERM",
    }
}
