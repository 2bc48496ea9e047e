//! Looks at one gateway: does it answer, does it let us in, what does it say about itself.
//!
//! Reachable and authorised are two things; a refusal is an answer.

use std::time::{Duration, Instant};

use openclaw_client::{ConnectError, FailureClass};
use openclaw_config::resolve::ClientTarget;
use openclaw_protocol::handshake::HelloOk;
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde_json::{Value, json};

use crate::connect::{CallFailure, Connection, Deadline, Wish, is_unreachable, needs};
use crate::context::Context;

/// Shortest time a look gets.
const MIN_BUDGET: Duration = Duration::from_millis(250);

/// What was seen.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one independent observation"
)]
#[derive(Debug, Default)]
pub(crate) struct Probe {
    /// Whether anybody answered.
    pub(crate) reachable: bool,
    /// Whether we were let in.
    pub(crate) connected: bool,
    /// From the first packet to the hello, or to the refusal.
    pub(crate) latency: Duration,
    /// Why we were not let in.
    pub(crate) error: Option<String>,
    /// All of it, with the facts about the target and the advice.
    pub(crate) explanation: Vec<String>,
    /// Close code and reason.
    close: Option<(u16, String)>,
    /// Whether a person has to do something.
    pub(crate) refused: bool,
    /// Why a call failed after we were let in.
    pub(crate) rpc_error: Option<String>,
    version: String,
    scopes: Option<Vec<String>>,
    role: Option<String>,
    /// Fewer scopes than asked for.
    pub(crate) scope_limited: bool,
    /// Certificate of the gateway.
    pub(crate) fingerprint: Option<String>,
    /// Answer to `health`.
    pub(crate) health: Option<Value>,
    /// Answer to `status`.
    pub(crate) summary: Option<Value>,
    /// Answer to `system-presence`.
    pub(crate) presence: Option<Value>,
    /// Answer to `config.get`.
    pub(crate) config: Option<Value>,
    /// Answer to `node.list`.
    pub(crate) nodes: Option<Value>,
}

/// How a look goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Whether a URL or credential was typed.
    pub(crate) explicit: bool,
    /// Time for everything.
    pub(crate) budget: Duration,
    /// Through the control socket instead of the URL.
    pub(crate) socket: bool,
    /// Only connect, call nothing.
    pub(crate) connect_only: bool,
}

impl Probe {
    /// Looks at a gateway.
    pub(crate) async fn run(context: &Context, target: &ClientTarget, look: Look) -> Self {
        let started = Instant::now();
        let wish = Wish {
            explicit: look.explicit,
            scopes: scopes(),
            deadline: Deadline::after(look.budget.max(MIN_BUDGET)),
            probe: true,
        };
        let opened = if look.socket {
            Connection::open_socket(context, target.clone(), wish).await
        } else {
            Connection::open_url(context, target.clone(), wish).await
        };
        let latency = started.elapsed();
        match opened {
            Err(failure) => Self::failed(&failure, latency),
            Ok(connection) => {
                let mut probe = Self::connected(&connection, latency);
                if !look.connect_only {
                    probe.ask(&connection).await;
                }
                connection.close().await;
                probe
            }
        }
    }

    fn failed(failure: &CallFailure, latency: Duration) -> Self {
        let error = failure.connect_error();
        let reachable = matches!(
            error,
            Some(ConnectError::Refused(_) | ConnectError::Protocol(_))
        );
        let message = match error {
            Some(ConnectError::Unreachable(reason)) => reason.to_string(),
            Some(ConnectError::Refused(refusal)) => refusal.error.message.clone(),
            Some(ConnectError::Timeout(_)) => "timeout".to_owned(),
            _ => failure.message().to_owned(),
        };
        let explanation = failure
            .message()
            .lines()
            .chain(failure.details().into_iter().flat_map(str::lines))
            .map(str::to_owned)
            .chain(failure.advice().iter().cloned())
            .collect();
        let close = match error {
            Some(error) if is_unreachable(error) => Some((1006, String::new())),
            Some(error) => error
                .close_info()
                .map(|close| (close.code, close.reason.clone())),
            None => None,
        };
        Self {
            reachable,
            latency,
            error: Some(message),
            explanation,
            close,
            refused: error.is_some_and(|error| error.class() != FailureClass::Transient),
            ..Self::default()
        }
    }

    fn connected(connection: &Connection, latency: Duration) -> Self {
        let hello = connection.hello();
        let auth = hello.as_deref().and_then(|hello| hello.auth.as_ref());
        let asked = scopes();
        let granted = auth.map(|auth| ScopeSet::parse(&auth.scopes));
        Self {
            reachable: true,
            connected: true,
            latency,
            version: hello.as_deref().map(version).unwrap_or_default(),
            role: auth.map(|auth| auth.role.clone()),
            scopes: auth.map(|auth| auth.scopes.clone()),
            scope_limited: granted.is_some_and(|granted| !granted.covers(asked)),
            fingerprint: connection
                .link()
                .and_then(|link| link.tls_fingerprint)
                .map(|fingerprint| fingerprint.to_hex()),
            ..Self::default()
        }
    }

