//! `openclaw gateway restart`.

use openclaw_config::resolve::MissingRemote;
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::connect::{Connection, Deadline, Wish, needs};
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};
use crate::runtime;
use crate::service::kind::Kind;
use crate::service::lifecycle::{self, Args, tell};

/// Restarts the service, or the gateway that runs without one.
pub(crate) fn restart(context: &Context, args: Args) -> Outcome {
    let done = lifecycle::restart(context, Kind::Gateway, args);
    tell(context, Kind::Gateway, "restart", done)
}

/// Asks the gateway of this state directory to take its own place: over the owner-only socket, so that no other
/// gateway can be meant.
pub(crate) fn ask_to_restart(context: &Context) -> Result<(), CommandError> {
    runtime::run(async {
        context.tolerate_bad_config();
        let args = CallArgs::default();
        let failed = |failure: crate::connect::CallFailure| failure.into_error();
        let target = context
            .target(&args, MissingRemote::FallBackToLocal)
            .map_err(failed)?;
        let wish = Wish {
            explicit: false,
            scopes: needs([Scope::Admin]),
            deadline: Deadline::after(args.deadline()),
            probe: false,
        };
        let connection = Connection::open_socket(context, target, wish)
            .await
            .map_err(failed)?;
        let params = json!({ "reason": "openclaw gateway restart" });
        let answer: Result<Value, _> = connection.call("gateway.restart.request", &params).await;
        answer.map_err(failed)?;
        connection.close().await;
        Ok(Exit::OK)
    })
    .map(|_| ())
}
