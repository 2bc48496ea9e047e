//! Other processes.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::{Pid, Signal, getppid, kill_process};

/// Asks a process to end (SIGTERM).
pub(crate) fn ask_to_end(pid: u32) -> io::Result<()> {
    Ok(kill_process(number(pid)?, Signal::TERM)?)
}

/// Ends a process at once (SIGKILL).
pub(crate) fn kill(pid: u32) -> io::Result<()> {
    Ok(kill_process(number(pid)?, Signal::KILL)?)
}

fn number(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not the number of a process"))
}

/// A process, also when its number goes to another one.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub(crate) struct Process(std::os::fd::OwnedFd);

#[cfg(target_os = "linux")]
impl Process {
    /// The process with this number.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        use rustix::process::{PidfdFlags, pidfd_open};
        Ok(Self(pidfd_open(number(pid)?, PidfdFlags::empty())?))
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(rustix::process::pidfd_send_signal(&self.0, signal)?)
    }
}

#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
pub(crate) struct Process(Pid);

#[cfg(not(target_os = "linux"))]
impl Process {
    /// The process with this number.
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        Ok(Self(number(pid)?))
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(kill_process(self.0, signal)?)
    }
}

impl Process {
    /// Asks it to end.
    pub(crate) fn ask_to_end(&self) -> io::Result<()> {
        self.signal(Signal::TERM)
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL)
    }
}

/// Whether this process was started by that one, which still lives.
pub(crate) fn is_child_of(parent: u32) -> bool {
    getppid().is_some_and(|pid| u32::try_from(pid.as_raw_nonzero().get()) == Ok(parent))
}

/// Has the kernel end this process with its parent; whether it does.
#[cfg(target_os = "linux")]
pub(crate) fn bind_to_parent() -> bool {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).is_ok()
}

/// There is no such bond here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn bind_to_parent() -> bool {
    false
}

/// Becomes another program; returns only when that fails.
pub(crate) fn become_program(mut command: Command) -> io::Error {
    command.exec()
}
