//! Windows: `taskkill` for a program with everything it started, pipes that are read with a deadline.

use std::cell::Cell;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::time::timeout;

/// No window for a program without one (`CREATE_NO_WINDOW`), and no Ctrl-C of ours for it (`CREATE_NEW_PROCESS_GROUP`).
const APART: u32 = 0x0800_0000 | 0x0000_0200;
/// How long a pipe may take to say that nothing more is in it.
const QUIET: Duration = Duration::from_millis(100);
/// Most bytes taken from a pipe after its program ended.
const LEFT_OVER_LIMIT: usize = 1024 * 1024;
/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;

/// Programs see the file they were started from here.
pub(crate) fn set_called_name(_command: &mut Command, _name: &str) {}

/// Starts a program without a window, out of reach of the Ctrl-C of our console.
pub(crate) fn set_apart(command: &mut Command) {
    command.creation_flags(APART);
}

/// A program with everything it started. Killed when dropped, unless it was released before.
#[derive(Debug)]
pub(crate) struct Group {
    leader: Cell<Option<u32>>,
}

impl Group {
    /// The program with this number.
    pub(crate) fn led_by(leader: Option<u32>) -> Self {
        Self {
            leader: Cell::new(leader),
        }
    }

    /// Ends the program and what it started, as far as the system still knows who started whom: what a program left behind
    /// that has ended itself is not found. Only right as long as the program was not waited for.
    pub(crate) fn kill(&self) {
        let Some(leader) = self.leader.get() else {
            return;
        };
        let mut command = std::process::Command::new("taskkill");
        std::os::windows::process::CommandExt::creation_flags(&mut command, APART);
        let ended = command
            .args(["/T", "/F", "/PID", &leader.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if let Err(error) = ended {
            tracing::warn!(%error, pid = leader, "taskkill does not run; only the program itself is ended");
        }
    }

    /// Forgets the program; called once it is waited for.
    pub(crate) fn release(&self) {
        self.leader.set(None);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Hands on what lies in a pipe, until nothing comes for a moment.
pub(crate) async fn drain(mut pipe: impl AsyncRead + Unpin, mut take: impl FnMut(&[u8])) {
    let mut buffer = vec![0; READ_BYTES];
    let mut total = 0;
    while total < LEFT_OVER_LIMIT {
        match timeout(QUIET, pipe.read(&mut buffer)).await {
            Ok(Ok(read)) if read > 0 => {
                take(&buffer[..read]);
                total += read;
            }
            _ => return,
        }
    }
}

/// The disk that `node.host.stats` reports.
pub(crate) fn main_disk() -> &'static Path {
    Path::new("C:\\")
}
