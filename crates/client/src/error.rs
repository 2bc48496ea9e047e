//! Why a connection or a call failed, with the facts kept and the texts users know.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use openclaw_protocol::error::{WireError, close};
use openclaw_protocol::handshake::detail_text;
use openclaw_protocol::pairing_code::pairing_code;
use serde_json::Value;

use crate::plaintext::PlaintextRefused;
use crate::tls::{Fingerprint, TlsError};

/// How a WebSocket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseInfo {
    /// Close code; 1006 when there was no close frame.
    pub code: u16,
    /// Reason, may be empty.
    pub reason: String,
}

impl CloseInfo {
    /// Close code of a connection that ended without a close frame.
    pub const ABNORMAL: u16 = 1006;

    /// A close without a close frame.
    pub const fn abnormal() -> Self {
        Self {
            code: Self::ABNORMAL,
            reason: String::new(),
        }
    }
}

impl fmt::Display for CloseInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let meaning = match self.code {
            close::NORMAL => " normal closure",
            Self::ABNORMAL => " abnormal closure (no close frame)",
            _ => "",
        };
        let reason = match self.reason.trim() {
            "" => "no close reason",
            reason => reason,
        };
        write!(f, "gateway closed ({}{meaning}): {reason}", self.code)
    }
}

/// Why no WebSocket came about; the source of [`ConnectError::Unreachable`].
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The name does not resolve.
    #[error("cannot resolve {host}: {source}")]
    Resolve {
        /// The name.
        host: String,
        /// What the resolver said.
        source: Arc<std::io::Error>,
    },
    /// No address accepted the connection.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// The last address tried, or the socket path.
        address: String,
        /// What the system said.
        source: Arc<std::io::Error>,
    },
    /// The TLS handshake was cut.
    #[error("tls handshake failed: {0}")]
    Tls(Arc<std::io::Error>),
    /// The server answered the upgrade with another status than 101.
    #[error("server answered HTTP {0} instead of a WebSocket")]
    Status(u16),
    /// The connection broke, or what came is not a WebSocket.
    #[error("connection broke: {0}")]
    Broken(String),
    /// The URL is `ws://`, and the server speaks TLS.
    #[error("{address} takes TLS only, but the URL says ws://")]
    TlsExpected {
        /// Where it listens.
        address: String,
        /// Its certificate, when that has to be pinned because no known authority vouches for it.
        pin: Option<Fingerprint>,
    },
}

