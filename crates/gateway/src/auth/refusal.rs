//! The texts and details of a refused connect, as clients of both protocols read them.

use openclaw_protocol::error::{WireError, close, code};
use openclaw_protocol::handshake::{ClientKind, ConnectParams};
use openclaw_protocol::pairing_code::pairing_code;
use openclaw_protocol::scope::{Role, ScopeSet};
use serde_json::{Value, json};

use crate::auth::admission::{AuthMode, PairingReason};
use crate::auth::identity::IdentityError;
use crate::auth::proof::ProofError;
use crate::peer::OriginRefused;

/// A refusal: the error answer, and how the socket is closed.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// Answer to the connect request.
    pub error: Box<WireError>,
    /// Close code.
    pub close_code: u16,
    /// Close reason; cut to what a close frame carries when sent.
    pub close_reason: String,
    /// Short word for the audit log and the log file.
    pub audit_reason: &'static str,
}

fn refusal(error: WireError, audit_reason: &'static str) -> Refusal {
    Refusal {
        close_reason: error.message.clone(),
        close_code: close::POLICY,
        error: Box::new(error),
        audit_reason,
    }
}

/// Protocol ranges do not overlap.
pub fn protocol_mismatch(params: &ConnectParams) -> Refusal {
    // Clients of protocol 3 read `expectedProtocol` and fall back to it; everyone newer is expected to speak 4.
    let expected = if params.max_protocol < openclaw_protocol::PROTOCOL_MIN {
        openclaw_protocol::PROTOCOL_MIN
    } else {
        openclaw_protocol::PROTOCOL_MAX
    };
    let error = WireError::invalid("protocol mismatch").with_details(json!({
        "code": "PROTOCOL_MISMATCH",
        "clientMinProtocol": params.min_protocol,
        "clientMaxProtocol": params.max_protocol,
        "expectedProtocol": expected,
        "minimumProbeProtocol": openclaw_protocol::PROTOCOL_MIN,
    }));
    Refusal {
        close_code: close::PROTOCOL,
        ..refusal(error, "protocol-mismatch")
    }
}

/// A plain `INVALID_REQUEST`; its `details.code` is the word of the audit log in capitals.
pub fn invalid(message: impl Into<String>, audit_reason: &'static str) -> Refusal {
    let code = audit_reason.replace('-', "_").to_ascii_uppercase();
    let error = WireError::invalid(message).with_details(json!({ "code": code }));
    refusal(error, audit_reason)
}

/// A page that may not connect: which one, and the command that lets it.
pub fn origin(origin: Option<&str>, refused: &OriginRefused) -> Refusal {
    let mut details = json!({
        "code": "CONTROL_UI_ORIGIN_NOT_ALLOWED",
        "reason": refused.reason,
        "origin": origin,
    });
    if let Some(fix) = &refused.fix_command {
        details["fix"] = json!(fix);
    }
    let error = WireError::invalid(refused.message).with_details(details);
    refusal(error, "origin-not-allowed")
}

/// The gateway cannot take anyone now.
pub fn unavailable(message: &str, retry_after_ms: u64) -> Refusal {
    let error = WireError::unavailable(message)
        .with_details(json!({ "code": "GATEWAY_UNAVAILABLE" }))
        .retryable(Some(retry_after_ms));
    Refusal {
        close_code: close::TRY_AGAIN,
        ..refusal(error, "unavailable")
    }
}

/// The device proof does not hold.
pub fn proof(error: ProofError) -> Refusal {
    let (message, detail, reason) = match error {
        ProofError::IdMismatch => (
            "device identity mismatch",
            "DEVICE_AUTH_DEVICE_ID_MISMATCH",
            "device-id-mismatch",
        ),
        ProofError::NonceMissing => (
            "device nonce required",
            "DEVICE_AUTH_NONCE_REQUIRED",
            "device-nonce-missing",
        ),
        ProofError::NonceMismatch => (
            "device nonce mismatch",
            "DEVICE_AUTH_NONCE_MISMATCH",
            "device-nonce-mismatch",
        ),
        ProofError::Expired { .. } => (
            "device signature expired",
            "DEVICE_AUTH_SIGNATURE_EXPIRED",
            "device-signature-stale",
        ),
        ProofError::Signature => (
            "device signature invalid",
            "DEVICE_AUTH_SIGNATURE_INVALID",
            "device-signature",
        ),
    };
    let mut details = json!({ "code": detail, "reason": reason });
    if let ProofError::Expired { skew_ms } = error {
        details["clockSkewMs"] = json!(skew_ms);
        details["hint"] = json!(format!(
            "this device's clock is {} s {} the gateway's; set the clock, or update the client",
            skew_ms.unsigned_abs() / 1000,
            if skew_ms < 0 { "behind" } else { "ahead of" },
        ));
    }
    refusal(WireError::invalid(message).with_details(details), reason)
}

