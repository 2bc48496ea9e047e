//! The running gateway's shared parts, each with its own methods and its own short locks.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use openclaw_config::load::Snapshot;
use openclaw_config::resolve::{TlsFlags, TlsPlan, resolve_tls};
use openclaw_protocol::error::WireError;
use openclaw_protocol::event;
use openclaw_protocol::frame::StateVersion;
use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::approvals::Approvals;
use crate::audit::RefuseLog;
use crate::auth::identity::Identities;
use crate::auth::limiter::Limiter;
use crate::canvas::Capabilities;
use crate::clock::Clock;
use crate::confirm::Confirms;
use crate::conn::hub::{Conn, Hub};
use crate::drain::Drain;
use crate::http::proxy_check::ProxyChecks;
use crate::listen::{InterfaceAddress, ListenerSet};
use crate::live::Live;
use crate::metrics::Metrics;
use crate::nodes::invoke::Invokes;
use crate::nodes::registry::NodeRegistry;
use crate::pairing::devices::Devices;
use crate::pairing::setups::Setups;
use crate::pairing::surfaces::Surfaces;
use crate::peer::KnownNames;
use crate::presence::Presence;
use crate::reach::Witness;
use crate::records::{AuditEvent, Change};
use crate::restart::Restart;
use crate::rpc::router::Methods;
use crate::store::Store;
use crate::subsystems::{Part, SubsystemState, Subsystems};
use crate::system::SystemState;
use crate::tailscale::{TailnetFacts, Vouchers};
use crate::tasks::Tasks;
use crate::tls::TlsSlot;

/// Name of the records among the parts that may fail.
pub const STORE: &str = "store";

/// Facts about this process that never change.
#[derive(Debug, Clone)]
pub struct ServerFacts {
    /// Version, as answered in hello.
    pub version: String,
    /// Host name.
    pub host: String,
    /// Random id of this start.
    pub boot_id: String,
    /// Config file.
    pub config_path: PathBuf,
    /// State directory.
    pub state_dir: PathBuf,
    /// When it started.
    pub started: Instant,
    /// When it started, milliseconds since the epoch.
    pub started_at_ms: i64,
    /// TLS flags of the command line.
    pub tls_flags: TlsFlags,
    /// Paths of everything else.
    pub paths: Arc<openclaw_config::Paths>,
    /// Where the log goes now; the day is part of the name.
    pub log_file: LogFile,
    /// Has the config file read again.
    pub reload: Reload,
    /// Flags of the command line.
    pub flags: openclaw_config::resolve::GatewayFlags,
}

/// Has the config file read again at once, instead of when the watcher notices.
#[derive(Clone)]
pub struct Reload(Arc<dyn Fn() + Send + Sync>);

impl Reload {
    /// By calling this.
    pub fn new(reload: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(reload))
    }

    /// Reads it now.
    pub fn now(&self) {
        (self.0)();
    }
}

impl std::fmt::Debug for Reload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reload")
    }
}

/// Names the log file of the moment.
#[derive(Clone)]
pub struct LogFile(pub Arc<dyn Fn() -> PathBuf + Send + Sync>);

impl std::fmt::Debug for LogFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LogFile({})", (self.0)().display())
    }
}

/// The pairing books.
#[derive(Debug)]
pub struct Books {
    /// Devices.
    pub devices: Mutex<Devices>,
    /// Node surfaces.
    pub surfaces: Mutex<Surfaces>,
    /// Setup codes.
    pub setups: Mutex<Setups>,
}

/// Everything a connection needs.
#[derive(Debug)]
pub struct Core {
    /// Facts about this process.
    pub server: ServerFacts,
    /// Time.
    pub clock: Clock,
    /// What the config says, as it changes.
    pub config: watch::Receiver<Arc<Snapshot>>,
    /// Secrets and policies derived from it.
    pub live: RwLock<Arc<Live>>,
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// Who is paired.
    pub books: Books,
    /// Who is connected.
    pub hub: Hub,
    /// Which nodes are connected.
    pub nodes: NodeRegistry,
    /// What they were asked.
    pub invokes: Invokes,
    /// The config change that waits to be confirmed.
    pub confirms: Confirms,
    /// Hash of the config file that a method of this gateway wrote last.
    pub written_config: Mutex<Option<String>>,
    /// What waits for a decision.
    pub approvals: Approvals,
    /// Who is here.
    pub presence: Presence,
    /// Who failed to come in.
    pub limiter: Mutex<Limiter>,
    /// Who tried setup codes and join links that are none; apart, so that neither kind of guessing keeps the other
    /// kind of caller out.
    pub setup_limiter: Mutex<Limiter>,
    /// Proves to ourselves that an address leads here.
    pub witness: Witness,
    /// Opens the files of the canvas host to nodes.
    pub capabilities: Capabilities,
    /// Refusals, counted into few audit lines.
    pub refusals: Mutex<RefuseLog>,
    /// Health, queued system events, voice wake words and the like.
    pub system: SystemState,
    /// Counts since the start.
    pub metrics: Metrics,
    /// The handlers.
    pub methods: Methods,
    /// Background tasks.
    pub tasks: Tasks,
    /// How far its end is.
    pub drain: Drain,
    /// How it is restarted.
    pub restart: Restart,
    /// TCP port in use, 0 until the listeners are bound.
    pub port: AtomicU16,
    /// TCP addresses that listen, as they change; empty until the listeners are bound.
    pub listening: watch::Sender<Vec<SocketAddr>>,
    /// The listeners; further ones of any kind are opened here while the gateway runs.
    pub listeners: ListenerSet,
    /// Addresses of this machine, as they change.
    pub interfaces: watch::Sender<Vec<InterfaceAddress>>,
    /// Addresses of this machine on its tailnet, as Tailscale itself says; empty while it says nothing. The bind plan follows
    /// them; without them it goes by the interfaces.
    pub tailnet: watch::Sender<Vec<IpAddr>>,
    /// Our name and addresses on the tailnet and where Tailscale makes us reachable, as it says itself.
    pub tailnet_facts: watch::Sender<Arc<TailnetFacts>>,
    /// Whose processes may speak for Tailscale.
    pub(crate) vouchers: Vouchers,
    /// What TCP connections meet.
    pub tls: TlsSlot,
    /// Who stands behind connections that somebody vouches for.
    pub identities: Identities,
    /// Looks at how requests through a proxy arrive.
    pub proxy_checks: ProxyChecks,
    /// The names of this machine, as they become known.
    pub names: KnownNames,
    /// Parts that may fail alone.
    pub subsystems: Arc<Subsystems>,
    /// What was wanted and is not there: listeners that could not be bound, records that had to be salvaged.
    pub degraded: Vec<String>,
}

