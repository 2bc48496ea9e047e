//! The only writer to stdout and stderr: lines, JSON, tables, colour.
//!
//! Data goes to stdout, everything else to stderr. A closed stdout ends the command quietly, see
//! [`CommandError::broken_pipe`].

pub(crate) mod ask;
pub(crate) mod format;
mod style;
mod table;

use std::io::{IsTerminal, Write};

use openclaw_config::{Env, env};
use serde::Serialize;

pub(crate) use style::Style;
pub(crate) use table::Table;

use crate::error::CommandError;
use format::printable;

/// Width of tables and help when stdout is not a terminal.
const PIPE_COLUMNS: usize = 120;
/// Narrowest table.
const MIN_COLUMNS: usize = 60;

/// Where and how a command writes.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts about three independent streams"
)]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    json: bool,
    out_colour: bool,
    err_colour: bool,
    out_tty: bool,
    columns: usize,
}

#[expect(
    clippy::unused_self,
    reason = "whoever writes needs a Ui, so that nobody prints around it"
)]
impl Ui {
    /// Looks at the two streams and at `NO_COLOR` and `FORCE_COLOR`. `colour` is false after
    /// `--no-color`.
    pub(crate) fn new(env: &Env, colour: bool, json: bool) -> Self {
        let out_tty = std::io::stdout().is_terminal();
        let err_tty = std::io::stderr().is_terminal();
        let forced = env
            .get_process(env::FORCE_COLOR)
            .is_some_and(|value| value != "0");
        let allowed = colour && (forced || env.get_process(env::NO_COLOR).is_none());
        let columns = if out_tty {
            crate::platform::columns().unwrap_or(PIPE_COLUMNS)
        } else {
            PIPE_COLUMNS
        };
        Self {
            json,
            out_colour: allowed && !json && (out_tty || forced),
            err_colour: allowed && (err_tty || forced),
            out_tty,
            columns,
        }
    }

    /// Whether the user asked for JSON.
    pub(crate) const fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person sits in front of stdout.
    pub(crate) const fn is_terminal(&self) -> bool {
        self.out_tty
    }

    /// Whether stdout shows colours.
    pub(crate) const fn is_colourful(&self) -> bool {
        self.out_colour
    }

    /// Widest line of a table.
    pub(crate) fn table_width(&self) -> usize {
        (self.columns - 1).max(MIN_COLUMNS)
    }

    /// Writes one line (or several, as the text has them) to stdout; control characters are shown, never obeyed.
    pub(crate) fn line(&self, text: impl AsRef<str>) -> Result<(), CommandError> {
        self.painted_line(&printable(text.as_ref()))
    }

    /// Writes a line that [`Self::paint`] made from parts that are [`printable`].
    pub(crate) fn painted_line(&self, text: &str) -> Result<(), CommandError> {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.write_all(b"\n")?;
        Ok(out.flush()?)
    }

    /// Writes an empty line to stdout.
    pub(crate) fn blank(&self) -> Result<(), CommandError> {
        self.line("")
    }

    /// Writes a heading to stdout.
    pub(crate) fn heading(&self, text: &str) -> Result<(), CommandError> {
        self.painted_line(&self.paint(Style::Heading, &printable(text)))
    }

    /// Writes a table to stdout.
    pub(crate) fn table(&self, table: &Table) -> Result<(), CommandError> {
        self.line(table.render(self.table_width()))
    }

    /// Writes bytes of another program to stdout.
    pub(crate) fn pass_out(&self, bytes: &[u8]) -> Result<(), CommandError> {
        let mut out = std::io::stdout().lock();
        out.write_all(bytes)?;
        Ok(out.flush()?)
    }

    /// Writes bytes of another program to stderr.
    pub(crate) fn pass_err(&self, bytes: &[u8]) {
        write_err(bytes);
    }

    /// Writes a value as JSON with two spaces of indentation.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<(), CommandError> {
        self.line(serde_json::to_string_pretty(value).map_err(CommandError::new)?)
    }

    /// Writes a value as one line of JSON.
    pub(crate) fn json_line(&self, value: &impl Serialize) -> Result<(), CommandError> {
        self.line(serde_json::to_string(value).map_err(CommandError::new)?)
    }

    /// Writes a line to stderr: something a person should know that is not the answer.
    pub(crate) fn note(&self, text: impl AsRef<str>) {
        write_err(format!("{}\n", printable(text.as_ref())).as_bytes());
    }

    /// Writes the message of a failure to stderr.
    pub(crate) fn error_text(&self, text: &str) {
        if self.err_colour {
            write_err(format!("{}\n", Style::Error.apply(&printable(text))).as_bytes());
        } else {
            self.note(text);
        }
    }

    /// Colours text for stdout, if stdout shows colours.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        if self.out_colour {
            style.apply(text)
        } else {
            text.to_owned()
        }
    }
}

/// Losing a line that nobody reads is no reason to fail.
fn write_err(bytes: &[u8]) {
    let mut err = std::io::stderr().lock();
    err.write_all(bytes).and_then(|()| err.flush()).ok();
}
