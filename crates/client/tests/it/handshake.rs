//! From the first frame to the hello, or to the reason why there is none.

use std::sync::Arc;

use openclaw_client::client::CredentialUsed;
use openclaw_client::{
    Client, ConnectError, Credentials, DeviceIdentity, FailureClass, RefusalKind, TokenCache,
};
use openclaw_config::Secret;
use openclaw_protocol::device::{PublicKey, decode_base64};
use serde_json::{Value, json};

use crate::gateway::{FakeGateway, hello};

const MISMATCH: &str =
    "unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)";

fn mismatch() -> Value {
    json!({"code": "INVALID_REQUEST", "message": MISMATCH})
}

fn device() -> (tempfile::TempDir, Arc<DeviceIdentity>, TokenCache) {
    let directory = tempfile::tempdir().unwrap();
    let identity = DeviceIdentity::load_or_create(&directory.path().join("device.json")).unwrap();
    let cache = TokenCache::new(directory.path().join("device-auth.json"));
    (directory, Arc::new(identity), cache)
}

fn cached(cache: &TokenCache, identity: &DeviceIdentity, gateway: &FakeGateway) -> Option<String> {
    cache
        .get(
            identity.device_id(),
            &gateway.target().to_string(),
            "operator",
            false,
        )
        .map(|entry| entry.token.expose().to_owned())
}

fn proof_is_over(params: &Value, version: &str, token: &str, tail: &str) -> bool {
    let device = &params["device"];
    let text = |key: &str| device[key].as_str().unwrap().to_owned();
    let scopes: Vec<_> = params["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|scope| scope.as_str().unwrap())
        .collect();
    let payload = format!(
        "{version}|{}|cli|cli|operator|{}|{}|{token}|{}{tail}",
        text("id"),
        scopes.join(","),
        device["signedAt"],
        text("nonce"),
    );
    PublicKey::parse(&text("publicKey"))
        .unwrap()
        .verifies(&payload, &decode_base64(&text("signature")).unwrap())
}

#[tokio::test]
async fn protocol_3_hello() {
    let gateway = FakeGateway::bind().await;
    let (_directory, identity, cache) = device();
    let mut options = gateway.operator();
    options.credentials = Credentials::token("tok-a");
    options.identity = Some(identity.clone());
    options.token_cache = Some(cache.clone());
    let script = async {
        let mut peer = gateway.accept().await;
        let auth = json!({"deviceToken": "94cb6ad441b44976838c2f818788edfc", "role": "operator",
            "scopes": ["operator.admin"], "issuedAtMs": 1});
        let params = peer.welcome(3, auth).await;
        (peer, params)
    };
    let (client, (peer, params)) = tokio::join!(Client::connect(options), script);
    let client = client.unwrap();
    assert_eq!(client.hello().unwrap().protocol, 3);
    assert_eq!(client.hello().unwrap().server.version, "dev");
    let link = client.link().unwrap();
    assert_eq!(link.peer, Some(gateway.address()));
    assert_eq!(link.credential, CredentialUsed::Token);
    assert_eq!(
        (&params["minProtocol"], &params["maxProtocol"]),
        (&json!(3), &json!(4))
    );
    assert_eq!(params["auth"], json!({"token": "tok-a"}));
    assert!(proof_is_over(&params, "v2", "tok-a", ""));
    let host = peer.request.headers().get("host").unwrap();
    assert_eq!(host.to_str().unwrap(), gateway.address().to_string());
    assert_eq!(
        cached(&cache, &identity, &gateway).as_deref(),
        Some("94cb6ad441b44976838c2f818788edfc")
    );
}

#[tokio::test]
async fn u32_protocol_4_hello_signs_the_challenge_time() {
    let gateway = FakeGateway::bind().await;
    let (_directory, identity, _) = device();
    let mut options = gateway.operator();
    options.credentials = Credentials::token("tok-a");
    options.client.platform = "Linux ".to_owned();
    options.client.device_family = Some("Linux".to_owned());
    options.identity = Some(identity);
    let script = async {
        let mut peer = gateway.accept().await;
        let params = peer.welcome(4, Value::Null).await;
        (peer, params)
    };
    let (client, (_peer, params)) = tokio::join!(Client::connect(options), script);
    assert_eq!(client.unwrap().hello().unwrap().protocol, 4);
    assert_eq!(params["device"]["signedAt"], 1_795_364_060_152_i64);
    assert!(proof_is_over(&params, "v3", "tok-a", "|linux|linux"));
}

#[tokio::test]
async fn pairing_required_names_the_request_and_its_code() {
    let gateway = FakeGateway::bind().await;
    let (_directory, identity, _) = device();
    let mut options = gateway.operator();
    options.identity = Some(identity);
    let error = json!({
        "code": "NOT_PAIRED", "message": "pairing required: device is not approved yet",
        "details": {"code": "PAIRING_REQUIRED", "reason": "not-paired", "requestId": "r-1",
            "remediationHint": "Approve this device from the pending pairing requests."},
    });
    let reason = "pairing required: device is not approved yet (requestId: r-1)";
    let script = async { gateway.accept().await.refuse(4, 1008, reason, error).await };
    let (client, _) = tokio::join!(Client::connect(options), script);
    let error = client.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("gateway closed (1008): {reason}")
    );
    assert_eq!(error.class(), FailureClass::Pairing);
    let refusal = error.refusal().unwrap();
    assert_eq!(refusal.kind(), RefusalKind::PairingRequired);
    assert_eq!(refusal.request_id(), Some("r-1"));
    assert_eq!(
        refusal.pairing_code(),
        Some(openclaw_protocol::pairing_code::pairing_code("r-1"))
    );
}

