//! `openclaw logs`: the log of the gateway, once or followed. While this machine's gateway is down, its file is read.

mod entry;
mod filter;
mod source;

use std::io::IsTerminal;
use std::time::Duration;

use openclaw_client::ConnectError;
use openclaw_config::schema::LogLevel;
use openclaw_protocol::methods::logs::LogsTail;
use serde_json::{Value, json};

use crate::args::{CallArgs, millis, whole};
use crate::connect::{CallFailure, Cause};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::Ui;
use entry::Entry;
use filter::Filter;
use source::Source;

/// What is printed when no gateway answers.
const NOT_REACHABLE: &str = "Gateway not reachable. Is it running and accessible?";
/// What is printed when one answers and does not let us in.
const REFUSED: &str = "Gateway reached, but it does not let this command in.";
/// What is printed when one answers with a certificate that is not accepted.
const NOT_TRUSTED: &str = "Gateway reached, but its certificate is not accepted.";
/// Most lines of one answer.
const MOST_LINES: u32 = 5_000;
/// Most bytes of one answer.
const MOST_BYTES: u32 = 1_000_000;

/// Arguments of `logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Most lines; --tail is the same
    #[arg(long, alias = "tail", value_name = "n", default_value_t = 200, value_parser = whole(1..=MOST_LINES))]
    limit: u32,
    /// Maximum number of bytes to read [default: 250000; with a filter 1000000]
    #[arg(long, value_name = "n", value_parser = whole(1..=MOST_BYTES))]
    max_bytes: Option<u32>,
    /// Go on with new lines until interrupted
    #[arg(long, short)]
    follow: bool,
    /// Pause between looks while following, in milliseconds
    #[arg(long, value_name = "ms", value_parser = millis, default_value = "1000")]
    interval: Duration,
    /// Only lines of this level and worse: trace, debug, info, warn, error or fatal
    #[arg(long, value_name = "level", value_parser = filter::level)]
    level: Option<LogLevel>,
    /// Only lines of this part: gateway/conn, conn, tailscale …; may be repeated
    #[arg(long, value_name = "name")]
    subsystem: Vec<String>,
    /// As in a pipe: full times, no colours
    #[arg(long)]
    plain: bool,
    /// Accepted for compatibility
    #[arg(long, hide = true)]
    expect_final: bool,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        context.tolerate_bad_config();
        let ui = context.ui();
        let hint = format!("Hint: run `{}`.", context.command("openclaw doctor"));
        let explain = |failure| explain(ui, &hint, failure);
        let filter = Filter::new(self.level, &self.subsystem);
        let mut source = Source::open(context, &self.call).await.map_err(explain)?;
        if let Some(notice) = source.notice() {
            tell(ui, notice)?;
        }
        let mut position = Position::default();
        loop {
            match source.tail(&self.question(&position, &filter)).await {
                Ok(tail) if position.is_of_another_file(&tail) => {
                    // The place was one of the former file, and happens to be one of this file, too.
                    position.cursor = Some(0);
                    position.file = tail.file;
                    tell(ui, "Log cursor reset (file rotated).")?;
                    continue;
                }
                Ok(tail) => self.print(ui, &filter, &mut position, tail)?,
                Err(failure) if self.follow && source.is_broken_by(&failure) => {
                    let notice = source.lost(context, &position.file);
                    tell(ui, notice)?;
                    continue;
                }
                Err(failure) => return Err(explain(failure)),
            }
            if !self.follow {
                break;
            }
            tokio::time::sleep(self.interval).await;
            match source.come_back(context, &self.call).await {
                Ok(true) => tell(ui, "Gateway is back.")?,
                Ok(false) => {}
                Err(failure) => return Err(explain(failure)),
            }
        }
        source.close().await;
        Ok(Exit::OK)
    }

    /// What is asked for next.
    fn question(&self, position: &Position, filter: &Filter) -> Question {
        // What a filter leaves is counted here; while following, nothing that is new is left out.
        let all = !filter.is_open() || position.cursor.is_some();
        let most = if filter.is_open() {
            250_000
        } else {
            MOST_BYTES
        };
        Question {
            cursor: position.cursor,
            limit: if all { MOST_LINES } else { self.limit },
            max_bytes: self.max_bytes.unwrap_or(most),
        }
    }

    fn print(
        &self,
        ui: Ui,
        filter: &Filter,
        position: &mut Position,
        tail: LogsTail,
    ) -> Result<(), CommandError> {
        let first = position.cursor.is_none();
        let rotated = !first && (tail.reset || position.file != tail.file);
        let mut lines: Vec<(Entry, &str)> = tail
            .lines
            .iter()
            .map(|line| (Entry::parse(line), line.as_str()))
            .filter(|(entry, _)| filter.admits(entry))
            .collect();
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        // As many lines as asked for are all that was asked for.
        let truncated = tail.truncated && (!first || lines.len() < limit);
        if first {
            lines.drain(..lines.len().saturating_sub(limit));
        }
        if ui.is_json() {
            if first || rotated {
                ui.json_line(&json!({
                    "type": "meta", "file": tail.file, "cursor": tail.cursor, "size": tail.size,
                }))?;
            }
        } else if first {
            ui.line(format!("Log file: {}", tail.file))?;
        }
        if truncated {
            tell(ui, "Log tail truncated (increase --max-bytes).")?;
        }
        if tail.reset {
            tell(ui, "Log cursor reset (file rotated).")?;
        }
        let clock = ui.is_terminal() && !self.plain && std::io::stdout().is_terminal();
        for (entry, line) in &lines {
            if ui.is_json() {
                ui.json_line(&entry.to_json(line))?;
            } else {
                ui.painted_line(&entry.to_text(ui, line, clock))?;
            }
        }
        position.cursor = Some(tail.cursor);
        position.file = tail.file;
        Ok(())
    }
}

