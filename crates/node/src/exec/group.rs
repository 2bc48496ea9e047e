//! The process group of a run, killed when its owner goes away.

use std::cell::Cell;

use rustix::process::{Pid, Signal, kill_process_group};

/// Kills its group when dropped, unless it was released before.
#[derive(Debug)]
pub(super) struct Group {
    leader: Cell<Option<Pid>>,
}

impl Group {
    /// The group whose first process has this number.
    pub(super) fn led_by(leader: Option<u32>) -> Self {
        let leader = leader
            .and_then(|number| i32::try_from(number).ok())
            .and_then(Pid::from_raw);
        Self {
            leader: Cell::new(leader),
        }
    }

    /// Ends every process of the group. Only right as long as the leader was not waited for: its
    /// number could name other processes afterwards.
    pub(super) fn kill(&self) {
        if let Some(leader) = self.leader.get() {
            // It fails when the group is gone already, which is what was wanted.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }

    /// Forgets the group; called once its leader is waited for.
    pub(super) fn release(&self) {
        self.leader.set(None);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
