//! The command line as typed: global flags, the command tree, flags that several commands share.

mod globals;
mod position;
#[cfg(test)]
mod reference;
mod refusal;
mod shared;

use clap::{CommandFactory, FromArgMatches, Parser, ValueHint};

pub(crate) use globals::Globals;
pub(crate) use shared::{CallArgs, TlsArgs, millis, whole};

use crate::commands::Command;
use crate::error::{CommandError, Exit};

/// Remote access to this machine and to others through one gateway.
#[derive(Debug, Parser)]
#[command(
    name = "openclaw",
    subcommand_required = true,
    arg_required_else_help = true,
    disable_version_flag = true,
    max_term_width = 100,
    after_help = "Start here:\n  openclaw up               start a gateway with this machine as a node\n  openclaw devices list     who may connect, who waits for approval\n  openclaw nodes run --node <name> -- uname -a"
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) globals: GlobalFlags,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command, at any position. They are taken from the line before it is parsed
/// (see [`Globals`]), so that they never depend on where they stand; they are declared here for
/// the help texts and for completion.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent flags of the command line"
)]
#[derive(Debug, clap::Args)]
#[command(next_display_order = 900)]
pub(crate) struct GlobalFlags {
    /// Print JSON on stdout, nothing else
    #[arg(long, global = true)]
    json: bool,
    /// Use the state, config and port of this profile
    #[arg(long, global = true, value_name = "name", value_hint = ValueHint::Other)]
    profile: Option<String>,
    /// Same as --profile dev: state in ~/.openclaw-dev, port 19001
    #[arg(long, global = true)]
    dev: bool,
    /// No colours
    #[arg(long, global = true)]
    no_color: bool,
    /// Print the version
    #[arg(short = 'V', long, global = true)]
    version: bool,
}

/// What the line asks for.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// Run this command.
    Run(Box<Command>),
    /// Print this help on stdout and stop.
    Help(String),
}

/// What is wrong with the line.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// A group without a command: its help goes to stderr.
    Incomplete(String),
    /// Anything else.
    Error(CommandError),
}

/// Parses the words after the program name, without the global flags.
pub(crate) fn parse(words: Vec<String>) -> Result<Parsed, Refusal> {
    let mut command = Cli::command();
    let line = position::arrange(&command, words);
    let words = std::iter::once("openclaw").chain(line.iter().map(String::as_str));
    let parsed = command
        .try_get_matches_from_mut(words)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => Ok(Parsed::Run(Box::new(cli.command))),
        Err(error) => refusal::explain(&tree(), &line, &error),
    }
}

/// The whole command tree, with every name and flag in place. Takes longer than parsing a line.
pub(crate) fn tree() -> clap::Command {
    let mut tree = Cli::command();
    tree.build();
    tree
}

impl Refusal {
    /// Prints the refusal and gives the exit code.
    pub(crate) fn report(&self, ui: &crate::ui::Ui) -> Exit {
        match self {
            Self::Incomplete(help) => ui.note(help.trim_end()),
            Self::Error(error) => error.report(ui),
        }
        Exit::FAILED
    }
}

#[cfg(test)]
mod tests;
