//! The handle: calls, events, state. The connection itself lives in a task of its own that ends
//! with the last handle.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use openclaw_protocol::frame::{EventFrame, encode_request};
use openclaw_protocol::handshake::HelloOk;
use parking_lot::Mutex;
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::CertificateDer;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::{CallError, ConnectError};
use crate::events::Events;
use crate::options::ClientOptions;
use crate::reconnect::{Backoff, Next, ReconnectPolicy};
use crate::session::run::{Loop, Outgoing};
use crate::session::{self, Transport};
use crate::tls::Fingerprint;

/// Requests that wait for a busy connection before callers wait themselves.
const REQUEST_QUEUE: usize = 64;

/// Where a client stands.
#[derive(Debug, Clone)]
pub enum ConnectionState {
    /// On the way.
    Connecting {
        /// Counts attempts since the last connection, from 1.
        attempt: u32,
    },
    /// Connected, with the gateway's hello.
    Connected(Arc<HelloOk>),
    /// Lost or refused; the next attempt comes by itself.
    Waiting {
        /// When it comes.
        until: Instant,
        /// Why the last one ended.
        error: ConnectError,
    },
    /// Over for good.
    Stopped(ConnectError),
}

/// What a connection proved itself with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialUsed {
    /// Nothing.
    None,
    /// The shared token.
    Token,
    /// The shared password.
    Password,
    /// A token of this device.
    DeviceToken,
    /// A setup code.
    BootstrapToken,
}

/// Facts about the connection, for status output.
#[derive(Debug, Clone)]
pub struct LinkInfo {
    /// The address connected to; none for the control socket.
    pub peer: Option<SocketAddr>,
    /// Whether it goes over TLS.
    pub encrypted: bool,
    /// Fingerprint of the gateway's certificate.
    pub tls_fingerprint: Option<Fingerprint>,
    /// The gateway's certificate.
    pub certificate: Option<CertificateDer<'static>>,
    /// What was sent as proof.
    pub credential: CredentialUsed,
}

/// Result of a call, raw.
#[derive(Debug, Clone)]
pub struct Response(Box<RawValue>);

impl Response {
    /// The JSON text; `null` when the gateway sent no payload.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// The raw value.
    pub fn into_raw(self) -> Box<RawValue> {
        self.0
    }

    /// Decodes the payload.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_str(self.get()).map_err(CallError::Decode)
    }
}

/// A way into the current connection.
#[derive(Debug, Clone)]
struct Link {
    requests: mpsc::Sender<Outgoing>,
    max_payload: u64,
    info: LinkInfo,
}

/// Shared between handles and the task.
#[derive(Debug)]
struct Shared {
    state: watch::Sender<ConnectionState>,
    link: Mutex<Option<Link>>,
    /// Why the last connection ended; set before its callers are woken.
    last_error: Mutex<Option<ConnectError>>,
    /// Gone when the task has ended, so that subscriptions end too.
    events: Mutex<Option<broadcast::Sender<Arc<EventFrame>>>>,
    next_id: AtomicU64,
}

#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    call_timeout: Duration,
    task: Mutex<Option<JoinHandle<()>>>,
    cancel: CancellationToken,
    _cancel_on_drop: DropGuard,
}

/// A client of one gateway. Cheap to clone; the connection ends with the last clone.
#[derive(Debug, Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

impl Client {
    /// Connects once. When the connection ends later, the client stops; see [`Self::state`].
    pub async fn connect(options: ClientOptions) -> Result<Self, ConnectError> {
        let client = Self::spawn(options, ReconnectPolicy::once());
        client.connected().await?;
        Ok(client)
    }

