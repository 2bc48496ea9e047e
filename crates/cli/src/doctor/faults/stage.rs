//! A home, a config and a network for one fault.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use openclaw_client::TlsOptions;
use openclaw_client::walk::network::{Later, Network, System};
use openclaw_config::{Env, Paths, ProfileChoice};
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::commands::doctor::Args;
use crate::context::Context;
use crate::doctor::Walk;
use crate::ui::Ui;

/// Time for a walk that does not have to wait.
const PATIENCE: Duration = Duration::from_secs(20);

/// One fault and what must be said about it.
pub(super) struct Fault {
    /// How it is made, for people.
    pub(super) made: &'static str,
    /// Its name.
    pub(super) id: &'static str,
    /// Part of the cause.
    pub(super) cause: &'static str,
    /// Part of one of the fixes.
    pub(super) fix: &'static str,
    /// `gateway.remote`.
    remote: Value,
    /// `gateway.mode`.
    mode: Option<&'static str>,
    url: Option<String>,
    elsewhere: bool,
    port: Option<u16>,
    limit: Duration,
    network: Fake,
    roots: Vec<CertificateDer<'static>>,
    files: Vec<(&'static str, String)>,
    /// What has to live as long as the fault.
    guards: Vec<Box<dyn Any>>,
    /// A home that was used before.
    home: Option<TempDir>,
}

impl Fault {
    /// A fault with its name and what has to be said about it.
    pub(super) fn new(
        made: &'static str,
        id: &'static str,
        cause: &'static str,
        fix: &'static str,
    ) -> Self {
        Self {
            made,
            id,
            cause,
            fix,
            remote: json!({ "token": "some-token-0123456789abcdef" }),
            mode: Some("remote"),
            url: None,
            elsewhere: true,
            port: None,
            limit: PATIENCE,
            network: Fake::default(),
            roots: Vec::new(),
            files: Vec::new(),
            guards: Vec::new(),
            home: None,
        }
    }

    /// Sets `gateway.remote.url`.
    pub(super) fn url(mut self, url: impl Into<String>) -> Self {
        self.remote["url"] = json!(url.into());
        self
    }

    /// Sets `gateway.remote.<key>`; `null` removes it.
    pub(super) fn remote(mut self, key: &str, value: Value) -> Self {
        if value.is_null() {
            self.remote.as_object_mut().expect("an object").remove(key);
        } else {
            self.remote[key] = value;
        }
        self
    }

    /// Passes `--url`.
    pub(super) fn flag_url(mut self, url: &str) -> Self {
        self.url = Some(url.to_owned());
        self
    }

    /// Sets `gateway.mode`, and leaves `--remote` away.
    pub(super) fn mode(mut self, mode: Option<&'static str>) -> Self {
        self.mode = mode;
        self.elsewhere = false;
        self
    }

    /// Passes `--remote` all the same.
    pub(super) fn elsewhere(mut self) -> Self {
        self.elsewhere = true;
        self
    }

    /// Sets `gateway.port`.
    pub(super) fn local_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// The time for a hop is short: the fault is that nothing comes.
    pub(super) fn impatient(mut self) -> Self {
        self.limit = Duration::from_secs(2);
        self
    }

    /// Whether the fault is that nothing comes.
    pub(super) fn waits(&self) -> bool {
        self.limit < PATIENCE
    }

    /// The resolver answers so for this name.
    pub(super) fn name(mut self, name: &str, answer: Answer) -> Self {
        self.network.names.insert(name.to_owned(), answer);
        self
    }

    /// Connections fail like this.
    pub(super) fn unreachable(mut self, kind: io::ErrorKind) -> Self {
        self.network.fails = Some(kind);
        self
    }

    /// This authority is trusted like a public one.
    pub(super) fn trusts(mut self, root: CertificateDer<'static>) -> Self {
        self.roots.push(root);
        self
    }

    /// A file in the state directory.
    pub(super) fn file(mut self, name: &'static str, text: &str) -> Self {
        self.files.push((name, text.to_owned()));
        self
    }

    /// Keeps this until the fault is over.
    pub(super) fn with(mut self, guard: impl Any) -> Self {
        self.guards.push(Box::new(guard));
        self
    }

    /// Goes on in a home that was used before.
    pub(super) fn home(mut self, home: TempDir) -> Self {
        self.home = Some(home);
        self
    }
}

/// What a resolver says.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// These addresses, whatever the port is.
    Addresses(Vec<SocketAddr>),
    /// The text that the system gives.
    Fails(&'static str),
    /// Nothing, ever.
    Nothing,
}

/// A resolver of its own, and a network without a route if wanted.
#[derive(Debug, Clone, Default)]
struct Fake {
    names: BTreeMap<String, Answer>,
    fails: Option<io::ErrorKind>,
}

impl Network for Fake {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> Later<'a, Vec<SocketAddr>> {
        match self.names.get(name) {
            None => System.resolve(name, port),
            Some(Answer::Addresses(addresses)) => Box::pin(async move { Ok(addresses.clone()) }),
            Some(Answer::Fails(text)) => Box::pin(async move { Err(io::Error::other(*text)) }),
            Some(Answer::Nothing) => Box::pin(std::future::pending()),
        }
    }

