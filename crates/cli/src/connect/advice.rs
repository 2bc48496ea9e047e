//! What to do after a failed connection or call: one line each, with the exact command.

use openclaw_client::tls::TlsError;
use openclaw_client::{ConnectError, Fingerprint, HelloOk, Refusal, RefusalKind};
use openclaw_config::resolve::{ClientTarget, Resolved, UrlSource};
use openclaw_protocol::error::WireError;
use openclaw_protocol::fingerprint;
use openclaw_protocol::handshake::detail_text;
use openclaw_protocol::pairing_code::pairing_code;

/// Whether nobody answered at all.
pub(crate) fn is_unreachable(error: &ConnectError) -> bool {
    matches!(error, ConnectError::Unreachable(_))
}

/// Advice after a connection that did not come about.
pub(super) fn after_connect(
    error: &ConnectError,
    target: &ClientTarget,
    device_id: Option<&str>,
) -> Vec<String> {
    match error {
        ConnectError::Unreachable(_) if target.is_local() => {
            vec!["Fix: start the gateway with: openclaw up".to_owned()]
        }
        ConnectError::Unreachable(_) | ConnectError::Timeout(_) => {
            vec!["Fix: check address and network with: openclaw gateway probe".to_owned()]
        }
        ConnectError::Refused(refusal) => after_refusal(refusal, target, device_id),
        ConnectError::Tls(error) => after_tls(error, target),
        _ => Vec::new(),
    }
}

/// Shows both fingerprints: who pinned one has to see what came in its place.
fn after_tls(error: &TlsError, target: &ClientTarget) -> Vec<String> {
    let pin = |actual: &Fingerprint| {
        let hex = actual.to_hex();
        if target.url_source == UrlSource::Remote {
            format!("then pin it: openclaw config set gateway.remote.tlsFingerprint {hex}")
        } else {
            format!("then pass: --tls-fingerprint {hex}")
        }
    };
    let compare = "compare it on the gateway host with: openclaw gateway status";
    match error {
        TlsError::FingerprintMismatch { expected, actual } => vec![
            format!("Pinned: sha256 {expected}"),
            format!("Shown:  sha256 {actual}"),
            "The gateway has another certificate than the pinned one, or somebody else answers in its place.".to_owned(),
            format!("Fix: {compare}"),
            format!("If it is the same there, {}", pin(actual)),
        ],
        TlsError::Untrusted { fingerprint, .. } => vec![
            format!("Fix: {compare}"),
            format!("If it is the same there, {}", pin(fingerprint)),
            "For a gateway with a certificate of a private authority, set gateway.remote.tlsCaFile instead.".to_owned(),
        ],
        _ => Vec::new(),
    }
}

fn after_refusal(refusal: &Refusal, target: &ClientTarget, device_id: Option<&str>) -> Vec<String> {
    match refusal.kind() {
        RefusalKind::PairingRequired => pairing(refusal, device_id),
        RefusalKind::TokenMissing => vec![missing(target, "token")],
        RefusalKind::PasswordMissing => vec![missing(target, "password")],
        RefusalKind::TokenMismatch => wrong(target.token.as_ref(), "token", target),
        RefusalKind::PasswordMismatch => wrong(target.password.as_ref(), "password", target),
        RefusalKind::DeviceTokenMismatch => vec![
            "The token of this device was rotated or revoked; the shared token is not the problem."
                .to_owned(),
            "Fix: pass --token once to connect with the shared token again.".to_owned(),
        ],
        RefusalKind::RateLimited => {
            vec!["Fix: on the gateway host run: openclaw gateway auth unlock".to_owned()]
        }
        _ => Vec::new(),
    }
}

fn pairing(refusal: &Refusal, device_id: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(words) = device_id.and_then(fingerprint::fingerprint_words) {
        lines.push(format!("This device: {words}"));
    }
    lines.push(match refusal.pairing_code() {
        Some(code) => format!(
            "pairing required: approve on the gateway host with: openclaw pairing approve {code}"
        ),
        None => {
            "pairing required: approve on the gateway host with: openclaw devices approve --latest"
                .to_owned()
        }
    });
    lines
}

/// Where a credential of this kind belongs, seen from this side.
fn key(target: &ClientTarget, kind: &str) -> String {
    if target.is_local() {
        format!("gateway.auth.{kind}")
    } else {
        format!("gateway.remote.{kind}")
    }
}

fn missing(target: &ClientTarget, kind: &str) -> String {
    if target.url_source == UrlSource::Flag {
        return format!("Fix: pass --{kind} along with --url.");
    }
    let key = key(target, kind);
    format!("Fix: pass --{kind}, or store it with: openclaw config set {key} <{kind}>")
}

/// Says which credential is wrong and where it came from, never what it is.
fn wrong<T>(sent: Option<&Resolved<T>>, kind: &str, target: &ClientTarget) -> Vec<String> {
    let Some(sent) = sent else {
        return vec![missing(target, kind)];
    };
    vec![
        format!("The {kind} sent is the shared one, from: {}", sent.source),
        format!(
            "Fix: compare with the gateway's; on its host: openclaw gateway status shows where its {kind} comes from"
        ),
    ]
}

/// Advice after an error answer.
pub(super) fn after_rpc(error: &WireError, hello: Option<&HelloOk>) -> Vec<String> {
    let missing_scope = error
        .details
        .as_ref()
        .and_then(|details| detail_text(details, "missingScope"))
        .or_else(|| error.message.strip_prefix("missing scope: "));
    let Some(scope) = missing_scope else {
        return Vec::new();
    };
    let pending = hello
        .and_then(|hello| hello.auth.as_ref())
        .and_then(|auth| auth.pending_request_id.as_deref());
    vec![match pending {
        Some(request) => format!(
            "Fix: grant {scope} on the gateway host with: openclaw pairing approve {}",
            pairing_code(request)
        ),
        None => format!("Fix: run this on the gateway host, or pair this device with {scope}."),
    }]
}
