//! A whole gateway in this process, on a port of the system's choice and with a home of its own.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use openclaw_config::load::{Snapshot, load};
use openclaw_config::resolve::GatewayFlags;
use openclaw_config::{Env, Paths, ProfileChoice};
use openclaw_gateway::adapters::Adapter;
use openclaw_gateway::clock::Clock;
use openclaw_gateway::core::{LogFile, Reload};
use openclaw_gateway::gateway::{Gateway, GatewayOptions, ShutdownReport, StartError};
use openclaw_gateway::listen::Inherited;
use openclaw_gateway::restart::Restart;
use openclaw_protocol::scope::Scope;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::device::TestDevice;
use crate::wire::{Wire, node_params, operator_params};

/// The token of every test gateway, unless its config says otherwise.
pub const TOKEN: &str = "test-token-0123456789abcdef";

/// Prepares a [`TestGateway`].
#[derive(Debug)]
pub struct TestGatewayBuilder {
    home: Arc<TempDir>,
    config: Value,
    flags: GatewayFlags,
    env: Vec<(String, String)>,
    adapters: Vec<fn() -> Box<dyn Adapter>>,
    inherited: Inherited,
    restart: Restart,
}

impl TestGatewayBuilder {
    /// Adds a part from a crate above the gateway.
    #[must_use]
    pub fn adapter(mut self, make: fn() -> Box<dyn Adapter>) -> Self {
        self.adapters.push(make);
        self
    }

    /// Sets the whole config.
    #[must_use]
    pub fn config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Sets `gateway.<key>`.
    #[must_use]
    pub fn gateway(mut self, key: &str, value: Value) -> Self {
        self.config["gateway"][key] = value;
        self
    }

    /// Sets flags.
    #[must_use]
    pub fn flags(mut self, flags: GatewayFlags) -> Self {
        self.flags = flags;
        self
    }

    /// Sets an environment variable of the gateway.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Hands it sockets that listen already.
    #[must_use]
    pub fn inherited(mut self, inherited: Inherited) -> Self {
        self.inherited = inherited;
        self
    }

    /// How it is restarted.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// Uses the home of another test gateway, to restart it.
    #[must_use]
    pub fn home(mut self, home: Arc<TempDir>) -> Self {
        self.home = home;
        self
    }

    /// Puts a file into the state directory first.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn state_file(self, name: &str, text: &str) -> Self {
        let path = self.home.path().join(".openclaw").join(name);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folder");
        openclaw_config::store::write_private(&path, text.as_bytes()).expect("state file");
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(self) -> TestGateway {
        self.try_start().await.expect("the gateway starts")
    }

    /// Starts it, or says why not.
    ///
    /// # Panics
    /// When the config cannot be written.
    pub async fn try_start(self) -> Result<TestGateway, StartError> {
        let prepared = self.prepare(self.home.path());
        let gateway = Gateway::start(prepared.options).await?;
        Ok(TestGateway {
            gateway,
            home: self.home,
            paths: prepared.paths,
            env: prepared.env,
            config: prepared.config,
            offset: prepared.offset,
        })
    }

    /// Starts it in a home that somebody else owns: a child process that is to be killed.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start_in(self, home: &Path) -> Gateway {
        let prepared = self.prepare(home);
        Gateway::start(prepared.options)
            .await
            .expect("the gateway starts")
    }

    fn prepare(&self, home: &Path) -> Prepared {
        let mut pairs = vec![("HOME".to_owned(), home.to_string_lossy().into_owned())];
        pairs.extend(self.env.iter().cloned());
        let env = Env::from_pairs(pairs);
        let paths = Paths::resolve(&env, &ProfileChoice::default()).expect("paths resolve");
        if !self.config.is_null() {
            openclaw_config::store::private_dir(&paths.state_dir).expect("state dir");
            let text = serde_json::to_string_pretty(&self.config).expect("config encodes");
            openclaw_config::store::write_private(&paths.config_path, text.as_bytes())
                .expect("config file");
        }
        let snapshot = Arc::new(load(&paths, &env));
        let (config, receiver) = watch::channel(snapshot);
        let config = Arc::new(config);
        let offset = Arc::new(AtomicI64::new(0));
        let shifted = Arc::clone(&offset);
        let system = Clock::system();
        let clock = Clock::from_fn(move || system.now_ms() + shifted.load(Ordering::Relaxed));
        let log = paths.state_dir.join("gateway.log");
        let options = GatewayOptions {
            paths: paths.clone(),
            env: env.clone(),
            flags: self.flags.clone(),
            config: receiver,
            version: "0.0.0-test".to_owned(),
            clock,
            log_file: LogFile(Arc::new(move || log.clone())),
            reload: {
                let (config, paths, env) = (Arc::clone(&config), paths.clone(), env.clone());
                Reload::new(move || {
                    config.send_replace(Arc::new(load(&paths, &env)));
                })
            },
            port: Some(0),
            allow_weak_password: false,
            adapters: self.adapters.iter().map(|make| make()).collect(),
            inherited: self.inherited.clone(),
            restart: self.restart.clone(),
        };
        Prepared {
            options,
            paths,
            env,
            config,
            offset,
        }
    }
}

