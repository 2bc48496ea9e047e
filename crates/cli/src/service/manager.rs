//! Runs `systemctl --user` or `launchctl`, as found on PATH.

use std::io;
use std::process::{Command, Stdio};

/// What a step of the service manager came to.
#[derive(Debug)]
pub(crate) enum Ran {
    /// It worked.
    Done,
    /// There is no such program.
    Missing,
    /// It failed and said this.
    Failed(String),
}

/// Runs one step: program and arguments.
pub(crate) fn run(step: &[String]) -> Ran {
    let Some((program, arguments)) = step.split_first() else {
        return Ran::Done;
    };
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    match output {
        Ok(output) if output.status.success() => Ran::Done,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.trim();
            Ran::Failed(if said.is_empty() {
                output.status.to_string()
            } else {
                said.to_owned()
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ran::Missing,
        Err(error) => Ran::Failed(error.to_string()),
    }
}

/// The step as a person would type it.
pub(crate) fn shown(step: &[String]) -> String {
    step.join(" ")
}
