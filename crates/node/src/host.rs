//! The node host: stays connected to a gateway and answers its calls until told to stop.
//!
//! One loop owns everything. It follows the connection (a new hello is a new session; the end of a
//! connection ends the runs of that session), starts a task per call, and keeps what could not be
//! delivered. What people should see goes to [`HostEvents`], one [`HostEvent`] per change.

mod answer;
mod chores;
mod event;
mod file;
mod kept;
mod stats;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use openclaw_client::{
    Client, ClientOptions, ConnectError, ConnectionState, DeviceIdentity, EventItem, FailureClass,
    HelloOk, ReconnectPolicy,
};
use openclaw_protocol::error::close;
use openclaw_protocol::fingerprint::fingerprint_words;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::commands::{CAPS, Commands};
use crate::invoke::{CommandError, InvokeRequest};
use answer::{Answer, Answered};
use kept::Kept;

pub use event::{HostEvent, HostEvents};
pub use file::{NodeFile, SavedGateway};
pub use stats::host_stats;

/// Calls that run at once; more are refused, so that a flood of calls cannot take the machine.
pub const MAX_RUNNING: usize = 16;
/// Calls that run or whose answer is on its way; beyond that they are dropped and callers time out.
const MAX_ANSWERING: usize = 128;
/// How long runs that are cancelled by a shutdown may take to end and report.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(3);

/// What a node host is made of.
#[derive(Debug)]
pub struct HostOptions {
    /// Connection, from [`ClientOptions::node`] with a target, credentials and identity. The host
    /// fills in caps and commands.
    pub client: ClientOptions,
    /// What the node can do.
    pub commands: Commands,
    /// Who is told what happens.
    pub events: Arc<dyn HostEvents>,
}

/// Why a node host gave up.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The gateway refuses for a reason that trying again does not change.
    #[error(transparent)]
    Stopped(ConnectError),
}

/// How this node is known: for `node identity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeIdentity {
    /// Lowercase hex SHA-256 of the public key; the node id at the gateway.
    pub device_id: String,
    /// Ed25519 public key, base64url.
    pub public_key: String,
    /// Six words to compare when approving.
    pub fingerprint: String,
}

impl NodeIdentity {
    /// Of a device key.
    pub fn of(identity: &DeviceIdentity) -> Self {
        Self {
            device_id: identity.device_id().to_owned(),
            public_key: identity.public_key_base64url(),
            fingerprint: fingerprint_words(identity.device_id()).unwrap_or_default(),
        }
    }
}

/// A node host.
#[derive(Debug)]
pub struct Host {
    client: Client,
    commands: Commands,
    events: Arc<dyn HostEvents>,
    target: String,
    fingerprint: Option<String>,
    state: watch::Receiver<ConnectionState>,
    session: Option<Session>,
    tasks: JoinSet<Answered>,
    /// One permit per command that may run.
    slots: Arc<Semaphore>,
    running: HashMap<String, Running>,
    kept: Kept,
    told: Option<String>,
}

/// What belongs to one connection.
#[derive(Debug)]
struct Session {
    hello: Arc<HelloOk>,
    over: CancellationToken,
    _chores: AbortOnDropHandle<()>,
}

/// A call that runs.
#[derive(Debug)]
struct Running {
    cancel: CancellationToken,
    request: InvokeRequest,
    /// Its connection ended with a restart of the gateway: it runs on, and its caller will ask again.
    outlives: bool,
    /// The attempts that ask for it again.
    waiting: Vec<InvokeRequest>,
}

/// Payload of `node.invoke.cancel`; releases differ in the name of the id.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelPayload {
    id: Option<String>,
    // A field of its own and no alias: our gateway sends both names, which serde would refuse as the same member twice.
    invoke_id: Option<String>,
}

impl CancelPayload {
    fn id_in(payload: &str) -> Option<String> {
        let named: Self = serde_json::from_str(payload).ok()?;
        named.id.or(named.invoke_id)
    }
}

