//! Owns the one error type of the command line and the exit codes.

use std::borrow::Cow;
use std::fmt;

use crate::ui::Ui;

/// What the process ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exit(u8);

impl Exit {
    /// All done.
    pub(crate) const OK: Self = Self(0);
    /// The command worked, its answer is bad news (nothing reachable, chain broken).
    pub(crate) const FAILED: Self = Self(1);

    /// The exit code of a command that ran elsewhere.
    pub(crate) const fn remote(code: u8) -> Self {
        Self(code)
    }

    /// The number the shell sees.
    pub(crate) const fn code(self) -> u8 {
        self.0
    }
}

/// What a command gives back.
pub(crate) type Outcome = Result<Exit, CommandError>;

/// What kind of failure it is; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// Anything a command handles and explains.
    Failed,
    /// Wrong use of `--profile` or `--dev`.
    Profile,
    /// The gateway must not start: configuration, second instance, refused bind. A supervisor must
    /// not try again.
    Config,
    /// The reader of our output is gone: nothing to say, nobody to hear it.
    BrokenPipe,
    /// A signal ended the command; holds its number.
    Signal(u8),
    /// Whoever was asked does not want to go on: nothing was done, and nothing failed.
    Cancelled,
}

/// A failure as the user sees it: what went wrong, the facts, what to do next.
#[derive(Debug)]
pub(crate) struct CommandError {
    kind: ErrorKind,
    message: Cow<'static, str>,
    details: Option<String>,
    hints: Vec<Cow<'static, str>>,
}

impl CommandError {
    /// A failure whose text is printed as it is.
    pub(crate) fn plain(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: ErrorKind::Failed,
            message: message.into(),
            details: None,
            hints: Vec::new(),
        }
    }

    /// A failure printed with `Error: ` in front.
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self::plain(format!("Error: {message}"))
    }

    /// A failure that has been explained already.
    pub(crate) fn silent() -> Self {
        Self::plain("")
    }

    /// A start that a supervisor must not repeat; exit code 78.
    pub(crate) fn config(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: ErrorKind::Config,
            ..Self::plain(message)
        }
    }

    /// Wrong use of a profile flag; exit code 2.
    pub(crate) fn profile(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: ErrorKind::Profile,
            ..Self::plain(message)
        }
    }

    /// The reader of our output went away.
    pub(crate) fn broken_pipe() -> Self {
        Self {
            kind: ErrorKind::BrokenPipe,
            ..Self::plain("")
        }
    }

    /// A signal ended the command.
    pub(crate) fn signal(number: u8) -> Self {
        Self {
            kind: ErrorKind::Signal(number),
            ..Self::plain("")
        }
    }

    /// Whoever was asked does not want to go on; exit code 0.
    pub(crate) fn cancelled() -> Self {
        Self {
            kind: ErrorKind::Cancelled,
            ..Self::plain("Setup cancelled. Nothing was changed.")
        }
    }

    /// Adds the block of facts that follows the message.
    #[must_use]
    pub(crate) fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = Some(details.into());
        self
    }

    /// Adds a line that says what to do.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds several such lines.
    #[must_use]
    pub(crate) fn hints<H: Into<Cow<'static, str>>>(
        mut self,
        hints: impl IntoIterator<Item = H>,
    ) -> Self {
        self.hints.extend(hints.into_iter().map(Into::into));
        self
    }

    /// Puts a word on what was being done in front of the message.
    #[must_use]
    pub(crate) fn prefixed(mut self, prefix: &str) -> Self {
        if !self.message.is_empty() && self.kind != ErrorKind::BrokenPipe {
            let message = self
                .message
                .strip_prefix("Error: ")
                .unwrap_or(&self.message);
            self.message = Cow::Owned(format!("{prefix}{message}"));
        }
        self
    }

    /// The lines that say what to do.
    pub(crate) fn hint_lines(&self) -> Vec<&str> {
        self.hints.iter().map(AsRef::as_ref).collect()
    }

    /// Whether settings are to blame.
    pub(crate) fn is_config(&self) -> bool {
        self.kind == ErrorKind::Config
    }

    /// The exit code.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Failed => 1,
            ErrorKind::Profile => 2,
            ErrorKind::Config => 78,
            ErrorKind::BrokenPipe | ErrorKind::Cancelled => 0,
            ErrorKind::Signal(number) => 128_u8.saturating_add(number),
        }
    }

    /// Prints the failure to stderr.
    pub(crate) fn report(&self, ui: &Ui) {
        if matches!(self.kind, ErrorKind::BrokenPipe | ErrorKind::Signal(_)) {
            return;
        }
        if !self.message.is_empty() {
            ui.error_text(&self.message);
        }
        for line in self.details.iter().map(String::as_str) {
            ui.note(line);
        }
        for hint in &self.hints {
            ui.note(hint);
        }
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::broken_pipe()
        } else {
            Self::new(error)
        }
    }
}
