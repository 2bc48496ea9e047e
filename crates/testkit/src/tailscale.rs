//! A stand-in for Tailscale: a daemon with a `LocalAPI` socket, and a `tailscale` program that talks to it.
//!
//! It keeps real state: routes with their version, who is at which address, who may change what. It is as strict about arguments
//! and requests as the real one documents, and it really forwards: [`StandIn::front`] is the HTTPS side, as one device of the
//! tailnet (or somebody on the internet) meets it. What goes wrong is set with [`StandIn::change`].

mod api;
mod cli;
mod front;
mod http;
mod routes;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub use front::Visit;

/// Name of this machine in the stand-in tailnet.
pub const HOST: &str = "gw.tail1.ts.net";
/// Its addresses.
pub const ADDRESSES: [&str; 2] = ["100.64.0.1", "fd7a:115c:a1e0::1"];

/// Somebody at an address of the tailnet.
#[derive(Debug, Clone)]
pub struct Someone {
    /// Login name.
    pub login: String,
    /// Name for people.
    pub name: String,
    /// Tags of the device; a tagged device has no user.
    pub tags: Vec<String>,
}

/// What the stand-in is like at the moment. Everything may be changed while it runs.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
pub struct Machine {
    /// `BackendState`.
    pub state: String,
    /// Name in the tailnet; empty without `MagicDNS`.
    pub name: String,
    /// Its addresses: IPv4, IPv6.
    pub addresses: [String; 2],
    /// The tailnet has HTTPS certificates.
    pub https: bool,
    /// Funnel is allowed on these ports; empty: not at all.
    pub funnel_ports: String,
    /// `ServeConfig`.
    pub routes: Value,
    /// Who is where.
    pub people: BTreeMap<IpAddr, Someone>,
    /// This user may change routes (`tailscale set --operator`).
    pub operator: bool,
    /// `sudo` works without a password.
    pub sudo: bool,
    /// Answers come this late.
    pub delay: Duration,
    /// Answers are no JSON.
    pub garbled: bool,
    /// The next changes find that somebody was faster.
    pub contended: usize,
    /// Changes are accepted and forgotten.
    pub forgetful: bool,
    /// The program waits for somebody to enable what is missing, instead of ending.
    pub waits: bool,
    /// Every command line and every changing request so far.
    pub calls: Vec<String>,
}

impl Default for Machine {
    fn default() -> Self {
        let someone = |login: &str, name: &str, tags: &[&str]| Someone {
            login: login.to_owned(),
            name: name.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        let people = [
            ("100.64.0.1", someone("ada@example.com", "Ada", &[])),
            ("100.64.0.7", someone("ada@example.com", "Ada", &[])),
            ("100.64.0.8", someone("grace", "Grace", &[])),
            ("100.64.0.9", someone("tagged-devices", "ci", &["tag:ci"])),
        ];
        let people = people
            .into_iter()
            .map(|(address, someone)| (address.parse().expect("an address"), someone));
        Self {
            state: "Running".to_owned(),
            name: HOST.to_owned(),
            addresses: ADDRESSES.map(str::to_owned),
            https: true,
            funnel_ports: "443,8443,10000".to_owned(),
            routes: json!({}),
            people: people.collect(),
            operator: true,
            sudo: false,
            delay: Duration::ZERO,
            garbled: false,
            contended: 0,
            forgetful: false,
            waits: false,
            calls: Vec::new(),
        }
    }
}

impl Machine {
    /// Version of the routes.
    fn etag(&self) -> String {
        let text = self.routes.to_string();
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        data_encoding::HEXLOWER.encode(digest.as_ref())
    }

    /// `tailscale status --json`.
    fn status(&self, peers: bool) -> Value {
        let mut capabilities = serde_json::Map::new();
        if self.https {
            capabilities.insert("https".to_owned(), Value::Null);
        }
        if !self.funnel_ports.is_empty() {
            capabilities.insert("funnel".to_owned(), Value::Null);
            let ports = format!(
                "https://tailscale.com/cap/funnel-ports?ports={}",
                self.funnel_ports
            );
            capabilities.insert(ports, Value::Null);
        }
        let running = self.state == "Running";
        let addresses = if running {
            json!(self.addresses)
        } else {
            Value::Null
        };
        let dns_name = if self.name.is_empty() {
            String::new()
        } else {
            format!("{}.", self.name)
        };
        let mut status = json!({
            "Version": "1.90.6",
            "BackendState": self.state,
            "AuthURL": if self.state == "NeedsLogin" { "https://login.tailscale.com/a/stand-in" } else { "" },
            "TailscaleIPs": addresses,
            "Self": { "DNSName": dns_name, "TailscaleIPs": addresses, "UserID": 11, "CapMap": capabilities, "Online": running },
            "MagicDNSSuffix": "tail1.ts.net",
            "CertDomains": if self.https { json!([self.name]) } else { Value::Null },
        });
        if peers {
            status["User"] =
                json!({ "11": { "ID": 11, "LoginName": "ada@example.com", "DisplayName": "Ada" } });
        }
        status
    }

