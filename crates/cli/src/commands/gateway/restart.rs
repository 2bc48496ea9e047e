//! `openclaw gateway restart`.

use crate::context::Context;
use crate::error::Outcome;
use crate::service::kind::Kind;
use crate::service::lifecycle::{self, Args, tell};

/// Restarts the service, or the gateway that runs without one.
pub(crate) fn restart(context: &Context, args: Args) -> Outcome {
    let done = lifecycle::restart(context, Kind::Gateway, args);
    tell(context, Kind::Gateway, "restart", done)
}