/// One look at the log.
#[derive(Debug, Clone, Copy)]
struct Question {
    cursor: Option<u64>,
    limit: u32,
    max_bytes: u32,
}

/// Where the next look goes on.
#[derive(Debug, Default)]
struct Position {
    cursor: Option<u64>,
    file: String,
}

impl Position {
    /// Whether an answer goes on in another file without saying so.
    fn is_of_another_file(&self, tail: &LogsTail) -> bool {
        self.cursor.is_some_and(|cursor| cursor > 0) && self.file != tail.file && !tail.reset
    }
}

/// Something to know that is no line of the log.
fn tell(ui: Ui, text: &str) -> Result<(), CommandError> {
    if ui.is_json() {
        ui.json_line(&json!({ "type": "notice", "message": text }))
    } else {
        ui.note(text);
        Ok(())
    }
}

/// The three-part text of `logs`; with `--json` as an object on stderr.
fn explain(ui: Ui, hint: &str, failure: CallFailure) -> CommandError {
    let details = failure.details().unwrap_or_default().to_owned();
    if matches!(
        failure.cause(),
        Cause::Command(_) | Cause::Target | Cause::Rpc(_)
    ) {
        return failure.into_error();
    }
    let headline = match failure.connect_error() {
        Some(ConnectError::Refused(_)) => REFUSED,
        Some(ConnectError::Tls(_)) => NOT_TRUSTED,
        _ => NOT_REACHABLE,
    };
    if ui.is_json() {
        let error = json!({
            "type": "error",
            "message": headline,
            "error": format!("{}\n{details}", failure.message()),
            "details": facts(&details, failure.message()),
            "hint": hint,
        });
        ui.note(error.to_string());
        return CommandError::silent();
    }
    CommandError::plain(headline)
        .with_details(format!("{}\n{details}", failure.message()))
        .hints(failure.advice().iter().cloned())
        .hint(hint.to_owned())
}

/// The detail block as members.
fn facts(details: &str, message: &str) -> Value {
    let line = |name: &str| {
        details
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
            .map(str::to_owned)
    };
    json!({
        "url": line("Gateway target"),
        "urlSource": line("Source"),
        "bindDetail": line("Bind").map(|bind| format!("Bind: {bind}")),
        "message": message,
    })
}
