//! Invocations in flight: who waits for what, until when.
//!
//! Nothing here waits: the caller's answer is written by whoever finishes the invocation first, that is the node's
//! result, the deadline, the node's or the caller's disconnect.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use openclaw_protocol::error::WireError;
use openclaw_protocol::frame::encode_event;
use openclaw_protocol::methods::node::{NodeInvokeProgress, NodeInvokeStarted};
use openclaw_protocol::scan::push_escaped;
use openclaw_protocol::scope::Scope;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use crate::conn::hub::Conn;
use crate::conn::outbox::Pushed;
use crate::drain::Ending;
use crate::rpc::context::Responder;

/// Added to a node's own deadline before the gateway gives up, so that a late result still counts.
const GRACE: Duration = Duration::from_millis(500);

/// What a node answered, raw JSON.
#[derive(Debug, Clone, Default)]
pub struct NodeResult<'a> {
    /// `payload`, if there is one.
    pub payload: Option<Cow<'a, str>>,
    /// `payloadJSON` as a JSON string literal, if the node sent one.
    pub payload_json: Option<Cow<'a, str>>,
}

impl NodeResult<'_> {
    /// Bytes of raw JSON.
    fn size(&self) -> usize {
        let length = |text: &Option<Cow<'_, str>>| text.as_deref().map_or(0, str::len);
        length(&self.payload) + length(&self.payload_json)
    }

    fn into_owned(self) -> NodeResult<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        NodeResult {
            payload: self.payload.map(own),
            payload_json: self.payload_json.map(own),
        }
    }
}

/// Who gets the outcome.
#[derive(Debug)]
pub enum Waiter {
    /// A `node.invoke` caller.
    Caller(Responder),
    /// A part of the gateway.
    Inside(oneshot::Sender<Result<NodeResult<'static>, WireError>>),
}

#[derive(Debug)]
struct Pending {
    node_id: String,
    node_conn: u64,
    command: String,
    idempotency_key: Option<String>,
    caller: Option<u64>,
    deadline: Option<Instant>,
    /// Set while the caller watches the output.
    watched: Option<Watched>,
    waiter: Waiter,
}

/// What a watching caller was shown.
#[derive(Debug, Default)]
struct Watched {
    /// Number of the next piece.
    seq: u64,
    /// Bytes that were left out since the last piece.
    dropped: u64,
}

#[derive(Debug, Default)]
struct Table {
    pending: HashMap<u64, Pending>,
    deadlines: BTreeSet<(Instant, u64)>,
}

/// The invocations.
#[derive(Debug)]
pub struct Invokes {
    table: Mutex<Table>,
    next: AtomicU64,
    /// Prefix of wire ids, different in every life of the gateway: a result from before a restart matches nothing.
    boot: String,
    earlier: Notify,
}

/// An invocation to start.
#[derive(Debug)]
pub struct Invoke<'a> {
    /// Node.
    pub node_id: &'a str,
    /// Command.
    pub command: &'a str,
    /// Raw params; `None` when absent.
    pub params: Option<&'a str>,
    /// Deadline, in milliseconds; `None` = none.
    pub timeout_ms: Option<u64>,
    /// Passed through.
    pub idempotency_key: Option<&'a str>,
    /// Connection of the caller.
    pub caller: Option<u64>,
    /// Whether the caller watches the output.
    pub stream: bool,
    /// Whether the node shows it.
    pub node_streams: bool,
}

/// A piece of output from a node.
#[derive(Debug)]
pub struct Shown<'a> {
    /// `stdout` or `stderr`.
    pub stream: &'a str,
    /// Whole characters.
    pub chunk: &'a str,
    /// Bytes that the node left out before it.
    pub dropped: u64,
}

/// Bytes that may wait for a watching caller before pieces are left out.
const WATCHER_BUFFER: usize = 256 * 1024;

impl Invokes {
    /// Empty, with a fresh id prefix.
    pub fn new(boot: &str) -> Self {
        Self {
            table: Mutex::default(),
            next: AtomicU64::new(1),
            boot: boot.to_owned(),
            earlier: Notify::new(),
        }
    }

    /// How many were sent since the start.
    pub fn started(&self) -> u64 {
        self.next.load(Ordering::Relaxed) - 1
    }

