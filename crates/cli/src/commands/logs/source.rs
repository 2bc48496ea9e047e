//! Where lines come from: one connection to the gateway, or the file of this machine's gateway while that is down.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use openclaw_client::{ConnectError, FailureClass};
use openclaw_config::resolve::MissingRemote;
use openclaw_gateway::logs;
use openclaw_protocol::methods::logs::LogsTail;
use openclaw_protocol::scope::Scope;
use serde_json::json;

use super::Question;
use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, Deadline, is_unreachable, needs};
use crate::context::Context;
use crate::error::CommandError;

/// Pause before a lost connection is tried again.
const RECONNECT: Duration = Duration::from_secs(1);

/// The gateway, its file, or neither for now.
#[derive(Debug)]
pub(super) struct Source {
    connection: Option<Connection>,
    /// The file of this machine's gateway; `None` when the gateway is elsewhere, or its log is not here.
    file: Option<PathBuf>,
    local: bool,
    limit: Duration,
    tried: Instant,
}

impl Source {
    /// Connects; falls back to the file when nobody answers on this machine and a log is there.
    pub(super) async fn open(context: &Context, call: &CallArgs) -> Result<Self, CallFailure> {
        let local = !call.is_explicit() && context.target(call, MissingRemote::Refuse)?.is_local();
        let mut source = Self {
            connection: None,
            file: None,
            local,
            limit: call.deadline(),
            tried: Instant::now(),
        };
        match connect(context, call).await {
            Ok(connection) => source.connection = Some(connection),
            Err(failure)
                if local
                    && has_run(context)
                    && failure.connect_error().is_some_and(is_unreachable) =>
            {
                let log = context.log_file();
                let found = logs::tail(&log, None, 1, 1);
                match found {
                    Ok(found) if found.size > 0 => source.file = Some(log),
                    Err(error) => return Err(unreadable(&log, &error)),
                    Ok(_) => return Err(failure),
                }
            }
            Err(failure) => return Err(failure),
        }
        Ok(source)
    }

    /// What to know about where the lines come from.
    pub(super) fn notice(&self) -> Option<&'static str> {
        self.connection
            .is_none()
            .then_some("Gateway is not running; its log file is read.")
    }

    /// Whether a failure means that the connection is gone.
    pub(super) fn is_broken_by(&self, failure: &CallFailure) -> bool {
        self.connection.is_some() && failure.rpc().is_none()
    }

    /// Asks whichever there is. Without both nothing is new.
    pub(super) async fn tail(&mut self, question: &Question) -> Result<LogsTail, CallFailure> {
        if let Some(connection) = &self.connection {
            return ask(connection, question, self.limit).await;
        }
        let Some(path) = &self.file else {
            return Ok(LogsTail {
                file: String::new(),
                cursor: question.cursor.unwrap_or_default(),
                size: 0,
                lines: Vec::new(),
                truncated: false,
                reset: false,
            });
        };
        let limit = usize::try_from(question.limit).unwrap_or(usize::MAX);
        let tail = logs::tail(path, question.cursor, limit, u64::from(question.max_bytes))
            .map_err(|error| unreadable(path, &error))?;
        Ok(LogsTail {
            file: tail.file.display().to_string(),
            cursor: tail.cursor,
            size: tail.size,
            lines: tail.lines,
            truncated: tail.truncated,
            reset: tail.reset,
        })
    }

    /// The connection broke. Goes on with the file that the gateway wrote, where that can be read.
    pub(super) fn lost(&mut self, context: &Context, last: &str) -> &'static str {
        self.connection = None;
        self.tried = Instant::now();
        if self.local {
            let today = context.log_file();
            let last = PathBuf::from(last);
            // Day and profile are ours to know; where the log is, the gateway said.
            let path = if last.parent() == today.parent() || !last.is_absolute() {
                today
            } else {
                last
            };
            self.file = path.exists().then_some(path);
        }
        if self.file.is_some() {
            "Gateway connection lost; its log file is read until it comes back."
        } else {
            "Gateway connection lost; waiting for it to come back."
        }
    }

    /// Tries the gateway again, one connection at a time; says whether it is back. A refusal stays one.
    pub(super) async fn come_back(
        &mut self,
        context: &Context,
        call: &CallArgs,
    ) -> Result<bool, CallFailure> {
        if self.connection.is_some() || self.tried.elapsed() < RECONNECT {
            return Ok(false);
        }
        self.tried = Instant::now();
        match connect(context, call).await {
            Ok(connection) => {
                self.connection = Some(connection);
                Ok(true)
            }
            Err(failure) if failure.connect_error().is_some_and(is_transient) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    pub(super) async fn close(self) {
        if let Some(connection) = self.connection {
            connection.close().await;
        }
    }
}

/// Whether a gateway of this state directory has ever run, or has a log of its own: users share the default folder.
fn has_run(context: &Context) -> bool {
    let own_log = context
        .settings()
        .is_ok_and(|settings| settings.logging.file.is_some());
    own_log || context.paths().lock_file.exists()
}

async fn connect(context: &Context, call: &CallArgs) -> Result<Connection, CallFailure> {
    Connection::open(context, call, needs([Scope::Read])).await
}

async fn ask(
    connection: &Connection,
    question: &Question,
    limit: Duration,
) -> Result<LogsTail, CallFailure> {
    let mut params = json!({ "limit": question.limit, "maxBytes": question.max_bytes });
    if let Some(cursor) = question.cursor {
        params["cursor"] = json!(cursor);
    }
    let raw = connection
        .call_within("logs.tail", &params, Deadline::after(limit))
        .await?;
    serde_json::from_str(raw.get()).map_err(|error| CallFailure::command(CommandError::new(error)))
}

fn unreadable(path: &std::path::Path, error: &std::io::Error) -> CallFailure {
    let problem = format!("cannot read the log file {}: {error}", path.display());
    let hint = if error.kind() == std::io::ErrorKind::InvalidInput {
        "Fix: move it away, or choose another logging.file; then restart the gateway."
    } else {
        "Fix: run this as the user that runs the gateway; only that one may read its log."
    };
    CallFailure::command(CommandError::new(problem).hint(hint))
}

fn is_transient(error: &ConnectError) -> bool {
    error.class() == FailureClass::Transient
}
