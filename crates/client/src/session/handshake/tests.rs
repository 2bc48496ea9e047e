use std::sync::Arc;

use openclaw_protocol::device::{PublicKey, decode_base64};
use openclaw_protocol::error::WireError;
use serde_json::{Value, json};

use super::*;
use crate::error::Refusal;
use crate::identity::DeviceIdentity;
use crate::target::Target;

const TOKEN_MISMATCH: &str = "unauthorized: gateway token mismatch (x)";

fn options(credentials: Credentials) -> ClientOptions {
    let target = Target::parse("ws://127.0.0.1:18789").unwrap();
    let mut options = ClientOptions::operator(target, "test");
    options.identity = Some(Arc::new(DeviceIdentity::ephemeral().unwrap()));
    options.credentials = credentials;
    options
}

fn cached(scopes: &[&str]) -> CachedToken {
    CachedToken {
        token: Secret::new("cached"),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
    }
}

fn challenge(capabilities: Option<Value>) -> Challenge {
    Challenge {
        nonce: "n-1".to_owned(),
        ts: 1_795_364_060_152,
        capabilities,
    }
}

fn refusal(message: &'static str, details: Value) -> Refusal {
    Refusal {
        error: WireError::invalid(message).with_details(details),
        close: None,
    }
}

fn sent_token(options: &ClientOptions, attempt: &Attempt) -> Option<String> {
    connect_params(options, attempt, &challenge(None))
        .auth?
        .token
}

const ADMIN: &[&str] = &["operator.admin"];

#[test]
fn order_of_credentials() {
    let explicit = Credentials {
        explicit: true,
        ..Credentials::token("shared")
    };
    let typed_url = Credentials {
        explicit: true,
        ..Credentials::default()
    };
    let shared = || Credentials::token("shared");
    for (given, cached, tokens) in [
        (Credentials::default(), None, vec![None]),
        (shared(), None, vec![Some("shared")]),
        (
            Credentials::default(),
            Some(cached(ADMIN)),
            vec![Some("cached")],
        ),
        (
            shared(),
            Some(cached(ADMIN)),
            vec![Some("cached"), Some("shared")],
        ),
        (
            shared(),
            Some(cached(&["operator.read"])),
            vec![Some("shared"), Some("cached")],
        ),
        (explicit, Some(cached(ADMIN)), vec![Some("shared")]),
        (typed_url, Some(cached(ADMIN)), vec![Some("cached")]),
        (
            Credentials::password("p"),
            Some(cached(ADMIN)),
            vec![Some("cached")],
        ),
    ] {
        let options = options(given);
        let mut attempt = Some(Attempt::first(&options, cached));
        let mut sent = Vec::new();
        while let Some(current) = attempt {
            sent.push(sent_token(&options, &current));
            attempt = current.after(&refusal(TOKEN_MISMATCH, json!({})));
        }
        let tokens: Vec<_> = tokens.into_iter().map(|t| t.map(str::to_owned)).collect();
        assert_eq!(sent, tokens);
    }
}

#[test]
fn only_refusals_of_the_credential_try_the_next_one() {
    let options = options(Credentials::token("shared"));
    let attempt = Attempt::first(&options, Some(cached(ADMIN)));
    for (message, details, retried) in [
        (TOKEN_MISMATCH, json!({"code": "AUTH_TOKEN_MISMATCH"}), true),
        (
            "unauthorized: device token mismatch (x)",
            json!({"code": "AUTH_DEVICE_TOKEN_MISMATCH"}),
            true,
        ),
        (
            "pairing required",
            json!({"code": "PAIRING_REQUIRED", "reason": "scope-upgrade"}),
            true,
        ),
        ("pairing required", json!({"requestId": "r"}), false),
        (
            "unauthorized: too many failed authentication attempts",
            json!({"code": "AUTH_RATE_LIMITED"}),
            false,
        ),
        ("invalid role", json!({}), false),
    ] {
        let next = attempt.after(&refusal(message, details));
        assert_eq!(next.is_some(), retried, "{message}");
        if let Some(next) = next {
            assert_eq!(next.refused_token(), Some(&Secret::new("cached")));
        }
    }
}