    /// Sends an invocation to a node's connection and registers who waits.
    pub fn start(&self, node: &Arc<Conn>, invoke: &Invoke<'_>, waiter: Waiter) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let deadline = invoke
            .timeout_ms
            .map(|ms| Instant::now() + Duration::from_millis(ms) + GRACE);
        let frame = Bytes::from(self.request_frame(number, invoke));
        let pending = Pending {
            node_id: invoke.node_id.to_owned(),
            node_conn: node.number,
            command: invoke.command.to_owned(),
            idempotency_key: invoke.idempotency_key.map(str::to_owned),
            caller: invoke.caller,
            deadline,
            watched: invoke.stream.then(Watched::default),
            waiter,
        };
        pending.tell_started(&self.wire_id(number), invoke.node_streams);
        let mut table = self.table.lock();
        if let Some(deadline) = deadline {
            if table
                .deadlines
                .first()
                .is_none_or(|(first, _)| deadline < *first)
            {
                self.earlier.notify_one();
            }
            table.deadlines.insert((deadline, number));
        }
        table.pending.insert(number, pending);
        drop(table);
        if node.outbox.try_push(frame) == Pushed::Refused
            && let Some(pending) = self.take(number)
        {
            let message = "failed to send invoke to node";
            let details = json!({ "nodeError": { "code": "UNAVAILABLE", "message": "the node does not read; retry" } });
            pending.finish(Err(WireError::unavailable(message)
                .with_details(details)
                .retryable(None)));
        }
    }

