//! `openclaw gateway start`.

use crate::context::Context;
use crate::error::Outcome;
use crate::service::kind::Kind;
use crate::service::lifecycle::{self, Args, tell};

/// Starts the service.
pub(crate) fn start(context: &Context, args: Args) -> Outcome {
    let done = lifecycle::start(context, Kind::Gateway, args);
    tell(context, Kind::Gateway, "start", done)
}
