//! `openclaw config`: read and change the config file.

mod confirm;
mod file;
mod get;
mod rollback;
mod set;
mod unset;
mod validate;

use clap::Subcommand;
use openclaw_config::edit::{EditError, Edited};

use crate::context::{Context, problem};
use crate::error::{CommandError, Outcome};
use crate::runtime;

/// Commands of `config`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Print a value
    Get(get::Args),
    /// Change a value
    Set(set::Args),
    /// Remove a value
    Unset(unset::Args),
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
            Self::File(args) => args.run(context),
            Self::Validate(args) => args.run(context),
            Self::Rollback(args) => args.run(context),
            Self::Confirm(args) => runtime::run(args.run(context)),
        }
    }
}

/// When a change of a value counts, for whoever made it.
fn applies(path: &str) -> &'static str {
    const AT_START: [&str; 3] = ["gateway.mode", "gateway.tailscale", "nodeHost"];
    let below = |inner: &str, outer: &str| {
        inner == outer
            || inner
                .strip_prefix(outer)
                .is_some_and(|rest| rest.starts_with('.'))
    };
    if AT_START
        .iter()
        .any(|key| below(path, key) || below(key, path))
    {
        "Restart the gateway to apply."
    } else {
        "A running gateway applies it by itself."
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
