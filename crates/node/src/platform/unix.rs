//! Unix: process groups, pipes that do not block, the files of the kernel.

use std::cell::Cell;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;

/// Most bytes taken from a pipe after its program ended: more than any pipe holds, so that a
/// background process that keeps writing cannot keep the result back.
const LEFT_OVER_LIMIT: usize = 1024 * 1024;
/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;

/// Has a program started from a file see the name it was called by, where programs see one.
pub(crate) fn set_called_name(command: &mut Command, name: &str) {
    command.arg0(name);
}

/// Has a program lead a group of its own.
pub(crate) fn set_apart(command: &mut Command) {
    command.process_group(0);
}

/// The process group of a run. Killed when dropped, unless it was released before.
#[derive(Debug)]
pub(crate) struct Group {
    leader: Cell<Option<Pid>>,
}

impl Group {
    /// The group whose first process has this number.
    pub(crate) fn led_by(leader: Option<u32>) -> Self {
        let leader = leader
            .and_then(|number| i32::try_from(number).ok())
            .and_then(Pid::from_raw);
        Self {
            leader: Cell::new(leader),
        }
    }

    /// Ends every process of the group. Only right as long as the leader was not waited for: its
    /// number could name other processes afterwards.
    pub(crate) fn kill(&self) {
        if let Some(leader) = self.leader.get() {
            // It fails when the group is gone already, which is what was wanted.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }

    /// Forgets the group; called once its leader is waited for.
    pub(crate) fn release(&self) {
        self.leader.set(None);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Hands on what lies in a pipe now. The pipe does not block: the runtime set it so.
#[expect(clippy::unused_async, reason = "other systems have to wait")]
pub(crate) async fn drain(pipe: impl AsFd, mut take: impl FnMut(&[u8])) {
    let mut buffer = vec![0; READ_BYTES];
    let mut total = 0;
    while total < LEFT_OVER_LIMIT {
        match rustix::io::read(&pipe, &mut buffer) {
            Ok(0) => return,
            Ok(read) => {
                take(&buffer[..read]);
                total += read;
            }
            Err(rustix::io::Errno::INTR) => {}
            // Nothing there right now, or the pipe broke: there is no more to get.
            Err(_) => return,
        }
    }
}

/// The disk that `node.host.stats` reports.
pub(crate) fn main_disk() -> &'static Path {
    Path::new("/")
}
