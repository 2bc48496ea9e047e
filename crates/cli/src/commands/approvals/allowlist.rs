//! `openclaw approvals allowlist`.

use clap::Subcommand;

use super::show::show;
use super::target::TargetArgs;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// Commands of `approvals allowlist`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Allow programs whose path matches a pattern
    Add(Args),
    /// Take a pattern off the list
    Remove(Args),
}

/// Arguments of `approvals allowlist add` and `remove`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Path pattern: * stops at a slash, ** does not, ? is one character, ~ is home
    #[arg(value_name = "pattern")]
    pattern: String,
    /// Agent; * is every agent
    #[arg(long, value_name = "id", default_value = "*")]
    agent: String,
    #[command(flatten)]
    target: TargetArgs,
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        match self {
            Self::Add(args) => args.change(context, true).await,
            Self::Remove(args) => args.change(context, false).await,
        }
    }
}

impl Args {
    async fn change(self, context: &Context, add: bool) -> Outcome {
        let pattern = self.pattern.trim();
        if pattern.is_empty() {
            return Err(CommandError::plain("Pattern required."));
        }
        if add && !pattern.contains(['/', '\\', '~']) {
            return Err(CommandError::plain(format!(
                "Pattern {pattern} matches nothing: programs are compared by their full path."
            ))
            .hint("Fix: give the path, such as /usr/bin/uname or **/uname."));
        }
        let ui = context.ui();
        let target = self.target.open(context).await?;
        if target.is_local() {
            ui.note("Writing local approvals.");
        }
        let rules = target.get().await?;
        let mut file = rules.file.clone();
        let changed = if add {
            file.allow(&self.agent, pattern)
        } else {
            file.disallow(&self.agent, pattern)
        };
        if !changed {
            let text = if add {
                "Already allowlisted."
            } else {
                "Pattern not found."
            };
            if ui.is_json() {
                ui.note(text);
                ui.json_line(&rules.shown)?;
            } else {
                ui.line(text)?;
            }
            return Ok(Exit::OK);
        }
        let rules = target.set(file, rules.hash()?).await?;
        show(ui, &target, &rules)?;
        Ok(Exit::OK)
    }
}
