//! `openclaw nodes`: see and command the machines of a gateway.

mod approve;
mod camera;
mod canvas;
mod describe;
mod find;
mod invoke;
mod list;
mod location;
mod media;
mod notify;
mod pending;
mod reject;
mod remove;
mod rename;
mod run;
mod screen;
mod status;

use std::time::Duration;

use clap::Subcommand;
use openclaw_protocol::scope::{Scope, ScopeSet};

use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::{CommandError, Outcome};

/// Commands of `nodes`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Show every known node, connected or not
    Status(status::Args),
    /// Show pending and paired nodes
    List(list::Args),
    /// Show nodes that wait for approval
    Pending(pending::Args),
    /// Approve a node
    Approve(approve::Args),
    /// Reject a node
    Reject(reject::Args),
    /// Unpair a node
    Remove(remove::Args),
    /// Give a node another name
    Rename(rename::Args),
    /// Show one node and its commands
    Describe(describe::Args),
    /// Call a command of a node
    Invoke(invoke::Args),
    /// Run a program on a node
    Run(run::Args),
    /// Show a notification on a node
    Notify(notify::Args),
    /// Where a node is
    #[command(subcommand)]
    Location(location::Command),
    /// Cameras of a node
    #[command(subcommand)]
    Camera(camera::Command),
    /// Screen of a node
    #[command(subcommand)]
    Screen(screen::Command),
    /// Canvas of a node
    #[command(subcommand)]
    Canvas(canvas::Command),
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Status(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
            Self::Pending(args) => args.run(context).await,
            Self::Approve(args) => args.run(context).await,
            Self::Reject(args) => args.run(context).await,
            Self::Remove(args) => args.run(context).await,
            Self::Rename(args) => args.run(context).await,
            Self::Describe(args) => args.run(context).await,
            Self::Invoke(args) => args.run(context).await,
            Self::Run(args) => args.run(context).await,
            Self::Notify(args) => args.run(context).await,
            Self::Location(command) => command.run(context).await,
            Self::Camera(command) => command.run(context).await,
            Self::Screen(command) => command.run(context).await,
            Self::Canvas(command) => command.run(context).await,
        }
    }
}

/// The prefix of every failure of a `nodes` command.
pub(crate) fn failed(command: &str) -> String {
    format!("nodes {command} failed: Error: ")
}

/// A failure of a `nodes` command that is found on this side.
fn wrong(command: &str, message: impl std::fmt::Display) -> CommandError {
    CommandError::plain(format!("{}{message}", failed(command)))
}

/// Connects for a `nodes` command; the deadline covers `extra` beyond the one on the line.
async fn open(
    context: &Context,
    args: &CallArgs,
    scopes: ScopeSet,
    at_least: Duration,
    command: &str,
) -> Result<Connection, CommandError> {
    let args = CallArgs {
        timeout: Some(args.deadline().max(at_least)),
        ..args.clone()
    };
    Connection::open(context, &args, scopes)
        .await
        .map_err(|failure| failure.prefixed(&failed(command)))
}

/// Turns a failed call into the failure of a `nodes` command.
fn fail(command: &str) -> impl Fn(CallFailure) -> CommandError + '_ {
    move |failure| failure.prefixed(&failed(command))
}

/// Scopes for looking.
fn look() -> ScopeSet {
    needs([Scope::Read])
}

/// Scopes for commanding.
fn act() -> ScopeSet {
    needs([Scope::Read, Scope::Write])
}

/// Finds a node for the `approvals` commands.
pub(crate) async fn find_for_approvals(
    connection: &Connection,
    query: &str,
) -> Result<openclaw_protocol::methods::node::NodeEntry, CommandError> {
    let nodes = find::all(connection, "status").await?;
    find::pick(&nodes, query)
        .cloned()
        .map_err(|error| CommandError::plain(error.to_string()))
}
