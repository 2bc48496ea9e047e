//! `openclaw system`.

use clap::{Subcommand, ValueEnum};
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// Commands of `system`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Who and what is connected
    Presence(PresenceArgs),
    /// Tell the gateway something
    Event(EventArgs),
    /// Heartbeats of the agents
    #[command(subcommand)]
    Heartbeat(HeartbeatCommand),
}

/// Arguments of `system presence`.
#[derive(Debug, clap::Args)]
pub(crate) struct PresenceArgs {
    #[command(flatten)]
    call: CallArgs,
}

/// Arguments of `system event`.
#[derive(Debug, clap::Args)]
pub(crate) struct EventArgs {
    /// What to tell
    #[arg(long, value_name = "text")]
    text: String,
    /// When it is read: now or next-heartbeat [default: next-heartbeat]
    #[arg(long, value_name = "mode")]
    mode: Option<String>,
    #[command(flatten)]
    call: CallArgs,
}

/// Commands of `system heartbeat`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum HeartbeatCommand {
    /// Show the last heartbeat
    Last(PresenceArgs),
    /// Switch heartbeats on
    Enable(PresenceArgs),
    /// Switch heartbeats off
    Disable(PresenceArgs),
}

/// When an event is read.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    Now,
    NextHeartbeat,
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Presence(args) => {
                let scopes = needs([Scope::Read]);
                show(context, &args.call, scopes, "system-presence", json!({})).await
            }
            Self::Event(args) => args.run(context).await,
            Self::Heartbeat(HeartbeatCommand::Last(args)) => {
                let scopes = needs([Scope::Read]);
                show(context, &args.call, scopes, "last-heartbeat", json!({})).await
            }
            Self::Heartbeat(HeartbeatCommand::Enable(args)) => {
                heartbeats(context, &args, true).await
            }
            Self::Heartbeat(HeartbeatCommand::Disable(args)) => {
                heartbeats(context, &args, false).await
            }
        }
    }
}

impl EventArgs {
    async fn run(self, context: &Context) -> Outcome {
        let mode = match self.mode.as_deref().map(|mode| Mode::from_str(mode, true)) {
            None | Some(Ok(Mode::NextHeartbeat)) => "next-heartbeat",
            Some(Ok(Mode::Now)) => "now",
            Some(Err(_)) => return Err(CommandError::new("--mode must be now or next-heartbeat")),
        };
        if self.text.trim().is_empty() {
            return Err(CommandError::new("--text is empty"));
        }
        let params = json!({ "mode": mode, "text": self.text });
        let answer = call(context, &self.call, needs([Scope::Write]), "wake", &params).await?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&answer)?;
        } else {
            ui.line("ok")?;
        }
        Ok(Exit::OK)
    }
}

async fn heartbeats(context: &Context, args: &PresenceArgs, enabled: bool) -> Outcome {
    let params = json!({ "enabled": enabled });
    show(
        context,
        &args.call,
        needs([Scope::Admin]),
        "set-heartbeats",
        params,
    )
    .await
}

/// Calls a method and prints its answer as JSON.
async fn show(
    context: &Context,
    args: &CallArgs,
    scopes: ScopeSet,
    method: &str,
    params: Value,
) -> Outcome {
    let answer = call(context, args, scopes, method, &params).await?;
    context.ui().json(&answer)?;
    Ok(Exit::OK)
}

async fn call(
    context: &Context,
    args: &CallArgs,
    scopes: ScopeSet,
    method: &str,
    params: &Value,
) -> Result<Value, CommandError> {
    let connection = Connection::open(context, args, scopes)
        .await
        .map_err(CallFailure::into_error)?;
    let answer = connection
        .call(method, params)
        .await
        .map_err(CallFailure::into_error)?;
    connection.close().await;
    Ok(answer)
}