impl Host {
    /// Serves until `shutdown` fires, reconnecting for ever. Fails when the gateway refuses for good.
    pub async fn run(options: HostOptions, shutdown: CancellationToken) -> Result<(), HostError> {
        let mut client_options = options.client;
        client_options.caps = CAPS.map(str::to_owned).to_vec();
        let declared = options.commands.declared();
        client_options.commands = declared.into_iter().map(str::to_owned).collect();
        let identity = client_options.identity.as_deref();
        let fingerprint = identity.and_then(|identity| fingerprint_words(identity.device_id()));
        let target = client_options.target.to_string();
        let client = Client::spawn(client_options, ReconnectPolicy::node());
        let mut events = client.subscribe();
        let mut host = Self {
            state: client.state(),
            client,
            commands: options.commands,
            events: options.events,
            target,
            fingerprint,
            session: None,
            tasks: JoinSet::new(),
            slots: Arc::new(Semaphore::new(MAX_RUNNING)),
            running: HashMap::new(),
            kept: Kept::default(),
            told: None,
        };
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                _ = host.state.changed() => host.follow_state()?,
                Some(done) = host.tasks.join_next() => match done {
                    Ok(answered) => host.answered(answered),
                    Err(error) => tracing::error!(%error, "a call ended unexpectedly"),
                },
                Some(item) = events.recv() => {
                    // An event of a new connection may be seen before the change of state itself.
                    host.follow_state()?;
                    host.handle(item);
                }
            }
        }
        host.stop().await;
        Ok(())
    }

    fn follow_state(&mut self) -> Result<(), HostError> {
        let state = self.state.borrow_and_update().clone();
        match state {
            ConnectionState::Connected(hello) => {
                let known = self.session.as_ref().map(|session| &session.hello);
                if !known.is_some_and(|known| Arc::ptr_eq(known, &hello)) {
                    // Lost and back before anybody looked; why, nobody knows.
                    self.end_session(false);
                    self.begin_session(hello);
                }
            }
            ConnectionState::Connecting { .. } => {}
            ConnectionState::Waiting { until, error } => {
                let was_connected = self.session.is_some();
                self.end_session(is_restart(&error));
                let retry_in = until.saturating_duration_since(Instant::now());
                let trouble = self.trouble(error, was_connected, retry_in);
                self.tell(&trouble);
            }
            ConnectionState::Stopped(error) => {
                self.end_session(false);
                return Err(HostError::Stopped(error));
            }
        }
        Ok(())
    }

    fn trouble(&self, error: ConnectError, was_connected: bool, retry_in: Duration) -> HostEvent {
        match error.refusal() {
            Some(refusal) if error.class() == FailureClass::Pairing => {
                HostEvent::WaitingForApproval {
                    request_id: refusal.request_id().map(str::to_owned),
                    code: refusal.pairing_code(),
                    fingerprint: self.fingerprint.clone(),
                    reason: refusal.error.message.clone(),
                }
            }
            _ => HostEvent::Disconnected {
                error,
                was_connected,
                retry_in,
            },
        }
    }

    /// Tells a change; the same trouble over and over is told once.
    fn tell(&mut self, event: &HostEvent) {
        let subject = event.subject();
        if self.told.as_ref() != Some(&subject) {
            self.told = Some(subject);
            self.events.event(event);
        }
    }

    fn begin_session(&mut self, hello: Arc<HelloOk>) {
        self.tell(&HostEvent::Connected {
            target: self.target.clone(),
            gateway_version: hello.server.version.clone(),
            protocol: hello.protocol,
        });
        let chores = chores::Chores {
            client: self.client.clone(),
            commands: self.commands.clone(),
            events: Arc::clone(&self.events),
            hello: Arc::clone(&hello),
            backlog: self.kept.take_events(),
        };
        #[expect(clippy::disallowed_methods, reason = "the session owns it and ends it")]
        let chores = tokio::spawn(chores.run());
        self.session = Some(Session {
            hello,
            over: CancellationToken::new(),
            _chores: AbortOnDropHandle::new(chores),
        });
    }

    /// Nobody can be told the outcome any more, so what runs is cancelled; but when the gateway restarts, callers that name
    /// their calls were told to ask again, and get the outcome then.
    fn end_session(&mut self, restarting: bool) {
        let Some(session) = self.session.take() else {
            return;
        };
        session.over.cancel();
        for call in self.running.values_mut() {
            // One that waits for its caller already outlived an earlier restart.
            call.outlives |= restarting && call.request.idempotency_key.is_some();
            call.waiting.clear();
            if !call.outlives {
                call.cancel.cancel();
            }
        }
        let outlive = self.running.values().filter(|call| call.outlives).count();
        let interrupted = self.running.len() - outlive;
        if interrupted > 0 {
            tracing::warn!(
                calls = interrupted,
                "connection lost; the calls that ran are interrupted"
            );
        }
        if outlive > 0 {
            tracing::info!(
                calls = outlive,
                "the gateway restarts; the calls that run go on"
            );
        }
    }

    fn handle(&mut self, item: EventItem) {
        let event = match item {
            EventItem::Event(event) => event,
            EventItem::Lagged(missed) => {
                tracing::warn!(missed, "too many events at once; calls among them time out");
                return;
            }
        };
        let payload = event.payload.as_ref().map_or("null", |raw| raw.get());
        match event.event.as_str() {
            "node.invoke.request" => match serde_json::from_str::<InvokeRequest>(payload) {
                Ok(request) => self.start(request),
                Err(error) => tracing::warn!(%error, "unreadable call"),
            },
            "node.invoke.cancel" => {
                let id = CancelPayload::id_in(payload);
                if let Some(id) = id {
                    self.cancel(&id);
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, request: InvokeRequest) {
        if self.session.is_none() {
            return;
        }
        if self.running.contains_key(&request.id) {
            return;
        }
        let earlier = self
            .running
            .values_mut()
            .find(|call| call.outlives && kept::is_same_call(&call.request, &request));
        if let Some(call) = earlier {
            // The second attempt of a call that still runs gets the outcome of the first.
            call.waiting.push(request);
            return;
        }
        if self.tasks.len() >= MAX_ANSWERING {
            tracing::warn!(command = %request.command, "too many calls; one is dropped");
            return;
        }
        let answer = if let Some(outcome) = self.kept.take_outcome(&request, Instant::now()) {
            Answer::Ready(outcome)
        } else if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            Answer::Invoke(self.commands.clone(), slot)
        } else {
            let text = format!("node is busy: {MAX_RUNNING} commands are running; try again later");
            Answer::Ready(Err(CommandError::unavailable(text)).into())
        };
        self.spawn(request, answer);
    }

    /// Ends a call that its caller takes back: the one of this id, or the one that it waits for.
    fn cancel(&mut self, id: &str) {
        if let Some(call) = self.running.get(id) {
            call.cancel.cancel();
            return;
        }
        let awaited = self
            .running
            .values()
            .find(|call| call.waiting.iter().any(|request| request.id == id));
        if let Some(call) = awaited {
            call.cancel.cancel();
        }
    }

    fn spawn(&mut self, request: InvokeRequest, answer: Answer) {
        let Some(session) = &self.session else {
            return;
        };
        let over = session.over.clone();
        let cancel = CancellationToken::new();
        let running = Running {
            cancel: cancel.clone(),
            request: request.clone(),
            outlives: false,
            waiting: Vec::new(),
        };
        self.running.insert(request.id.clone(), running);
        self.tasks.spawn(answer::answer(
            self.client.clone(),
            request,
            answer,
            over,
            cancel,
        ));
    }

    fn answered(&mut self, answered: Answered) {
        let call = self.running.remove(&answered.request.id);
        if let Some(outcome) = answered.undelivered {
            let mut waiting = call
                .map(|call| call.waiting)
                .unwrap_or_default()
                .into_iter();
            match waiting.next_back() {
                // Earlier ones have been given up by their callers.
                Some(request) if self.session.is_some() => {
                    self.spawn(request, Answer::Ready(outcome));
                }
                _ => self
                    .kept
                    .keep_outcome(&answered.request, outcome, Instant::now()),
            }
        }
        self.kept.keep_events(answered.events);
    }

    /// Cancels what runs, lets it report, and closes the connection.
    async fn stop(mut self) {
        for call in self.running.values() {
            call.cancel.cancel();
        }
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        if timeout(SHUTDOWN_GRACE, ended).await.is_err() {
            tracing::warn!("some calls did not end in time");
        }
        self.client.close().await;
    }
}

/// The gateway said that it comes back.
fn is_restart(error: &ConnectError) -> bool {
    error
        .close_info()
        .is_some_and(|info| info.code == close::SERVICE_RESTART)
}

#[cfg(test)]
mod tests {
    use super::CancelPayload;

    #[test]
    fn a_cancelled_call_is_named_by_either_member_or_both() {
        for payload in [
            r#"{"id":"7"}"#,
            r#"{"invokeId":"7","nodeId":"attic"}"#,
            r#"{"id":"7","invokeId":"7","nodeId":"attic"}"#,
        ] {
            assert_eq!(
                CancelPayload::id_in(payload).as_deref(),
                Some("7"),
                "{payload}"
            );
        }
    }
}
