//! What differs between systems: how a process is told to end, the program that a restart starts, service managers that want to
//! be told, other processes, the terminal.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

/// What ends a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Terminating {
    /// SIGINT, Ctrl-C.
    Interrupt,
    /// SIGTERM; on Windows Ctrl-Break, the end of the console, of the session or of the system.
    Terminate,
}

impl Terminating {
    /// Its number, for the exit code.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

impl std::fmt::Display for Terminating {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(name(*self))
    }
}

/// What else a gateway can be told from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(windows, expect(dead_code, reason = "there are no such signals"))]
pub(crate) enum Asked {
    /// To read the config again.
    Reload,
    /// To restart.
    Restart,
}
