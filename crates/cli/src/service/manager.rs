//! Runs service managers and what belongs to them (`systemctl`, `loginctl`, `launchctl`, …), as found on PATH.

use std::io;
use std::process::{Command, Stdio};

use openclaw_config::Env;
use openclaw_config::env::keep_secrets_from;

/// What a step of the service manager came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ran {
    /// It worked and said this on stdout.
    Done(String),
    /// There is no such program.
    Missing,
    /// It failed and said this.
    Failed(String),
}

impl Ran {
    /// Whether it worked.
    pub(crate) const fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

/// Runs one step: program and arguments. A session without the address of its user manager (`su`, `sudo -u`, cron)
/// gets it.
pub(crate) fn run(env: &Env, step: &[String]) -> Ran {
    let Some((program, arguments)) = step.split_first() else {
        return Ran::Done(String::new());
    };
    let mut command = Command::new(program);
    keep_secrets_from(&mut command);
    command
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    if env.get_process("XDG_RUNTIME_DIR").is_none() {
        command.env("XDG_RUNTIME_DIR", format!("/run/user/{}", env.uid()));
    }
    match command.output() {
        Ok(output) if output.status.success() => {
            Ran::Done(String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            let told = String::from_utf8_lossy(&output.stdout);
            let said = [said.trim(), told.trim()]
                .into_iter()
                .find(|said| !said.is_empty());
            Ran::Failed(said.map_or_else(|| output.status.to_string(), str::to_owned))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ran::Missing,
        Err(error) => Ran::Failed(error.to_string()),
    }
}

/// The same for words that stand in the code.
pub(crate) fn run_words(env: &Env, words: &[&str]) -> Ran {
    let words: Vec<String> = words.iter().map(ToString::to_string).collect();
    run(env, &words)
}

/// The step as a person would type it.
pub(crate) fn shown(step: &[String]) -> String {
    let words: Vec<String> = step
        .iter()
        .map(|word| {
            if word.contains(char::is_whitespace) {
                format!("'{word}'")
            } else {
                word.clone()
            }
        })
        .collect();
    words.join(" ")
}
