//! Opens the file of a secret without ever waiting for whoever writes it.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::platform::{is_pipe, open_without_waiting, permission_bits};

/// How long the program behind a pipe of the shell may take to write the secret.
const PIPE_DEADLINE: Duration = Duration::from_secs(3);
/// How long between two looks into a pipe that holds nothing yet.
const PIPE_PAUSE: Duration = Duration::from_millis(5);
/// Where a shell puts the pipe of `<(command)`.
const DESCRIPTORS: [&str; 2] = ["/dev/fd/", "/proc/self/fd/"];

/// What a file holds and who may get at it.
#[derive(Debug)]
pub(super) struct Opened {
    /// At most as many bytes as asked for.
    pub(super) bytes: Vec<u8>,
    /// Permissions; none for a pipe, which only this process has.
    pub(super) mode: Option<u32>,
}

/// Why there is nothing to be had.
#[derive(Debug)]
pub(super) struct Unreadable {
    what: String,
    /// Whether the system may say something else at the next look.
    pub(super) passing: bool,
}

impl Unreadable {
    /// It stays so until somebody changes something.
    pub(super) fn lasting(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            passing: false,
        }
    }

    fn of(error: &io::Error) -> Self {
        Self {
            what: format!("cannot be read: {error}"),
            passing: true,
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Reads up to `most` bytes of a regular file, or of a pipe that this process was started with.
pub(super) fn read(path: &str, most: u64) -> Result<Opened, Unreadable> {
    let cannot = |error: io::Error| Unreadable::of(&error);
    // A pipe that nobody writes into would keep every command waiting.
    let mut options = OpenOptions::new();
    options.read(true);
    let file = open_without_waiting(&options, true, Path::new(path)).map_err(cannot)?;
    let found = file.metadata().map_err(cannot)?;
    let kind = found.file_type();
    if kind.is_file() {
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).map_err(cannot)?;
        return Ok(Opened {
            bytes,
            mode: permission_bits(&found),
        });
    }
    let of_shell = path == "/dev/stdin" || DESCRIPTORS.iter().any(|place| path.starts_with(place));
    if is_pipe(&found) && of_shell {
        let bytes = from_pipe(file, most)?;
        if bytes.is_empty() {
            return Err(Unreadable::lasting(
                "the pipe is empty; what comes through a pipe is read once, by one start",
            ));
        }
        return Ok(Opened { bytes, mode: None });
    }
    let what = if kind.is_dir() {
        "a folder"
    } else if is_pipe(&found) {
        "a pipe"
    } else {
        "a device or a socket"
    };
    Err(Unreadable::lasting(format!("{what}, not a file")))
}

/// Reads a pipe to its end. On some systems the descriptor waits whatever it was opened with, so a thread does.
fn from_pipe(mut file: File, most: u64) -> Result<Vec<u8>, Unreadable> {
    let (sender, receiver) = channel();
    let end = Instant::now() + PIPE_DEADLINE;
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut chunk = [0; 1024];
        let done = loop {
            match file.read(&mut chunk) {
                Ok(0) => break Ok(bytes),
                Ok(_) if bytes.len() as u64 >= most => break Ok(bytes),
                Ok(read) => bytes.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if Instant::now() >= end {
                        break Err(error);
                    }
                    thread::sleep(PIPE_PAUSE);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        // Nobody listens after the deadline.
        drop(sender.send(done));
    });
    match receiver.recv_timeout(PIPE_DEADLINE) {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.kind() != io::ErrorKind::WouldBlock => Err(Unreadable::of(&error)),
        Ok(Err(_)) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            Err(Unreadable::lasting(format!(
                "a pipe that was not written to its end within {} seconds",
                PIPE_DEADLINE.as_secs()
            )))
        }
    }
}
