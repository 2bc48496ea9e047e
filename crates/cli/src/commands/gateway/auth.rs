//! `openclaw gateway auth`.

use clap::Subcommand;
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::{Exit, Outcome};

/// Commands of `gateway auth`.
#[derive(Debug, Subcommand)]
#[command(disable_help_subcommand = true)]
pub(crate) enum Command {
    /// Forget failed attempts, so that a locked-out client may try again
    Unlock(UnlockArgs),
}

/// Arguments of `gateway auth unlock`.
#[derive(Debug, clap::Args)]
pub(crate) struct UnlockArgs {
    /// Only this address [default: all]
    #[arg(long, value_name = "address")]
    ip: Option<String>,
    #[command(flatten)]
    call: CallArgs,
}

impl Command {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let Self::Unlock(args) = self;
        let connection = Connection::open(context, &args.call, needs([Scope::Admin]))
            .await
            .map_err(CallFailure::into_error)?;
        let params = args.ip.map_or_else(|| json!({}), |ip| json!({ "ip": ip }));
        let answer: Value = connection
            .call("gateway.auth.unlock", &params)
            .await
            .map_err(CallFailure::into_error)?;
        connection.close().await;
        let ui = context.ui();
        if ui.is_json() {
            ui.json(&answer)?;
        } else {
            let unlocked = answer["unlocked"].as_u64().unwrap_or_default();
            let plural = if unlocked == 1 { "y" } else { "ies" };
            ui.line(format!("Unlocked {unlocked} entr{plural}"))?;
        }
        Ok(Exit::OK)
    }
}
