//! `openclaw gateway stop`.

use crate::context::Context;
use crate::error::Outcome;
use crate::service::kind::Kind;
use crate::service::lifecycle::{self, Args, tell};

/// Stops the service, or the gateway that runs without one.
pub(crate) fn stop(context: &Context, args: Args) -> Outcome {
    let done = lifecycle::stop(context, Kind::Gateway, args);
    tell(context, Kind::Gateway, "stop", done)
}