    /// Connects in the background and keeps doing so as `policy` says. Subscribe right away to see
    /// every event from the first. Must be called within a tokio runtime, of either flavour.
    pub fn spawn(options: ClientOptions, policy: ReconnectPolicy) -> Self {
        let (events, _) = broadcast::channel(options.event_capacity.max(1));
        let shared = Arc::new(Shared {
            state: watch::Sender::new(ConnectionState::Connecting { attempt: 1 }),
            link: Mutex::new(None),
            last_error: Mutex::new(None),
            events: Mutex::new(Some(events.clone())),
            next_id: AtomicU64::new(1),
        });
        let cancel = CancellationToken::new();
        let call_timeout = options.call_timeout;
        let driver = Driver {
            options,
            shared: shared.clone(),
            events,
            cancel: cancel.clone(),
            backoff: Backoff::new(policy),
            end: ConnectError::Aborted,
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "the handle below owns it and ends it"
        )]
        let task = tokio::spawn(driver.run());
        Self {
            handle: Arc::new(Handle {
                shared,
                call_timeout,
                task: Mutex::new(Some(task)),
                _cancel_on_drop: cancel.clone().drop_guard(),
                cancel,
            }),
        }
    }

    /// Waits until the client is connected or has stopped.
    pub async fn connected(&self) -> Result<Arc<HelloOk>, ConnectError> {
        let mut state = self.state();
        loop {
            match &*state.borrow_and_update() {
                ConnectionState::Connected(hello) => return Ok(hello.clone()),
                ConnectionState::Stopped(error) => return Err(error.clone()),
                ConnectionState::Connecting { .. } | ConnectionState::Waiting { .. } => {}
            }
            if state.changed().await.is_err() {
                return Err(ConnectError::ClosedByCaller);
            }
        }
    }

    /// Calls `method` with the deadline of [`ClientOptions::call_timeout`].
    pub async fn call<P: Serialize + ?Sized>(
        &self,
        method: &str,
        params: &P,
    ) -> Result<Response, CallError> {
        self.call_with_timeout(method, params, self.handle.call_timeout)
            .await
    }

    /// Calls `method` with a deadline of its own.
    pub async fn call_with_timeout<P: Serialize + ?Sized>(
        &self,
        method: &str,
        params: &P,
        deadline: Duration,
    ) -> Result<Response, CallError> {
        let params = serde_json::value::to_raw_value(params).map_err(CallError::Encode)?;
        self.call_raw(method, Some(&params), deadline).await
    }

    /// Calls `method` with raw params, or none.
    pub async fn call_raw(
        &self,
        method: &str,
        params: Option<&RawValue>,
        deadline: Duration,
    ) -> Result<Response, CallError> {
        let shared = &self.handle.shared;
        let Some(link) = shared.link.lock().clone() else {
            let error = shared.last_error.lock().clone();
            return Err(CallError::NotConnected(error.map(Arc::new)));
        };
        let id = format!("c{}", shared.next_id.fetch_add(1, Ordering::Relaxed));
        let text = encode_request(&id, method, params.map(RawValue::get));
        if text.len() as u64 > link.max_payload {
            return Err(CallError::TooLarge {
                size: text.len(),
                limit: link.max_payload,
            });
        }
        let (reply, answer) = oneshot::channel();
        let outgoing = Outgoing { id, text, reply };
        let exchange = async {
            link.requests.send(outgoing).await.ok()?;
            answer.await.ok()
        };
        let response = match timeout(deadline, exchange).await {
            Ok(Some(response)) => response,
            Ok(None) => {
                let error = shared.last_error.lock().clone();
                return Err(CallError::Closed(
                    error.unwrap_or(ConnectError::ClosedByCaller),
                ));
            }
            Err(_) => return Err(CallError::Timeout(deadline)),
        };
        match response.error {
            Some(error) => Err(CallError::Rpc(error)),
            None => Ok(Response(
                response
                    .payload
                    .unwrap_or_else(|| RawValue::NULL.to_owned()),
            )),
        }
    }

    /// Subscribes to events from now on.
    pub fn subscribe(&self) -> Events {
        let events = self.handle.shared.events.lock();
        Events::new(
            events
                .as_ref()
                .map_or_else(|| broadcast::channel(1).1, broadcast::Sender::subscribe),
        )
    }

    /// Follows the state of the connection.
    pub fn state(&self) -> watch::Receiver<ConnectionState> {
        self.handle.shared.state.subscribe()
    }

    /// The hello of the current connection.
    pub fn hello(&self) -> Option<Arc<HelloOk>> {
        match &*self.handle.shared.state.borrow() {
            ConnectionState::Connected(hello) => Some(hello.clone()),
            _ => None,
        }
    }

    /// Facts about the current connection.
    pub fn link(&self) -> Option<LinkInfo> {
        let link = self.handle.shared.link.lock();
        link.as_ref().map(|link| link.info.clone())
    }

    /// Sends what is queued, closes the connection and waits for its end (at most a second or two).
    pub async fn close(&self) {
        self.handle.cancel.cancel();
        let task = self.handle.task.lock().take();
        if let Some(task) = task {
            // The task cannot fail other than by a panic, which has been reported already.
            drop(task.await);
        }
    }
}