    /// `tailscale whois --json`; this machine itself is not found, as with some real ones.
    fn whois(&self, address: IpAddr) -> Option<Value> {
        let own = self.addresses.iter().any(|own| own.parse() == Ok(address));
        let someone = self.people.get(&address).filter(|_| !own)?;
        Some(json!({
            "Node": { "Name": format!("{}.tail1.ts.net.", someone.name.to_lowercase()), "Tags": someone.tags },
            "UserProfile": { "LoginName": someone.login, "DisplayName": someone.name, "ProfilePicURL": "" },
            "CapMap": {},
        }))
    }
}

/// What all sides share.
#[derive(Debug, Clone)]
struct Shared {
    machine: Arc<Mutex<Machine>>,
    /// Counts changes of the daemon's state.
    news: Arc<watch::Sender<u64>>,
}

/// A running stand-in; it ends with this value.
#[derive(Debug)]
pub struct StandIn {
    dir: TempDir,
    shared: Shared,
    daemon: Vec<Task>,
    fronts: Mutex<Vec<Task>>,
}

/// A task that ends with its handle.
#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl StandIn {
    /// A daemon that runs, with a program beside it.
    ///
    /// # Panics
    /// When there is no room for its files.
    pub fn start() -> Self {
        let mut stand_in = Self::stopped();
        stand_in.start_daemon();
        stand_in.install_program();
        stand_in
    }

    /// Neither daemon nor program.
    ///
    /// # Panics
    /// When there is no room for its files.
    pub fn stopped() -> Self {
        let dir = tempfile::Builder::new()
            .prefix("ts-")
            .tempdir()
            .expect("a temporary folder");
        std::fs::create_dir(dir.path().join("bin")).expect("a folder for the program");
        Self {
            dir,
            shared: Shared {
                machine: Arc::new(Mutex::new(Machine::default())),
                news: Arc::new(watch::Sender::new(0)),
            },
            daemon: Vec::new(),
            fronts: Mutex::default(),
        }
    }

    /// The socket for the gateway (`OPENCLAW_TAILSCALE_SOCKET`).
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("api.sock")
    }

    /// The folder of the programs (`PATH`).
    pub fn bin(&self) -> PathBuf {
        self.dir.path().join("bin")
    }

    /// Puts `tailscale` and `sudo` into [`Self::bin`].
    ///
    /// # Panics
    /// When that cannot be done.
    pub fn install_program(&self) {
        let program = program();
        for name in ["tailscale", "sudo"] {
            let link = self.bin().join(name);
            if !link.exists() {
                symlink(&program, link).expect("a link to the program");
            }
        }
    }

    /// Starts the daemon.
    ///
    /// # Panics
    /// When its sockets cannot be opened.
    pub fn start_daemon(&mut self) {
        self.start_sockets(&["api.sock", "cli.sock"]);
    }

    /// Starts the daemon without a socket for the gateway: only the program reaches it.
    ///
    /// # Panics
    /// When its socket cannot be opened.
    pub fn start_daemon_for_the_program(&mut self) {
        self.start_sockets(&["cli.sock"]);
    }

    fn start_sockets(&mut self, names: &[&str]) {
        self.stop_daemon();
        for name in names {
            let listener = UnixListener::bind(self.dir.path().join(name)).expect("a socket");
            let shared = self.shared.clone();
            self.daemon
                .push(Task(tokio::spawn(api::serve(listener, shared))));
        }
    }

    /// Ends the daemon; its sockets are gone.
    pub fn stop_daemon(&mut self) {
        self.daemon.clear();
        for name in ["api.sock", "cli.sock"] {
            let _was_not_there = std::fs::remove_file(self.dir.path().join(name));
        }
    }

    /// Changes what the machine is like; whoever watches the daemon hears of it.
    pub fn change<T>(&self, change: impl FnOnce(&mut Machine) -> T) -> T {
        let result = change(&mut self.shared.machine.lock());
        self.shared.news.send_modify(|count| *count += 1);
        result
    }

    /// What the machine is like.
    pub fn machine(&self) -> Machine {
        self.shared.machine.lock().clone()
    }

    /// Waits until the machine is as wanted.
    ///
    /// # Panics
    /// When it takes too long.
    pub async fn until(&self, wanted: impl Fn(&Machine) -> bool) {
        let mut news = self.shared.news.subscribe();
        let reached = async {
            while !wanted(&self.shared.machine.lock()) {
                news.changed().await.expect("the stand-in lives");
            }
        };
        let reached = tokio::time::timeout(crate::wire::PATIENCE, reached).await;
        reached.expect("the stand-in gets there in time");
    }

    /// The routes, as text.
    pub fn routes(&self) -> String {
        self.shared.machine.lock().routes.to_string()
    }
}

/// The stand-in program, compiled once for each version of its text: it needs nothing but the standard library.
fn program() -> PathBuf {
    const TEXT: &str = include_str!("tailscale/program.rs");
    let digest = ring::digest::digest(&ring::digest::SHA256, TEXT.as_bytes());
    let version = data_encoding::HEXLOWER.encode(&digest.as_ref()[..8]);
    let exe = std::env::current_exe().expect("the path of the test");
    let folder = exe.parent().expect("a test lies in a folder");
    let program = folder.join(format!("tailscale-stand-in-{version}"));
    if program.exists() {
        return program;
    }
    // Tests may do this at the same time: each makes its own, and any of them will do.
    let workshop = tempfile::tempdir_in(folder).expect("a folder to compile in");
    let (text, made) = (
        workshop.path().join("program.rs"),
        workshop.path().join("program"),
    );
    std::fs::write(&text, TEXT).expect("the text of the program");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let status = std::process::Command::new(rustc)
        .args(["--edition", "2024", "-o"])
        .arg(&made)
        .arg(&text)
        .current_dir(workshop.path())
        .status()
        .expect("rustc runs");
    assert!(status.success(), "the stand-in program does not compile");
    std::fs::rename(&made, &program).expect("the program takes its place");
    program
}
