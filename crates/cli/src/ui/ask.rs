//! Questions to the person at the terminal. They go to stderr, so that answers of commands stay alone on stdout.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use crate::error::CommandError;

/// Whether somebody is there to answer.
pub(crate) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks and reads one line; the end of the input is `None`.
pub(crate) fn ask(question: &str) -> Result<Option<String>, CommandError> {
    let mut err = io::stderr().lock();
    err.write_all(question.as_bytes())?;
    err.flush()?;
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer)?;
    Ok((read > 0).then(|| answer.trim().to_owned()))
}

/// Asks for yes or no; `default` is what an empty answer means, and the end of the input means no.
pub(crate) fn confirm(question: &str, default: bool) -> Result<bool, CommandError> {
    let choices = if default { "[Y/n]" } else { "[y/N]" };
    Ok(match ask(&format!("{question} {choices} "))? {
        None => false,
        Some(answer) if answer.is_empty() => default,
        Some(answer) => answer.to_lowercase().starts_with('y'),
    })
}
