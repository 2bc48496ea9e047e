//! One running gateway: started from options, stopped in order.

mod background;
mod chronicle;
pub mod listeners;
mod sockets;
mod start;

use std::net::SocketAddr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use openclaw_config::load::Snapshot;
use openclaw_config::resolve::{GatewayFlags, GatewayPlan};
use openclaw_config::{Env, Issue, Paths};
use openclaw_protocol::error::close;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

use crate::adapters::Adapter;
use crate::clock::Clock;
use crate::control::{ControlError, ControlSocket};
use crate::core::{Core, LogFile, Reload};
use crate::drain::Ending;
use crate::gate::Gate;
use crate::listen::{BindError, BindRefused, HandedOver, Inherited};
use crate::lock::LockError;
use crate::platform;
use crate::records::{AuditEvent, Change};
use crate::restart::Restart;
use crate::store::StoreError;
use listeners::Held;
pub use listeners::check_listening;

/// How long callers may take to get the answers they wait for when the gateway stops.
const DRAIN: Duration = Duration::from_secs(5);
/// How long it may take to tell those who still wait.
const LAST_ANSWERS: Duration = Duration::from_millis(500);
/// How long clients may take to answer the close.
const FAREWELL: Duration = Duration::from_secs(3);

/// What a gateway is started with.
#[derive(Debug)]
pub struct GatewayOptions {
    /// Where everything is.
    pub paths: Paths,
    /// The environment.
    pub env: Env,
    /// Flags of the command line.
    pub flags: GatewayFlags,
    /// The config, as it changes.
    pub config: watch::Receiver<Arc<Snapshot>>,
    /// Version answered in hello.
    pub version: String,
    /// Time.
    pub clock: Clock,
    /// Where the log goes.
    pub log_file: LogFile,
    /// Has the config file read again.
    pub reload: Reload,
    /// Port to listen on instead of the resolved one; 0 lets the system choose.
    pub port: Option<u16>,
    /// `--i-know`: a weak password off loopback is accepted.
    pub allow_weak_password: bool,
    /// Parts from crates above this one.
    pub adapters: Vec<Box<dyn Adapter>>,
    /// Sockets, and the lock, that were handed to this process.
    pub inherited: Inherited,
    /// How it is restarted.
    pub restart: Restart,
}

/// Why a gateway did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Flags, environment or config ask for something impossible.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Settings(Vec<Issue>),
    /// Another gateway holds the state directory.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The records cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was asked for is not safe, or not there.
    #[error(transparent)]
    Refused(#[from] BindRefused),
    /// A port cannot be had.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The control socket cannot be had.
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    core: Arc<Core>,
    gate: Gate,
    plan: GatewayPlan,
    accepting: CancellationToken,
    /// Ends the listeners also when the gateway is dropped without a shutdown.
    _stopping: DropGuard,
    control: Option<AbortOnDropHandle<()>>,
    control_socket: Weak<ControlSocket>,
    held: Arc<Mutex<Held>>,
    exposure: crate::tailscale::Exposure,
}

/// How a shutdown went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShutdownReport {
    /// Answers that were still owed when the time was up.
    pub unanswered: usize,
    /// Connections that did not close in time.
    pub unclosed: usize,
    /// Whether the records were written and closed.
    pub stored: bool,
}

impl ShutdownReport {
    /// Whether nothing was cut off.
    pub fn is_clean(self) -> bool {
        self.unanswered == 0 && self.unclosed == 0 && self.stored
    }
}

impl Gateway {
    /// Starts a gateway. Returns once every listener is bound and clients are served.
    pub async fn start(options: GatewayOptions) -> Result<Self, StartError> {
        start::start(options).await
    }

