//! `openclaw logs`: the log of the gateway, once or followed.

mod entry;

use std::io::IsTerminal;
use std::time::Duration;

use openclaw_protocol::methods::logs::LogsTail;
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::args::{CallArgs, millis};
use crate::connect::{CallFailure, Cause, Connection, Deadline, needs};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::Ui;
use entry::Entry;

/// What is printed when no gateway answers.
const NOT_REACHABLE: &str = "Gateway not reachable. Is it running and accessible?";
/// Where help is.
const HINT: &str = "Hint: run `openclaw gateway probe`.";
/// Pause before a lost connection is tried again while following.
const RECONNECT: Duration = Duration::from_secs(1);

/// Arguments of `logs`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Most lines
    #[arg(long, alias = "tail", value_name = "n", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=5000))]
    limit: u32,
    /// Most bytes
    #[arg(long, value_name = "n", default_value_t = 250_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_bytes: u32,
    /// Go on with new lines until interrupted
    #[arg(long, short)]
    follow: bool,
    /// Pause between looks while following, in milliseconds
    #[arg(long, value_name = "ms", value_parser = millis, default_value = "1000")]
    interval: Duration,
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
        let mut connection = self
            .open(context)
            .await
            .map_err(|failure| explain(ui, failure))?;
        let mut position = Position::default();
        loop {
            match self.tail(&connection, &position).await {
                Ok(tail) => self.print(ui, &mut position, tail)?,
                Err(failure) if self.follow && failure.rpc().is_none() => {
                    connection = self.reconnect(context).await?;
                    continue;
                }
                Err(failure) => return Err(explain(ui, failure)),
            }
            if !self.follow {
                break;
            }
            tokio::time::sleep(self.interval).await;
        }
        connection.close().await;
        Ok(Exit::OK)
    }

    async fn open(&self, context: &Context) -> Result<Connection, CallFailure> {
        Connection::open(context, &self.call, needs([Scope::Read])).await
    }

    /// A gateway that restarts comes back; a refusal stays one.
    async fn reconnect(&self, context: &Context) -> Result<Connection, CommandError> {
        let ui = context.ui();
        ui.note("Gateway connection lost; waiting for it to come back.");
        loop {
            tokio::time::sleep(RECONNECT).await;
            match self.open(context).await {
                Ok(connection) => {
                    ui.note("Gateway is back.");
                    return Ok(connection);
                }
                Err(failure) if failure.connect_error().is_some_and(is_transient) => {}
                Err(failure) => return Err(explain(ui, failure)),
            }
        }
    }

    async fn tail(
        &self,
        connection: &Connection,
        position: &Position,
    ) -> Result<LogsTail, CallFailure> {
        let mut params = json!({ "limit": self.limit, "maxBytes": self.max_bytes });
        if let Some(cursor) = position.cursor {
            params["cursor"] = json!(cursor);
        }
        let deadline = Deadline::after(self.call.deadline());
        let raw = connection
            .call_within("logs.tail", &params, deadline)
            .await?;
        serde_json::from_str(raw.get())
            .map_err(|error| CallFailure::command(CommandError::new(error)))
    }

    fn print(&self, ui: Ui, position: &mut Position, tail: LogsTail) -> Result<(), CommandError> {
        let first = position.cursor.is_none();
        let rotated = !first && (tail.reset || position.file != tail.file);
        if ui.is_json() {
            if first || rotated {
                ui.json_line(&json!({
                    "type": "meta", "file": tail.file, "cursor": tail.cursor, "size": tail.size,
                }))?;
            }
        } else if first {
            ui.line(format!("Log file: {}", tail.file))?;
        }
        for (truth, text) in [
            (tail.truncated, "Log tail truncated (increase --max-bytes)."),
            (tail.reset, "Log cursor reset (file rotated)."),
        ] {
            if truth && ui.is_json() {
                ui.json_line(&json!({ "type": "notice", "message": text }))?;
            } else if truth {
                ui.note(text);
            }
        }
        let clock = ui.is_terminal() && !self.plain && std::io::stdout().is_terminal();
        for line in &tail.lines {
            let entry = Entry::parse(line);
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

/// Where the next look goes on.
#[derive(Debug, Default)]
struct Position {
    cursor: Option<u64>,
    file: String,
}

fn is_transient(error: &openclaw_client::ConnectError) -> bool {
    error.class() == openclaw_client::FailureClass::Transient
}

/// The three-part text of `logs`; with `--json` as an object on stderr.
fn explain(ui: Ui, failure: CallFailure) -> CommandError {
    let details = failure.details().unwrap_or_default().to_owned();
    if matches!(
        failure.cause(),
        Cause::Command(_) | Cause::Target | Cause::Rpc(_)
    ) {
        return failure.into_error();
    }
    if ui.is_json() {
        let error = json!({
            "type": "error",
            "message": NOT_REACHABLE,
            "error": format!("{}\n{details}", failure.message()),
            "details": facts(&details, failure.message()),
            "hint": HINT,
        });
        ui.note(error.to_string());
        return CommandError::silent();
    }
    CommandError::plain(NOT_REACHABLE)
        .with_details(format!("{}\n{details}", failure.message()))
        .hints(failure.advice().iter().cloned())
        .hint(HINT)
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
