//! One call from request to delivered answer.

use std::time::Duration;

use openclaw_client::{CallError, Client};
use openclaw_protocol::methods::node::NodeInvokeResultAck;
use serde_json::value::RawValue;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::commands::Commands;
use crate::exec::LiveOutput;
use crate::invoke::{
    CommandError, CommandResult, InvokeOutcome, InvokeRequest, NodeEvent, progress_params_json,
    result_params_json,
};

/// How long the gateway may take to confirm an answer or an event.
const CONFIRM_WITHIN: Duration = Duration::from_secs(30);

/// Where the answer comes from.
pub(super) enum Answer {
    /// It is here already.
    Ready(InvokeOutcome),
    /// From a command, which takes up a slot while it runs.
    Invoke(Commands, OwnedSemaphorePermit),
}

/// A call that is done with, and what of it did not reach the gateway.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) request: InvokeRequest,
    /// The outcome, if nobody took it and it is worth asking for again.
    pub(super) undelivered: Option<InvokeOutcome>,
    /// Events still to be sent.
    pub(super) events: Vec<NodeEvent>,
}

/// Runs the command and delivers the outcome: the result first, then its events. `over` says that
/// the connection of the call has ended, `cancel` also that the caller took it back.
pub(super) async fn answer(
    client: Client,
    request: InvokeRequest,
    answer: Answer,
    over: CancellationToken,
    cancel: CancellationToken,
) -> Answered {
    let outcome = match answer {
        Answer::Ready(outcome) => outcome,
        Answer::Invoke(commands, slot) => {
            let outcome = if request.stream {
                watched(&client, commands, &request, &cancel).await
            } else {
                invoke(commands, request.clone(), cancel.clone(), None).await
            };
            drop(slot);
            outcome
        }
    };
    if over.is_cancelled() || !deliver(&client, &request, &outcome.result).await {
        let interrupted = cancel.is_cancelled() && outcome.result.is_err();
        return Answered {
            request,
            events: outcome.events.clone(),
            undelivered: (!interrupted).then_some(InvokeOutcome {
                result: outcome.result,
                events: Vec::new(),
            }),
        };
    }
    let mut events = outcome.events.into_iter();
    while let Some(event) = events.next() {
        if !send_event(&client, &event).await {
            return Answered {
                request,
                undelivered: None,
                events: std::iter::once(event).chain(events).collect(),
            };
        }
    }
    Answered {
        request,
        undelivered: None,
        events: Vec::new(),
    }
}

/// How long pieces of output that come close together are gathered.
const GATHER: Duration = Duration::from_millis(40);
/// How long the gateway may take for the last pieces, once the program has ended; its result comes after them.
const LAST_PIECES: Duration = Duration::from_secs(5);

/// Shows the output while the command runs. One piece is on its way at a time, so that a slow gateway slows nothing but what
/// it is shown.
async fn watched(
    client: &Client,
    commands: Commands,
    request: &InvokeRequest,
    cancel: &CancellationToken,
) -> InvokeOutcome {
    let live = LiveOutput::default();
    let mut seq = 0;
    let mut running = std::pin::pin!(invoke(
        commands,
        request.clone(),
        cancel.clone(),
        Some(live.clone())
    ));
    let showing = async {
        loop {
            live.news().await;
            tokio::time::sleep(GATHER).await;
            if !show(client, request, &live, &mut seq, false).await {
                // Nobody watches (any more).
                std::future::pending::<()>().await;
            }
        }
    };
    let outcome = tokio::select! {
        outcome = &mut running => outcome,
        () = showing => unreachable!("showing never ends"),
    };
    let last = show(client, request, &live, &mut seq, true);
    // The result holds all of it; pieces are only shown.
    let _late = tokio::time::timeout(LAST_PIECES, last).await;
    outcome
}

/// Sends the pieces that wait. `false` once they are of no use.
async fn show(
    client: &Client,
    request: &InvokeRequest,
    live: &LiveOutput,
    seq: &mut u64,
    at_the_end: bool,
) -> bool {
    while let Some(piece) = live.take(at_the_end) {
        let params = progress_params_json(request, *seq, &piece);
        *seq += 1;
        let Ok(params) = RawValue::from_string(params) else {
            return false;
        };
        let sent = client.call_raw("node.invoke.progress", Some(&params), CONFIRM_WITHIN);
        let heard = sent
            .await
            .ok()
            .and_then(|ack| ack.decode::<NodeInvokeResultAck>().ok());
        if heard.is_none_or(|ack| ack.ignored == Some(true)) {
            return false;
        }
    }
    true
}

/// In a task of its own, so that a command that fails unexpectedly still gets its caller an answer.
async fn invoke(
    commands: Commands,
    request: InvokeRequest,
    cancel: CancellationToken,
    live: Option<LiveOutput>,
) -> InvokeOutcome {
    #[expect(
        clippy::disallowed_methods,
        reason = "awaited, and aborted when dropped"
    )]
    let task = tokio::spawn(async move { commands.invoke_live(&request, &cancel, live).await });
    AbortOnDropHandle::new(task).await.unwrap_or_else(|error| {
        tracing::error!(%error, "command failed unexpectedly");
        let text = "command failed unexpectedly; see the log of the node";
        Err(CommandError::unavailable(text)).into()
    })
}

/// Whether the gateway has the result, or has refused it, which cannot be helped. A result that nobody waits for any more is
/// not taken: its caller may ask again.
async fn deliver(client: &Client, request: &InvokeRequest, result: &CommandResult) -> bool {
    let params = result_params_json(request, result);
    match send_result(client, params).await {
        Err(CallError::TooLarge { size, limit }) => {
            let text = format!(
                "result of {size} bytes is larger than the {limit} bytes the gateway accepts"
            );
            let error = Err(CommandError::unavailable(text));
            let params = result_params_json(request, &error);
            !is_lost(&send_result(client, params).await.map(drop))
        }
        Ok(taken) => taken,
        Err(error) => !is_lost(&Err(error)),
    }
}

/// Sends a result; whether somebody waited for it.
async fn send_result(client: &Client, params: String) -> Result<bool, CallError> {
    let params = RawValue::from_string(params).map_err(CallError::Encode)?;
    let sent = client.call_raw("node.invoke.result", Some(&params), CONFIRM_WITHIN);
    let ack = sent.await?.decode::<NodeInvokeResultAck>();
    // Other releases answer otherwise; then it was taken.
    Ok(ack.map_or(true, |ack| ack.ignored != Some(true)))
}

/// Whether the gateway has the event; an event it refuses is given up.
pub(super) async fn send_event(client: &Client, event: &NodeEvent) -> bool {
    !is_lost(&call(client, "node.event", event.params_json()).await)
}

fn is_lost(sent: &Result<(), CallError>) -> bool {
    match sent {
        Ok(()) => false,
        Err(
            error @ (CallError::Closed(_) | CallError::NotConnected(_) | CallError::Timeout(_)),
        ) => {
            tracing::debug!(%error, "not delivered");
            true
        }
        Err(error) => {
            tracing::warn!(%error, "the gateway did not take it");
            false
        }
    }
}

/// Calls a method with params that are JSON text already.
pub(super) async fn call(client: &Client, method: &str, params: String) -> Result<(), CallError> {
    let params = RawValue::from_string(params).map_err(CallError::Encode)?;
    client
        .call_raw(method, Some(&params), CONFIRM_WITHIN)
        .await
        .map(drop)
}