    /// TCP addresses that listen now, loopback first.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.core.listening.borrow().clone()
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.core.port()
    }

    /// What flags, environment and config came to, each value with its source.
    pub fn plan(&self) -> &GatewayPlan {
        &self.plan
    }

    /// The parts, for benchmarks and tests in the same process.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Counts of the admission gate.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Stops in order: nobody new comes in, everyone is told, owed answers are given, connections close, records are
    /// written.
    pub async fn shutdown(self) -> ShutdownReport {
        self.end(Ending::Stop).await.0
    }

    /// Ends so that a successor goes on: the listening sockets stay open, and whoever connects meanwhile waits in their
    /// queues; the lock stays held.
    pub async fn hand_over(self) -> (ShutdownReport, HandedOver) {
        self.end(Ending::Restart).await
    }

    async fn end(self, ending: Ending) -> (ShutdownReport, HandedOver) {
        let core = Arc::clone(&self.core);
        core.drain.begin(ending);
        if ending == Ending::Stop {
            self.accepting.cancel();
        }
        let mut notice = json!({ "reason": ending.reason() });
        if let Some(ms) = ending.expected_ms() {
            notice["restartExpectedMs"] = json!(ms);
        }
        core.broadcast("shutdown", &notice);
        let unanswered = wait_until_zero(DRAIN, || owed(&core)).await;
        let handed_over = match ending {
            Ending::Stop => HandedOver {
                sockets: Vec::new(),
                lock: None,
            },
            Ending::Restart => self.duplicates(),
        };
        self.accepting.cancel();
        // Those who still wait learn that they have to ask again, before their connection closes.
        core.invokes.end_all(ending);
        core.drain.close();
        wait_until_zero(LAST_ANSWERS, || owed(&core)).await;
        core.hub.close(
            close::SERVICE_RESTART,
            close::REASON_SERVICE_RESTART,
            |_| true,
        );
        let unclosed = wait_until_zero(FAREWELL, || core.hub.len()).await;
        self.exposure.ended().await;
        core.tasks.cancel();
        let running = core.tasks.wait(Duration::from_secs(1)).await;
        if running > 0 {
            tracing::warn!(running, "background tasks did not end in time");
        }
        core.listeners.stop().await;
        drop(self.control);
        background::flush_refusals(&core, true);
        core.audit_lazily(AuditEvent {
            ts: core.now_ms(),
            kind: "stop".to_owned(),
            actor: "gateway".to_owned(),
            remote_ip: None,
            subject: None,
            details: json!({ "reason": ending.reason(), "unanswered": unanswered, "unclosed": unclosed }),
        });
        let store = Arc::clone(&core.store);
        let closed = crate::tasks::blocking("store close", move || store.close()).await;
        let stored = matches!(closed, Some(Ok(())));
        if let Some(Err(error)) = closed {
            tracing::error!(%error, "the records could not be closed");
        }
        // Whoever takes the lock next finds files that nobody writes any more.
        drop(self.held);
        let report = ShutdownReport {
            unanswered,
            unclosed,
            stored,
        };
        (report, handed_over)
    }

    /// What a successor goes on with: nothing where sockets cannot be handed over.
    fn duplicates(&self) -> HandedOver {
        if !platform::HANDS_OVER {
            return HandedOver {
                sockets: Vec::new(),
                lock: None,
            };
        }
        let mut sockets = self.core.listeners.hand_over();
        if let Some(control) = self.control_socket.upgrade() {
            match control.hand_over() {
                Ok(socket) => sockets.push(("control".to_owned(), socket)),
                Err(error) => tracing::warn!(%error, "the control socket cannot be handed over"),
            }
        }
        let lock = self.held.lock().hand_over_lock();
        let lock = lock
            .inspect_err(|error| tracing::warn!(%error, "the lock cannot be handed over"))
            .ok();
        HandedOver {
            sockets,
            lock: lock.and_then(platform::lock_handle),
        }
    }
}

/// Answers still owed to connected callers.
fn owed(core: &Core) -> usize {
    core.hub
        .select(|conn| conn.in_flight() > 0)
        .iter()
        .map(|conn| conn.in_flight())
        .sum()
}

/// Waits until a count is zero, at most so long; returns the last count.
async fn wait_until_zero(limit: Duration, count: impl Fn() -> usize) -> usize {
    let reached = tokio::time::timeout(limit, async {
        // A stopping gateway has nothing better to do than to look; the step bounds how long it looks too long.
        while count() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    if reached.await.is_ok() { 0 } else { count() }
}

/// A durable line about the gateway itself.
fn own_line(core: &Core, kind: &str, details: serde_json::Value) -> Change {
    Change::Audit(Box::new(AuditEvent {
        ts: core.now_ms(),
        kind: kind.to_owned(),
        actor: "gateway".to_owned(),
        remote_ip: None,
        subject: None,
        details,
    }))
}