#[test]
fn protocol_follows_what_the_gateway_expects_once() {
    let options = options(Credentials::token("t"));
    let first = Attempt::first(&options, None);
    let params = connect_params(&options, &first, &challenge(None));
    assert_eq!((params.min_protocol, params.max_protocol), (3, 4));
    let next = first
        .after(&refusal(
            "protocol mismatch",
            json!({"expectedProtocol": 3}),
        ))
        .unwrap();
    let params = connect_params(&options, &next, &challenge(None));
    assert_eq!((params.min_protocol, params.max_protocol), (3, 3));
    assert!(
        next.after(&refusal(
            "protocol mismatch",
            json!({"expectedProtocol": 4})
        ))
        .is_none()
    );
    for unknown in [json!({"expectedProtocol": 9}), json!({})] {
        assert!(
            first
                .after(&refusal("protocol mismatch", unknown))
                .is_none()
        );
    }
}

/// Members a strict gateway of protocol 3 accepts.
#[test]
fn connect_has_no_member_an_older_gateway_refuses() {
    let allowed = [
        "/minProtocol",
        "/maxProtocol",
        "/client",
        "/caps",
        "/commands",
        "/permissions",
        "/pathEnv",
        "/role",
        "/scopes",
        "/device",
        "/auth",
        "/client/id",
        "/client/displayName",
        "/client/version",
        "/client/platform",
        "/client/deviceFamily",
        "/client/modelIdentifier",
        "/client/mode",
        "/client/instanceId",
        "/device/id",
        "/device/publicKey",
        "/device/signature",
        "/device/signedAt",
        "/device/nonce",
        "/auth/token",
        "/auth/password",
    ];
    let mut options = options(Credentials {
        device_token: Some(Secret::new("d")),
        password: Some(Secret::new("p")),
        ..Credentials::default()
    });
    options.client.display_name = Some("Box".to_owned());
    options.role = Role::Node;
    let attempt = Attempt::first(&options, None);
    let params = connect_params(&options, &attempt, &challenge(None));
    let params = serde_json::to_value(params).unwrap();
    for (key, value) in params.as_object().unwrap() {
        assert!(allowed.contains(&format!("/{key}").as_str()), "{key}");
        for inner in value
            .as_object()
            .into_iter()
            .flat_map(serde_json::Map::keys)
        {
            assert!(
                allowed.contains(&format!("/{key}/{inner}").as_str()),
                "{key}/{inner}"
            );
        }
    }
    assert_eq!(params["auth"], json!({"token": "d", "password": "p"}));
}

#[test]
fn u32_the_challenge_time_is_signed_in_the_form_the_gateway_verifies() {
    let options = options(Credentials::token("tok-a"));
    let identity = options.identity.clone().unwrap();
    let attempt = Attempt::first(&options, None);
    for (capabilities, version) in [
        (None, "v2"),
        (Some(json!(["model-catalog-snapshot"])), "v3"),
        (Some(json!([])), "v3"),
    ] {
        let params = connect_params(&options, &attempt, &challenge(capabilities));
        let device = params.device.unwrap();
        assert_eq!(device.signed_at, 1_795_364_060_152);
        assert_eq!(device.nonce.as_deref(), Some("n-1"));
        let tail = match version {
            "v3" => "|linux|linux",
            _ => "",
        };
        let payload = format!(
            "{version}|{}|cli|cli|operator|operator.admin,operator.approvals,operator.pairing|1795364060152|tok-a|n-1{tail}",
            identity.device_id()
        );
        let key = PublicKey::parse(&device.public_key).unwrap();
        assert!(
            key.verifies(&payload, &decode_base64(&device.signature).unwrap()),
            "{version}"
        );
    }
}

#[test]
fn bootstrap_token_goes_alone_and_is_signed() {
    let mut options = options(Credentials {
        bootstrap_token: Some(Secret::new("b")),
        ..Credentials::default()
    });
    let attempt = Attempt::first(&options, None);
    let auth = connect_params(&options, &attempt, &challenge(None))
        .auth
        .unwrap();
    assert_eq!(auth.signed_token(), Some("b"));
    assert_eq!(auth.token, None);
    assert_eq!(attempt.credential(&options), CredentialUsed::BootstrapToken);
    options.credentials = Credentials::default();
    let nothing = Attempt::first(&options, None);
    assert!(
        connect_params(&options, &nothing, &challenge(None))
            .auth
            .is_none()
    );
    assert_eq!(nothing.credential(&options), CredentialUsed::None);
}