    fn connect(&self, address: SocketAddr) -> Later<'_, TcpStream> {
        match self.fails {
            Some(kind) => Box::pin(async move { Err(io::Error::from(kind)) }),
            None => System.connect(address),
        }
    }
}

/// Everything in place.
pub(super) struct Stage {
    context: Context,
    args: Args,
    network: Fake,
    tls: TlsOptions,
    home: TempDir,
    _guards: Vec<Box<dyn Any>>,
}

impl Stage {
    pub(super) fn set(fault: Fault) -> Self {
        let home = fault
            .home
            .unwrap_or_else(|| tempfile::tempdir().expect("a home"));
        let env = Env::from_pairs([("HOME", home.path().to_string_lossy().as_ref())]);
        let paths = Paths::resolve(&env, &ProfileChoice::default()).expect("paths");
        let mut gateway = json!({ "remote": fault.remote });
        if let Some(mode) = fault.mode {
            gateway["mode"] = json!(mode);
        }
        if let Some(port) = fault.port {
            gateway["port"] = json!(port);
        }
        openclaw_config::store::private_dir(&paths.state_dir).expect("a state directory");
        let write = |path: &std::path::Path, text: &str| {
            openclaw_config::store::write_private(path, text.as_bytes()).expect("a file");
        };
        write(
            &paths.config_path,
            &json!({ "gateway": gateway }).to_string(),
        );
        for (name, text) in &fault.files {
            write(&paths.state_dir.join(name), text);
        }
        let mut args = Args::default();
        args.remote = fault.elsewhere;
        args.call.url = fault.url;
        args.call.timeout = Some(fault.limit);
        let ui = Ui::new(&env, false, true);
        Self {
            context: Context::new(ui, env, paths),
            args,
            network: fault.network,
            tls: TlsOptions {
                roots: fault.roots,
                ..TlsOptions::default()
            },
            home,
            _guards: fault.guards,
        }
    }

    pub(super) async fn walk(&self) -> Walk {
        self.context.tolerate_bad_config();
        self.args
            .walk(&self.context, &self.network, &self.tls)
            .await
            .expect("a walk")
    }

    /// Ends the stage and keeps its home.
    pub(super) fn into_home(self) -> TempDir {
        self.home
    }

    /// Text in which nothing differs from run to run: ports, fingerprints, ids, times, paths.
    pub(super) fn neutral(&self, text: &str) -> String {
        let text = text.replace(&self.home.path().to_string_lossy().into_owned(), "~");
        neutral(&text)
    }
}

/// Replaces what differs from run to run.
fn neutral(text: &str) -> String {
    // What follows these differs from run to run: the code of a request, the words of a device.
    let text = cut_after(text, "pairing approve ", 1, "<code>");
    let text = cut_after(&text, "\n  this device: ", 6, "<six words>");
    let words: Vec<String> = text.split(' ').map(neutral_word).collect();
    words.join(" ")
}

/// Replaces so many words after a text.
fn cut_after(text: &str, marker: &str, words: usize, by: &str) -> String {
    let Some((before, after)) = text.split_once(marker) else {
        return text.to_owned();
    };
    let end = after
        .match_indices([' ', '`'])
        .nth(words - 1)
        .map_or(after.len(), |(at, _)| at);
    format!("{before}{marker}{by}{}", &after[end..])
}

fn neutral_word(word: &str) -> String {
    let bare = word.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let hex = bare.len() >= 64 && bare.chars().all(|c| c.is_ascii_hexdigit() || c == ':');
    if hex {
        return word.replace(bare, "<fingerprint>");
    }
    if uuid::Uuid::parse_str(bare).is_ok() {
        return word.replace(bare, "<id>");
    }
    let date = bare.len() == 10 && bare.as_bytes()[4] == b'-' && bare.as_bytes()[7] == b'-';
    if date {
        return word.replace(bare, "<date>");
    }
    let port = bare.len() == 5 && bare.bytes().all(|b| b.is_ascii_digit()) && bare != "18789";
    if port {
        return word.replace(bare, "<port>");
    }
    if let Some(port) = bare.strip_suffix("/tcp") {
        return word.replace(port, "<port>");
    }
    let clock = bare.len() == 5
        && bare.as_bytes()[2] == b':'
        && bare.bytes().all(|b| b.is_ascii_digit() || b == b':');
    if clock {
        return word.replace(bare, "<time>");
    }
    // Ports of this run: five digits behind the loopback address or a name.
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = rest.find(':') {
        let (before, after) = rest.split_at(at + 1);
        out.push_str(before);
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        let known = ["18789", "443", "80", "8443", "127"].contains(&&after[..digits]);
        if digits >= 4 && !known {
            out.push_str("<port>");
            rest = &after[digits..];
        } else {
            rest = after;
        }
    }
    out.push_str(rest);
    out
}