impl Core {
    /// Now, milliseconds since the epoch.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Secrets and policies now.
    pub fn live(&self) -> Arc<Live> {
        Arc::clone(&self.live.read())
    }

    /// Where the log goes now.
    pub fn log_file(&self) -> PathBuf {
        (self.server.log_file.0)()
    }

    /// TCP port in use.
    pub fn port(&self) -> u16 {
        self.port.load(Ordering::Relaxed)
    }

    /// Whether shutdown has begun.
    pub fn is_draining(&self) -> bool {
        self.drain.ending().is_some()
    }

    /// What a part that may fail alone tells its state with.
    pub fn part(&self, name: &'static str) -> Part {
        Part::new(name, Arc::clone(&self.subsystems), self.clock.clone())
    }

    /// Our place in the tailnet now.
    pub fn tailnet_facts(&self) -> Arc<TailnetFacts> {
        Arc::clone(&self.tailnet_facts.borrow())
    }

    /// The config now.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.config.borrow())
    }

    /// Why the config is not in force as it stands in the file.
    pub(crate) fn config_trouble(&self) -> Option<String> {
        self.snapshot()
            .is_degraded()
            .then(|| "config (last good settings in use)".to_owned())
    }

    /// What flags, environment and config now say about TLS; `None` when a value among them cannot be used.
    pub fn tls_plan(&self) -> Option<TlsPlan> {
        let snapshot = self.snapshot();
        resolve_tls(&self.server.tls_flags, &snapshot.env, &snapshot.settings)
            .inspect_err(|issue| tracing::warn!(%issue, "TLS settings not applied"))
            .ok()
    }

    /// Versions of presence and health.
    pub fn state_version(&self) -> StateVersion {
        StateVersion {
            presence: self.presence.version(),
            health: self.system.health_version(),
        }
    }

    /// Makes changes durable before anything is acknowledged. If that fails, the books go back to what is stored.
    pub async fn commit(&self, changes: Vec<Change>) -> Result<(), WireError> {
        if changes.is_empty() {
            return Ok(());
        }
        match self.store.commit(changes).await {
            Ok(()) => {
                self.subsystems.recovered(STORE, "changes are stored again");
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "a change could not be stored");
                let state = SubsystemState::Degraded {
                    reason: error.to_string(),
                    fix: "see openclaw logs; it is tried again with the next change".to_owned(),
                    next_try_at_ms: None,
                };
                self.subsystems.set(STORE, state);
                self.reload_books();
                let message = format!("the change could not be stored: {error}");
                Err(WireError::unavailable(message).retryable(Some(1_000)))
            }
        }
    }

    fn reload_books(&self) {
        match self.store.load() {
            Ok(stored) => {
                *self.books.devices.lock() = Devices::new(stored.devices, stored.pending_devices);
                *self.books.surfaces.lock() = Surfaces::new(stored.nodes, stored.pending_nodes);
                *self.books.setups.lock() = Setups::new(stored.setups);
                self.nodes.touch();
            }
            Err(error) => tracing::error!(%error, "the pairing records could not be read back"),
        }
    }

    /// An audit line about a caller.
    pub fn audit_event(
        &self,
        conn: &Conn,
        kind: &str,
        subject: Option<&str>,
        details: Value,
    ) -> AuditEvent {
        AuditEvent {
            ts: self.now_ms(),
            kind: kind.to_owned(),
            actor: conn.actor(),
            remote_ip: conn.facts.remote_ip.clone(),
            subject: subject.map(str::to_owned),
            details,
        }
    }

    /// Writes an audit line some time soon.
    pub fn audit_lazily(&self, event: AuditEvent) {
        self.store
            .commit_lazily(vec![Change::Audit(Box::new(event))]);
    }

    /// Sends an event to everyone who may hear it.
    ///
    /// # Panics
    /// When the name is not in the protocol's list of events.
    pub fn broadcast(&self, name: &str, payload: &Value) {
        self.broadcast_typed(name, payload);
    }

    /// Sends an event whose payload is one of the protocol's types.
    ///
    /// # Panics
    /// When the name is not in the protocol's list of events.
    pub fn broadcast_typed(&self, name: &str, payload: &impl serde::Serialize) {
        let text = serde_json::to_string(payload).expect("payloads have string keys only");
        let spec = event::find(name)
            .unwrap_or_else(|| panic!("{name} is not in the protocol's list of events"));
        self.hub.broadcast(spec, &text, None);
    }

    /// Sends the presence list to everyone who may hear it.
    pub fn broadcast_presence(&self) {
        let list = self.presence.list_json(self.now_ms());
        let spec = event::find("presence").expect("presence is in the protocol's list of events");
        self.hub.broadcast(
            spec,
            &format!(r#"{{"presence":{list}}}"#),
            Some(self.state_version()),
        );
    }
}
