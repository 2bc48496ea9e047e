//! Wire errors, their codes, and WebSocket close codes with their reasons.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `error.code` values.
pub mod code {
    /// The other side has to link an account first; never sent by this gateway.
    pub const NOT_LINKED: &str = "NOT_LINKED";
    /// Device identity or pairing is missing.
    pub const NOT_PAIRED: &str = "NOT_PAIRED";
    /// The request is malformed, unauthenticated or not allowed.
    pub const INVALID_REQUEST: &str = "INVALID_REQUEST";
    /// A scope is missing (protocol 4; protocol 3 says `INVALID_REQUEST`).
    pub const FORBIDDEN: &str = "FORBIDDEN";
    /// The thing asked for cannot be had now.
    pub const UNAVAILABLE: &str = "UNAVAILABLE";
}

/// `details.code` values of this gateway: why exactly, for programs.
pub const DETAIL_CODES: &[&str] = &[
    "APPROVAL_RESOLVED",
    "AUTH_BOOTSTRAP_TOKEN_INVALID",
    "AUTH_DEVICE_TOKEN_MISMATCH",
    "AUTH_IDENTITY_HEADER_REQUIRED",
    "AUTH_PASSWORD_MISMATCH",
    "AUTH_PASSWORD_MISSING",
    "AUTH_PASSWORD_NOT_CONFIGURED",
    "AUTH_RATE_LIMITED",
    "AUTH_TAILSCALE_IDENTITY_MISMATCH",
    "AUTH_TAILSCALE_IDENTITY_MISSING",
    "AUTH_TAILSCALE_PROXY_MISSING",
    "AUTH_TAILSCALE_WHOIS_FAILED",
    "AUTH_TOKEN_MISMATCH",
    "AUTH_TOKEN_MISSING",
    "AUTH_TOKEN_NOT_CONFIGURED",
    "AUTH_UNAUTHORIZED",
    "CONFIRM_PENDING",
    "CONTROL_UI_DEVICE_IDENTITY_REQUIRED",
    "CONTROL_UI_ORIGIN_NOT_ALLOWED",
    "DEVICE_AUTH_DEVICE_ID_MISMATCH",
    "DEVICE_AUTH_NONCE_MISMATCH",
    "DEVICE_AUTH_NONCE_REQUIRED",
    "DEVICE_AUTH_SIGNATURE_EXPIRED",
    "DEVICE_AUTH_SIGNATURE_INVALID",
    "DEVICE_IDENTITY_REQUIRED",
    "GATEWAY_RESTARTING",
    "GATEWAY_STOPPING",
    "GATEWAY_UNAVAILABLE",
    "INTERRUPTED",
    "INVALID_PARAMS",
    "INVALID_ROLE",
    "MISSING_SCOPE",
    "NOT_AVAILABLE_HERE",
    "NOT_CONNECT",
    "NOT_CONNECTED",
    "NO_REACHABLE_ENDPOINT",
    "PAIRING_REQUIRED",
    "PROTOCOL_MISMATCH",
    "RESTART_REFUSED",
    "SCOPE_NOT_REQUESTED",
    "SUPERSEDED",
    "TIMEOUT",
    "UNAVAILABLE",
];

/// `error` member of a response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct WireError {
    /// One of [`code`]; unknown codes of other releases are kept.
    pub code: Cow<'static, str>,
    /// Text for people; clients match on it.
    pub message: String,
    // Boxed: errors travel in results.
    /// Structured reason, `details.code` first of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "unknown"))]
    pub details: Option<Box<Value>>,
    /// Whether the same request may succeed later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retryable: Option<bool>,
    /// How long to wait before a retry, in milliseconds.
    #[serde(
        default,
        rename = "retryAfterMs",
        skip_serializing_if = "Option::is_none"
    )]
    pub retry_after_ms: Option<u64>,
}

impl WireError {
    /// An error with a code and a message.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: Cow::Borrowed(code),
            message: message.into(),
            details: None,
            retryable: None,
            retry_after_ms: None,
        }
    }

    /// `INVALID_REQUEST` with a message.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(code::INVALID_REQUEST, message)
    }

    /// `UNAVAILABLE` with a message.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(code::UNAVAILABLE, message)
    }

    /// Adds `details`.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// Marks the error retryable, optionally after a delay in milliseconds.
    #[must_use]
    pub fn retryable(mut self, after_ms: Option<u64>) -> Self {
        self.retryable = Some(true);
        self.retry_after_ms = after_ms;
        self
    }

    /// `details.code`, if there is one.
    pub fn detail_code(&self) -> Option<&str> {
        self.details.as_ref()?.get("code")?.as_str()
    }
}

impl std::fmt::Display for WireError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for WireError {}

/// WebSocket close codes in use.
pub mod close {
    /// Ordinary end.
    pub const NORMAL: u16 = 1000;
    /// Protocol versions do not overlap.
    pub const PROTOCOL: u16 = 1002;
    /// A text frame was not UTF-8.
    pub const INVALID_UTF8: u16 = 1007;
    /// Handshake refused, or the connection broke a rule.
    pub const POLICY: u16 = 1008;
    /// A message over the size limit.
    pub const TOO_BIG: u16 = 1009;
    /// The gateway stops or restarts.
    pub const SERVICE_RESTART: u16 = 1012;
    /// The gateway is not ready; try again.
    pub const TRY_AGAIN: u16 = 1013;
    /// A client saw no tick in time.
    pub const TICK_TIMEOUT: u16 = 4000;
    /// The credential of this connection was rotated or revoked.
    pub const AUTH_CHANGED: u16 = 4001;

    /// Reason sent with [`SERVICE_RESTART`].
    pub const REASON_SERVICE_RESTART: &str = "service restart";
    /// Reason sent with [`AUTH_CHANGED`].
    pub const REASON_AUTH_CHANGED: &str = "gateway auth changed";
    /// Reason sent with [`POLICY`] to a device that was revoked or removed.
    pub const REASON_DEVICE_REVOKED: &str = "device revoked";
    /// Reason sent with [`POLICY`] to a connection that an operator ended.
    pub const REASON_DISCONNECTED: &str = "disconnected by operator";
    /// Reason sent to a peer that does not read.
    pub const REASON_SLOW_CONSUMER: &str = "slow consumer";
    /// Reason sent when no connect request came in time.
    pub const REASON_HANDSHAKE_TIMEOUT: &str = "handshake timeout";
    /// Reason sent to the older of two connections of one device.
    pub const REASON_REPLACED: &str = "replaced by a newer connection of this device";
}

/// Cuts a close reason to what a close frame can carry, at a character boundary.
pub fn close_reason(text: &str) -> &str {
    let limit = crate::limits::CLOSE_REASON_MAX_BYTES;
    if text.len() <= limit {
        return text;
    }
    let mut end = limit;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