/// Everything but the gateway itself.
struct Prepared {
    options: GatewayOptions,
    paths: Paths,
    env: Env,
    config: Arc<watch::Sender<Arc<Snapshot>>>,
    offset: Arc<AtomicI64>,
}

/// A running gateway.
#[derive(Debug)]
pub struct TestGateway {
    /// The gateway.
    pub gateway: Gateway,
    /// Its home.
    pub home: Arc<TempDir>,
    /// Its paths.
    pub paths: Paths,
    env: Env,
    config: Arc<watch::Sender<Arc<Snapshot>>>,
    offset: Arc<AtomicI64>,
}

impl TestGateway {
    /// Token auth on loopback, any free port.
    ///
    /// # Panics
    /// When there is no room for a temporary home.
    pub fn builder() -> TestGatewayBuilder {
        let home = tempfile::Builder::new()
            .prefix("oc-")
            .tempdir()
            .expect("a temporary home");
        TestGatewayBuilder {
            home: Arc::new(home),
            config: json!({ "gateway": { "mode": "local", "auth": { "mode": "token", "token": TOKEN } } }),
            flags: GatewayFlags::default(),
            env: Vec::new(),
            adapters: Vec::new(),
            inherited: Inherited::default(),
            restart: Restart::default(),
        }
    }

    /// [`Self::builder`], started.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Its first TCP address.
    pub fn address(&self) -> SocketAddr {
        self.gateway.addresses()[0]
    }

    /// Its state directory.
    pub fn state_dir(&self) -> &Path {
        &self.paths.state_dir
    }

    /// Its control socket.
    pub fn control_socket(&self) -> PathBuf {
        self.paths.control_socket.clone()
    }

    /// Moves its wall clock forward.
    pub fn advance_ms(&self, ms: i64) {
        self.offset.fetch_add(ms, Ordering::Relaxed);
    }

    /// Writes the config and has it applied, as the file watcher would.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn apply_config(&self, config: &Value) {
        let text = serde_json::to_string_pretty(config).expect("config encodes");
        openclaw_config::store::write_private(&self.paths.config_path, text.as_bytes())
            .expect("config file");
        self.config
            .send_replace(Arc::new(load(&self.paths, &self.env)));
    }

    /// A raw connection over loopback.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn wire(&self) -> Wire {
        Wire::open(self.address(), &[])
            .await
            .expect("the gateway upgrades")
    }

    /// A raw connection that looks remote: it comes through a forwarder nobody vouches for.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn remote_wire(&self) -> Wire {
        let headers = [("X-Forwarded-For", "192.0.2.44")];
        Wire::open(self.address(), &headers)
            .await
            .expect("the gateway upgrades")
    }

    /// The owner: full scopes over the control socket.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn owner(&self) -> Wire {
        let mut wire = Wire::open_unix(&self.paths.control_socket)
            .await
            .expect("the control socket is there");
        let names: Vec<_> = Scope::ALL.iter().map(|scope| scope.name()).collect();
        wire.hello(operator_params(None, &names), None).await;
        wire
    }

    /// A direct local operator with the shared token and these scopes.
    pub async fn operator(&self, scopes: &[&str]) -> Wire {
        let mut wire = self.wire().await;
        wire.hello(operator_params(Some(TOKEN), scopes), None).await;
        wire
    }

    /// A direct local node that serves these commands.
    pub async fn node(&self, device: &TestDevice, name: &str, commands: &[&str]) -> Wire {
        let mut wire = self.wire().await;
        wire.hello(node_params(Some(TOKEN), name, commands), Some(device))
            .await;
        wire
    }

    /// Ends it as a restart does; gives what its successor goes on with.
    ///
    /// # Panics
    /// When a socket does not say what it is.
    pub async fn hand_over(self) -> (ShutdownReport, Inherited, Arc<TempDir>) {
        let (report, handed_over) = self.gateway.hand_over().await;
        let inherited = Inherited::default();
        for (_, socket) in handed_over.sockets {
            let tcp = std::net::TcpListener::from(socket);
            if tcp.local_addr().is_ok() {
                inherited.add_tcp(tcp).expect("a TCP listener");
            } else {
                let unix = std::os::unix::net::UnixListener::from(OwnedFd::from(tcp));
                inherited.add_unix(unix).expect("a Unix listener");
            }
        }
        if let Some(lock) = handed_over.lock {
            inherited.set_lock(lock.into());
        }
        (report, inherited, self.home)
    }

    /// Stops it in order.
    pub async fn stop(self) -> (ShutdownReport, Arc<TempDir>) {
        let report = self.gateway.shutdown().await;
        (report, self.home)
    }
}
