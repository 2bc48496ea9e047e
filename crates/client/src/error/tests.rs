use serde_json::json;

use super::*;

fn refusal(error: WireError, close: Option<(u16, &str)>) -> Refusal {
    Refusal {
        error,
        close: close.map(|(code, reason)| CloseInfo {
            code,
            reason: reason.to_owned(),
        }),
    }
}

#[test]
fn core_texts() {
    let closed = |code, reason: &str| {
        ConnectError::Closed(CloseInfo {
            code,
            reason: reason.to_owned(),
        })
        .to_string()
    };
    assert_eq!(
        closed(1006, ""),
        "gateway closed (1006 abnormal closure (no close frame)): no close reason"
    );
    assert_eq!(
        closed(1000, ""),
        "gateway closed (1000 normal closure): no close reason"
    );
    assert_eq!(
        closed(1012, "service restart"),
        "gateway closed (1012): service restart"
    );
    let unreachable = ConnectError::Unreachable(TransportError::Status(403));
    assert_eq!(unreachable.to_string(), closed(1006, ""));
    assert_eq!(
        ConnectError::Timeout(Duration::from_secs(10)).to_string(),
        "gateway timeout after 10000ms"
    );
    assert_eq!(
        ConnectError::from(TlsError::FingerprintNeedsTls).to_string(),
        "gateway tls fingerprint requires wss:// gateway url"
    );
    assert_eq!(
        CallError::Rpc(WireError::invalid("unknown method: nope.method")).to_string(),
        "unknown method: nope.method"
    );
}

#[test]
fn refusal_shows_the_close_and_the_whole_message() {
    let token = "unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)";
    let cut = &token[..60];
    for (close, shown) in [
        (
            Some((1008, token)),
            format!("gateway closed (1008): {token}"),
        ),
        (Some((1008, cut)), format!("gateway closed (1008): {token}")),
        (None, format!("gateway closed (1008): {token}")),
    ] {
        let refusal = refusal(WireError::invalid(token), close);
        assert_eq!(refusal.to_string(), shown);
    }
    let pairing = |reason| {
        refusal(
            WireError::new("NOT_PAIRED", "pairing required: device is not approved yet")
                .with_details(json!({"code": "PAIRING_REQUIRED", "requestId": "r-1"})),
            Some((1008, reason)),
        )
    };
    for reason in [
        "pairing required: device is not approved yet (requestId: r-1)",
        "pairing required: device is not approved yet (requestId: r",
    ] {
        assert_eq!(
            pairing(reason).to_string(),
            "gateway closed (1008): pairing required: device is not approved yet (requestId: r-1)"
        );
    }
    let pairing = pairing("pairing required: device is not approved yet");
    assert_eq!(
        pairing.to_string(),
        "gateway closed (1008): pairing required: device is not approved yet"
    );
    assert_eq!(pairing.request_id(), Some("r-1"));
    assert_eq!(pairing.pairing_code().unwrap().len(), 8);
}

#[test]
fn kinds_by_code_and_by_message() {
    use RefusalKind::*;
    for (message, code, kind) in [
        (
            "unauthorized: gateway token mismatch (x)",
            Some("AUTH_TOKEN_MISMATCH"),
            TokenMismatch,
        ),
        (
            "unauthorized: gateway token mismatch (x)",
            None,
            TokenMismatch,
        ),
        (
            "unauthorized: invalid token (gateway token mismatch: x)",
            None,
            TokenMismatch,
        ),
        (
            "unauthorized: gateway token missing (x)",
            None,
            TokenMissing,
        ),
        (
            "unauthorized: gateway password mismatch (x)",
            None,
            PasswordMismatch,
        ),
        (
            "unauthorized: invalid password (gateway password mismatch: x)",
            None,
            PasswordMismatch,
        ),
        (
            "unauthorized: gateway password missing (x)",
            None,
            PasswordMissing,
        ),
        (
            "unauthorized: device token mismatch (x)",
            None,
            DeviceTokenMismatch,
        ),
        (
            "unauthorized: gateway token not configured on gateway (x)",
            None,
            NotConfigured,
        ),
        (
            "unauthorized: something new",
            Some("AUTH_SOMETHING_NEW"),
            Unauthorized,
        ),
        ("pairing required", None, PairingRequired),
        ("device identity required", None, DeviceIdentityRequired),
        (
            "device nonce mismatch",
            Some("DEVICE_AUTH_NONCE_MISMATCH"),
            DeviceProof,
        ),
        ("device signature expired", None, DeviceProof),
        ("protocol mismatch", None, ProtocolMismatch),
        ("gateway starting; retry shortly", None, Starting),
        ("invalid role", None, Other),
    ] {
        let mut error = WireError::invalid(message);
        if let Some(code) = code {
            error = error.with_details(json!({ "code": code }));
        }
        assert_eq!(refusal(error, None).kind(), kind, "{message} {code:?}");
    }
}

#[test]
fn u05_classes() {
    let class = |error: WireError| ConnectError::Refused(Box::new(refusal(error, None))).class();
    let pairing = || WireError::new("NOT_PAIRED", "pairing required");
    assert_eq!(class(pairing()), FailureClass::Pairing);
    assert_eq!(
        class(WireError::invalid(
            "unauthorized: gateway token mismatch (x)"
        )),
        FailureClass::Terminal
    );
    assert_eq!(
        class(WireError::unavailable("gateway starting; retry shortly").retryable(Some(500))),
        FailureClass::Transient
    );
    assert_eq!(
        class(WireError::unavailable("no slot")),
        FailureClass::Transient
    );
    assert_eq!(
        ConnectError::Closed(CloseInfo::abnormal()).class(),
        FailureClass::Transient
    );
    assert_eq!(
        ConnectError::Tls(TlsError::FingerprintNeedsTls).class(),
        FailureClass::Terminal
    );
}
