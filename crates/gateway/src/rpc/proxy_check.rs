//! `gateway.proxyCheck`: how requests through a proxy arrive here.

use openclaw_protocol::error::WireError;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::http::proxy_check::{LIFETIME, PATH};
use crate::rpc::context::{Ctx, Payload, RpcResult, parse};
use crate::rpc::router::Methods;

pub(super) fn register(methods: &mut Methods) {
    methods.now("gateway.proxyCheck", check);
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Params {
    id: Option<String>,
}

/// Without an id gives out one and says where to send requests; with one tells what came.
fn check(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    let params: Params = parse("gateway.proxyCheck", params)?;
    let checks = &ctx.core.proxy_checks;
    let answer: Value = match params.id {
        None => json!({
            "id": checks.begin(),
            "path": PATH,
            "lifetimeMs": u64::try_from(LIFETIME.as_millis()).unwrap_or(u64::MAX),
        }),
        Some(id) => {
            let requests = checks.seen(&id).ok_or_else(|| {
                WireError::invalid("unknown or expired id; call without one to get another")
            })?;
            json!({ "id": id, "requests": requests })
        }
    };
    Ok(Payload::of(&answer))
}
