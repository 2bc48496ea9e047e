//! `openclaw status`: gateway, nodes and config at a glance.

mod collect;
mod machine;
mod text;

use openclaw_config::resolve::MissingRemote;

use crate::args::CallArgs;
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::{Exit, Outcome};
use collect::Overview;

/// Arguments of `status`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent flags of the command line"
)]
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A report to paste, with the state of this machine
    #[arg(long)]
    all: bool,
    /// Also ask for the health of the gateway; fails when it does not answer
    #[arg(long)]
    deep: bool,
    /// Show how the gateway is reached
    #[arg(long, alias = "debug")]
    verbose: bool,
    /// Accepted for compatibility
    #[arg(long, hide = true)]
    usage: bool,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        context.tolerate_bad_config();
        let target = context
            .target(&self.call, MissingRemote::FallBackToLocal)
            .map_err(CallFailure::into_error)?;
        let overview = Overview::collect(context, &self.call, target, self.all).await?;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&overview.to_json(self.deep))?;
        } else if self.all {
            text::print_all(ui, context, &overview)?;
        } else {
            if self.verbose {
                ui.line("Gateway connection:")?;
                for line in overview.target.details().lines() {
                    ui.line(format!("  {line}"))?;
                }
                ui.blank()?;
            }
            text::print(ui, context, &overview, self.deep)?;
        }
        Ok(if self.deep && !overview.probe.connected {
            Exit::FAILED
        } else {
            Exit::OK
        })
    }
}
