//! `remote.status`: how the gateway is reached, what of it is dangerous, and how the caller came.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::strict;

use super::config::{ConfirmEnded, PendingConfirm};

/// How a connection reached the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Via {
    /// Over the owner-only control socket.
    Control,
    /// Over the loopback interface of the gateway's machine; an SSH tunnel ends there, too.
    Loopback,
    /// Through Tailscale Serve or Funnel.
    Tailscale,
    /// Through something that forwards: a reverse proxy, a container's port mapping.
    Proxy,
    /// Directly from an address of a tailnet.
    Tailnet,
    /// Directly from a private or link-local address.
    Lan,
    /// Directly from a public address.
    Internet,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody else may get in, or read a credential.
    Critical,
    /// It makes that easier.
    Warn,
    /// Worth knowing.
    Info,
}

/// How a part of the gateway that may fail alone is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(
    tag = "state",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum PartState {
    /// Not wanted.
    Off,
    /// Wanted, and on its way.
    Starting,
    /// It works.
    Up {
        /// What it offers, in a few words.
        detail: String,
    },
    /// It does not work, or not as wanted; everything else does.
    Degraded {
        /// What is wrong.
        reason: String,
        /// What to do about it.
        fix: String,
        /// When it is tried again, milliseconds since the epoch.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_try_at_ms: Option<i64>,
    },
    /// Not wanted any more, and cleaning up.
    Stopping,
}

/// Params of `remote.status`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, ts(optional_fields))]
pub struct RemoteStatusParams {
    /// Also try every address at which others might reach the gateway; takes up to a few seconds.
    #[serde(
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub addresses: Option<bool>,
}

/// Result of `remote.status`. Members without a value are `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RemoteStatus {
    /// Clock of the gateway, milliseconds since the epoch.
    pub ts: i64,
    /// Version of the gateway.
    pub version: String,
    /// Time since its start, in milliseconds.
    pub uptime_ms: i64,
    /// Host name of its machine.
    pub host: String,
    /// Whether it is stopping.
    pub draining: bool,
    /// `gateway.mode`, if it is set: `local` or `remote`.
    pub mode: Option<String>,
    /// Bind mode in force: `loopback`, `lan`, `tailnet`, `custom` or `auto`.
    pub bind: String,
    /// Where that comes from: a flag, a variable, the config, or the default.
    pub bind_source: String,
    /// Addresses with ports that listen, loopback first.
    pub listen: Vec<String>,
    /// Port in use.
    pub port: u16,
    /// Path under which the Control UI is served, without a final slash; empty for the root.
    pub base_path: String,
    /// Encryption.
    pub tls: RemoteTls,
    /// Tailscale.
    pub tailscale: RemoteTailscale,
    /// Who is let in.
    pub auth: RemoteAuth,
    /// `gateway.publicOrigin`.
    pub public_origin: Option<String>,
    /// Origins of pages that may connect beside the gateway's own.
    pub allowed_origins: Vec<String>,
    /// Proxies whose word about clients counts.
    pub trusted_proxies: Vec<String>,
    /// Where others can reach it; `null` unless asked for with `addresses: true`.
    pub addresses: Option<RemoteAddresses>,
    /// The config file.
    pub config_path: String,
    /// The state directory.
    pub state_dir: String,
    /// The log file of today.
    pub log_file: String,
    /// Whether the gateway can be restarted from here.
    pub restart: RemoteRestart,
    /// The config change that is taken back unless somebody confirms it.
    pub pending_confirm: Option<PendingConfirm>,
    /// How the last such change ended since the gateway started.
    pub last_confirm: Option<ConfirmEnded>,
    /// Parts that may fail alone, by name.
    pub subsystems: BTreeMap<String, PartState>,
    /// What was wanted at the start and is not there, one sentence each.
    pub degraded: Vec<String>,
    /// What is dangerous, the worst first.
    pub findings: Vec<RemoteFinding>,
    /// How the caller came.
    pub you: RemoteYou,
}

/// `tls` of [`RemoteStatus`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RemoteTls {
    /// Whether the gateway itself serves TLS.
    pub on: bool,
    /// `gateway.tls.mode` in force.
    pub mode: String,
    /// Hex SHA-256 of the certificate.
    pub fingerprint_sha256: Option<String>,
    /// End of its validity, milliseconds since the epoch.
    pub not_after: Option<i64>,
    /// Whether the gateway made it: browsers warn about those.
    pub self_made: bool,
}

/// `tailscale` of [`RemoteStatus`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RemoteTailscale {
    /// `off`, `serve` or `funnel`.
    pub mode: String,
    /// HTTPS port of the route.
    pub port: u16,
    /// Where it leads, such as `https://gw.tail1.ts.net`; only while it works.
    pub url: Option<String>,
    /// Name of the gateway's machine in its tailnet.
    pub name: Option<String>,
    /// How the route is doing.
    pub state: Option<PartState>,
}

/// `auth` of [`RemoteStatus`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RemoteAuth {
    /// `none`, `token`, `password` or `trusted-proxy`.
    pub mode: String,
    /// Whether users that Tailscale names need no secret.
    pub allow_tailscale: bool,
    /// Where the secret comes from.
    pub source: Option<String>,
    /// Strength of a random hex token of this length; an upper bound for anything that a person made up. Only with a token.
    pub token_bits: Option<u32>,
}

/// Addresses of a gateway, each tried by the gateway itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RemoteAddresses {
    /// Where it answered, best first: for links and QR codes.
    pub endpoints: Vec<RemoteEndpoint>,
    /// Where it did not, and why.
    pub unreachable: Vec<RemoteUnreachable>,
}

/// An address at which the gateway answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RemoteEndpoint {
    /// `ws(s)://host[:port][/path]`.
    pub url: String,
    /// Where it comes from: `in-use`, `public-origin`, `tailscale`, `tailnet`, `lan`, `mdns`, `domain`, `loopback`, …
    pub source: String,
    /// SHA-256 of the gateway's own certificate, when that is what it shows; absent for plain and for publicly trusted ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_fingerprint: Option<String>,
    /// False when it was only taken on trust.
    pub proven: bool,
}

/// An address that is of no use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RemoteUnreachable {
    /// The address.
    pub url: String,
    /// Where it comes from.
    pub source: String,
    /// What is wrong with it.
    pub reason: String,
}

/// `restart` of [`RemoteStatus`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RemoteRestart {
    /// Whether a method of this gateway restarts it.
    pub possible: bool,
    /// What to do instead.
    pub hint: Option<String>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RemoteFinding {
    /// Name of the rule; never changes once it is out.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in a few words.
    pub title: String,
    /// What belongs to it.
    pub params: RemoteFindingParams,
}

/// `params` of [`RemoteFinding`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RemoteFindingParams {
    /// What was seen.
    pub detail: String,
    /// The command that mends it, or what to do.
    pub fix: Option<String>,
}

/// How the caller came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RemoteYou {
    /// Id of the connection.
    pub conn_id: String,
    /// Address of the caller; `null` on the gateway's machine, and where nobody who is believed names it.
    pub ip: Option<String>,
    /// Whether it is on the gateway's machine, with nothing in between.
    pub local: bool,
    /// Whether it came encrypted; `null` when nobody says.
    pub secure: Option<bool>,
    /// Which way.
    pub via: Via,
    /// Device of the caller.
    pub device_id: Option<String>,
    /// Scopes of this connection.
    pub scopes: Vec<String>,
}
