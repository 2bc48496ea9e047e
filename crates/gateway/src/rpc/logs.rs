//! `logs.tail`: the end of the log file, or what came since a cursor.

use openclaw_protocol::error::WireError;
use serde::Deserialize;
use serde_json::json;

use crate::logs;
use crate::rpc::context::{Call, Payload, RpcResult, parse_checked};
use crate::rpc::router::Methods;
use crate::tasks;

pub(super) fn register(methods: &mut Methods) {
    methods.later("logs.tail", crate::later!(tail));
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    cursor: Option<u64>,
    limit: Option<usize>,
    max_bytes: Option<u64>,
}

/// Lines unless asked otherwise, and at most.
const LINES: (usize, usize) = (500, 5_000);
/// Bytes unless asked otherwise, and at most.
const BYTES: (u64, u64) = (250_000, 1_000_000);

async fn tail(call: Call) -> RpcResult {
    let params: Params = parse_checked(call.method, &call.params)?;
    let limit = params.limit.unwrap_or(LINES.0);
    let max_bytes = params.max_bytes.unwrap_or(BYTES.0);
    if limit == 0 || limit > LINES.1 {
        let rule = if limit == 0 {
            "must be >= 1".to_owned()
        } else {
            format!("must be <= {}", LINES.1)
        };
        return Err(WireError::invalid(format!(
            "invalid logs.tail params: at /limit: {rule}"
        )));
    }
    if max_bytes == 0 || max_bytes > BYTES.1 {
        let rule = if max_bytes == 0 {
            "must be >= 1".to_owned()
        } else {
            format!("must be <= {}", BYTES.1)
        };
        return Err(WireError::invalid(format!(
            "invalid logs.tail params: at /maxBytes: {rule}"
        )));
    }
    let configured = call.core.log_file();
    let read = tasks::blocking("logs tail", move || {
        logs::tail(&configured, params.cursor, limit, max_bytes)
    });
    match read.await {
        Some(Ok(tail)) => Ok(Payload::of(&json!({
            "file": tail.file,
            "cursor": tail.cursor,
            "size": tail.size,
            "lines": tail.lines,
            "truncated": tail.truncated,
            "reset": tail.reset,
        }))),
        Some(Err(error)) => Err(WireError::unavailable(format!("log read failed: {error}"))),
        None => Err(WireError::unavailable(
            "log read failed: see the gateway's console",
        )),
    }
}
