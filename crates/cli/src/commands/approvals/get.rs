//! `openclaw approvals get`.

use super::show::show;
use super::target::TargetArgs;
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Arguments of `approvals get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    target: TargetArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let ui = context.ui();
        let target = self.target.open(context).await?;
        if target.is_local() && !ui.is_json() {
            ui.line("Showing local approvals.")?;
            ui.blank()?;
        }
        let rules = target.get().await?;
        show(ui, &target, &rules)?;
        Ok(Exit::OK)
    }
}