/// Which credential a refusal is about, and what the caller sent.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one request"
)]
pub struct CredentialFacts {
    /// Mode of the gateway.
    pub mode: AuthMode,
    /// Whether the gateway has a secret for its mode.
    pub configured: bool,
    /// Kind of caller.
    pub kind: ClientKind,
    /// Whether a device proved itself.
    pub has_device: bool,
    /// Whether the wrong credential was a device token (sent in its own member).
    pub device_token: bool,
    /// Whether the wrong credential was a bootstrap token.
    pub bootstrap_token: bool,
    /// Whether the secret of the mode is absent from the request.
    pub missing: bool,
}

/// The credential is missing or wrong.
pub fn credential(facts: CredentialFacts) -> Refusal {
    let CredentialFacts {
        mode,
        configured,
        kind,
        ..
    } = facts;
    if facts.bootstrap_token {
        let message = "unauthorized: setup code invalid, expired, revoked, or already used \
                       (create a new code; review `openclaw devices list`)";
        return auth(
            message.into(),
            "AUTH_BOOTSTRAP_TOKEN_INVALID",
            "bootstrap_token_invalid",
            false,
            REVIEW,
        );
    }
    if facts.device_token {
        let message = "unauthorized: device token mismatch (rotate/reissue device token)";
        return auth(
            message.into(),
            "AUTH_DEVICE_TOKEN_MISMATCH",
            "device_token_mismatch",
            false,
            UPDATE_CREDENTIALS,
        );
    }
    let (secret, upper) = match mode {
        AuthMode::Password => ("password", "PASSWORD"),
        AuthMode::Token | AuthMode::None => ("token", "TOKEN"),
    };
    if !configured {
        let message = format!(
            "unauthorized: gateway {secret} not configured on gateway (set gateway.auth.{secret})"
        );
        let detail = format!("AUTH_{upper}_NOT_CONFIGURED");
        return auth(
            message,
            &detail,
            missing_config_reason(mode),
            false,
            UPDATE_CONFIGURATION,
        );
    }
    let hint = hint(mode, kind);
    if facts.missing {
        let message = format!("unauthorized: gateway {secret} missing ({hint})");
        let reason = if mode == AuthMode::Password {
            "password_missing"
        } else {
            "token_missing"
        };
        return auth(
            message,
            &format!("AUTH_{upper}_MISSING"),
            reason,
            false,
            UPDATE_CONFIGURATION,
        );
    }
    let message = format!("unauthorized: invalid {secret} (gateway {secret} mismatch: {hint})");
    let reason = if mode == AuthMode::Password {
        "password_mismatch"
    } else {
        "token_mismatch"
    };
    let step = if facts.has_device {
        "retry_with_device_token"
    } else {
        UPDATE_CREDENTIALS
    };
    auth(
        message,
        &format!("AUTH_{upper}_MISMATCH"),
        reason,
        facts.has_device,
        step,
    )
}

/// Nobody vouches for the user, and there is no credential either.
pub fn identity(error: &IdentityError) -> Refusal {
    let message = format!("unauthorized: {error} ({})", error.hint());
    let mut refusal = auth(message, error.code(), "identity", false, REVIEW);
    set(&mut refusal.error, "authReason", json!(error.reason()));
    refusal
}

const REVIEW: &str = "review_auth_configuration";
const UPDATE_CONFIGURATION: &str = "update_auth_configuration";
const UPDATE_CREDENTIALS: &str = "update_auth_credentials";

fn missing_config_reason(mode: AuthMode) -> &'static str {
    if mode == AuthMode::Password {
        "password_missing_config"
    } else {
        "token_missing_config"
    }
}

fn hint(mode: AuthMode, kind: ClientKind) -> &'static str {
    match (mode, kind) {
        (AuthMode::Password, ClientKind::Cli) => {
            "set gateway.remote.password to match gateway.auth.password"
        }
        (AuthMode::Password, ClientKind::ControlUi | ClientKind::Webchat) => {
            "enter the password in Control UI settings"
        }
        (AuthMode::Password, _) => "provide gateway auth password",
        (_, ClientKind::Cli) => "set gateway.remote.token to match gateway.auth.token",
        (_, ClientKind::ControlUi | ClientKind::Webchat) => {
            "open the dashboard URL and paste the token in Control UI settings"
        }
        (_, _) => "provide gateway auth token",
    }
}

