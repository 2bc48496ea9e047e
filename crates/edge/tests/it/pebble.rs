//! Pebble and the DNS server that comes with it, in processes of their own.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpStream;

/// How long anything may take before a test gives up on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// How a server is set up.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// Port of the directory.
    pub(crate) port: u16,
    /// Port on which it looks for http-01.
    pub(crate) http_port: u16,
    /// Port on which it looks for tls-alpn-01.
    pub(crate) tls_port: u16,
    /// Life of its certificates.
    pub(crate) validity_secs: u64,
    /// Seconds up to which it thinks about an answer.
    pub(crate) thinks_secs: u64,
    /// An external account that it asks for: key id and key, base64url.
    pub(crate) binding: Option<(&'static str, &'static str)>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            port: free_port(),
            // Nobody listens there: what is not said is not reachable.
            http_port: free_port(),
            tls_port: free_port(),
            validity_secs: 90 * 86_400,
            thinks_secs: 0,
            binding: None,
        }
    }
}

/// A running server; killed when dropped.
#[derive(Debug)]
pub(crate) struct Pebble {
    folder: TempDir,
    setup: Setup,
    processes: Vec<Child>,
}

/// Whether pebble is there; a test that needs it says that it was not run otherwise, and fails where everything must be.
pub(crate) fn is_installed() -> bool {
    let found = Command::new("pebble").arg("-help").output().is_ok();
    let why = "needs the program pebble; cargo xtask packages installs it";
    assert!(found || std::env::var_os("CI").is_none(), "not run: {why}");
    if !found {
        println!("not run: {why}");
    }
    found
}

/// A port that nobody uses now.
pub(crate) fn free_port() -> u16 {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().port()
}

impl Pebble {
    /// Starts a server and waits until it answers.
    pub(crate) async fn start(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let certificate = file("server.pem", &made.cert.pem());
        let key = file("server-key.pem", &made.signing_key.serialize_pem());
        let mut config = json!({
            "listenAddress": format!("127.0.0.1:{}", setup.port),
            "managementListenAddress": format!("127.0.0.1:{}", free_port()),
            "certificate": certificate, "privateKey": key,
            "httpPort": setup.http_port, "tlsPort": setup.tls_port,
            "ocspResponderURL": "", "externalAccountBindingRequired": setup.binding.is_some(),
            "certificateValidityPeriod": setup.validity_secs,
        });
        if let Some((id, key)) = setup.binding {
            config["externalAccountMACKeys"] = json!({ id: key });
        }
        let config = file("pebble.json", &json!({ "pebble": config }).to_string());
        let dns = free_port();
        let mut pebble = Self {
            folder,
            setup,
            processes: Vec::new(),
        };
        let mut names = Command::new("pebble-challtestsrv");
        names.args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""]);
        names.args(["-http01", "", "-https01", "", "-tlsalpn01", ""]);
        names.args(["-management", &format!("127.0.0.1:{}", free_port())]);
        names.args(["-dns01", &format!("127.0.0.1:{dns}")]);
        pebble.spawn(names, "dns.log");
        let mut server = Command::new("pebble");
        server.arg("-config").arg(config).arg("-strict");
        server.args(["-dnsserver", &format!("127.0.0.1:{dns}")]);
        if pebble.setup.thinks_secs == 0 {
            server.env("PEBBLE_VA_NOSLEEP", "1");
        }
        server.env(
            "PEBBLE_VA_SLEEPTIME",
            pebble.setup.thinks_secs.max(1).to_string(),
        );
        server.env("PEBBLE_AUTHZREUSE", "0");
        pebble.spawn(server, "pebble.log");
        answers(dns).await;
        answers(pebble.setup.port).await;
        pebble
    }

    fn spawn(&mut self, mut command: Command, log: &str) {
        let log = fs::File::create(self.folder.path().join(log)).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.processes.push(child);
    }

    /// `gateway.tls.acme` for this server.
    pub(crate) fn settings(&self) -> serde_json::Value {
        let mut settings = json!({
            "agreeToTerms": true,
            "directoryUrl": format!("https://127.0.0.1:{}/dir", self.setup.port),
            "caFile": self.authority(),
        });
        if let Some((id, key)) = self.setup.binding {
            settings["eab"] = json!({ "keyId": id, "hmacKey": key });
        }
        settings
    }

    /// Who vouches for the server itself.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("server.pem")
    }

    /// How often its log has this text.
    pub(crate) fn logged(&self, text: &str) -> usize {
        let log = fs::read_to_string(self.folder.path().join("pebble.log")).unwrap();
        log.matches(text).count()
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for process in &mut self.processes {
            drop(process.kill());
            drop(process.wait());
        }
    }
}

/// Waits until somebody listens on a port.
async fn answers(port: u16) {
    let listens = async {
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, listens)
        .await
        .unwrap_or_else(|_| panic!("nobody listens on {port}"));
}
