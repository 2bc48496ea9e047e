//! `gateway.restart.*`: a new process in the place of this one, with the same sockets.

use openclaw_protocol::error::WireError;
use openclaw_protocol::methods::restart::{
    RestartPreflight, RestartRequestParams, RestartRequested,
};
use serde_json::json;

use crate::core::Core;
use crate::drain::{Ending, RESTART_EXPECTED_MS};
use crate::peer::PeerClass;
use crate::records::Change;
use crate::restart::RestartRefused;
use crate::rpc::context::{Call, Payload, RpcResult, parse_checked};
use crate::rpc::router::Methods;

pub(super) fn register(methods: &mut Methods) {
    methods.later("gateway.restart.preflight", crate::later!(preflight));
    methods.later("gateway.restart.request", crate::later!(request));
}

/// Why this caller may not have it, whatever a successor would do.
pub(super) fn switched_off(core: &Core, peer: PeerClass) -> Option<RestartRefused> {
    // The owner on this machine can end the process anyway.
    if core.snapshot().settings.commands.restart || peer == PeerClass::Control {
        return None;
    }
    Some(RestartRefused {
        reason: "restarting is switched off (commands.restart)".to_owned(),
        fix: "openclaw config set commands.restart true".to_owned(),
    })
}

async fn refused(call: &Call) -> Option<RestartRefused> {
    match switched_off(&call.core, call.conn.peer) {
        Some(refused) => Some(refused),
        None => call.core.restart.check().await.err(),
    }
}

async fn preflight(call: Call) -> RpcResult {
    let refused = refused(&call).await;
    let core = &call.core;
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Payload::of(&RestartPreflight {
        possible: refused.is_none(),
        reason: refused.as_ref().map(|refused| refused.reason.clone()),
        fix: refused.map(|refused| refused.fix),
        active_calls: count(core.invokes.len()),
        connections: count(core.hub.len()),
        restart_expected_ms: RESTART_EXPECTED_MS,
    }))
}

async fn request(call: Call) -> RpcResult {
    let params: RestartRequestParams = parse_checked(call.method, &call.params)?;
    let core = &call.core;
    match core.drain.ending() {
        // It comes anyway.
        Some(Ending::Restart) => return Ok(accepted()),
        Some(ending @ Ending::Stop) => return Err(ending.refusal(serde_json::Value::Null)),
        None => {}
    }
    if let Some(RestartRefused { reason, fix }) = refused(&call).await {
        let details = json!({ "code": "RESTART_REFUSED", "reason": reason, "fix": fix });
        return Err(
            WireError::unavailable(format!("not restarted: {reason}")).with_details(details)
        );
    }
    let line = call.audit("restart", None, json!({ "reason": params.reason }));
    core.commit(vec![Change::Audit(Box::new(line))]).await?;
    core.restart.request();
    Ok(accepted())
}

fn accepted() -> Payload {
    Payload::of(&RestartRequested {
        ok: true,
        status: RestartRequested::RESTARTING.to_owned(),
        pid: std::process::id(),
        restart_expected_ms: RESTART_EXPECTED_MS,
    })
}
