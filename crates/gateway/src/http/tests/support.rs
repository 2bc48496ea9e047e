//! A server on a port of the system's choice whose WebSocket side echoes.

use std::collections::HashSet;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use openclaw_config::load::{Snapshot, load};
use openclaw_config::schema::BindMode;
use openclaw_config::{Env, Paths, ProfileChoice};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::canvas::Capabilities;
use crate::gate::{Gate, GateLimits, PreAuthPermit};
use crate::http::{Asking, BearerVerdict, HttpState, JoinAnswer, Readiness, Socket, SocketHandler};
use crate::listen::{BindPlan, Listeners};
use crate::peer::{Claim, KnownNames, Peer};
use crate::tasks::{Tasks, spawn_owned};
use crate::tls::TlsSlot;

pub(super) const VERSION: &str = "9.8.7";

/// Echoes; the message `hello` counts as authentication.
#[derive(Default)]
pub(super) struct Echo {
    tasks: Tasks,
    pub(super) peers: Mutex<Vec<Peer>>,
    pub(super) draining: Mutex<bool>,
    /// What guessing costs.
    pub(super) delay: Mutex<Duration>,
    /// Join links that were fetched.
    pub(super) joined: Mutex<HashSet<String>>,
}

impl Echo {
    /// Waits for a connection that was upgraded, and takes its peer.
    pub(super) async fn peer(&self) -> Peer {
        loop {
            if let Some(peer) = self.peers.lock().pop() {
                return peer;
            }
            tokio::task::yield_now().await;
        }
    }
}

impl SocketHandler for Echo {
    fn serve(&self, mut socket: Socket, peer: Peer, mut permit: PreAuthPermit) {
        self.peers.lock().push(peer);
        self.tasks.spawn_until_cancelled("echo", async move {
            while let Some(Ok(message)) = socket.next().await {
                if message.as_text() == Some("hello") {
                    permit.authenticated();
                }
                if message.is_close() || socket.send(message).await.is_err() {
                    break;
                }
            }
        });
    }

    fn readiness(&self) -> Readiness {
        Readiness {
            ready: true,
            failing: Vec::new(),
            uptime_ms: 5,
            draining: *self.draining.lock(),
            version: VERSION.to_owned(),
        }
    }

    fn metrics(&self, gate: crate::gate::GateCounts) -> String {
        format!("openclaw_sockets_open {}\n", gate.connections)
    }

    fn bearer_delay(&self, _peer: &Peer) -> Duration {
        *self.delay.lock()
    }

    fn bearer_allowed(&self, bearer: &str, _peer: &Peer) -> BearerVerdict {
        match bearer {
            "storm" => BearerVerdict::Limited {
                retry_after_secs: 17,
            },
            bearer => (bearer == "right").into(),
        }
    }

    fn may_forward(&self, _peer: SocketAddr, _local: SocketAddr) -> Asking<'_> {
        Box::pin(std::future::ready(true))
    }

    fn is_identified<'a>(&'a self, peer: &'a Peer) -> Asking<'a> {
        // The user `ada` is confirmed, nobody else.
        let login = match &peer.claim {
            Some(Claim::Tailscale(claim)) => Some(claim.login.as_str()),
            _ => None,
        };
        Box::pin(async move { login == Some("ada") })
    }

    fn control_ui_config(&self) -> Value {
        json!({"basePath": "", "assistantName": "Assistant"})
    }

    fn sign_in_modes(&self) -> Vec<&'static str> {
        vec!["token", "tailscale"]
    }

    fn join(&self, code: String, _peer: Peer) -> Pin<Box<dyn Future<Output = JoinAnswer> + Send>> {
        let first = self.joined.lock().insert(code.clone());
        let answer = match code.as_str() {
            "AAAAAAAAAAAAAAAAAAAAAA" if first => JoinAnswer::Taken(json!({"url": "ws://a"})),
            "storm-storm-storm-stor" => JoinAnswer::Limited {
                retry_after_secs: 17,
            },
            _ => JoinAnswer::Nothing,
        };
        Box::pin(std::future::ready(answer))
    }

    fn is_connected_node(&self, conn_id: &str) -> bool {
        conn_id == "connected"
    }

    fn witness(&self, nonce: &str) -> Option<String> {
        (nonce == "nonce").then(|| "proof".to_owned())
    }
}

/// A running server; it ends with this value.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) echo: Arc<Echo>,
    pub(super) state: HttpState,
    pub(super) capabilities: Capabilities,
    pub(super) shutdown: CancellationToken,
    settings: watch::Sender<Arc<Snapshot>>,
    home: TempDir,
    pub(super) serving: AbortOnDropHandle<()>,
}