/// The task behind a client.
struct Driver {
    options: ClientOptions,
    shared: Arc<Shared>,
    events: broadcast::Sender<Arc<EventFrame>>,
    cancel: CancellationToken,
    backoff: Backoff,
    end: ConnectError,
}

impl Drop for Driver {
    /// Tells everybody, however the task ended: those who wait must never wait for nobody.
    fn drop(&mut self) {
        self.shared.link.lock().take();
        *self.shared.last_error.lock() = Some(self.end.clone());
        self.shared.events.lock().take();
        self.set_state(ConnectionState::Stopped(self.end.clone()));
    }
}

impl Driver {
    async fn run(mut self) {
        let end = self.connect_for_ever().await;
        self.end = if self.cancel.is_cancelled() {
            ConnectError::ClosedByCaller
        } else {
            end
        };
    }

    fn set_state(&self, state: ConnectionState) {
        self.shared.state.send_replace(state);
    }

    async fn connect_for_ever(&mut self) -> ConnectError {
        let transport = match Transport::new(&self.options) {
            Ok(transport) => transport,
            Err(error) => return ConnectError::Tls(error),
        };
        let cancel = self.cancel.clone();
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.set_state(ConnectionState::Connecting { attempt });
            let limit = self.options.connect_timeout;
            let connecting = timeout(limit, session::establish(&self.options, &transport));
            let connected = tokio::select! {
                connected = connecting => connected.unwrap_or(Err(ConnectError::Timeout(limit))),
                () = cancel.cancelled() => return ConnectError::ClosedByCaller,
            };
            let (error, lived, back_in) = match connected {
                Err(error) => (error, None, None),
                Ok(session) => {
                    attempt = 0;
                    let since = Instant::now();
                    let ended = self.serve(session).await;
                    (ended.error, Some(since.elapsed()), ended.back_in)
                }
            };
            *self.shared.last_error.lock() = Some(error.clone());
            let Next::Retry(delay) = self.backoff.next(&error, lived, back_in, random()) else {
                return error;
            };
            tracing::info!(
                target = %self.options.target,
                error = %error,
                retry_in_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
                failures = self.backoff.failures(),
                "gateway connection failed"
            );
            let until = Instant::now() + delay;
            self.set_state(ConnectionState::Waiting { until, error });
            tokio::select! {
                () = sleep(delay) => {}
                () = cancel.cancelled() => return ConnectError::ClosedByCaller,
            }
        }
    }

    async fn serve(&self, session: session::Session) -> session::run::Ended {
        let (requests, mut receiver) = mpsc::channel(REQUEST_QUEUE);
        let hello = Arc::new(session.hello);
        *self.shared.link.lock() = Some(Link {
            requests,
            max_payload: hello.policy.max_payload,
            info: session.link,
        });
        let tick_interval = Duration::from_millis(hello.policy.tick_interval_ms);
        self.set_state(ConnectionState::Connected(hello));
        let ended = Loop {
            requests: &mut receiver,
            events: self.events.clone(),
            cancel: &self.cancel,
            tick_interval,
        }
        .run(session.socket)
        .await;
        // In this order: callers that are woken by the end of the channel must find the reason.
        self.shared.link.lock().take();
        *self.shared.last_error.lock() = Some(ended.error.clone());
        drop(receiver);
        ended
    }
}

/// Evenly in 0..1; the middle when the system gives no random numbers.
pub(crate) fn random() -> f64 {
    let mut bytes = [0; 4];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}