#[tokio::test]
async fn wrong_token_is_one_attempt_and_the_known_text() {
    let gateway = FakeGateway::bind().await;
    let mut options = gateway.operator();
    options.credentials = Credentials::token("wrong");
    let script = async {
        gateway
            .accept()
            .await
            .refuse(3, 1008, MISMATCH, mismatch())
            .await
    };
    let (client, _) = tokio::join!(Client::connect(options), script);
    let error = client.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("gateway closed (1008): {MISMATCH}")
    );
    assert_eq!(error.class(), FailureClass::Terminal);
}

#[tokio::test]
async fn stale_device_token_gives_way_to_the_shared_one_in_the_same_connect() {
    let gateway = FakeGateway::bind().await;
    let (_directory, identity, cache) = device();
    let mut options = gateway.operator();
    let scopes = options.scopes.clone();
    let key = gateway.target().to_string();
    let id = identity.device_id().to_owned();
    let stale = Secret::new("stale");
    cache.store(&id, &key, "operator", &stale, &scopes).unwrap();
    options.credentials = Credentials::token("shared");
    options.identity = Some(identity.clone());
    options.token_cache = Some(cache.clone());
    let script = async {
        let first = gateway
            .accept()
            .await
            .refuse(3, 1008, MISMATCH, mismatch())
            .await;
        let mut peer = gateway.accept().await;
        let auth = json!({"deviceToken": "fresh", "role": "operator", "scopes": scopes});
        let second = peer.welcome(3, auth).await;
        (peer, first, second)
    };
    let (client, (_peer, first, second)) = tokio::join!(Client::connect(options), script);
    let client = client.unwrap();
    assert_eq!(first["auth"], json!({"token": "stale"}));
    assert_eq!(second["auth"], json!({"token": "shared"}));
    assert!(proof_is_over(&second, "v2", "shared", ""));
    assert_eq!(client.link().unwrap().credential, CredentialUsed::Token);
    assert_eq!(
        cached(&cache, &identity, &gateway).as_deref(),
        Some("fresh")
    );
}