fn auth(
    message: String,
    detail: &str,
    reason: &'static str,
    retry_with_device_token: bool,
    step: &str,
) -> Refusal {
    let details = json!({
        "code": detail,
        "authReason": reason,
        "canRetryWithDeviceToken": retry_with_device_token,
        "recommendedNextStep": step,
    });
    refusal(WireError::invalid(message).with_details(details), reason)
}

/// Too many wrong credentials from this address.
pub fn rate_limited(retry_after_ms: u64) -> Refusal {
    let message = "unauthorized: too many failed authentication attempts (retry later)".to_owned();
    let mut refusal = auth(
        message,
        "AUTH_RATE_LIMITED",
        "rate_limited",
        false,
        "wait_then_retry",
    );
    refusal.error = Box::new(refusal.error.retryable(Some(retry_after_ms)));
    refusal
}

/// A device identity is needed.
pub fn device_required() -> Refusal {
    let error = WireError::new(code::NOT_PAIRED, "device identity required")
        .with_details(json!({ "code": "DEVICE_IDENTITY_REQUIRED" }));
    refusal(error, "device-required")
}

/// The Control UI came without a device identity.
pub fn control_ui_device_required() -> Refusal {
    let message = "control ui requires device identity (use HTTPS or localhost secure context)";
    let error = WireError::invalid(message)
        .with_details(json!({ "code": "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" }));
    refusal(error, "control-ui-device-required")
}

/// A pairing request was filed and waits for a decision.
#[derive(Debug, Clone, Copy)]
pub struct PairingFacts<'a> {
    /// Why.
    pub reason: PairingReason,
    /// The pending request.
    pub request_id: &'a str,
    /// The device.
    pub device_id: &'a str,
    /// Role asked for.
    pub role: Role,
    /// Scopes asked for.
    pub scopes: ScopeSet,
    /// Roles it has.
    pub approved_roles: &'a [Role],
    /// Scopes it has.
    pub approved_scopes: ScopeSet,
    /// Protocol in use.
    pub protocol: u32,
    /// Whether the caller keeps retrying by itself (Control UI).
    pub keeps_retrying: bool,
    /// Until when the request can be decided, milliseconds since the epoch.
    pub expires_at_ms: i64,
}

/// Pairing is required; the pending request is already visible.
pub fn pairing_required(facts: PairingFacts<'_>) -> Refusal {
    let (reason, sentence, hint) = match facts.reason {
        PairingReason::NotPaired => (
            "not-paired",
            "pairing required: device is not approved yet",
            "Approve this device from the pending pairing requests.",
        ),
        PairingReason::RoleUpgrade => (
            "role-upgrade",
            "pairing required: device is asking for a higher role than currently approved",
            "Review the requested role upgrade, then approve the pending request.",
        ),
    };
    let pairing_code = pairing_code(facts.request_id);
    // Clients of protocol 3 match the bare text.
    let message = if facts.protocol == 3 {
        "pairing required"
    } else {
        sentence
    };
    let mut details = json!({
        "code": "PAIRING_REQUIRED",
        "reason": reason,
        "requestId": facts.request_id,
        "pairingCode": pairing_code,
        "remediationHint": hint,
        "approveCommand": format!("openclaw pairing approve {pairing_code}"),
        "deviceId": facts.device_id,
        "requestedRole": facts.role,
        "requestedScopes": facts.scopes,
        "expiresAtMs": facts.expires_at_ms,
    });
    if facts.reason == PairingReason::RoleUpgrade {
        details["approvedRoles"] = json!(facts.approved_roles);
        details["approvedScopes"] = json!(facts.approved_scopes);
    }
    let mut error = WireError::new(code::NOT_PAIRED, message).with_details(details);
    if facts.keeps_retrying {
        set(&mut error, "recommendedNextStep", json!("wait_then_retry"));
        set(&mut error, "retryable", json!(true));
        set(&mut error, "pauseReconnect", json!(false));
    }
    let close_reason = if facts.protocol == 3 {
        message.to_owned()
    } else {
        format!("{message} (requestId: {})", facts.request_id)
    };
    Refusal {
        close_reason,
        ..refusal(error, "pairing-required")
    }
}

fn set(error: &mut WireError, key: &str, value: Value) {
    if let Some(details) = error.details.as_mut() {
        details[key] = value;
    }
}
