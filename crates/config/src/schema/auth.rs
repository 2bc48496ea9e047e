//! `gateway.auth`: the shared credentials, the limiter and proxy authentication.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::proxy::DEFAULT_SECRET_HEADER;
use super::words::AuthMode;
use crate::secret::Secret;

/// `gateway.auth`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Auth {
    /// What clients prove. Default: `password` when a password is set, else `token`.
    pub mode: Option<AuthMode>,
    /// Shared token. Default: created at the first start.
    pub token: Option<Secret>,
    /// Shared password. No default.
    pub password: Option<Secret>,
    /// Accept Tailscale identity. Default: true with Tailscale Serve and no password mode.
    pub allow_tailscale: Option<bool>,
    /// Give clients without a device identity the scopes they ask for, from anywhere. Default false.
    pub allow_deviceless: bool,
    /// Limits on wrong credentials.
    pub rate_limit: RateLimit,
    /// Identity from a reverse proxy, for mode `trusted-proxy`.
    pub trusted_proxy: TrustedProxy,
    /// Scopes of a verified user, by user, for the session only. Default none: those of the paired device.
    pub identity_scopes: BTreeMap<String, Vec<String>>,
}

/// `gateway.auth.rateLimit`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RateLimit {
    /// Wrong credentials before a lockout. Default 10.
    pub max_attempts: u32,
    /// Window in which attempts count, in milliseconds. Default 60000.
    pub window_ms: u64,
    /// Length of a lockout in milliseconds. Default 300000.
    pub lockout_ms: u64,
    /// Slow loopback down instead of locking it out. Default true.
    pub exempt_loopback: bool,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self {
            max_attempts: 10,
            window_ms: 60_000,
            lockout_ms: 300_000,
            exempt_loopback: true,
        }
    }
}

/// `gateway.auth.trustedProxy`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TrustedProxy {
    /// Header that names the user. No default; needed in this mode.
    pub user_header: Option<String>,
    /// Headers that must be present. Default none.
    pub required_headers: Vec<String>,
    /// Users that may enter. Default: every user the proxy names.
    pub allow_users: Vec<String>,
    /// Accept a proxy on this machine. Default false.
    pub allow_loopback: bool,
    /// Header in which a proxy on this machine proves itself. Default `x-openclaw-proxy-secret`.
    pub secret_header: String,
    /// What that header must hold. No default.
    pub secret: Option<Secret>,
    /// Pairing without a question.
    pub device_auto_approve: DeviceAutoApprove,
}

impl Default for TrustedProxy {
    fn default() -> Self {
        Self {
            user_header: None,
            required_headers: Vec::new(),
            allow_users: Vec::new(),
            allow_loopback: false,
            secret_header: DEFAULT_SECRET_HEADER.to_owned(),
            secret: None,
            device_auto_approve: DeviceAutoApprove::default(),
        }
    }
}

/// `gateway.auth.trustedProxy.deviceAutoApprove`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct DeviceAutoApprove {
    /// Pair the browser of a named user at once. Default false.
    pub enabled: bool,
    /// The most that is paired this way. Default read and write.
    pub scopes: Vec<String>,
}

impl Default for DeviceAutoApprove {
    fn default() -> Self {
        Self {
            enabled: false,
            scopes: vec!["operator.read".to_owned(), "operator.write".to_owned()],
        }
    }
}