#[tokio::test]
async fn refused_device_token_is_forgotten_only_when_the_gateway_says_so() {
    for (code, kept) in [
        ("AUTH_DEVICE_TOKEN_MISMATCH", false),
        ("AUTH_TOKEN_MISMATCH", true),
    ] {
        let gateway = FakeGateway::bind().await;
        let (_directory, identity, cache) = device();
        let mut options = gateway.operator();
        let token = Secret::new("d");
        let key = gateway.target().to_string();
        cache
            .store(identity.device_id(), &key, "operator", &token, &[])
            .unwrap();
        options.identity = Some(identity.clone());
        options.token_cache = Some(cache.clone());
        let message = "unauthorized: device token mismatch (rotate/reissue device token)";
        let error =
            json!({"code": "INVALID_REQUEST", "message": message, "details": {"code": code}});
        let script = async { gateway.accept().await.refuse(4, 1008, message, error).await };
        let (client, params) = tokio::join!(Client::connect(options), script);
        assert!(client.is_err());
        assert_eq!(params["auth"], json!({"token": "d"}));
        assert_eq!(
            cached(&cache, &identity, &gateway).is_some(),
            kept,
            "{code}"
        );
    }
}

#[tokio::test]
async fn u28_same_device_token_leaves_the_cache_file_alone() {
    let gateway = FakeGateway::bind().await;
    let (_directory, identity, cache) = device();
    let mut options = gateway.operator();
    options.identity = Some(identity);
    options.token_cache = Some(cache.clone());
    let auth = || json!({"deviceToken": "d", "role": "operator", "scopes": ["operator.admin"]});
    let mut contents = Vec::new();
    for _ in 0..2 {
        let script = async {
            let mut peer = gateway.accept().await;
            peer.welcome(4, auth()).await;
            peer
        };
        let (client, _peer) = tokio::join!(Client::connect(options.clone()), script);
        client.unwrap();
        let modified = std::fs::metadata(cache.path()).unwrap().modified().unwrap();
        contents.push((std::fs::read(cache.path()).unwrap(), modified));
    }
    assert_eq!(contents[0], contents[1]);
}

#[tokio::test]
async fn protocol_mismatch_falls_back_to_what_the_gateway_expects() {
    let gateway = FakeGateway::bind().await;
    let error = json!({"code": "INVALID_REQUEST", "message": "protocol mismatch",
        "details": {"expectedProtocol": 3}});
    let script = async {
        let first = gateway.accept().await;
        first.refuse(3, 1002, "protocol mismatch", error).await;
        let mut peer = gateway.accept().await;
        let second = peer.welcome(3, Value::Null).await;
        (peer, second)
    };
    let (client, (_peer, second)) = tokio::join!(Client::connect(gateway.operator()), script);
    assert_eq!(client.unwrap().hello().unwrap().protocol, 3);
    assert_eq!(
        (&second["minProtocol"], &second["maxProtocol"]),
        (&json!(3), &json!(3))
    );
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_is_starting_is_waited_for() {
    let gateway = FakeGateway::local();
    let error = json!({"code": "UNAVAILABLE", "message": "gateway starting; retry shortly",
        "retryable": true, "retryAfterMs": 500, "details": {"reason": "startup-sidecars"}});
    let script = async {
        let first = gateway.accept().await;
        first.refuse(4, 1013, "gateway starting", error).await;
        let mut peer = gateway.accept().await;
        peer.welcome(4, Value::Null).await;
        peer
    };
    let (client, _peer) = tokio::join!(Client::connect(gateway.operator()), script);
    client.unwrap();
}

#[tokio::test]
async fn closes_without_an_answer_keep_their_code() {
    for (code, reason, shown) in [
        (
            1008,
            "invalid request frame",
            "gateway closed (1008): invalid request frame",
        ),
        (
            1000,
            "",
            "gateway closed (1000 normal closure): no close reason",
        ),
        (1001, "going away", "gateway closed (1001): going away"),
    ] {
        let gateway = FakeGateway::bind().await;
        let script = async {
            let mut peer = gateway.accept().await;
            peer.challenge(3).await;
            peer.close(code, reason).await;
        };
        let (client, ()) = tokio::join!(Client::connect(gateway.operator()), script);
        let error = client.unwrap_err();
        assert_eq!(error.to_string(), shown);
        assert_eq!(error.close_info().unwrap().code, code);
    }
}

#[tokio::test(start_paused = true)]
async fn u23_a_handshake_that_a_restart_ends_is_begun_again() {
    let gateway = FakeGateway::local();
    let script = async {
        let mut peer = gateway.accept().await;
        peer.challenge(3).await;
        peer.close(1012, "service restart").await;
        let mut peer = gateway.accept().await;
        peer.welcome(3, Value::Null).await;
        peer
    };
    let (client, _peer) = tokio::join!(Client::connect(gateway.operator()), script);
    assert_eq!(client.unwrap().hello().unwrap().protocol, 3);
}

#[tokio::test]
async fn refused_or_cut_is_1006() {
    const ABNORMAL: &str =
        "gateway closed (1006 abnormal closure (no close frame)): no close reason";
    let gateway = FakeGateway::bind().await;
    let options = gateway.operator();
    let cut = async { drop(gateway.stream().await) };
    let (client, ()) = tokio::join!(Client::connect(options.clone()), cut);
    assert_eq!(client.unwrap_err().to_string(), ABNORMAL);
    drop(gateway);
    let error = Client::connect(options).await.unwrap_err();
    assert_eq!(error.to_string(), ABNORMAL);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.starts_with("cannot connect to 127.0.0.1:"), "{cause}");
}

