//! Steps in a machine: each is done, looked at and printed.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::machine::{Machine, Who};
use crate::TaskResult;

/// How long something may take to come about that systemd does by itself.
const WAIT: Duration = Duration::from_secs(60);

pub(super) struct Journey {
    pub(super) machine: Machine,
    steps: usize,
}

impl Journey {
    /// Boots the machine for the first time.
    pub(super) fn begin(machine: Machine, binary: &Path) -> Result<Self, String> {
        let mut journey = Self { machine, steps: 0 };
        println!("systemd: the program is {}", binary.display());
        journey.step("a fresh Debian root boots its systemd", |machine| {
            machine.boot()?;
            let said = machine.say(
                Who::Root,
                ". /etc/os-release; echo \"$PRETTY_NAME\"; systemctl --version | head -n 1; openclaw --version; systemctl is-system-running",
            )?;
            Ok(said.replace('\n', ", "))
        })?;
        Ok(journey)
    }

    /// Does one thing, and prints what was seen. What goes wrong is told with the end of the journal.
    pub(super) fn step(
        &mut self,
        name: &str,
        act: impl FnOnce(&mut Machine) -> Result<String, String>,
    ) -> TaskResult {
        self.steps += 1;
        match act(&mut self.machine) {
            Ok(seen) => {
                println!("ok {:>2}  {name}: {seen}", self.steps);
                Ok(())
            }
            Err(why) => {
                let journal = self
                    .machine
                    .say(
                        Who::Root,
                        "journalctl --boot --lines 40 --no-pager --output short",
                    )
                    .unwrap_or_else(|error| error);
                Err(format!(
                    "not ok {}  {name}\n{why}\n\nEnd of the journal in there:\n{journal}",
                    self.steps
                ))
            }
        }
    }

    /// Powers off, whatever came of it.
    pub(super) fn end(mut self, outcome: TaskResult) -> TaskResult {
        outcome?;
        self.step("power off", |machine| {
            machine.power_off()?;
            Ok("the machine ended by itself".to_owned())
        })?;
        println!("systemd: {} steps, all as they should be", self.steps);
        Ok(())
    }
}

/// The text holds the part.
pub(super) fn has(text: &str, part: &str) -> TaskResult {
    if text.contains(part) {
        Ok(())
    } else {
        Err(format!("{part:?} is not in:\n{text}"))
    }
}

/// The text does not hold the part.
pub(super) fn lacks(text: &str, part: &str) -> TaskResult {
    if text.contains(part) {
        Err(format!("{part:?} is in:\n{text}"))
    } else {
        Ok(())
    }
}

/// Both are the same.
pub(super) fn same(what: &str, found: &str, wanted: &str) -> TaskResult {
    if found == wanted {
        Ok(())
    } else {
        Err(format!("{what}: {found:?}, not {wanted:?}"))
    }
}

/// A service, and who may ask about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    pub(super) who: Who,
    pub(super) name: &'static str,
}

impl Unit {
    /// `systemctl` for its manager.
    pub(super) fn systemctl(self, words: &str) -> String {
        match self.who {
            Who::Root | Who::RootLogin => format!("systemctl {words}"),
            Who::Login(_) | Who::Bare(_) => {
                format!("XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user {words}")
            }
        }
    }

    /// One property.
    pub(super) fn property(self, machine: &Machine, property: &str) -> Result<String, String> {
        let words = format!("show {} --property {property} --value", self.name);
        machine.say(self.who, &self.systemctl(&words))
    }

    /// Its process.
    pub(super) fn pid(self, machine: &Machine) -> Result<String, String> {
        let pid = self.property(machine, "MainPID")?;
        if pid == "0" {
            let state = self.property(machine, "ActiveState")?;
            return Err(format!("{} has no process: {state}", self.name));
        }
        Ok(pid)
    }

    /// Waits until a property has a value.
    pub(super) fn until(self, machine: &Machine, property: &str, value: &str) -> TaskResult {
        let end = Instant::now() + WAIT;
        loop {
            let found = self.property(machine, property)?;
            if found == value {
                return Ok(());
            }
            if Instant::now() >= end {
                return Err(format!(
                    "{property} of {} is {found:?}, not {value:?}, after {} s",
                    self.name,
                    WAIT.as_secs()
                ));
            }
            sleep(Duration::from_millis(100));
        }
    }
}

/// Waits until a script ends well, and gives what it said then.
pub(super) fn until(machine: &Machine, who: Who, script: &str) -> Result<String, String> {
    let end = Instant::now() + WAIT;
    loop {
        match machine.say(who, script) {
            Ok(said) => return Ok(said),
            Err(error) if Instant::now() >= end => return Err(error),
            Err(_) => sleep(Duration::from_millis(200)),
        }
    }
}
