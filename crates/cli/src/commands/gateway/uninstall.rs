//! `openclaw gateway uninstall`.

use crate::context::Context;
use crate::error::Outcome;
use crate::service::kind::Kind;
use crate::service::lifecycle::{self, Args, refuse_nix, tell};

/// Removes the service.
pub(crate) fn uninstall(context: &Context, args: Args) -> Outcome {
    let done = refuse_nix(context, "uninstall")
        .and_then(|()| lifecycle::uninstall(context, Kind::Gateway, args));
    tell(context, Kind::Gateway, "uninstall", done)
}
