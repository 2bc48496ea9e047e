//! Other processes, by `taskkill`, which is part of Windows.

use std::io;
use std::os::windows::process::CommandExt as _;
use std::process::{Command, Stdio};

/// No window for a program without one (`CREATE_NO_WINDOW`).
const NO_WINDOW: u32 = 0x0800_0000;

/// Ends a process. Programs without a window cannot be asked here: what it was about to do is cut off, and its files are safe
/// because they are always written whole.
pub(crate) fn ask_to_end(pid: u32) -> io::Result<()> {
    kill(pid)
}

/// Ends a process at once.
pub(crate) fn kill(pid: u32) -> io::Result<()> {
    let output = Command::new("taskkill")
        .args(["/F", "/PID", &pid.to_string()])
        .creation_flags(NO_WINDOW)
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = [&output.stderr, &output.stdout]
        .map(|bytes| String::from_utf8_lossy(bytes).trim().to_owned())
        .into_iter()
        .find(|said| !said.is_empty());
    Err(io::Error::other(format!(
        "taskkill: {}",
        said.unwrap_or_else(|| output.status.to_string())
    )))
}

/// A process by its number.
#[derive(Debug)]
pub(crate) struct Process(u32);

impl Process {
    /// The process with this number.
    #[expect(clippy::unnecessary_wraps, reason = "it may fail elsewhere")]
    pub(crate) fn of(pid: u32) -> io::Result<Self> {
        Ok(Self(pid))
    }

    /// Ends it, as [`ask_to_end`].
    pub(crate) fn ask_to_end(&self) -> io::Result<()> {
        ask_to_end(self.0)
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) -> io::Result<()> {
        kill(self.0)
    }
}

/// Who started a process is not asked here; its standard input tells when that one is gone.
pub(crate) fn is_child_of(_parent: u32) -> bool {
    true
}

/// There is no such bond here.
pub(crate) fn bind_to_parent() -> bool {
    false
}

/// A process cannot become another program here.
pub(crate) fn become_program(_command: Command) -> io::Error {
    io::ErrorKind::Unsupported.into()
}
