//! `openclaw tunnel exec`: `ssh`, bound to the life of the process that wants it.
//!
//! On Linux the kernel ends it with its parent and this program is gone after the start. Elsewhere it stays in between and
//! ends `ssh` when its standard input, a pipe that only the parent holds, comes to its end.

use std::process::{Command, Stdio};

use tokio::sync::oneshot;

use crate::error::{CommandError, Exit, Outcome};
use crate::{platform, runtime};

/// Arguments of `tunnel exec`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Process id of the parent
    #[arg(long)]
    parent: u32,
    /// Stay in between, as where the kernel has no such bond
    #[arg(long)]
    between: bool,
    /// Program and arguments
    #[arg(last = true, required = true)]
    words: Vec<String>,
}

impl Args {
    pub(crate) fn run(self) -> Outcome {
        let bound = !self.between && platform::bind_to_parent();
        // It may have ended before the bond was made.
        if !platform::is_child_of(self.parent) {
            return Ok(Exit::FAILED);
        }
        let Some((program, arguments)) = self.words.split_first() else {
            return Ok(Exit::FAILED);
        };
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        if bound {
            return Err(missing(program, &platform::become_program(command)));
        }
        runtime::block_on(between(tokio::process::Command::from(command), program))
    }
}

fn missing(program: &str, error: &std::io::Error) -> CommandError {
    if error.kind() == std::io::ErrorKind::NotFound {
        CommandError::plain(format!("{program} was not found on PATH"))
    } else {
        CommandError::plain(format!("{program}: {error}"))
    }
}

async fn between(mut command: tokio::process::Command, program: &str) -> Outcome {
    let mut child = command
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| missing(program, &error))?;
    let (parent_lives, parent_ended) = oneshot::channel::<()>();
    // Ends with its pipe, or with this process.
    std::thread::spawn(move || {
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).ok();
        drop(parent_lives);
    });
    tokio::select! {
        ended = child.wait() => {
            let code = ended?.code().and_then(|code| u8::try_from(code).ok());
            Ok(code.map_or(Exit::FAILED, Exit::remote))
        }
        _ = parent_ended => {
            child.kill().await?;
            Ok(Exit::FAILED)
        }
    }
}
