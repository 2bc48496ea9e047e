//! A person at a terminal.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// Nothing here takes longer unless it hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program with a terminal of its own.
pub(crate) struct Terminal {
    child: Child,
    keyboard: File,
    screen: Receiver<String>,
    seen: String,
    read_to: usize,
}

impl Terminal {
    pub(crate) fn start(mut command: Command) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = File::from(
            rustix::fs::open(
                name.as_c_str(),
                OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
                Mode::empty(),
            )
            .unwrap(),
        );
        // Keys go through as they are at every moment, also before the program asks for that.
        let mut attributes = tcgetattr(&slave).unwrap();
        attributes.make_raw();
        tcsetattr(&slave, OptionalActions::Now, &attributes).unwrap();
        let child = command
            .env("TERM", "xterm")
            .stdin(slave.try_clone().unwrap())
            .stdout(slave.try_clone().unwrap())
            .stderr(slave)
            .spawn()
            .unwrap();
        // The command holds the other end open; its program alone must.
        drop(command);
        let master = File::from(master);
        let keyboard = master.try_clone().unwrap();
        let (sender, screen) = channel();
        thread::spawn(move || {
            let mut master = master;
            let mut bytes = [0; 4096];
            // The system says EIO when the last program is gone.
            while let Ok(count) = master.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
                if count == 0 || sender.send(text).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            keyboard,
            screen,
            seen: String::new(),
            read_to: 0,
        }
    }

    /// Waits for a question, then presses keys.
    pub(crate) fn answer(&mut self, question: &str, keys: &str) {
        loop {
            let rest = &self.seen[self.read_to..];
            if let Some(at) = rest.find(question) {
                self.read_to += at + question.len();
                break;
            }
            match self.screen.recv_timeout(PATIENCE) {
                Ok(text) => self.seen.push_str(&text),
                Err(error) => panic!("{error}: no {question:?} in {:?}", self.seen),
            }
        }
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the end; its exit code and everything on the screen.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        loop {
            match self.screen.recv_timeout(PATIENCE) {
                Ok(text) => self.seen.push_str(&text),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("it goes on: {:?}", self.seen),
            }
        }
        let code = self.child.wait().unwrap().code();
        (code, std::mem::take(&mut self.seen))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Gone already in a test that went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
