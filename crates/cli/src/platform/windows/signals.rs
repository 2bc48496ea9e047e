//! What the console and the system tell a program.

use std::io;

use tokio::signal::windows::{
    CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown, ctrl_break, ctrl_c, ctrl_close,
    ctrl_logoff, ctrl_shutdown,
};

use crate::platform::{Asked, Terminating};

/// What ends a program, as messages. After the end of the console, the session or the system a few seconds are left.
#[derive(Debug)]
pub(crate) struct Ends {
    interrupt: CtrlC,
    break_: CtrlBreak,
    console: CtrlClose,
    session: CtrlLogoff,
    system: CtrlShutdown,
}

impl Ends {
    /// From now on none of them ends the process by itself.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
            break_: ctrl_break()?,
            console: ctrl_close()?,
            session: ctrl_logoff()?,
            system: ctrl_shutdown()?,
        })
    }

    /// Waits for one of them. Cancel safe.
    pub(crate) async fn next(&mut self) -> Terminating {
        tokio::select! {
            _ = self.interrupt.recv() => Terminating::Interrupt,
            _ = self.break_.recv() => Terminating::Terminate,
            _ = self.console.recv() => Terminating::Terminate,
            _ = self.session.recv() => Terminating::Terminate,
            _ = self.system.recv() => Terminating::Terminate,
        }
    }
}

/// Nothing else is told in this way: config changes are noticed by themselves, and a restart is asked for over the protocol.
#[derive(Debug)]
pub(crate) struct Asks;

impl Asks {
    /// Nothing to be done.
    #[expect(clippy::unnecessary_wraps, reason = "it may fail elsewhere")]
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Never comes.
    pub(crate) async fn next(&mut self) -> Asked {
        std::future::pending().await
    }
}

/// From now on Ctrl-C interrupts what reads from the terminal, and does not end the process. To be called in a runtime.
pub(crate) fn hold_interrupts() -> io::Result<()> {
    // The handler stays when the stream goes.
    drop(ctrl_c()?);
    Ok(())
}

/// The name for people.
pub(crate) const fn name(signal: Terminating) -> &'static str {
    match signal {
        Terminating::Interrupt => "Ctrl-C",
        Terminating::Terminate => "the end of its console or session",
    }
}
