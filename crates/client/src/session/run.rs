//! The loop of one connection: requests out, responses and events in, and proof of life.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Sink, SinkExt, Stream, StreamExt};
use openclaw_protocol::error::close;
use openclaw_protocol::frame::{EventFrame, ResponseFrame, ServerFrame};
use openclaw_protocol::limits::{PING_INTERVAL, PONG_TIMEOUT};
use serde::Deserialize;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_websockets::{Error, Message};

use super::wire;
use super::{Socket, close_message, close_of};
use crate::error::{CloseInfo, ConnectError};

/// Requests are taken from callers only while fewer bytes than this wait for the network.
const QUEUE_LIMIT: usize = 1024 * 1024;
/// How long an ending connection may take to send what is left.
const GOODBYE: Duration = Duration::from_secs(1);
/// How long it then waits for the peer's close; hanging up earlier could cost what was just sent.
const LAST_WORD: Duration = Duration::from_millis(500);

/// One request on its way.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) reply: oneshot::Sender<ResponseFrame>,
}

/// How a connection ended.
pub(crate) struct Ended {
    pub(crate) error: ConnectError,
    /// When the gateway said it would be back.
    pub(crate) back_in: Option<Duration>,
}

/// State of the loop beside the socket.
pub(crate) struct Loop<'a> {
    pub(crate) requests: &'a mut mpsc::Receiver<Outgoing>,
    pub(crate) events: broadcast::Sender<Arc<EventFrame>>,
    pub(crate) cancel: &'a CancellationToken,
    /// `policy.tickIntervalMs`; zero switches the watchdog off.
    pub(crate) tick_interval: Duration,
}

enum Step {
    Message(Message),
    Flushed,
    Failed(Error),
    Ended,
}

impl Loop<'_> {
    /// Runs until the connection ends or `cancel` fires.
    pub(crate) async fn run(self, mut socket: Socket) -> Ended {
        let mut pending: HashMap<String, oneshot::Sender<ResponseFrame>> = HashMap::new();
        let mut unsent = Some(0);
        let mut life = Life::new(self.tick_interval, Instant::now());
        let mut back_in = None;
        let error = loop {
            let may_send = unsent.unwrap_or(0) < QUEUE_LIMIT;
            tokio::select! {
                () = self.cancel.cancelled() => {
                    self.say_goodbye(socket).await;
                    break ConnectError::ClosedByCaller;
                }
                step = step(&mut socket, unsent.is_some()) => match step {
                    Step::Flushed => unsent = None,
                    Step::Failed(error) => break lost(&error.to_string()),
                    Step::Ended => break ConnectError::Closed(CloseInfo::abnormal()),
                    Step::Message(message) => {
                        if let Some(info) = close_of(&message) {
                            drop(timeout(GOODBYE, socket.flush()).await);
                            break ConnectError::Closed(info);
                        }
                        // A ping has queued its pong.
                        unsent = unsent.or(Some(0));
                        match wire::parse(&message) {
                            Some(ServerFrame::Response(response)) => {
                                life.heard_frame(Instant::now());
                                if let Some(reply) = pending.remove(&response.id) {
                                    // The caller may have stopped waiting.
                                    drop(reply.send(response));
                                }
                            }
                            Some(ServerFrame::Event(event)) => {
                                life.heard_frame(Instant::now());
                                back_in = back_in_of(&event).or(back_in);
                                // Without subscribers there is nobody to miss it.
                                drop(self.events.send(Arc::new(event)));
                            }
                            None => {}
                        }
                    }
                },
                Some(outgoing) = self.requests.recv(), if may_send => {
                    unsent = Some(unsent.unwrap_or(0) + outgoing.text.len());
                    pending.insert(outgoing.id, outgoing.reply);
                    if let Err(error) = socket.start_send_unpin(Message::text(outgoing.text)) {
                        break lost(&error.to_string());
                    }
                }
                () = sleep_until(life.next_check()) => {
                    match life.check(Instant::now(), socket.get_ref().received()) {
                        Check::Wait => {}
                        Check::Ping => {
                            pending.retain(|_, reply| !reply.is_closed());
                            unsent = unsent.or(Some(0));
                            if let Err(error) = socket.start_send_unpin(Message::ping("")) {
                                break lost(&error.to_string());
                            }
                        }
                        Check::Dead => break lost("no answer to ping"),
                        Check::NoTick => {
                            let info = CloseInfo {
                                code: close::TICK_TIMEOUT,
                                reason: "tick timeout".to_owned(),
                            };
                            let message = close_message(info.code, &info.reason);
                            drop(timeout(GOODBYE, socket.send(message)).await);
                            break ConnectError::Closed(info);
                        }
                    }
                }
            }
        };
        Ended { error, back_in }
    }

    /// Sends what callers had handed over, then closes and waits briefly for the peer to agree.
    async fn say_goodbye(self, mut socket: Socket) {
        let send = async {
            self.requests.close();
            while let Some(outgoing) = self.requests.recv().await {
                socket.feed(Message::text(outgoing.text)).await?;
            }
            socket.send(close_message(close::NORMAL, "")).await
        };
        // A peer that is gone already needs no goodbye.
        if let Ok(Ok(())) = timeout(GOODBYE, send).await {
            let last_word = async { while let Some(Ok(_)) = socket.next().await {} };
            drop(timeout(LAST_WORD, last_word).await);
        }
    }
}

