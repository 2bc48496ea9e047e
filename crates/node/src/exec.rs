//! Runs one program to its end, its limit or its cancellation.
//!
//! The program leads a process group of its own (on Windows a process tree); whatever ends the run early, including a caller
//! that loses interest and drops the future, ends the whole group. Only processes that left the
//! group on purpose can outlive that. After the program itself is gone, what it left behind in the
//! background is not waited for.

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde::Serialize;
use tokio::io::AsyncReadExt as _;
use tokio::process::{ChildStderr, ChildStdout, Command};
use tokio_util::sync::CancellationToken;

mod capture;
mod env;
mod live;
#[cfg(test)]
mod tests;

pub use capture::{OUTPUT_LIMIT, TRUNCATED};
pub use env::{ChildEnv, child_env};
pub use live::{LIVE_LIMIT, LiveOutput, PIECE_LIMIT, Piece};

use crate::platform::{self, Group};
use capture::{Capture, Stream};

/// How long a killed program may take to disappear before its result is given without it.
const KILL_WAIT: Duration = Duration::from_secs(5);
/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// The program as it was named and its arguments; not empty.
    pub argv: Vec<String>,
    /// The file to start; without one it is looked up under its name.
    pub program: Option<PathBuf>,
    /// Directory to start in; none means that of this program.
    pub cwd: Option<PathBuf>,
    /// The whole environment.
    pub env: Vec<(OsString, OsString)>,
    /// How long it may take; none means for ever.
    pub limit: Option<Duration>,
    /// Where its output goes while it runs, beside the result.
    pub live: Option<LiveOutput>,
}

/// What came of it, as it goes to the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunResult {
    /// Exit code; none if it was ended by a signal or never started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Whether the limit ended it.
    pub timed_out: bool,
    /// Whether it ended by itself with code 0.
    pub success: bool,
    /// Its output, at most [`OUTPUT_LIMIT`] bytes together with `stderr`.
    pub stdout: String,
    /// Its error output.
    pub stderr: String,
    /// Why it did not run, if so.
    pub error: Option<String>,
}

/// The result and how the run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// What came of it.
    pub result: RunResult,
    /// Whether it was cancelled.
    pub cancelled: bool,
}

/// How the waiting ended.
enum End {
    Exited(std::io::Result<ExitStatus>),
    TimedOut,
    Cancelled,
}

/// Runs a program. Standard input is empty. Dropping the future kills the group at once.
pub async fn run(run: Run, cancel: &CancellationToken) -> Finished {
    if cancel.is_cancelled() {
        return Finished {
            result: not_run(None),
            cancelled: true,
        };
    }
    let mut command = prepare(&run);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            return Finished {
                result: not_run(Some(spawn_error(&run, &error))),
                cancelled: false,
            };
        }
    };
    // From here on every way out of this function goes through the guard.
    let group = Group::led_by(child.id());
    let mut output = Output {
        stdout: child.stdout.take(),
        stderr: child.stderr.take(),
        capture: Capture::default(),
        live: run.live.clone(),
    };

    let end = {
        let limit = async {
            match run.limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            status = child.wait() => End::Exited(status),
            () = limit => End::TimedOut,
            () = cancel.cancelled() => End::Cancelled,
            never = output.collect() => match never {},
        }
    };
    let status = match &end {
        End::Exited(status) => {
            group.release();
            status.as_ref().ok().copied()
        }
        End::TimedOut | End::Cancelled => {
            // The leader is not waited for yet, so its number still names this group.
            group.kill();
            // Where a group has to be looked up and that fails, at least the program itself; it fails when that is gone.
            child.start_kill().ok();
            if tokio::time::timeout(KILL_WAIT, child.wait()).await.is_err() {
                tracing::warn!(argv = ?run.argv, "killed program does not go away");
            }
            group.release();
            None
        }
    };
    output.take_what_is_left().await;
    let (stdout, stderr) = output.capture.into_text();
    let failed = match &end {
        End::Exited(Err(error)) => Some(format!("cannot wait for {}: {error}", run.argv[0])),
        _ => None,
    };
    Finished {
        result: RunResult {
            exit_code: status.and_then(|status| status.code()),
            timed_out: matches!(end, End::TimedOut),
            success: status.is_some_and(|status| status.success()),
            stdout,
            stderr,
            error: failed,
        },
        cancelled: matches!(end, End::Cancelled),
    }
}

fn prepare(run: &Run) -> Command {
    let name = run.argv.first().map_or("", String::as_str);
    let mut command = match &run.program {
        Some(program) => {
            let mut command = Command::new(program);
            platform::set_called_name(&mut command, name);
            command
        }
        None => Command::new(name),
    };
    command
        .args(run.argv.iter().skip(1))
        .env_clear()
        .envs(run.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    platform::set_apart(&mut command);
    if let Some(cwd) = &run.cwd {
        command.current_dir(cwd);
    }
    command
}

fn not_run(error: Option<String>) -> RunResult {
    RunResult {
        exit_code: None,
        timed_out: false,
        success: false,
        stdout: String::new(),
        stderr: String::new(),
        error,
    }
}

/// Says what could not be started; a missing directory looks like a missing program otherwise.
fn spawn_error(run: &Run, error: &std::io::Error) -> String {
    match &run.cwd {
        Some(cwd) if !Path::is_dir(cwd) => {
            format!("working directory does not exist: {}", cwd.display())
        }
        _ => {
            let name = run.argv.first().map_or("", String::as_str);
            match error.kind() {
                std::io::ErrorKind::NotFound => format!("command not found: {name}"),
                _ => format!("cannot start {name}: {error}"),
            }
        }
    }
}

/// Both pipes of the program and what came out of them.
struct Output {
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    capture: Capture,
    live: Option<LiveOutput>,
}

impl Output {
    /// Reads both pipes and never ends; a closed pipe is put away.
    async fn collect(&mut self) -> Infallible {
        let mut out = vec![0; READ_BYTES];
        let mut err = vec![0; READ_BYTES];
        loop {
            tokio::select! {
                read = read_some(&mut self.stdout, &mut out) => match read {
                    Some(read) => self.keep(Stream::Out, &out[..read]),
                    None => self.stdout = None,
                },
                read = read_some(&mut self.stderr, &mut err) => match read {
                    Some(read) => self.keep(Stream::Err, &err[..read]),
                    None => self.stderr = None,
                },
            }
        }
    }

    fn keep(&mut self, stream: Stream, bytes: &[u8]) {
        self.capture.add(stream, bytes);
        if let Some(live) = &self.live {
            live.add(stream, bytes);
        }
    }

    /// Takes what already lies in the pipes, without waiting for more.
    async fn take_what_is_left(&mut self) {
        if let Some(pipe) = self.stdout.take() {
            platform::drain(pipe, |bytes| self.keep(Stream::Out, bytes)).await;
        }
        if let Some(pipe) = self.stderr.take() {
            platform::drain(pipe, |bytes| self.keep(Stream::Err, bytes)).await;
        }
    }
}

/// Reads from a pipe that is open, for ever from one that is not. None means that it closed.
async fn read_some<P: tokio::io::AsyncRead + Unpin>(
    pipe: &mut Option<P>,
    buffer: &mut [u8],
) -> Option<usize> {
    match pipe {
        Some(pipe) => pipe.read(buffer).await.ok().filter(|read| *read > 0),
        None => std::future::pending().await,
    }
}
