//! What we may do, once we are in.

use openclaw_client::HelloOk;
use openclaw_protocol::pairing_code::pairing_code;
use openclaw_protocol::scope::{Scope, ScopeSet};

use crate::doctor::asked::Asked;
use crate::doctor::{Fix, Hop, Verdict};

/// Whether we may at least read.
pub(in crate::doctor) fn judge(asked: &Asked, hello: &HelloOk) -> Option<Verdict> {
    let auth = hello.auth.as_ref();
    let scopes = auth.map(|auth| auth.scopes.as_slice()).unwrap_or_default();
    let granted = ScopeSet::parse(scopes);
    if granted.allows(Scope::Read) {
        return None;
    }
    let pending = auth.and_then(|auth| auth.pending_request_id.as_deref());
    let approve = match pending {
        Some(request) => asked.on_host(
            "grant it",
            &format!("openclaw pairing approve {}", pairing_code(request)),
        ),
        None => asked.on_host("see which scopes this device has", "openclaw devices list"),
    };
    let verdict = if scopes.is_empty() {
        Verdict::new(
            "scope_none",
            Hop::Scope,
            "The gateway lets this client in, but it may do nothing: it has no scopes. A shared token alone opens nothing from another machine; a device does, once it is approved.",
        )
    } else {
        Verdict::new(
            "scope_limited",
            Hop::Scope,
            format!(
                "The gateway lets this device in, but only with {}: operator.read is missing, so status, nodes and logs cannot be read.",
                scopes.join(", ")
            ),
        )
    };
    let verdict = verdict.fix(approve);
    Some(if pending.is_none() && scopes.is_empty() {
        verdict.fix(asked.on_host(
            "approve the newest request, if there is one",
            "openclaw devices approve --latest",
        ))
    } else {
        verdict
    })
}

/// A call that did not work although the scope is there.
pub(in crate::doctor) fn call_failed(asked: &Asked, message: &str) -> Verdict {
    Verdict::new(
        "rpc_failed",
        Hop::Scope,
        format!(
            "The gateway let this client in and then failed at the first call (health): {message}."
        ),
    )
    .fix(asked.on_host("read why", "openclaw logs --tail 50"))
    .fix(Fix::run("and try once more", asked.again()))
}
