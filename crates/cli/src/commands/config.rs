//! `openclaw config`: read and change the config file.

mod confirm;
mod diff;
pub(crate) mod edit;
mod file;
mod get;
mod rollback;
mod schema;
mod set;
mod unset;
mod validate;

use clap::Subcommand;
use openclaw_config::edit::{EditError, Edited};
use openclaw_config::schema::{Applies, ReloadMode, applies};

use super::configure;
use crate::context::{Context, problem};
use crate::error::{CommandError, Outcome};
use crate::runtime;

/// Arguments of `config`; without a command it is `configure`.
#[derive(Debug, clap::Args)]
#[command(disable_help_subcommand = true, args_conflicts_with_subcommands = true)]
#[group(skip)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    configure: configure::Args,
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self.command {
            Some(command) => command.run(context),
            None => self.configure.run(context),
        }
    }
}

/// Commands of `config`.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a value
    Get(get::Args),
    /// Change a value
    Set(set::Args),
    /// Remove a value
    Unset(unset::Args),
    /// Change the file in an editor; it is checked before it counts
    Edit(edit::Args),
    /// Show what differs from an earlier config file, or from the defaults
    Diff(diff::Args),
    /// Print the JSON Schema of the config file
    Schema(schema::Args),
    /// Print the path of the config file
    File(file::Args),
    /// Check the config file
    Validate(validate::Args),
    /// Put an earlier config file back
    Rollback(rollback::Args),
    /// Keep a change that the gateway would take back
    Confirm(confirm::Args),
}

impl Command {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Get(args) => args.run(context),
            Self::Set(args) => args.run(context),
            Self::Unset(args) => args.run(context),
            Self::Edit(args) => args.run(context),
            Self::Diff(args) => args.run(context),
            Self::Schema(args) => args.run(context),
            Self::File(args) => args.run(context),
            Self::Validate(args) => args.run(context),
            Self::Rollback(args) => args.run(context),
            Self::Confirm(args) => runtime::run(args.run(context)),
        }
    }
}

/// When a change of these values counts, for whoever made it.
fn counts<'a>(context: &Context, paths: impl IntoIterator<Item = &'a str>) -> &'static str {
    let most = paths.into_iter().map(applies).max();
    match most.unwrap_or(Applies::Nowhere) {
        Applies::GatewayRestart => "Restart the gateway to apply.",
        Applies::NodeRestart => "Restart the node host to apply.",
        Applies::Live if context.reload().settings.gateway.reload.mode == ReloadMode::Off => {
            "Restart the gateway to apply."
        }
        Applies::Live => "A running gateway applies it by itself.",
        Applies::NextCommand => "The next command uses it.",
        Applies::Nowhere => "Nothing has to be restarted.",
    }
}

/// A change that was not made.
pub(crate) fn refused(context: &Context, error: EditError) -> CommandError {
    match error {
        EditError::Invalid(issues) => {
            let mut issues = issues.iter();
            let first = issues.next().map_or_else(String::new, problem);
            let error = CommandError::new(format!("Config validation failed: {first}"));
            let rest: Vec<String> = issues
                .map(|issue| format!("  - {}", problem(issue)))
                .collect();
            if rest.is_empty() {
                error
            } else {
                error.with_details(rest.join("\n"))
            }
        }
        EditError::Syntax(_) | EditError::Unreadable(_) => CommandError::new(error).hint(format!(
            "Fix: correct {} or run: {}",
            context.paths().config_path.display(),
            context.command("openclaw config rollback")
        )),
        other => CommandError::new(other),
    }
}

/// Says what the changed file makes a person wonder about.
fn warn(context: &Context, edited: &Edited) {
    for warning in &edited.warnings {
        context.ui().note(format!("Warning: {}", problem(warning)));
    }
}
