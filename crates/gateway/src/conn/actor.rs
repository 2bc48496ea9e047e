//! One task per socket: handshake, then reading requests and writing answers and events until either side ends.
//!
//! Reading and writing are batched: everything that can be read is handled before anything is flushed, so that a
//! pipelining client costs one write per batch. While the socket does not take what is queued, nothing more is read from
//! it: a peer that floods and never reads costs one batch of answers and its announced outbox.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use openclaw_protocol::error::{WireError, close, close_reason};
use openclaw_protocol::frame::{FrameError, RequestFrame, encode_error, encode_event, event_tail};
use openclaw_protocol::limits;
use openclaw_protocol::scope::Role;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};
use tokio_websockets::{CloseCode, Message, WebSocketStream};

use crate::conn::handshake::{self, Admitted};
use crate::conn::hub::Conn;
use crate::conn::outbox::{CloseOrder, Item, Popped};
use crate::conn::setup;
use crate::core::Core;
use crate::gate::PreAuthPermit;
use crate::peer::Peer;

/// Messages handled before others get their turn.
const READ_BATCH: usize = 32;
/// Bytes of answers gathered before they are written.
const WRITE_BATCH: usize = 256 * 1024;
/// How long a closing peer may take to answer our close.
const CLOSE_GRACE: std::time::Duration = std::time::Duration::from_secs(2);

/// Serves one upgraded socket to its end.
pub async fn serve<S>(
    core: Arc<Core>,
    mut socket: WebSocketStream<S>,
    peer: Peer,
    mut permit: PreAuthPermit,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    // Boxed: its state is gone before the long idle life of the connection begins.
    let Some(Admitted { conn, hello }) = Box::pin(handshake::run(&core, &mut socket, &peer)).await
    else {
        return;
    };
    permit.authenticated();
    drop(peer);
    // Also when a handler panics: a connection that is gone must not keep its places.
    let place = Place {
        core: &core,
        conn: &conn,
    };
    let ping_interval = core.live().ping_interval;
    let mut session = Session {
        socket,
        answers: vec![Message::text(hello)],
        answered: 0,
        seq: 0,
        heard: Instant::now(),
        pinged: None,
        timer: Box::pin(tokio::time::sleep(ping_interval)),
        ping_interval,
        flushing: false,
        setup: conn.setup_id.clone(),
        core: &core,
        conn: &conn,
    };
    if conn.role == Role::Node {
        let words = core.system.voicewake_json();
        session.answers.push(Message::text(encode_event(
            "voicewake.changed",
            Some(&words),
        )));
    }
    let ended = poll_fn(|context| session.poll(context)).await;
    let Session { mut socket, .. } = session;
    drop(place);
    if let Ended::Ordered(order) = ended {
        let farewell = async {
            let code = CloseCode::try_from(order.code).ok();
            socket
                .send(Message::close(code, close_reason(&order.reason)))
                .await?;
            while let Some(Ok(_)) = socket.next().await {}
            Ok::<(), tokio_websockets::Error>(())
        };
        // A peer that does not answer the close in time is simply dropped.
        let _late = tokio::time::timeout(CLOSE_GRACE, farewell).await;
    }
    drop(permit);
}

/// The places of a connection in every table, given back when dropped.
struct Place<'a> {
    core: &'a Core,
    conn: &'a Arc<Conn>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.conn.outbox.shut();
        leave(self.core, self.conn);
    }
}

/// Takes a connection out of every table.
fn leave(core: &Core, conn: &Arc<Conn>) {
    core.hub.remove(conn.number);
    setup::ended(core, conn);
    let now_ms = core.now_ms();
    if let Some(device_id) = &conn.device_id {
        if conn.role == Role::Node {
            core.nodes.disconnect(device_id, conn);
            core.invokes.node_gone(conn);
        }
        if let Some(change) =
            core.books
                .devices
                .lock()
                .seen(device_id, None, None, "disconnect", now_ms)
        {
            core.store.commit_lazily(vec![change]);
        }
    }
    for (node_id, invoke_id) in core.invokes.caller_gone(conn) {
        crate::rpc::node::cancel(core, &node_id, &invoke_id);
    }
    core.presence.disconnected(conn, now_ms);
    core.system.presence_changed();
}