/// Why there is no connection.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// No WebSocket came about.
    #[error("{}", CloseInfo::abnormal())]
    Unreachable(#[source] TransportError),
    /// The gateway answered and said no.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The connection ended, before or after the hello.
    #[error("{0}")]
    Closed(CloseInfo),
    /// No hello in time.
    #[error("gateway timeout after {}ms", .0.as_millis())]
    Timeout(Duration),
    /// The certificate is not the expected one, or TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Plaintext to a public address.
    #[error(transparent)]
    Plaintext(#[from] PlaintextRefused),
    /// The peer does not speak the protocol.
    #[error("not an openclaw gateway: {0}")]
    Protocol(String),
    /// The caller closed the client.
    #[error("client closed")]
    ClosedByCaller,
    /// The task of the connection was ended from outside, or failed.
    #[error("the connection task ended unexpectedly")]
    Aborted,
}

/// A handshake that the gateway refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The error of the connect response.
    pub error: WireError,
    /// The close that followed, if one came.
    pub close: Option<CloseInfo>,
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RefusalKind {
    /// No shared token was sent.
    TokenMissing,
    /// The token is wrong.
    TokenMismatch,
    /// No password was sent.
    PasswordMissing,
    /// The password is wrong.
    PasswordMismatch,
    /// The device token is wrong, rotated or revoked.
    DeviceTokenMismatch,
    /// The device token does not carry the scopes asked for.
    ScopeMismatch,
    /// The setup code is used up or wrong.
    BootstrapTokenInvalid,
    /// The gateway has no secret for its mode.
    NotConfigured,
    /// Too many wrong attempts.
    RateLimited,
    /// Some other refusal of the credentials.
    Unauthorized,
    /// The device has to be approved first.
    PairingRequired,
    /// A device key is needed.
    DeviceIdentityRequired,
    /// The device proof was not accepted.
    DeviceProof,
    /// No protocol in common.
    ProtocolMismatch,
    /// The upgrade's `Origin` is not allowed.
    OriginNotAllowed,
    /// The gateway is not ready.
    Starting,
    /// Anything else.
    Other,
}

impl Refusal {
    /// What the refusal is about: `details.code` first, the message for gateways that send none.
    pub fn kind(&self) -> RefusalKind {
        self.error
            .detail_code()
            .and_then(kind_of_code)
            .unwrap_or_else(|| kind_of_message(&self.error))
    }

    /// Id of the pairing request to approve.
    pub fn request_id(&self) -> Option<&str> {
        detail_text(self.error.details.as_ref()?, "requestId")
    }

    /// The code that approves it: `openclaw pairing approve <code>`.
    pub fn pairing_code(&self) -> Option<String> {
        self.request_id().map(pairing_code)
    }

    /// Why pairing is required: `not-paired`, `role-upgrade`, `scope-upgrade`, `metadata-upgrade`.
    pub fn pairing_reason(&self) -> Option<&str> {
        detail_text(self.error.details.as_ref()?, "reason")
    }

    /// `details.recommendedNextStep`.
    pub fn next_step(&self) -> Option<&str> {
        detail_text(self.error.details.as_ref()?, "recommendedNextStep")
    }

    /// `details.expectedProtocol`.
    pub fn expected_protocol(&self) -> Option<u32> {
        let value = self.error.details.as_ref()?.get("expectedProtocol")?;
        value.as_u64().and_then(|number| number.try_into().ok())
    }

    /// How long the gateway asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.error.retry_after_ms.map(Duration::from_millis)
    }

    fn invites_retry(&self) -> bool {
        self.error.retryable == Some(true)
            || self
                .error
                .details
                .as_ref()
                .and_then(|details| details.get("pauseReconnect"))
                == Some(&Value::Bool(false))
    }
}

fn kind_of_code(code: &str) -> Option<RefusalKind> {
    Some(match code {
        "AUTH_TOKEN_MISSING" => RefusalKind::TokenMissing,
        "AUTH_TOKEN_MISMATCH" => RefusalKind::TokenMismatch,
        "AUTH_PASSWORD_MISSING" => RefusalKind::PasswordMissing,
        "AUTH_PASSWORD_MISMATCH" => RefusalKind::PasswordMismatch,
        "AUTH_DEVICE_TOKEN_MISMATCH" => RefusalKind::DeviceTokenMismatch,
        "AUTH_SCOPE_MISMATCH" => RefusalKind::ScopeMismatch,
        "AUTH_BOOTSTRAP_TOKEN_INVALID" => RefusalKind::BootstrapTokenInvalid,
        "AUTH_TOKEN_NOT_CONFIGURED" | "AUTH_PASSWORD_NOT_CONFIGURED" => RefusalKind::NotConfigured,
        "AUTH_RATE_LIMITED" => RefusalKind::RateLimited,
        "PAIRING_REQUIRED" => RefusalKind::PairingRequired,
        "DEVICE_IDENTITY_REQUIRED" | "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" => {
            RefusalKind::DeviceIdentityRequired
        }
        "PROTOCOL_MISMATCH" | "CLIENT_VERSION_MISMATCH" => RefusalKind::ProtocolMismatch,
        "CONTROL_UI_ORIGIN_NOT_ALLOWED" => RefusalKind::OriginNotAllowed,
        other if other.starts_with("DEVICE_AUTH_") => RefusalKind::DeviceProof,
        other if other.starts_with("AUTH_") => RefusalKind::Unauthorized,
        _ => return None,
    })
}

