//! The scenarios, one file per subject. Each starts the servers it needs, and ends them.

mod bounds;
mod cli;
mod fanout;
mod handshake;
mod idle;
mod invoke;
mod pairing;
mod reconnect;
mod rpc;
mod start;

use crate::load::Yardstick;
use crate::options::Options;
use crate::report::Row;
use crate::server::GatewayProgram;

/// Names, in the order in which they run.
pub(crate) const NAMES: [&str; 10] = [
    "rpc",
    "invoke",
    "handshake",
    "pairing",
    "fanout",
    "idle",
    "start",
    "cli",
    "bounds",
    "reconnect",
];

/// What a scenario works with.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    /// The command line.
    pub(crate) options: &'a Options,
    /// How gateways are started.
    pub(crate) program: &'a GatewayProgram,
}

impl Stage<'_> {
    /// Short echoes to compare with.
    pub(crate) async fn yardstick(&self) -> Yardstick {
        Yardstick::start(None, self.options.count(200_000), self.options.rounds).await
    }

    /// Echoes of a size to compare with.
    pub(crate) async fn yardstick_of(&self, bytes: usize, messages: u32) -> Yardstick {
        Yardstick::start(
            Some(bytes),
            self.options.count(messages),
            self.options.rounds,
        )
        .await
    }
}

/// Runs one scenario.
pub(crate) async fn run(name: &str, stage: &Stage<'_>) -> Vec<Row> {
    match name {
        "rpc" => rpc::run(stage).await,
        "invoke" => invoke::run(stage).await,
        "handshake" => handshake::run(stage).await,
        "pairing" => pairing::run(stage).await,
        "fanout" => fanout::run(stage).await,
        "idle" => idle::run(stage).await,
        "start" => start::run(stage).await,
        "cli" => cli::run(stage).await,
        "bounds" => bounds::run(stage).await,
        "reconnect" => reconnect::run(stage).await,
        other => unreachable!("{other} is not a scenario"),
    }
}