enum Ended {
    /// The peer closed, or the socket broke.
    Gone,
    /// The gateway closes.
    Ordered(CloseOrder),
}

struct Session<'a, S> {
    socket: WebSocketStream<S>,
    /// Answers gathered in this batch.
    answers: Vec<Message>,
    /// Bytes in `answers`.
    answered: usize,
    /// Sequence number of the last event sent.
    seq: u64,
    /// When something last came in.
    heard: Instant,
    /// Whether a ping is out.
    pinged: Option<Instant>,
    ping_interval: std::time::Duration,
    timer: Pin<Box<Sleep>>,
    /// Whether something written is not flushed yet.
    flushing: bool,
    /// The setup code whose token is not known to have arrived.
    setup: Option<String>,
    core: &'a Arc<Core>,
    conn: &'a Arc<Conn>,
}

impl<S> Session<'_, S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Ended> {
        loop {
            // Write what is there; stop reading while the socket is not taking it.
            match self.poll_write(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(ended)) => return Poll::Ready(ended),
                Poll::Pending => {
                    if let Poll::Ready(ended) = self.poll_liveness(context) {
                        return Poll::Ready(ended);
                    }
                    return Poll::Pending;
                }
            }
            match self.poll_read(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(ended)) => return Poll::Ready(ended),
                Poll::Pending => {
                    if let Poll::Ready(ended) = self.poll_liveness(context) {
                        return Poll::Ready(ended);
                    }
                    if self.answers.is_empty() {
                        return Poll::Pending;
                    }
                }
            }
        }
    }

    /// Ready once everything is written and flushed; then the outbox wakes us.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        loop {
            let gone = |_: tokio_websockets::Error| Ended::Gone;
            if std::task::ready!(Pin::new(&mut self.socket).poll_ready(context)).is_err() {
                return Poll::Ready(Err(Ended::Gone));
            }
            for answer in self.answers.drain(..) {
                self.flushing = true;
                if let Err(error) = Pin::new(&mut self.socket).start_send(answer) {
                    return Poll::Ready(Err(gone(error)));
                }
            }
            self.answered = 0;
            match self.conn.outbox.poll_pop(context) {
                Poll::Ready(Popped::Close(order)) => {
                    self.core.system.note_close(order.code);
                    return Poll::Ready(Err(Ended::Ordered(order)));
                }
                Poll::Ready(popped) => {
                    let message = self.encode(popped);
                    self.flushing = true;
                    if let Err(error) = Pin::new(&mut self.socket).start_send(message) {
                        return Poll::Ready(Err(gone(error)));
                    }
                }
                Poll::Pending => {
                    if !self.flushing {
                        return Poll::Ready(Ok(()));
                    }
                    if std::task::ready!(Pin::new(&mut self.socket).poll_flush(context)).is_err() {
                        return Poll::Ready(Err(Ended::Gone));
                    }
                    self.flushing = false;
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }

    fn encode(&mut self, popped: Popped) -> Message {
        match popped {
            Popped::Item(Item::Frame(bytes)) => Message::text(bytes),
            Popped::Item(Item::Event { head, .. }) => {
                self.seq += 1;
                let tail = event_tail(Some(self.seq));
                let mut bytes = BytesMut::with_capacity(head.len() + tail.len());
                bytes.put_slice(&head);
                bytes.put_slice(tail.as_bytes());
                Message::text(bytes.freeze())
            }
            Popped::Resync { dropped, events } => {
                let payload = json!({ "dropped": dropped, "events": events }).to_string();
                Message::text(encode_event("resync", Some(&payload)))
            }
            Popped::Close(_) => unreachable!("close orders are handled before encoding"),
        }
    }

    /// Ready when a batch was handled and there may be more; pending when nothing more has come.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        for _ in 0..READ_BATCH {
            let message = match std::task::ready!(Pin::new(&mut self.socket).poll_next(context)) {
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    tracing::debug!(conn = %self.conn.id, %error, "connection broke");
                    return Poll::Ready(Err(Self::broken(&error)));
                }
                None => return Poll::Ready(Err(Ended::Gone)),
            };
            self.heard = Instant::now();
            self.conn.heard(self.core.now_ms());
            if let Some(setup_id) = self.setup.take() {
                setup::received(self.core, &setup_id);
            }
            if message.is_ping() {
                // The library has queued the pong.
                self.flushing = true;
            } else if message.is_close() {
                return Poll::Ready(Err(Ended::Gone));
            } else if !message.is_pong() {
                let payload: Bytes = message.into_payload().into();
                self.handle(&payload);
            }
            if self.answered >= WRITE_BATCH {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn broken(error: &tokio_websockets::Error) -> Ended {
        match error {
            tokio_websockets::Error::PayloadTooLong { max_len, .. } => Ended::Ordered(CloseOrder {
                code: close::TOO_BIG,
                reason: format!("message over {max_len} bytes; split it"),
            }),
            _ => Ended::Gone,
        }
    }

    fn handle(&mut self, payload: &Bytes) {
        // Text was checked by the library; binary may be anything, and what is not UTF-8 is not JSON.
        let Ok(text) = std::str::from_utf8(payload) else {
            return;
        };
        let answer = match RequestFrame::parse(text) {
            Ok(request) => {
                let id = request.id;
                if payload.len() > self.conn.max_payload() {
                    let message = format!(
                        "request of {} bytes is over the limit of {} bytes; split it",
                        payload.len(),
                        self.conn.max_payload()
                    );
                    Some(encode_error(id, &WireError::invalid(message)))
                } else {
                    let methods = &self.core.methods;
                    methods.dispatch(
                        self.core,
                        self.conn,
                        id,
                        &request.method,
                        request.params_text(),
                    )
                }
            }
            Err(FrameError::NotJson(_)) => None,
            Err(FrameError::Invalid { id, detail }) => {
                let id = id.map_or_else(|| String::from(r#""invalid""#), |id| id.get().to_owned());
                Some(encode_error(
                    &id,
                    &WireError::invalid(format!("invalid request frame: {detail}")),
                ))
            }
        };
        if let Some(answer) = answer {
            self.answered += answer.len();
            self.answers.push(Message::text(answer));
        }
    }

    /// Pings a quiet peer; ready when it is dead.
    fn poll_liveness(&mut self, context: &mut Context<'_>) -> Poll<Ended> {
        while self.timer.as_mut().poll_elapsed(context).is_ready() {
            let quiet = self.heard.elapsed();
            // Anything that came since is an answer.
            self.pinged = self.pinged.filter(|pinged| self.heard <= *pinged);
            let next = if let Some(pinged) = self.pinged {
                if pinged.elapsed() >= limits::PONG_TIMEOUT {
                    tracing::info!(conn = %self.conn.id, quiet_s = quiet.as_secs(), "dead peer dropped");
                    return Poll::Ready(Ended::Gone);
                }
                pinged + limits::PONG_TIMEOUT
            } else if quiet < self.ping_interval {
                self.heard + self.ping_interval
            } else {
                let now = Instant::now();
                self.pinged = Some(now);
                let ping = Message::ping(Bytes::new());
                // When the socket does not even take a ping, the deadline decides.
                if Pin::new(&mut self.socket).start_send(ping).is_ok() {
                    let _pending = Pin::new(&mut self.socket).poll_flush(context);
                }
                now + self.ping_interval.min(limits::PONG_TIMEOUT)
            };
            self.timer.as_mut().reset(next);
        }
        Poll::Pending
    }
}

trait PollElapsed {
    fn poll_elapsed(self, context: &mut Context<'_>) -> Poll<()>;
}

impl PollElapsed for Pin<&mut Sleep> {
    fn poll_elapsed(self, context: &mut Context<'_>) -> Poll<()> {
        std::future::Future::poll(self, context)
    }
}