/// Gateways of protocol 3 send no `details.code`; their messages are fixed.
fn kind_of_message(error: &WireError) -> RefusalKind {
    const TABLE: &[(&str, RefusalKind)] = &[
        ("gateway token missing", RefusalKind::TokenMissing),
        ("device token mismatch", RefusalKind::DeviceTokenMismatch),
        ("token mismatch", RefusalKind::TokenMismatch),
        ("gateway password missing", RefusalKind::PasswordMissing),
        ("password mismatch", RefusalKind::PasswordMismatch),
        ("not configured on gateway", RefusalKind::NotConfigured),
        ("too many failed", RefusalKind::RateLimited),
        ("unauthorized", RefusalKind::Unauthorized),
        ("pairing required", RefusalKind::PairingRequired),
        (
            "device identity required",
            RefusalKind::DeviceIdentityRequired,
        ),
        ("device ", RefusalKind::DeviceProof),
        ("protocol mismatch", RefusalKind::ProtocolMismatch),
        ("gateway starting", RefusalKind::Starting),
    ];
    TABLE
        .iter()
        .find(|(text, _)| error.message.contains(text))
        .map_or(RefusalKind::Other, |(_, kind)| *kind)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.error.message.as_str();
        let (code, mut reason) = match &self.close {
            // A close reason is cut to what its frame carries; the response has the whole text.
            Some(CloseInfo { code, reason }) if message.starts_with(reason) => (*code, message),
            Some(CloseInfo { code, reason }) => (*code, reason.as_str()),
            None => (close::POLICY, message),
        };
        let whole = self
            .request_id()
            .map(|id| format!("{message} (requestId: {id})"))
            .filter(|whole| reason.len() > message.len() && whole.starts_with(reason));
        if let Some(whole) = &whole {
            reason = whole;
        }
        let reason = reason.to_owned();
        CloseInfo { code, reason }.fmt(f)
    }
}

/// What a failure means for the next attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// Passes on its own; try again.
    Transient,
    /// Somebody has to approve this device.
    Pairing,
    /// The same attempt fails for ever; a person has to change something.
    Terminal,
}

impl ConnectError {
    /// The refusal, if the gateway answered.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// What happened, for people: the reason in place of a close code where there was nothing to close.
    pub fn what_happened(&self) -> String {
        match self {
            Self::Unreachable(reason) => reason.to_string(),
            other => other.to_string(),
        }
    }

    /// The close code and reason, if there was a connection.
    pub fn close_info(&self) -> Option<&CloseInfo> {
        match self {
            Self::Refused(refusal) => refusal.close.as_ref(),
            Self::Closed(close) => Some(close),
            _ => None,
        }
    }

    /// What the failure means for the next attempt.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Unreachable(_) | Self::Closed(_) | Self::Timeout(_) => FailureClass::Transient,
            Self::Refused(refusal) => match refusal.kind() {
                RefusalKind::RateLimited | RefusalKind::Starting => FailureClass::Transient,
                RefusalKind::PairingRequired => FailureClass::Pairing,
                RefusalKind::Other if refusal.error.code == "UNAVAILABLE" => {
                    FailureClass::Transient
                }
                _ if refusal.invites_retry() => FailureClass::Transient,
                _ => FailureClass::Terminal,
            },
            Self::Tls(_)
            | Self::Plaintext(_)
            | Self::Protocol(_)
            | Self::ClosedByCaller
            | Self::Aborted => FailureClass::Terminal,
        }
    }

    /// How long the gateway asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.refusal()?.retry_after()
    }
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The gateway answered with an error; shows its message alone.
    #[error("{0}")]
    Rpc(WireError),
    /// No answer in time.
    #[error("gateway timeout after {}ms", .0.as_millis())]
    Timeout(Duration),
    /// The connection ended before the answer.
    #[error("{0}")]
    Closed(ConnectError),
    /// There is no connection now; the reason if one is known.
    #[error("{}", .0.as_deref().map_or_else(|| "not connected to the gateway".to_owned(), ToString::to_string))]
    NotConnected(Option<Arc<ConnectError>>),
    /// The request is larger than the gateway accepts; it was not sent.
    #[error("request of {size} bytes is larger than the {limit} bytes the gateway accepts")]
    TooLarge {
        /// Bytes of the request.
        size: usize,
        /// Bytes the gateway accepts.
        limit: u64,
    },
    /// The params do not encode as JSON.
    #[error("cannot encode params: {0}")]
    Encode(#[source] serde_json::Error),
    /// The result has another shape than expected.
    #[error("unexpected answer: {0}")]
    Decode(#[source] serde_json::Error),
}

impl CallError {
    /// The gateway's error, if it answered.
    pub fn wire(&self) -> Option<&WireError> {
        match self {
            Self::Rpc(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
