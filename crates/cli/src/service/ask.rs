//! Asking a running gateway to take its own place.

use openclaw_config::resolve::MissingRemote;
use openclaw_protocol::error::WireError;
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::connect::{Connection, Deadline, Wish, needs};
use crate::context::Context;
use crate::error::{CommandError, Exit};
use crate::runtime;

/// Why a gateway does not take its own place.
#[derive(Debug)]
pub(crate) enum NotAsked {
    /// It answered that nothing would come up after it: no service manager could do better.
    Refused(CommandError),
    /// It could not be asked, or cannot do such a thing.
    Failed(CommandError),
}

/// Asks the gateway of this state directory to take its own place: over the owner-only socket, so that no other
/// gateway can be meant.
pub(crate) fn ask_to_restart(context: &Context) -> Result<(), NotAsked> {
    let mut refused = None;
    let asked = runtime::run(async {
        context.tolerate_bad_config();
        let args = CallArgs::default();
        let failed = |failure: crate::connect::CallFailure| failure.prefixed("");
        let target = context
            .target(&args, MissingRemote::FallBackToLocal)
            .map_err(failed)?;
        let wish = Wish {
            explicit: false,
            scopes: needs([Scope::Admin]),
            deadline: Deadline::after(args.deadline()),
            probe: false,
        };
        let connection = Connection::open_own(context, target, wish)
            .await
            .map_err(failed)?;
        let params = json!({ "reason": "openclaw gateway restart" });
        let answer: Result<Value, _> = connection.call("gateway.restart.request", &params).await;
        connection.close().await;
        if let Err(failure) = answer {
            refused = failure.rpc().and_then(refusal);
            return Err(failed(failure));
        }
        Ok(Exit::OK)
    });
    match (asked, refused) {
        (Ok(_), _) => Ok(()),
        (Err(_), Some(refused)) => Err(NotAsked::Refused(refused)),
        (Err(error), None) => Err(NotAsked::Failed(error)),
    }
}

/// What a gateway says that stays up because its successor would not start.
fn refusal(error: &WireError) -> Option<CommandError> {
    let details = error.details.as_ref()?;
    if details["code"] != "RESTART_REFUSED" {
        return None;
    }
    let reason = details["reason"].as_str().unwrap_or(&error.message);
    let refused = CommandError::plain(format!("the gateway stays as it is: {reason}"));
    Some(match details["fix"].as_str() {
        Some(fix) => refused.hint(format!("Fix: {fix}")),
        None => refused,
    })
}