#[tokio::test(start_paused = true)]
async fn u21_silence_ends_after_more_time_than_a_gateway_takes() {
    let gateway = FakeGateway::local();
    let options = gateway.operator();
    assert!(options.connect_timeout > openclaw_protocol::limits::HANDSHAKE_TIMEOUT);
    let script = async {
        let mut peer = gateway.accept().await;
        peer.closed().await
    };
    let (client, closed) = tokio::join!(Client::connect(options), script);
    let error = client.unwrap_err();
    assert!(matches!(error, ConnectError::Timeout(_)));
    assert_eq!(error.to_string(), "gateway timeout after 20000ms");
    assert_eq!(closed, None);
}

#[tokio::test]
async fn u14_plaintext_to_a_public_address_is_refused_before_a_packet() {
    let target = openclaw_client::Target::parse("ws://203.0.113.1:18789").unwrap();
    let options = openclaw_client::ClientOptions::operator(target, "test");
    let error = Client::connect(options).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("SECURITY ERROR: Gateway URL \"ws://203.0.113.1:18789\" uses plaintext")
    );
}

#[tokio::test]
async fn the_control_socket_speaks_the_same() {
    let gateway = FakeGateway::local();
    let options = gateway.operator();
    let script = async {
        let mut peer = gateway.accept().await;
        let params = peer.welcome(4, Value::Null).await;
        (peer, params)
    };
    let (client, (_peer, params)) = tokio::join!(Client::connect(options), script);
    let client = client.unwrap();
    assert!(client.link().unwrap().peer.is_none());
    assert!(params.get("auth").is_none() && params.get("device").is_none());
}

#[tokio::test]
async fn path_query_and_headers_reach_the_gateway() {
    let gateway = FakeGateway::bind().await;
    let url = format!("http://{}/panel/ws?a=b", gateway.address());
    let mut options = gateway.operator();
    options.target = openclaw_client::Target::parse(&url).unwrap();
    let name = http::HeaderName::from_static("cf-access-client-id");
    let value = http::HeaderValue::from_static("x");
    options.extra_headers = vec![(name.clone(), value)];
    let script = async {
        let mut peer = gateway.accept().await;
        peer.welcome(4, Value::Null).await;
        peer
    };
    let (client, peer) = tokio::join!(Client::connect(options), script);
    client.unwrap();
    assert_eq!(peer.request.uri().path(), "/panel/ws");
    assert_eq!(peer.request.headers().get(name).unwrap(), "x");
}

#[tokio::test]
async fn something_else_that_speaks_websocket_is_named() {
    let gateway = FakeGateway::bind().await;
    let script = async {
        let mut peer = gateway.accept().await;
        let request = peer.challenge(4).await;
        peer.respond(&request, json!({"hi": 1})).await;
        peer
    };
    let (client, _peer) = tokio::join!(Client::connect(gateway.operator()), script);
    let text = client.unwrap_err().to_string();
    assert!(
        text.starts_with("not an openclaw gateway: unreadable hello"),
        "{text}"
    );
    assert!(serde_json::from_value::<openclaw_client::HelloOk>(hello(4)).is_ok());
}
