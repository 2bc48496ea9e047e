//! Looks at one gateway: does it answer, does it let us in, what does it say about itself.
//!
//! Reachable and authorised are two things; a refusal is an answer.

use std::time::{Duration, Instant};

use openclaw_client::client::CredentialUsed;
use openclaw_client::plaintext::{is_readable, way_to};
use openclaw_client::tls::TlsError;
use openclaw_client::{ConnectError, TransportError};
use openclaw_config::resolve::ClientTarget;
use openclaw_gateway::tls::Facts;
use openclaw_protocol::handshake::HelloOk;
use openclaw_protocol::scope::{Scope, ScopeSet};
use serde_json::{Value, json};

use crate::connect::{
    CallFailure, Cause, Connection, Deadline, Wish, is_another_program, is_unreachable, needs,
};
use crate::context::Context;
use crate::tunnel::Lease;
use crate::ui::format::now_ms;

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
    /// Why a call failed after we were let in.
    pub(crate) rpc_error: Option<String>,
    version: String,
    scopes: Option<Vec<String>>,
    role: Option<String>,
    /// Fewer scopes than asked for.
    pub(crate) scope_limited: bool,
    /// Fingerprint of the gateway's certificate.
    pub(crate) fingerprint: Option<String>,
    /// What is known about the certificate.
    pub(crate) certificate: Certificate,
    /// Whether others on the network can read along.
    pub(crate) readable: bool,
    /// The tunnel it went through.
    pub(crate) tunnel: Option<Via>,
    /// Why there was no tunnel.
    pub(crate) tunnel_problem: Option<String>,
    /// Through the control socket.
    pub(crate) by_socket: bool,
    /// Something answers, and it is no gateway.
    pub(crate) another_program: bool,
    /// Let in by the token of this device.
    pub(crate) by_device_token: bool,
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
    /// Answer to `remote.status`, which other gateways do not know.
    pub(crate) remote: Option<Value>,
}

/// The certificate of a gateway.
#[derive(Debug, Default)]
pub(crate) enum Certificate {
    /// No TLS, or it did not come that far.
    #[default]
    None,
    /// Accepted: because it is the pinned one, or because a public authority vouches for it.
    Accepted {
        /// Whether it is the pinned one.
        pinned: bool,
        /// What it says.
        facts: Option<Facts>,
    },
    /// Not accepted.
    Refused {
        /// Its fingerprint, 64 hex digits.
        fingerprint: String,
        /// The one that was expected.
        pinned: Option<String>,
    },
}

impl Certificate {
    fn refused(error: &ConnectError) -> Self {
        match error {
            ConnectError::Tls(TlsError::FingerprintMismatch { expected, actual }) => {
                Self::Refused {
                    fingerprint: actual.to_hex(),
                    pinned: Some(expected.to_hex()),
                }
            }
            ConnectError::Tls(TlsError::Untrusted { fingerprint, .. }) => Self::Refused {
                fingerprint: fingerprint.to_hex(),
                pinned: None,
            },
            _ => Self::None,
        }
    }

    /// Whole days until it ends; negative afterwards.
    fn days_left(facts: &Facts) -> i64 {
        (facts.not_after_ms - now_ms()).div_euclid(86_400_000)
    }

    /// One line for people.
    pub(crate) fn line(&self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Accepted { pinned, facts } => {
                let trust = if *pinned {
                    "pinned"
                } else {
                    "signed by a public authority"
                };
                let Some(facts) = facts else {
                    return Some(trust.to_owned());
                };
                let days = Self::days_left(facts);
                Some(format!(
                    "sha256 {} · {trust} · valid for {days} more days",
                    facts.fingerprint
                ))
            }
            Self::Refused {
                fingerprint,
                pinned: Some(pinned),
            } => Some(format!(
                "sha256 {fingerprint} · not the pinned one ({pinned})"
            )),
            Self::Refused {
                fingerprint,
                pinned: None,
            } => Some(format!("sha256 {fingerprint} · not trusted")),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Accepted { pinned, facts } => json!({
                "state": if *pinned { "pinned" } else { "trusted" },
                "fingerprint": facts.as_ref().map(|facts| &facts.fingerprint),
                "names": facts.as_ref().map(|facts| facts.names.dns.iter().cloned()
                    .chain(facts.names.ips.iter().map(ToString::to_string)).collect::<Vec<_>>()),
                "notAfterMs": facts.as_ref().map(|facts| facts.not_after_ms),
                "daysLeft": facts.as_ref().map(Self::days_left),
            }),
            Self::Refused {
                fingerprint,
                pinned,
            } => json!({
                "state": if pinned.is_some() { "mismatch" } else { "untrusted" },
                "fingerprint": fingerprint,
                "pinned": pinned,
            }),
        }
    }
}

/// The tunnel of a look.
#[derive(Debug, Clone)]
pub(crate) struct Via {
    /// `[user@]host[:port]`.
    pub(crate) target: String,
    /// Port on 127.0.0.1 here.
    pub(crate) local_port: u16,
    /// Port on 127.0.0.1 there.
    pub(crate) remote_port: u16,
    /// Process id of `ssh`.
    pub(crate) pid: Option<u32>,
    /// Whether it was opened for this look.
    pub(crate) opened: bool,
}

