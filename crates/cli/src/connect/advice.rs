//! What to do after a failed connection or call: one line each, with the exact command.

use openclaw_client::tls::TlsError;
use openclaw_client::{ConnectError, Fingerprint, HelloOk, Refusal, RefusalKind, TransportError};
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
        ConnectError::Unreachable(TransportError::TlsExpected { pin, .. }) => {
            tls_expected(target, pin.as_ref())
        }
        error if target.is_local() && is_another_program(error) => another_program(target),
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

/// Whether what answers where a gateway should be is none. A gateway answers an upgrade with these when it is busy, on its
/// way out or does not like the request.
pub(crate) const fn is_another_program(error: &ConnectError) -> bool {
    match error {
        ConnectError::Unreachable(TransportError::Status(status)) => {
            !matches!(status, 403 | 421 | 426 | 429 | 503)
        }
        ConnectError::Unreachable(TransportError::Broken(_)) | ConnectError::Protocol(_) => true,
        _ => false,
    }
}

/// Starting the gateway does not help: its port is taken.
fn another_program(target: &ClientTarget) -> Vec<String> {
    let place = target.url.split("://").last().unwrap_or_default();
    vec![
        format!(
            "What listens on {place} does not answer as a gateway does: most likely another program has the port."
        ),
        "Fix: see which one it is with: openclaw gateway status --deep".to_owned(),
        "Then end that program, or give the gateway another port with: openclaw config set gateway.port <port>"
            .to_owned(),
        "Then start the gateway with: openclaw up".to_owned(),
    ]
}

/// The gateway has TLS, and the URL does not say so.
fn tls_expected(target: &ClientTarget, pin: Option<&Fingerprint>) -> Vec<String> {
    let url = target.url.replacen("ws://", "wss://", 1);
    let mut lines = Vec::new();
    if let Some(pin) = pin {
        lines.push(format!("It shows the certificate sha256 {}", pin.to_hex()));
        lines.push("Fix: compare it on the gateway host with: openclaw gateway status".to_owned());
    }
    let first = if pin.is_some() {
        "If it is the same there"
    } else {
        "Fix"
    };
    let hex = pin.map(Fingerprint::to_hex);
    lines.push(match (target.url_source, hex) {
        (UrlSource::Remote, None) => {
            format!("{first}: openclaw config set gateway.remote.url {url}")
        }
        (UrlSource::Remote, Some(hex)) => format!(
            "{first}: openclaw config set gateway.remote.url {url} && openclaw config set gateway.remote.tlsFingerprint {hex}"
        ),
        (_, None) => format!("{first}, pass: --url {url}"),
        (_, Some(hex)) => format!("{first}, pass: --url {url} --tls-fingerprint {hex}"),
    });
    lines
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
        return after_refused_call(error);
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

/// Advice after an error whose own text, which is fixed, does not say what to do.
fn after_refused_call(error: &WireError) -> Vec<String> {
    match error.message.as_str() {
        "node command not allowed" => command_not_allowed(error),
        "node not connected" => vec![
            "Fix: see which nodes are connected with: openclaw nodes status".to_owned(),
            "Then, on the node, start its node host with: openclaw node start (or: openclaw node run)"
                .to_owned(),
        ],
        "unknown approval id" => {
            vec!["Fix: see what waits with: openclaw approvals pending".to_owned()]
        }
        _ => Vec::new(),
    }
}

/// Which command it was, and whether the node does not offer it or the gateway does not let it through.
fn command_not_allowed(error: &WireError) -> Vec<String> {
    let details = error.details.as_ref();
    let text = |name: &str| details.and_then(|details| detail_text(details, name));
    let Some(command) = text("command") else {
        return vec![
            "Fix: see what the node offers with: openclaw nodes describe --node <node>".to_owned(),
        ];
    };
    let describe = "Fix: see what it offers with: openclaw nodes describe --node <node>".to_owned();
    let not_declared = details.is_some_and(|details| details["declared"] == false);
    match text("reason") {
        Some("node did not declare commands") => vec![
            format!("Command: {command}. The node offers no commands at all."),
            describe,
        ],
        Some("command not allowlisted") if !not_declared => vec![
            format!(
                "Command: {command}. The node may offer it, but the gateway does not let it through."
            ),
            format!(
                "Fix: on the gateway host, add it to the list (a value replaces the whole list): {}",
                text("hint").map_or_else(
                    || format!("openclaw config set gateway.nodes.allowCommands '[\"{command}\"]'"),
                    str::to_owned
                )
            ),
        ],
        Some("command awaits approval") => vec![
            format!("Command: {command}. The node offers it, and it waits for approval."),
            format!(
                "Fix: on the gateway host: {}",
                text("hint").unwrap_or("openclaw nodes pending")
            ),
        ],
        _ => vec![
            format!("Command: {command}. The node does not offer it."),
            describe,
        ],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_error_whose_text_is_fixed_says_what_to_do() {
        let refused = |reason: &str, more: &Value| {
            let mut details = json!({ "reason": reason, "command": "canvas.present" });
            if let (Some(details), Some(more)) = (details.as_object_mut(), more.as_object()) {
                details.extend(more.clone());
            }
            WireError::invalid("node command not allowed").with_details(details)
        };
        let none = json!({});
        for (error, texts) in [
            (
                refused("command not allowlisted", &none),
                &[
                    "Command: canvas.present.",
                    "gateway.nodes.allowCommands '[\"canvas.present\"]'",
                ][..],
            ),
            (
                refused("command not allowlisted", &json!({ "declared": false })),
                &["does not offer it", "openclaw nodes describe --node <node>"],
            ),
            (
                refused("command not declared by node", &none),
                &[
                    "Command: canvas.present. The node does not offer it.",
                    "nodes describe",
                ],
            ),
            (
                refused("node did not declare commands", &none),
                &["offers no commands at all", "nodes describe"],
            ),
            (
                refused(
                    "command awaits approval",
                    &json!({ "hint": "openclaw nodes approve ABC" }),
                ),
                &[
                    "waits for approval",
                    "Fix: on the gateway host: openclaw nodes approve ABC",
                ],
            ),
            (
                WireError::unavailable("node not connected"),
                &["openclaw nodes status", "openclaw node run"],
            ),
            (
                WireError::invalid("unknown approval id"),
                &["Fix: see what waits with: openclaw approvals pending"],
            ),
        ] {
            let advice = after_rpc(&error, None).join("\n");
            for text in texts {
                assert!(advice.contains(text), "{text:?} is not in {advice}");
            }
        }
    }
}
