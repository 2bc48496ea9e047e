//! `openclaw gateway call`.

use openclaw_protocol::method::{self, Access};
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde_json::Value;

use crate::args::CallArgs;
use crate::connect::{CallFailure, Connection, needs};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// Prefix of failures.
const FAILED: &str = "Gateway call failed: Error: ";

/// Arguments of `gateway call`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Method, such as node.list
    #[arg(value_name = "method")]
    method: String,
    /// Parameters as JSON
    #[arg(long, value_name = "json", default_value = "{}")]
    params: String,
    /// Accepted for compatibility; the final answer is always waited for
    #[arg(long, hide = true)]
    expect_final: bool,
    #[command(flatten)]
    call: CallArgs,
}

impl Args {
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        context.tolerate_bad_config();
        let params: Value = serde_json::from_str(&self.params).map_err(|error| {
            CommandError::plain(format!("Gateway call failed: SyntaxError: {error}")).hint(
                "Fix: --params takes JSON; quote it for the shell, as in --params '{\"a\":1}'",
            )
        })?;
        let fail = |failure: CallFailure| failure.prefixed(FAILED);
        let connection = Connection::open(context, &self.call, scopes(&self.method))
            .await
            .map_err(fail)?;
        let raw = connection
            .call_raw(&self.method, &params)
            .await
            .map_err(fail)?;
        connection.close().await;
        let ui = context.ui();
        if !ui.is_json() {
            ui.line(format!("Gateway call: {}", self.method))?;
        }
        let value: Value = serde_json::from_str(raw.get()).map_err(CommandError::new)?;
        ui.json(&value)?;
        Ok(Exit::OK)
    }
}

/// The least a method needs; everything for methods nobody here knows.
fn scopes(method: &str) -> ScopeSet {
    match method::find(method).map(|method| method.access) {
        Some(Access::Any) => needs([Scope::Read]),
        Some(Access::Scope(scope)) => needs([scope]),
        Some(Access::Node) | None => needs([
            Scope::Admin,
            Scope::Approvals,
            Scope::Pairing,
            Scope::Read,
            Scope::Write,
        ]),
    }
}