impl From<&Lease> for Via {
    fn from(lease: &Lease) -> Self {
        Self {
            target: lease.target.clone(),
            local_port: lease.local_port,
            remote_port: lease.remote_port,
            pid: lease.ssh_pid,
            opened: lease.opened,
        }
    }
}

impl Via {
    /// The local end of a URL.
    pub(crate) fn url(&self, url: &str) -> String {
        let scheme = url.split("://").next().unwrap_or("ws");
        format!("{scheme}://127.0.0.1:{}", self.local_port)
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "kind": "ssh",
            "target": self.target,
            "localPort": self.local_port,
            "remotePort": self.remote_port,
            "pid": self.pid,
        })
    }
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
    /// Whether somebody is there who did not let us in.
    pub(crate) const fn is_refused(&self) -> bool {
        self.reachable && !self.connected
    }

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
            Err(failure) => Self {
                by_socket: look.socket,
                ..Self::failed(&failure, latency)
            },
            Ok(connection) => {
                let mut probe = Self {
                    by_socket: look.socket,
                    ..Self::connected(&connection, latency)
                };
                if !look.connect_only {
                    probe.ask(&connection).await;
                }
                connection.close().await;
                probe
            }
        }
    }

    /// A gateway that has answered already, and what it says about the ways in.
    pub(crate) fn answered(latency: Duration, remote: Option<Value>) -> Self {
        Self {
            reachable: true,
            connected: true,
            latency,
            remote,
            ..Self::default()
        }
    }

    fn failed(failure: &CallFailure, latency: Duration) -> Self {
        let error = failure.connect_error();
        // Whoever shows a certificate is there, whatever we think of it.
        let reachable = matches!(
            error,
            Some(
                ConnectError::Refused(_)
                    | ConnectError::Protocol(_)
                    | ConnectError::Tls(
                        TlsError::Untrusted { .. } | TlsError::FingerprintMismatch { .. }
                    )
                    | ConnectError::Unreachable(TransportError::TlsExpected { .. })
            )
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
            another_program: error.is_some_and(is_another_program),
            certificate: error.map(Certificate::refused).unwrap_or_default(),
            tunnel_problem: matches!(failure.cause(), Cause::Tunnel)
                .then(|| failure.message().to_owned()),
            ..Self::default()
        }
    }

    fn connected(connection: &Connection, latency: Duration) -> Self {
        let hello = connection.hello();
        let auth = hello.as_deref().and_then(|hello| hello.auth.as_ref());
        let link = connection.link();
        let asked = scopes();
        let granted = auth.map(|auth| ScopeSet::parse(&auth.scopes));
        Self {
            reachable: true,
            connected: true,
            latency,
            version: hello.as_deref().map(version).unwrap_or_default(),
            role: auth.map(|auth| auth.role.clone()),
            scopes: auth.map(|auth| auth.scopes.clone()),
            by_device_token: link
                .as_ref()
                .is_some_and(|link| matches!(link.credential, CredentialUsed::DeviceToken)),
            scope_limited: granted.is_some_and(|granted| !granted.covers(asked)),
            fingerprint: link
                .as_ref()
                .and_then(|link| link.tls_fingerprint)
                .map(|fingerprint| fingerprint.to_hex()),
            certificate: link.as_ref().filter(|link| link.encrypted).map_or(
                Certificate::None,
                |link| Certificate::Accepted {
                    pinned: connection.target().tls_fingerprint.is_some(),
                    facts: link.certificate.as_deref().and_then(Facts::of),
                },
            ),
            readable: link
                .filter(|link| !link.encrypted)
                .and_then(|link| link.peer)
                .is_some_and(|peer| is_readable(peer.ip(), way_to(peer.ip()))),
            tunnel: connection.tunnel().map(Via::from),
            ..Self::default()
        }
    }

    async fn ask(&mut self, connection: &Connection) {
        let none = json!({});
        let call = |method: &'static str| connection.call::<Value>(method, &none);
        let (health, summary, presence, config, nodes, remote) = tokio::join!(
            call("health"),
            call("status"),
            call("system-presence"),
            call("config.get"),
            call("node.list"),
            call("remote.status"),
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
        self.remote = remote.ok();
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
    pub(crate) fn capability(&self) -> &'static str {
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

    /// How the gateway was reached.
    pub(crate) fn transport(&self) -> &'static str {
        if self.by_socket {
            "control-socket"
        } else if self.tunnel.is_some() || self.tunnel_problem.is_some() {
            "ssh"
        } else {
            "direct"
        }
    }

    /// What to know about a connection that others can read.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        self.readable.then_some(
            "plain ws://: everybody on this network can read the credentials; use wss:// with --tls-fingerprint (config: gateway.remote.tlsFingerprint)",
        )
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
            "transport": self.transport(),
            "encrypted": !matches!(self.certificate, Certificate::None),
            "tls": self.certificate.to_json(),
            "warning": self.warning(),
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
