//! `openclaw approvals set`.

use std::io::Read;
use std::path::PathBuf;

use openclaw_config::exec_approvals::parse_strict;
use openclaw_config::text;

use super::show::show;
use super::target::TargetArgs;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// Arguments of `approvals set`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// File with the rules, JSON5
    #[arg(long, value_name = "path")]
    file: Option<PathBuf>,
    /// Read the rules from standard input
    #[arg(long)]
    stdin: bool,
    #[command(flatten)]
    target: TargetArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let raw = match (&self.file, self.stdin) {
            (None, false) => return Err(CommandError::plain("Provide --file or --stdin.")),
            (Some(_), true) => {
                return Err(CommandError::plain(
                    "Use either --file or --stdin (not both).",
                ));
            }
            (Some(file), false) => {
                let path = context.env().absolute(&file.to_string_lossy());
                std::fs::read_to_string(&path).map_err(|error| {
                    CommandError::plain(format!("cannot read {}: {error}", path.display()))
                })?
            }
            (None, true) => {
                let mut raw = String::new();
                std::io::stdin().read_to_string(&mut raw)?;
                raw
            }
        };
        let value = text::parse(&raw).map_err(|error| {
            CommandError::plain(format!("Failed to parse approvals JSON: {error}"))
        })?;
        let file = parse_strict(&value).map_err(|issues| {
            let first = issues.first().map_or_else(String::new, ToString::to_string);
            CommandError::plain(format!("Failed to parse approvals JSON: {first}"))
        })?;
        let ui = context.ui();
        let target = self.target.open(context).await?;
        if target.is_local() {
            ui.note("Writing local approvals.");
        }
        let rules = target.get().await?;
        let rules = target.set(file, rules.hash()?).await?;
        if !ui.is_json() {
            ui.line(format!("Target: {}", target.name()))?;
        }
        show(ui, &target, &rules)?;
        Ok(Exit::OK)
    }
}
