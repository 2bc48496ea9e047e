//! Why a call to a gateway has no result, and how it is shown.

use std::fmt;
use std::time::Duration;

use openclaw_client::{CallError, ConnectError, HelloOk};
use openclaw_config::Profile;
use openclaw_config::resolve::{ClientTarget, TargetError, UrlSource, normalize_url};
use openclaw_protocol::error::WireError;

use super::advice;
use crate::error::CommandError;
use crate::tunnel::{Lease, TunnelProblem};

/// Looks for what the SSH host said about a connection that failed just now, and the pause between them.
const NOTE_LOOKS: u32 = 15;
const NOTE_PAUSE: Duration = Duration::from_millis(20);

/// What stood in the way.
#[derive(Debug)]
pub(crate) enum Cause {
    /// The command line, the environment or the config names no usable gateway.
    Target,
    /// No SSH tunnel to connect through.
    Tunnel,
    /// No connection.
    Connect(ConnectError),
    /// The gateway answered with an error.
    Rpc(WireError),
    /// The connection broke, or no answer came in time.
    Lost,
    /// The answer makes no sense.
    Answer,
    /// Something on this side failed before; shown as it is.
    Command(CommandError),
}

/// A failed call: message, facts about the target, advice.
#[derive(Debug)]
pub(crate) struct CallFailure {
    cause: Box<Cause>,
    message: String,
    details: Option<String>,
    hints: Vec<String>,
}

impl CallFailure {
    fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self {
            cause: Box::new(cause),
            message: message.into(),
            details: None,
            hints: Vec::new(),
        }
    }

    /// There is nothing to connect to. The message says it all.
    pub(super) fn target(error: &dyn fmt::Display) -> Self {
        let mut failure = Self::new(Cause::Target, error.to_string());
        if let Some(text) = failure.message.strip_prefix("Invalid URL: ") {
            // Most often only the scheme is missing.
            let meant = format!("ws://{}", text.trim());
            let meant = match normalize_url(&meant) {
                Ok(meant) if !text.contains("://") => meant,
                _ => "ws://<host>:18789".to_owned(),
            };
            failure.hints.push(format!(
                "Fix: write it as {meant} (with TLS: {})",
                meant.replacen("ws://", "wss://", 1)
            ));
        }
        failure
    }

    /// A URL was typed and nothing to show there.
    pub(super) fn credentials_required(source: UrlSource) -> Self {
        let hint = if source == UrlSource::Env {
            "Fix: set OPENCLAW_GATEWAY_TOKEN or OPENCLAW_GATEWAY_PASSWORD, or pass --token or --password."
        } else {
            "Fix: pass --token or --password along with --url."
        };
        let mut failure = Self::new(
            Cause::Target,
            "gateway url override requires explicit credentials",
        );
        failure.hints.push(hint.to_owned());
        failure
    }

    /// No connection came about.
    pub(super) fn connect(
        error: ConnectError,
        target: &ClientTarget,
        device_id: Option<&str>,
    ) -> Self {
        let mut details = target.details();
        if let ConnectError::Unreachable(reason) = &error {
            details = format!("{details}\nReason: {reason}");
        }
        let hints = advice::after_connect(&error, target, device_id);
        Self {
            message: error.to_string(),
            details: Some(details),
            hints,
            cause: Box::new(Cause::Connect(error)),
        }
    }

    /// There is no tunnel to connect through.
    pub(super) fn tunnel(problem: &TunnelProblem, target: &ClientTarget) -> Self {
        Self {
            details: Some(target.details()),
            hints: vec![format!("Fix: {}", problem.fix)],
            ..Self::new(Cause::Tunnel, problem.to_string())
        }
    }

    /// Says what the SSH host said, when it could not reach the gateway.
    pub(super) async fn behind_tunnel(mut self, lease: &Lease) -> Self {
        let mut note = None;
        for _ in 0..NOTE_LOOKS {
            note = lease.gateway_note();
            if note.is_some() {
                break;
            }
            tokio::time::sleep(NOTE_PAUSE).await;
        }
        if note.is_some() {
            self.hints = vec![
                format!(
                    "The SSH host is reached; nothing listens on its 127.0.0.1:{}.",
                    lease.remote_port
                ),
                format!("Fix: on {} run: openclaw gateway status", lease.target),
            ];
        }
        self
    }

    /// A call on a connection failed.
    pub(super) fn call(
        error: CallError,
        limit: Duration,
        target: &ClientTarget,
        hello: Option<&HelloOk>,
    ) -> Self {
        let details = Some(target.details());
        match error {
            CallError::Rpc(error) => Self {
                message: error.message.clone(),
                details,
                hints: advice::after_rpc(&error, hello),
                cause: Box::new(Cause::Rpc(error)),
            },
            CallError::Timeout(_) => Self {
                details,
                ..Self::new(
                    Cause::Lost,
                    format!("gateway timeout after {}ms", limit.as_millis()),
                )
            },
            other => Self {
                details,
                ..Self::new(Cause::Lost, other.to_string())
            },
        }
    }

    /// The answer cannot be understood.
    pub(super) fn answer(message: String, target: &ClientTarget) -> Self {
        Self {
            details: Some(target.details()),
            ..Self::new(Cause::Answer, message)
        }
    }

    /// Something on this side failed before.
    pub(crate) fn command(error: CommandError) -> Self {
        Self::new(Cause::Command(error), "")
    }

    /// Prints the commands of the advice for a profile.
    pub(super) fn for_profile(mut self, profile: &Profile) -> Self {
        for hint in &mut self.hints {
            if let Some((text, command)) = hint.split_once(": openclaw ") {
                *hint = format!(
                    "{text}: {}",
                    profile.command(&format!("openclaw {command}"))
                );
            }
        }
        self
    }

    /// What stood in the way.
    pub(crate) fn cause(&self) -> &Cause {
        &self.cause
    }

    /// The message alone.
    pub(crate) fn message(&self) -> &str {
        match &*self.cause {
            Cause::Command(_) => "",
            _ => &self.message,
        }
    }

    /// The facts about the target.
    pub(crate) fn details(&self) -> Option<&str> {
        self.details.as_deref()
    }

    /// The advice.
    pub(crate) fn advice(&self) -> &[String] {
        &self.hints
    }

    /// The gateway's error, if it answered with one.
    pub(crate) fn rpc(&self) -> Option<&WireError> {
        match &*self.cause {
            Cause::Rpc(error) => Some(error),
            _ => None,
        }
    }

    /// The connect error, if there was no connection.
    pub(crate) fn connect_error(&self) -> Option<&ConnectError> {
        match &*self.cause {
            Cause::Connect(error) => Some(error),
            _ => None,
        }
    }

    /// As a command's failure, with `Error: ` in front.
    pub(crate) fn into_error(self) -> CommandError {
        self.prefixed("Error: ")
    }

    /// As a command's failure, with a prefix of its own.
    pub(crate) fn prefixed(self, prefix: &str) -> CommandError {
        let error = match *self.cause {
            Cause::Command(error) => return error,
            _ => CommandError::plain(format!("{prefix}{}", self.message)),
        };
        let error = match self.details {
            Some(details) => error.with_details(details),
            None => error,
        };
        error.hints(self.hints)
    }
}

impl From<TargetError> for CallFailure {
    fn from(error: TargetError) -> Self {
        Self::target(&error)
    }
}
