//! `clients.*`: the live connections, from the table of connections itself.

use serde::{Deserialize, Serialize};

use super::remote::Via;
use crate::strict;

/// Result of `clients.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ClientsList {
    /// Clock of the gateway, milliseconds since the epoch.
    pub ts: i64,
    /// Every live connection, operators and nodes, the oldest first.
    pub clients: Vec<ClientEntry>,
}

/// One live connection. Members without a value are `null`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ClientEntry {
    /// `server.connId` of its hello.
    pub conn_id: String,
    /// Device that proved itself.
    pub device_id: Option<String>,
    /// Name for people: what an operator called the device, else what the client calls itself, else its client id.
    pub name: String,
    /// `client.id`.
    pub client_id: Option<String>,
    /// `client.mode`.
    pub client_mode: Option<String>,
    /// `client.version`.
    pub version: Option<String>,
    /// `client.platform`.
    pub platform: Option<String>,
    /// `client.deviceFamily`.
    pub device_family: Option<String>,
    /// `client.instanceId`.
    pub instance_id: Option<String>,
    /// `operator` or `node`.
    pub role: String,
    /// Scopes now.
    pub scopes: Vec<String>,
    /// Protocol in use.
    pub protocol: u32,
    /// How it was let in: `token`, `password`, `device-token`, `tailscale`, …
    pub auth: String,
    /// The user that somebody vouches for.
    pub user: Option<String>,
    /// Address of the client; `null` on the gateway's machine, and where nobody who is believed names it.
    pub ip: Option<String>,
    /// Whether it is on the gateway's machine, with nothing in between.
    pub local: bool,
    /// Whether it came encrypted; `null` when nobody says.
    pub secure: Option<bool>,
    /// Which way it came.
    pub via: Via,
    /// Since when, milliseconds since the epoch.
    pub connected_at_ms: i64,
    /// When it last sent anything, an answer to a ping included, milliseconds since the epoch.
    pub last_activity_ms: i64,
    /// Bytes that wait to be read by it.
    pub queued_bytes: u64,
    /// Answers that it waits for.
    pub in_flight: u32,
    /// Whether it is the caller's own connection.
    pub you: bool,
}

/// Params of `clients.disconnect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ClientDisconnectParams {
    /// Id of the connection.
    #[serde(deserialize_with = "strict::nonempty")]
    pub conn_id: String,
}

/// Result of `clients.disconnect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ClientDisconnected {
    /// Id of the connection that was told to go.
    pub conn_id: String,
}

/// Payload of `clients.changed`: somebody came or went; ask for the list again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ClientsChanged {
    /// When, milliseconds since the epoch.
    pub ts: i64,
    /// How many connections there are now.
    pub count: u32,
}
