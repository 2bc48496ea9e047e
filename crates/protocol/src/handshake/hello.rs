//! The answer to a connect request.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The hello as a client needs it; unknown members are ignored, missing ones of older gateways are defaults.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(tag = "type", rename = "hello-ok")]
#[cfg_attr(test, ts(rename = "HelloOk"))]
pub struct HelloOk {
    /// Protocol in use.
    pub protocol: u32,
    /// The gateway.
    #[serde(default)]
    pub server: HelloServer,
    /// What the gateway offers.
    #[serde(default)]
    pub features: HelloFeatures,
    /// State at connect, raw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "HelloSnapshot"))]
    pub snapshot: Option<Box<RawValue>>,
    /// What was granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<HelloAuth>,
    /// Limits.
    #[serde(default)]
    pub policy: HelloPolicy,
}

/// `server` member of the hello.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HelloServer {
    /// Gateway version.
    #[serde(default)]
    pub version: String,
    /// Host name (protocol 3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Id of this connection.
    #[serde(default)]
    pub conn_id: String,
}

/// `features` member of the hello.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HelloFeatures {
    /// Callable methods.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Events that may come.
    #[serde(default)]
    pub events: Vec<String>,
}

/// `auth` member of the hello.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HelloAuth {
    /// How the client was authenticated (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Role granted.
    pub role: String,
    /// Scopes granted, sorted.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Token of this device, to be stored by the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_token: Option<String>,
    /// When the token was issued, milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at_ms: Option<i64>,
    /// Tokens of further roles that came with a setup code (phones).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub device_tokens: Vec<RoleToken>,
    /// True when fewer scopes were granted than asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope_limited: Option<bool>,
    /// The pending pairing request that would grant the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_request_id: Option<String>,
}

impl std::fmt::Debug for HelloAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HelloAuth")
            .field("method", &self.method)
            .field("role", &self.role)
            .field("scopes", &self.scopes)
            .field(
                "device_token",
                &self.device_token.as_ref().map(|_| "<redacted>"),
            )
            .field("scope_limited", &self.scope_limited)
            .finish_non_exhaustive()
    }
}

/// A token of this device for another role than the one it connected in.
#[derive(Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RoleToken {
    /// The token.
    pub device_token: String,
    /// Role it admits to.
    pub role: String,
    /// Scopes it carries, sorted.
    pub scopes: Vec<String>,
    /// When it was issued, milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_at_ms: Option<i64>,
}

impl std::fmt::Debug for RoleToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoleToken")
            .field("role", &self.role)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// `policy` member of the hello.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", default)]
pub struct HelloPolicy {
    /// Largest frame the gateway accepts, in bytes.
    pub max_payload: u64,
    /// Bytes the gateway keeps for a client that reads slowly.
    pub max_buffered_bytes: u64,
    /// Period of the `tick` event, in milliseconds.
    pub tick_interval_ms: u64,
}

impl Default for HelloPolicy {
    fn default() -> Self {
        Self {
            max_payload: crate::limits::V3_MAX_PAYLOAD as u64,
            max_buffered_bytes: crate::limits::V3_MAX_BUFFERED as u64,
            tick_interval_ms: 30_000,
        }
    }
}