    async fn ask(&mut self, connection: &Connection) {
        let none = json!({});
        let call = |method: &'static str| connection.call::<Value>(method, &none);
        let (health, summary, presence, config, nodes) = tokio::join!(
            call("health"),
            call("status"),
            call("system-presence"),
            call("config.get"),
            call("node.list"),
        );
        let mut keep = |answer: Result<Value, CallFailure>| match answer {
            Ok(value) => Some(value),
            Err(failure) => {
                self.rpc_error
                    .get_or_insert_with(|| failure.message().to_owned());
                None
            }
        };
        self.health = keep(health);
        self.summary = keep(summary);
        self.presence = keep(presence);
        self.config = keep(config);
        self.nodes = keep(nodes);
    }

    /// Host, address, version and system of the gateway, from its own presence entry.
    pub(crate) fn own_entry(&self) -> Option<Value> {
        let entry = self
            .presence
            .as_ref()?
            .as_array()?
            .iter()
            .find(|entry| entry["reason"] == "self")?;
        let version = match entry["version"].as_str() {
            Some(version) if version != "unknown" => json!(version),
            _ if self.version.is_empty() => Value::Null,
            _ => json!(self.version),
        };
        Some(json!({
            "host": entry["host"],
            "ip": entry["ip"],
            "version": version,
            "platform": entry["platform"],
        }))
    }

    /// `gw-host (192.0.2.10) · linux 6.18 · app 2026.1.30`
    pub(crate) fn own_line(&self) -> Option<String> {
        let entry = self.own_entry()?;
        let text = |name: &str| entry[name].as_str().unwrap_or("unknown").to_owned();
        Some(format!(
            "{} ({}) · {} · app {}",
            text("host"),
            text("ip"),
            text("platform"),
            text("version")
        ))
    }

    /// What was granted, in one word.
    fn capability(&self) -> &'static str {
        let Some(scopes) = self.scopes.as_ref().map(ScopeSet::parse) else {
            return "unknown";
        };
        if scopes.allows(Scope::Admin) {
            "admin"
        } else if scopes.allows(Scope::Write) {
            "write"
        } else if scopes.allows(Scope::Read) {
            "read"
        } else {
            "none"
        }
    }

    /// Whether calls work.
    pub(crate) fn rpc_ok(&self) -> bool {
        self.connected && self.rpc_error.is_none()
    }

    /// The members of a target in `gateway probe --json`.
    pub(crate) fn to_json(&self) -> Value {
        let latency = u64::try_from(self.latency.as_millis()).unwrap_or(u64::MAX);
        let close = self
            .close
            .as_ref()
            .map(|(code, reason)| json!({ "code": code, "reason": reason }));
        json!({
            "connect": {
                "ok": self.connected,
                "reachable": self.reachable,
                "rpcOk": self.rpc_ok(),
                "scopeLimited": self.scope_limited,
                "latencyMs": self.connected.then_some(latency),
                "error": self.error.as_ref().map(|error| format!("connect failed: {error}")).or_else(|| self.rpc_error.clone()),
                "close": close,
            },
            "auth": {
                "role": self.role,
                "scopes": self.scopes,
                "capability": self.capability(),
            },
            "server": { "version": (!self.version.is_empty()).then_some(&self.version) },
            "tlsFingerprint": self.fingerprint,
            "self": self.own_entry(),
            "config": self.config.as_ref().map(config_summary),
            "health": self.health,
            "summary": self.summary,
            "presence": self.presence,
        })
    }
}

fn scopes() -> ScopeSet {
    needs([Scope::Read])
}

fn version(hello: &HelloOk) -> String {
    hello.server.version.clone()
}

/// The parts of a config that matter to a client; never a credential.
fn config_summary(answer: &Value) -> Value {
    let gateway = &answer["config"]["gateway"];
    let auth = &gateway["auth"];
    let remote = &gateway["remote"];
    let is_set = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    json!({
        "path": answer["path"],
        "exists": answer["exists"],
        "valid": answer["valid"],
        "issues": answer["issues"],
        "legacyIssues": answer["legacyIssues"],
        "gateway": {
            "mode": gateway["mode"],
            "bind": gateway["bind"],
            "port": gateway["port"],
            "controlUiEnabled": gateway["controlUi"]["enabled"],
            "controlUiBasePath": gateway["controlUi"]["basePath"],
            "authMode": auth["mode"],
            "authTokenConfigured": is_set(&auth["token"]),
            "authPasswordConfigured": is_set(&auth["password"]),
            "remoteUrl": remote["url"],
            "remoteTokenConfigured": is_set(&remote["token"]),
            "remotePasswordConfigured": is_set(&remote["password"]),
            "tailscaleMode": gateway["tailscale"]["mode"],
        },
        "discovery": { "wideAreaEnabled": answer["config"]["discovery"]["wideArea"]["enabled"] },
    })
}