    /// The event frame, written in one go: params may be megabytes.
    fn request_frame(&self, number: u64, invoke: &Invoke<'_>) -> String {
        let params = invoke.params.unwrap_or_default();
        // Room for the quotes that get a backslash.
        let size = params.len() + params.len() / 8 + 384;
        let mut frame = String::with_capacity(size);
        frame.push_str(r#"{"type":"event","event":"node.invoke.request","payload":{"id":""#);
        let _infallible = write!(frame, r#"{}-{number}","nodeId":"#, self.boot);
        push_escaped(&mut frame, invoke.node_id);
        frame.push_str(r#","command":"#);
        push_escaped(&mut frame, invoke.command);
        frame.push_str(r#","paramsJSON":"#);
        match invoke.params {
            Some(params) => push_escaped(&mut frame, params),
            None => frame.push_str("null"),
        }
        // Absent means no deadline; a literal 0 would mean "now" to some releases.
        if let Some(timeout_ms) = invoke.timeout_ms {
            let _infallible = write!(frame, r#","timeoutMs":{timeout_ms}"#);
        }
        if let Some(key) = invoke.idempotency_key {
            frame.push_str(r#","idempotencyKey":"#);
            push_escaped(&mut frame, key);
        }
        // Nodes that do not know it have never said that they show anything.
        if invoke.stream && invoke.node_streams {
            frame.push_str(r#","stream":true"#);
        }
        frame.push_str("}}");
        frame
    }

    /// Takes in a result. `false` when nothing waits for it (any more).
    pub fn finish(
        &self,
        wire_id: &str,
        node_id: &str,
        result: Result<NodeResult<'_>, WireError>,
    ) -> bool {
        let Some(number) = self.number(wire_id) else {
            return false;
        };
        let mut table = self.table.lock();
        // From either connection of a node, but never from another node.
        if table
            .pending
            .get(&number)
            .is_none_or(|pending| pending.node_id != node_id)
        {
            return false;
        }
        let pending = table.remove(number);
        drop(table);
        pending.is_some_and(|pending| {
            pending.finish(result);
            true
        })
    }

    /// Hands a piece of output on to whoever watches. `false` when nobody does.
    pub fn show(&self, wire_id: &str, node_id: &str, shown: &Shown<'_>) -> bool {
        let Some(number) = self.number(wire_id) else {
            return false;
        };
        let mut table = self.table.lock();
        let Some(pending) = table.pending.get_mut(&number) else {
            return false;
        };
        // From either connection of a node, but never from another node.
        if pending.node_id != node_id {
            return false;
        }
        let (Some(watched), Waiter::Caller(caller)) = (&mut pending.watched, &pending.waiter)
        else {
            return false;
        };
        watched.dropped = watched.dropped.saturating_add(shown.dropped);
        let outbox = &caller.conn().outbox;
        let left_out = shown.chunk.len() as u64;
        if outbox.queued_bytes() + shown.chunk.len() > WATCHER_BUFFER {
            watched.dropped = watched.dropped.saturating_add(left_out);
            return true;
        }
        let dropped = watched.dropped;
        let payload = NodeInvokeProgress {
            invoke_id: wire_id.to_owned(),
            node_id: pending.node_id.clone(),
            idempotency_key: pending.idempotency_key.clone().unwrap_or_default(),
            seq: watched.seq,
            stream: shown.stream.to_owned(),
            chunk: shown.chunk.to_owned(),
            dropped: (dropped > 0).then_some(dropped),
        };
        match outbox.try_push(event_frame("node.invoke.progress", &payload)) {
            Pushed::Queued => {
                watched.seq += 1;
                watched.dropped = 0;
            }
            Pushed::Refused => watched.dropped += left_out,
        }
        true
    }

    /// Ends an invocation for its caller, who is told so, or for an admin. Returns the node and wire id to be cancelled; `None`
    /// when there is none that this caller may end.
    pub fn abort(
        &self,
        conn: &Conn,
        wire_id: Option<&str>,
        idempotency_key: Option<&str>,
    ) -> Option<(String, String)> {
        let wanted = wire_id.and_then(|id| self.number(id));
        let mut table = self.table.lock();
        let admin = conn.scopes().allows(Scope::Admin);
        let number = table.pending.iter().find_map(|(number, pending)| {
            let own = pending.caller == Some(conn.number);
            let named = match wire_id {
                Some(_) => wanted == Some(*number) && (own || (admin && pending.caller.is_some())),
                None => own && pending.idempotency_key.as_deref() == idempotency_key,
            };
            named.then_some(*number)
        })?;
        let pending = table.remove(number)?;
        drop(table);
        let node_id = pending.node_id.clone();
        let message = "node invoke aborted";
        let details = json!({ "nodeError": { "code": "ABORTED", "message": message } });
        pending.finish(Err(WireError::unavailable(message).with_details(details)));
        Some((node_id, self.wire_id(number)))
    }

    /// The gateway ends: every caller that still waits is told to ask again. What runs on a node goes on there.
    pub fn end_all(&self, ending: Ending) {
        for pending in self.take_where(|_| true) {
            let mut more = json!({ "command": pending.command });
            if let Some(key) = &pending.idempotency_key {
                more["idempotencyKey"] = json!(key);
            }
            pending.finish(Err(ending.refusal(more)));
        }
    }

    /// A node's connection ended: everything sent over it is interrupted.
    pub fn node_gone(&self, conn: &Conn) {
        for pending in self.take_where(|pending| pending.node_conn == conn.number) {
            let mut details = json!({ "code": "INTERRUPTED", "command": pending.command });
            if let Some(key) = &pending.idempotency_key {
                details["idempotencyKey"] = json!(key);
            }
            let message = format!("Error: node disconnected ({})", pending.command);
            pending.finish(Err(WireError::unavailable(message)
                .with_details(details)
                .retryable(None)));
        }
    }

    /// A caller's connection ended: nobody waits any more. Returns the nodes and wire ids to be cancelled.
    pub fn caller_gone(&self, conn: &Conn) -> Vec<(String, String)> {
        let mut table = self.table.lock();
        let numbers: Vec<u64> = table
            .pending
            .iter()
            .filter(|(_, pending)| pending.caller == Some(conn.number))
            .map(|(number, _)| *number)
            .collect();
        numbers
            .into_iter()
            .filter_map(|number| Some((table.remove(number)?.node_id, self.wire_id(number))))
            .collect()
    }

    /// Waits for the next deadline and returns the node and wire id of each invocation that passed it, to be cancelled
    /// there. Callers have been answered.
    pub async fn next_expired(&self) -> Vec<(String, String)> {
        loop {
            let first = self
                .table
                .lock()
                .deadlines
                .first()
                .map(|(deadline, _)| *deadline);
            let Some(first) = first else {
                self.earlier.notified().await;
                continue;
            };
            tokio::select! {
                () = self.earlier.notified() => {}
                () = tokio::time::sleep_until(first) => {
                    let expired = self.expire(Instant::now());
                    if !expired.is_empty() {
                        return expired;
                    }
                }
            }
        }
    }

    fn expire(&self, now: Instant) -> Vec<(String, String)> {
        let mut expired = Vec::new();
        let mut table = self.table.lock();
        while let Some((deadline, number)) = table
            .deadlines
            .first()
            .copied()
            .filter(|(deadline, _)| *deadline <= now)
        {
            table.deadlines.remove(&(deadline, number));
            if let Some(pending) = table.pending.remove(&number) {
                expired.push((number, pending));
            }
        }
        drop(table);
        expired
            .into_iter()
            .map(|(number, pending)| {
                let node_id = pending.node_id.clone();
                let message = "node invoke timed out";
                let details = json!({ "nodeError": { "code": "TIMEOUT", "message": message } });
                pending.finish(Err(WireError::unavailable(message).with_details(details)));
                (node_id, self.wire_id(number))
            })
            .collect()
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.table.lock().pending.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn take(&self, number: u64) -> Option<Pending> {
        self.table.lock().remove(number)
    }

    fn take_where(&self, wanted: impl Fn(&Pending) -> bool) -> Vec<Pending> {
        let mut table = self.table.lock();
        let numbers: Vec<u64> = table
            .pending
            .iter()
            .filter(|(_, pending)| wanted(pending))
            .map(|(number, _)| *number)
            .collect();
        numbers
            .into_iter()
            .filter_map(|number| table.remove(number))
            .collect()
    }

    fn wire_id(&self, number: u64) -> String {
        format!("{}-{number}", self.boot)
    }

    fn number(&self, wire_id: &str) -> Option<u64> {
        wire_id
            .strip_prefix(self.boot.as_str())?
            .strip_prefix('-')?
            .parse()
            .ok()
    }
}

impl Table {
    fn remove(&mut self, number: u64) -> Option<Pending> {
        let pending = self.pending.remove(&number)?;
        if let Some(deadline) = pending.deadline {
            self.deadlines.remove(&(deadline, number));
        }
        Some(pending)
    }
}

/// A direct event.
fn event_frame(name: &str, payload: &impl serde::Serialize) -> Bytes {
    let text = serde_json::to_string(payload).expect("payloads have string keys only");
    Bytes::from(encode_event(name, Some(&text)))
}

impl Pending {
    /// Tells a caller that watches under which id it can end the invocation.
    fn tell_started(&self, wire_id: &str, streams: bool) {
        let (Some(_), Waiter::Caller(caller)) = (&self.watched, &self.waiter) else {
            return;
        };
        let payload = NodeInvokeStarted {
            invoke_id: wire_id.to_owned(),
            node_id: self.node_id.clone(),
            idempotency_key: self.idempotency_key.clone().unwrap_or_default(),
            streams,
        };
        // A caller whose outbox is full will see the result.
        let _refused = caller
            .conn()
            .outbox
            .try_push(event_frame("node.invoke.started", &payload));
    }

    fn finish(self, result: Result<NodeResult<'_>, WireError>) {
        match self.waiter {
            Waiter::Inside(sender) => {
                // The part that asked may have given up; then nobody misses the answer.
                let _unheard = sender.send(result.map(NodeResult::into_owned));
            }
            Waiter::Caller(responder) => match result {
                Ok(result) => {
                    let size = result.size() + self.node_id.len() + self.command.len() + 96;
                    responder.ok_with(size, |out| {
                        push_answer(out, &self.node_id, &self.command, &result);
                    });
                }
                Err(error) => responder.err(&error),
            },
        }
    }
}

/// The `node.invoke` answer around a raw payload.
fn push_answer(out: &mut String, node_id: &str, command: &str, result: &NodeResult<'_>) {
    out.push_str(r#"{"ok":true,"nodeId":"#);
    push_escaped(out, node_id);
    out.push_str(r#","command":"#);
    push_escaped(out, command);
    if let Some(payload) = &result.payload {
        out.push_str(r#","payload":"#);
        out.push_str(payload);
    }
    out.push_str(r#","payloadJSON":"#);
    out.push_str(result.payload_json.as_deref().unwrap_or("null"));
    out.push('}');
}