fn lost(reason: &str) -> ConnectError {
    ConnectError::Closed(CloseInfo {
        code: CloseInfo::ABNORMAL,
        reason: reason.to_owned(),
    })
}

/// Writes and reads at the same time; cancel safe.
async fn step(socket: &mut Socket, unsent: bool) -> Step {
    poll_fn(|cx| poll_step(socket, unsent, cx)).await
}

fn poll_step(socket: &mut Socket, unsent: bool, cx: &mut Context<'_>) -> Poll<Step> {
    let mut socket = std::pin::Pin::new(socket);
    if unsent {
        match socket.as_mut().poll_flush(cx) {
            Poll::Ready(Ok(())) => return Poll::Ready(Step::Flushed),
            Poll::Ready(Err(error)) => return Poll::Ready(Step::Failed(error)),
            Poll::Pending => {}
        }
    }
    socket.poll_next(cx).map(|next| match next {
        Some(Ok(message)) => Step::Message(message),
        Some(Err(error)) => Step::Failed(error),
        None => Step::Ended,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ShutdownPayload {
    restart_expected_ms: Option<u64>,
}

/// When a gateway that announces its restart will be back.
fn back_in_of(event: &EventFrame) -> Option<Duration> {
    if event.event != "shutdown" {
        return None;
    }
    let payload: ShutdownPayload = serde_json::from_str(event.payload.as_ref()?.get()).ok()?;
    payload.restart_expected_ms.map(Duration::from_millis)
}

/// What the clock says about a connection.
#[derive(Debug, PartialEq, Eq)]
enum Check {
    Wait,
    Ping,
    Dead,
    NoTick,
}

/// Watches for silence: no bytes after a ping, no frame for two tick intervals.
#[derive(Debug)]
struct Life {
    ping_at: Instant,
    /// When a ping must have been answered, and how many bytes had come when it was sent.
    answer_by: Option<(Instant, u64)>,
    tick_by: Option<Instant>,
    silence: Duration,
}

impl Life {
    fn new(tick_interval: Duration, now: Instant) -> Self {
        let silence = tick_interval * 2;
        Self {
            ping_at: now + PING_INTERVAL,
            answer_by: None,
            tick_by: (!silence.is_zero()).then(|| now + silence),
            silence,
        }
    }

    fn heard_frame(&mut self, now: Instant) {
        if let Some(tick_by) = &mut self.tick_by {
            *tick_by = now + self.silence;
        }
    }

    fn next_check(&self) -> Instant {
        let answer_by = self.answer_by.map(|(by, _)| by);
        [answer_by, self.tick_by]
            .into_iter()
            .flatten()
            .fold(self.ping_at, Instant::min)
    }

    fn check(&mut self, now: Instant, received: u64) -> Check {
        if let Some((by, received_then)) = self.answer_by {
            if received > received_then {
                self.answer_by = None;
            } else if now >= by {
                return Check::Dead;
            }
        }
        if self.tick_by.is_some_and(|by| now >= by) {
            return Check::NoTick;
        }
        if now >= self.ping_at {
            self.ping_at = now + PING_INTERVAL;
            self.answer_by = Some((now + PONG_TIMEOUT, received));
            return Check::Ping;
        }
        Check::Wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u25_a_dead_peer_is_dropped_within_40_seconds() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut life = Life::new(Duration::from_secs(30), start);
        assert_eq!(life.check(at(24), 100), Check::Wait);
        assert_eq!(life.check(at(25), 100), Check::Ping);
        assert_eq!(life.next_check(), at(39));
        assert_eq!(life.check(at(39), 100), Check::Dead);
    }

    #[test]
    fn u40_pings_go_on_while_answers_come() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut life = Life::new(Duration::from_secs(30), start);
        for round in 1..100 {
            life.heard_frame(at(round * 25));
            assert_eq!(life.check(at(round * 25), round), Check::Ping);
            assert_eq!(life.check(at(round * 25 + 14), round + 1), Check::Wait);
        }
    }

    #[test]
    fn two_tick_intervals_of_silence_end_it_even_if_pongs_come() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut life = Life::new(Duration::from_secs(30), start);
        assert_eq!(life.check(at(25), 1), Check::Ping);
        assert_eq!(life.check(at(50), 2), Check::Ping);
        assert_eq!(life.check(at(60), 3), Check::NoTick);
        let mut without = Life::new(Duration::ZERO, start);
        assert_eq!(without.check(at(25), 1), Check::Ping);
        assert_eq!(without.check(at(100), 2), Check::Ping);
    }
}
