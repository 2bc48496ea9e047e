//! What differs between systems: sockets and what is done to them, sockets for a successor, programs that are run, the age of
//! files. Files and their owners: `openclaw_config::platform`.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

/// What an error of `accept` is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AcceptError {
    /// About one connection, which is gone.
    Passing,
    /// About what the process or the machine has left.
    Exhausted,
    /// Anything else.
    Unknown,
}