impl Server {
    pub(super) async fn start(config: Value) -> Self {
        Self::start_with(config, GateLimits::default()).await
    }

    pub(super) async fn start_with(config: Value, limits: GateLimits) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (settings, followed) = watch::channel(snapshot(&home, &config));
        let echo = Arc::new(Echo::default());
        let capabilities = Capabilities::default();
        let state = HttpState::new(
            Arc::clone(&echo) as Arc<dyn SocketHandler>,
            followed,
            Gate::new(limits),
            KnownNames::new(Some("studio")),
            TlsSlot::default(),
            (home.path().join(".openclaw"), capabilities.clone()),
        );
        let plan = BindPlan {
            mode: BindMode::Loopback,
            required: vec!["127.0.0.1:0".parse().unwrap()],
            optional: Vec::new(),
            waiting: None,
            refused: Vec::new(),
            warnings: Vec::new(),
        };
        let listeners = Listeners::bind(&plan, Duration::ZERO).await.unwrap();
        let address = listeners.addresses()[0];
        let shutdown = CancellationToken::new();
        let serving = spawn_owned("server", listeners.serve(state.clone(), shutdown.clone()));
        Self {
            address,
            echo,
            state,
            capabilities,
            shutdown,
            settings,
            home,
            serving,
        }
    }

    /// A place for files that the config names; the config file is in `.openclaw` below it.
    pub(super) fn home(&self) -> &std::path::Path {
        self.home.path()
    }

    /// Puts another config in force.
    pub(super) fn reload(&self, config: &Value) {
        self.settings.send_replace(snapshot(&self.home, config));
    }

    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends one request and reads the answer to the end of the connection. Without a `Host` line ours is added.
    pub(super) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let text = request(&self.host(), method, path, headers);
        exchange(self.connect().await, &text).await
    }

    /// Asks for a WebSocket and returns the answer with the stream, which is open after a 101.
    pub(super) async fn upgrade(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (Answer, TcpStream) {
        let mut all = vec![
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        all.retain(|(name, _)| {
            !headers
                .iter()
                .any(|(given, _)| given.eq_ignore_ascii_case(name))
        });
        all.extend(headers.iter().filter(|(_, value)| !value.is_empty()));
        let mut stream = self.connect().await;
        let text = request(&self.host(), "GET", path, &all);
        stream.write_all(text.as_bytes()).await.unwrap();
        let answer = read_answer(&mut stream).await;
        (answer, stream)
    }
}

fn snapshot(home: &TempDir, config: &Value) -> Arc<Snapshot> {
    let env = Env::from_pairs([("HOME", home.path().to_str().unwrap())]);
    let paths = Paths::resolve(&env, &ProfileChoice::unset()).unwrap();
    std::fs::create_dir_all(paths.config_path.parent().unwrap()).unwrap();
    std::fs::write(&paths.config_path, config.to_string()).unwrap();
    let snapshot = load(&paths, &env);
    assert!(snapshot.valid, "{:?}", snapshot.issues);
    Arc::new(snapshot)
}

/// The text of a request; `Connection: close` unless a connection header is given.
pub(super) fn request(host: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let given = |name: &str| {
        headers
            .iter()
            .any(|(given, _)| given.eq_ignore_ascii_case(name))
    };
    let mut lines = vec![format!("{method} {path} HTTP/1.1")];
    if !given("host") {
        lines.push(format!("Host: {host}"));
    }
    if !given("connection") {
        lines.push("Connection: close".to_owned());
    }
    lines.extend(
        headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}")),
    );
    lines.join("\r\n") + "\r\n\r\n"
}

/// Sends a text and reads one answer.
pub(super) async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    text: &str,
) -> Answer {
    stream.write_all(text.as_bytes()).await.unwrap();
    read_answer(&mut stream).await
}

/// An answer as it came over the wire.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    head: String,
    /// As text; what is no text is replaced.
    pub(super) body: String,
    pub(super) bytes: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (given, value) = line.split_once(':')?;
            given.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Reads an answer: the head byte by byte, then what the connection still brings (nothing after a 101).
pub(super) async fn read_answer(stream: &mut (impl AsyncRead + Unpin)) -> Answer {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = stream
            .read_u8()
            .await
            .expect("an answer before the connection ends");
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let status = head[9..12].parse().unwrap();
    let mut bytes = Vec::new();
    if status != 101 {
        stream.read_to_end(&mut bytes).await.unwrap();
    }
    Answer {
        status,
        head,
        body: String::from_utf8_lossy(&bytes).into_owned(),
        bytes,
    }
}
