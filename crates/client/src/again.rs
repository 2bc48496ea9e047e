//! Calls that a restart of the gateway only delays.

use std::time::Duration;

use openclaw_protocol::error::{WireError, close};
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout_at};

use crate::client::{Client, Response};
use crate::error::{CallError, ConnectError};

/// How long after a restart a node may take to come back, too.
const NODE_RETURNS: Duration = Duration::from_secs(30);
/// Pause before a lost connection is waited for.
const SOON: Duration = Duration::from_millis(20);
/// Pause between looks for it, and where the gateway names none.
const PAUSE: Duration = Duration::from_millis(250);

impl Client {
    /// Calls `method` like [`Client::call_with_timeout`], and once more each time the gateway restarts meanwhile. Only for
    /// calls that do no harm twice: reads, and what carries an `idempotencyKey`, which must be the same in `params` each time.
    pub async fn call_through_restarts<P: Serialize + ?Sized>(
        &self,
        method: &str,
        params: &P,
        limit: Duration,
    ) -> Result<Response, CallError> {
        let params = serde_json::value::to_raw_value(params).map_err(CallError::Encode)?;
        let end = Instant::now() + limit;
        let mut restarted: Option<Instant> = None;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let error = match self.call_raw(method, Some(&params), left).await {
                Ok(response) => return Ok(response),
                Err(CallError::Timeout(_)) => return Err(CallError::Timeout(limit)),
                Err(error) => error,
            };
            let waits_for_node = restarted.is_some_and(|since| since.elapsed() < NODE_RETURNS);
            let pause = match restart_pause(&error) {
                Some(pause) => {
                    restarted = Some(Instant::now());
                    pause
                }
                None if waits_for_node && is_node_away(&error) => PAUSE,
                None => return Err(error),
            };
            tracing::info!(method, %error, "the call is made again once the gateway is back");
            let back = async {
                sleep(pause).await;
                self.connected().await
            };
            match timeout_at(end, back).await {
                Ok(Ok(_)) => {}
                Ok(Err(ended)) => return Err(CallError::Closed(ended)),
                Err(_) => return Err(error),
            }
        }
    }
}

/// How long to wait before the call is made again, if a restart stood in its way.
fn restart_pause(error: &CallError) -> Option<Duration> {
    match error {
        CallError::Rpc(error) => {
            let ends = matches!(
                error.detail_code(),
                Some("GATEWAY_RESTARTING" | "GATEWAY_STOPPING")
            );
            let asked = error.retry_after_ms.map(Duration::from_millis);
            ends.then(|| asked.unwrap_or(PAUSE))
        }
        CallError::Closed(error) => is_restart(error).then_some(SOON),
        // The client is on its way back, or has stopped: waiting for the connection tells which.
        CallError::NotConnected(_) => Some(SOON),
        _ => None,
    }
}

fn is_restart(error: &ConnectError) -> bool {
    error
        .close_info()
        .is_some_and(|info| info.code == close::SERVICE_RESTART)
}

/// The node of the call is not connected (any more, or yet).
fn is_node_away(error: &CallError) -> bool {
    error
        .wire()
        .and_then(WireError::detail_code)
        .is_some_and(|code| matches!(code, "NOT_CONNECTED" | "INTERRUPTED"))
}
