//! The servers that are measured, each a child process of its own that ends with its handle.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::process;

/// The token of every gateway here.
pub(crate) const TOKEN: &str = "bench-token-0123456789abcdef0123456789";
/// First argument that makes this program the echo server.
pub(crate) const SERVE_ECHO: &str = "serve-echo";
/// First argument that makes this program a gateway.
pub(crate) const SERVE_GATEWAY: &str = "serve-gateway";

/// A running child.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    home: Option<TempDir>,
}

impl Server {
    /// Starts the echo server.
    pub(crate) fn echo() -> Self {
        let mut child = Command::new(own_path())
            .arg(SERVE_ECHO)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts once more");
        let output = child.stdout.take().expect("its output is a pipe");
        let mut line = String::new();
        BufReader::new(output)
            .read_line(&mut line)
            .expect("the echo server says where it listens");
        Self {
            child,
            address: line.trim().parse().expect("an address"),
            home: None,
        }
    }

    /// Process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// CPU time so far.
    pub(crate) fn cpu(&self) -> Duration {
        process::cpu(self.pid())
    }

    /// CPU time since an earlier moment.
    pub(crate) fn cpu_since(&self, before: Duration) -> Duration {
        self.cpu().saturating_sub(before)
    }

    /// Resident memory in bytes.
    pub(crate) fn rss(&self) -> u64 {
        process::rss(self.pid())
    }

    /// Its home.
    pub(crate) fn home(&self) -> &Path {
        self.home.as_ref().expect("a gateway has a home").path()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has ended by itself.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn own_path() -> PathBuf {
    std::env::current_exe().expect("a program knows its file")
}

/// How gateways are started.
#[derive(Debug, Clone)]
pub(crate) struct GatewayProgram {
    program: PathBuf,
    arguments: &'static [&'static str],
}

impl GatewayProgram {
    /// The `openclaw` beside this program, or this program itself.
    pub(crate) fn find(embedded: bool) -> Result<Self, String> {
        if embedded {
            return Ok(Self {
                program: own_path(),
                arguments: &[SERVE_GATEWAY],
            });
        }
        let program = own_path().with_file_name("openclaw");
        if program.is_file() {
            Ok(Self {
                program,
                arguments: &["gateway", "run"],
            })
        } else {
            Err(format!(
                "{} is missing; run: cargo xtask bench",
                program.display()
            ))
        }
    }

    /// The `openclaw` program.
    pub(crate) fn path(&self) -> &Path {
        &self.program
    }

    /// A command with nothing but a home and a search path in its environment.
    pub(crate) fn command(&self, home: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            // The same on a machine and in a container.
            .env("OPENCLAW_IN_CONTAINER", "0")
            .env("HOME", home)
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::null());
        command
    }

    /// A home with a config: token, loopback, any free port.
    pub(crate) fn home() -> (TempDir, SocketAddr) {
        let home = tempfile::Builder::new()
            .prefix("oc-bench-")
            .tempdir()
            .expect("room for a temporary home");
        let address = free_address();
        let config = json!({ "gateway": {
            "mode": "local", "port": address.port(), "bind": "loopback",
            "auth": { "mode": "token", "token": TOKEN },
        } });
        let state = home.path().join(".openclaw");
        openclaw_config::store::private_dir(&state).expect("room for a state directory");
        openclaw_config::store::write_private(
            &state.join("openclaw.json"),
            config.to_string().as_bytes(),
        )
        .expect("room for a config");
        (home, address)
    }

    /// Starts a gateway in a home; it may not listen yet.
    pub(crate) fn spawn(&self, home: TempDir, address: SocketAddr) -> Server {
        let log = File::create(home.path().join("output.log")).expect("room for a log");
        let child = self
            .command(home.path())
            .args(self.arguments)
            .stdout(log.try_clone().expect("a second handle of a file"))
            .stderr(log)
            .spawn()
            .expect("the gateway starts");
        Server {
            child,
            address,
            home: Some(home),
        }
    }

    /// Starts a gateway in a fresh home and waits until it listens.
    pub(crate) async fn start(&self) -> Server {
        let (home, address) = Self::home();
        let server = self.spawn(home, address);
        for _ in 0..1_000 {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let output = fs::read_to_string(server.home().join("output.log")).unwrap_or_default();
        panic!("the gateway does not listen:\n{output}");
    }

    /// Stops a gateway at once and gives its home back.
    pub(crate) fn stop(mut server: Server) -> (TempDir, SocketAddr) {
        let home = server.home.take().expect("a gateway has a home");
        (home, server.address)
    }
}

fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("the system has a free port");
    listener
        .local_addr()
        .expect("a bound socket has an address")
}
