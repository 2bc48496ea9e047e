//! Who gets in, over real sockets; the whole decision is enumerated in `auth::admission`.

use openclaw_protocol::device::ProofVersion;
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::{node_params, operator_params};
use openclaw_testkit::{Ended, TestDevice, TestGateway, Wire};
use serde_json::{Value, json};

const FULL: &[&str] = &["operator.admin", "operator.approvals", "operator.pairing"];

async fn refused(
    wire: &mut Wire,
    params: Value,
    device: Option<(&TestDevice, ProofVersion)>,
) -> (Value, Ended) {
    let answer = wire
        .connect(params, device)
        .await
        .expect("an answer before the close");
    assert_eq!(answer["ok"], false, "{answer}");
    let (_, ended) = wire.until_end().await;
    (answer["error"].clone(), ended)
}

#[tokio::test]
async fn highest_common_protocol_wins() {
    let gateway = TestGateway::start().await;
    for (min, max, expected) in [(3, 3, 3), (3, 4, 4), (4, 4, 4), (1, 9, 4)] {
        let mut params = operator_params(Some(TOKEN), FULL);
        (params["minProtocol"], params["maxProtocol"]) = (json!(min), json!(max));
        let hello = gateway.wire().await.hello(params, None).await;
        assert_eq!(hello["protocol"], expected);
        assert_eq!(hello["auth"]["role"], "operator");
    }
    let mut params = operator_params(Some(TOKEN), FULL);
    (params["minProtocol"], params["maxProtocol"]) = (json!(5), json!(6));
    let (error, ended) = refused(&mut gateway.wire().await, params, None).await;
    assert_eq!(error["details"]["code"], "PROTOCOL_MISMATCH");
    assert_eq!(
        (ended.code, ended.reason.as_str()),
        (1002, "protocol mismatch")
    );
}

#[tokio::test]
async fn d7_wrong_and_missing_tokens_say_what_to_do() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    for (token, message, code) in [
        (
            Some("wrong"),
            "unauthorized: invalid token (gateway token mismatch: set gateway.remote.token to match gateway.auth.token)",
            "AUTH_TOKEN_MISMATCH",
        ),
        (
            None,
            "unauthorized: gateway token missing (set gateway.remote.token to match gateway.auth.token)",
            "AUTH_TOKEN_MISSING",
        ),
    ] {
        let params = operator_params(token, FULL);
        let (error, ended) = refused(
            &mut gateway.wire().await,
            params,
            Some((&device, ProofVersion::V3)),
        )
        .await;
        assert_eq!(error["message"], message);
        assert_eq!(error["details"]["code"], code);
        assert_eq!(ended.code, 1008);
        assert!(ended.reason.starts_with("unauthorized: "), "{ended:?}");
    }
}

#[tokio::test]
async fn s03_a_remote_client_without_a_device_has_no_scopes() {
    let gateway = TestGateway::start().await;
    let mut wire = gateway.remote_wire().await;
    let hello = wire.hello(operator_params(Some(TOKEN), FULL), None).await;
    assert_eq!(hello["auth"]["scopes"], json!([]));
    assert_eq!(hello["auth"]["scopeLimited"], true);
    wire.ok("health", json!({})).await;
    let error = wire.err("config.get", json!({})).await;
    assert_eq!(error["message"], "missing scope: operator.read");
    let open = TestGateway::builder()
        .gateway(
            "auth",
            json!({ "mode": "token", "token": TOKEN, "allowDeviceless": true }),
        )
        .start()
        .await;
    let hello = open
        .remote_wire()
        .await
        .hello(operator_params(Some(TOKEN), FULL), None)
        .await;
    assert_eq!(hello["auth"]["scopes"], json!(FULL));
}

#[tokio::test]
async fn u01_a_refused_device_is_visible_with_the_id_of_the_error_and_the_command_to_run() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let params = operator_params(Some(TOKEN), &["operator.read"]);
    let (error, ended) = refused(
        &mut gateway.remote_wire().await,
        params.clone(),
        Some((&device, ProofVersion::V3)),
    )
    .await;
    assert_eq!(error["code"], "NOT_PAIRED");
    let request_id = error["details"]["requestId"].as_str().unwrap().to_owned();
    assert_eq!(
        ended.reason,
        format!("pairing required: device is not approved yet (requestId: {request_id})")
    );
    let mut owner = gateway.owner().await;
    let list = owner.ok("device.pair.list", json!({})).await;
    assert_eq!(list["pending"][0]["requestId"], request_id.as_str());
    let code = list["pending"][0]["code"].as_str().unwrap();
    assert_eq!(
        error["details"]["approveCommand"],
        format!("openclaw pairing approve {code}")
    );
    owner
        .ok("device.pair.approve", json!({ "requestId": request_id }))
        .await;
    let hello = gateway
        .remote_wire()
        .await
        .hello(params, Some(&device))
        .await;
    let token = hello["auth"]["deviceToken"].as_str().unwrap();
    let mut again = operator_params(None, &["operator.read"]);
    again["auth"] = json!({ "deviceToken": token });
    let hello = gateway
        .remote_wire()
        .await
        .hello(again, Some(&device))
        .await;
    assert_eq!(hello["auth"]["method"], "device-token");
}

#[tokio::test]
async fn u01_a_fresh_local_browser_needs_no_approval() {
    let gateway = TestGateway::start().await;
    let origin = format!("http://{}", gateway.address());
    let mut wire = Wire::open(gateway.address(), &[("Origin", &origin)])
        .await
        .unwrap();
    let mut params = operator_params(Some(TOKEN), FULL);
    params["client"] = json!({ "id": "openclaw-control-ui", "mode": "webchat", "version": "1", "platform": "web" });
    let answer = wire
        .connect(params, Some((&TestDevice::new(), ProofVersion::V2)))
        .await
        .unwrap();
    assert_eq!(answer["ok"], true, "{answer}");
    assert!(answer["payload"]["auth"]["deviceToken"].is_string());
}

#[tokio::test]
async fn s02_s11_a_foreign_page_never_reaches_the_handshake() {
    let gateway = TestGateway::start().await;
    let refusal = Wire::open(gateway.address(), &[("Origin", "https://evil.example")])
        .await
        .unwrap_err();
    assert!(refusal.contains("403"), "{refusal}");
}

#[tokio::test]
async fn u05_a_right_token_works_while_others_at_the_same_address_are_locked_out() {
    let gateway = TestGateway::start().await;
    let mut limited = 0;
    for n in 0..11 {
        let device = TestDevice::new();
        let params = operator_params(Some(&format!("guess-{n}")), FULL);
        let (error, _) = refused(
            &mut gateway.remote_wire().await,
            params,
            Some((&device, ProofVersion::V3)),
        )
        .await;
        limited += usize::from(error["details"]["code"] == "AUTH_RATE_LIMITED");
    }
    assert!(limited > 0, "guessing is limited");
    let hello = gateway
        .remote_wire()
        .await
        .hello(operator_params(Some(TOKEN), FULL), None)
        .await;
    assert_eq!(hello["protocol"], 4);
}

#[tokio::test]
async fn s10_a_bogus_device_token_counts_as_a_guess() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut codes = Vec::new();
    for n in 0..11 {
        let mut params = operator_params(None, FULL);
        params["auth"] = json!({ "deviceToken": format!("bogus-{n}") });
        let (error, _) = refused(
            &mut gateway.remote_wire().await,
            params,
            Some((&device, ProofVersion::V3)),
        )
        .await;
        codes.push(error["details"]["code"].as_str().unwrap().to_owned());
    }
    assert_eq!(codes[0], "AUTH_DEVICE_TOKEN_MISMATCH");
    assert_eq!(codes[10], "AUTH_RATE_LIMITED");
}

#[tokio::test]
async fn s10_a_guess_counts_in_whichever_member_it_travels() {
    for (mode, constant, guessed) in [
        ("password", "token", "password"),
        ("password", "deviceToken", "token"),
        ("token", "token", "password"),
    ] {
        let gateway = TestGateway::builder()
            .gateway(
                "auth",
                json!({ "mode": mode, "password": "correct horse battery", "token": TOKEN }),
            )
            .start()
            .await;
        let mut last = Value::Null;
        for n in 0..11 {
            let mut params = operator_params(None, FULL);
            params["auth"] = json!({ constant: "always the same", guessed: format!("guess-{n}") });
            let device = TestDevice::new();
            (last, _) = refused(
                &mut gateway.remote_wire().await,
                params,
                Some((&device, ProofVersion::V3)),
            )
            .await;
        }
        assert_eq!(
            last["details"]["code"], "AUTH_RATE_LIMITED",
            "{mode}: {constant} hides {guessed}"
        );
    }
}

#[tokio::test]
async fn u32_a_clock_ten_years_off_connects_and_an_old_client_learns_the_delta() {
    let gateway = TestGateway::start().await;
    gateway.advance_ms(10 * 365 * 86_400_000);
    let device = TestDevice::new();
    gateway
        .wire()
        .await
        .hello(operator_params(Some(TOKEN), FULL), Some(&device))
        .await;
    let mut wire = gateway.wire().await;
    let challenge = wire.challenge().await;
    let mut params = operator_params(Some(TOKEN), FULL);
    let own_clock = challenge["ts"].as_i64().unwrap() - 3_600_000;
    params["device"] = device.proof_at(&params, &challenge, ProofVersion::V2, own_clock);
    let answer = wire.request("connect", params).await;
    assert_eq!(answer["error"]["message"], "device signature expired");
    let skew = answer["error"]["details"]["clockSkewMs"].as_i64().unwrap();
    assert!((-3_700_000..=-3_500_000).contains(&skew), "{skew}");
    assert!(
        answer["error"]["details"]["hint"]
            .as_str()
            .unwrap()
            .contains("behind"),
        "{answer}"
    );
}

#[tokio::test]
async fn every_proof_version_is_accepted_where_it_belongs() {
    let gateway = TestGateway::start().await;
    for (version, max, remote, expected) in [
        (ProofVersion::V3, 4, false, None),
        (ProofVersion::V2, 4, false, None),
        (ProofVersion::V2, 3, false, None),
        (ProofVersion::V3, 3, false, None),
        (ProofVersion::V1, 3, false, None),
        (ProofVersion::V1, 3, true, Some("device nonce required")),
        (
            ProofVersion::V1,
            4,
            false,
            Some("invalid connect params: at /device: must have required property 'nonce'"),
        ),
    ] {
        let mut params = operator_params(Some(TOKEN), FULL);
        params["maxProtocol"] = json!(max);
        let mut wire = if remote {
            gateway.remote_wire().await
        } else {
            gateway.wire().await
        };
        let answer = wire
            .connect(params, Some((&TestDevice::new(), version)))
            .await
            .unwrap();
        let message = answer["error"]["message"].as_str();
        assert_eq!(message, expected, "{version:?} {max} {remote}: {answer}");
    }
}

type Forge = fn(&mut Value, &TestDevice);

#[tokio::test]
async fn a_forged_signature_or_foreign_key_is_refused() {
    let gateway = TestGateway::start().await;
    let (device, other) = (TestDevice::new(), TestDevice::new());
    let cases: [(Forge, &str); 3] = [
        (
            |params, _| params["device"]["signature"] = json!("AAAA"),
            "DEVICE_AUTH_SIGNATURE_INVALID",
        ),
        (
            |params, other| params["device"]["publicKey"] = json!(other.public_key()),
            "DEVICE_AUTH_DEVICE_ID_MISMATCH",
        ),
        (
            |params, _| params["device"]["nonce"] = json!("other"),
            "DEVICE_AUTH_NONCE_MISMATCH",
        ),
    ];
    for (forge, code) in cases {
        let mut wire = gateway.wire().await;
        let challenge = wire.challenge().await;
        let mut params = operator_params(Some(TOKEN), FULL);
        params["device"] = device.proof(&params, &challenge, ProofVersion::V3);
        forge(&mut params, &other);
        let answer = wire.request("connect", params).await;
        assert_eq!(answer["error"]["details"]["code"], code);
    }
}

#[tokio::test]
async fn u21_a_first_frame_that_is_no_connect_is_told_why() {
    let gateway = TestGateway::start().await;
    for (text, reason) in [
        ("hello", "invalid request frame: not JSON"),
        (r#"{"type":"event","event":"x"}"#, "invalid request frame"),
        (
            r#"{"type":"req","id":"1","method":"health"}"#,
            "invalid handshake: first request must be connect",
        ),
    ] {
        let mut wire = gateway.wire().await;
        wire.challenge().await;
        wire.send_text(text).await;
        let (_, ended) = wire.until_end().await;
        assert_eq!((ended.code, ended.reason.as_str()), (1008, reason));
    }
}

#[tokio::test]
async fn s08_a_frame_over_64_kib_before_hello_ends_the_connection() {
    let gateway = TestGateway::start().await;
    let mut wire = gateway.wire().await;
    wire.challenge().await;
    wire.send_text(&format!(
        r#"{{"type":"req","id":"1","method":"connect","params":"{}"}}"#,
        "x".repeat(70_000)
    ))
    .await;
    let (frames, ended) = wire.until_end().await;
    assert!(frames.is_empty());
    assert_eq!(ended.code, 1009);
}

#[tokio::test]
async fn nodes_need_an_identity() {
    let gateway = TestGateway::start().await;
    let (error, _) = refused(
        &mut gateway.wire().await,
        node_params(Some(TOKEN), "n", &[]),
        None,
    )
    .await;
    assert_eq!(error["details"]["code"], "DEVICE_IDENTITY_REQUIRED");
}

#[tokio::test]
async fn u10_an_approved_upgrade_takes_effect_on_the_live_connection() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let reader = operator_params(Some(TOKEN), &["operator.read"]);
    gateway.wire().await.hello(reader, Some(&device)).await;
    let mut remote = gateway.remote_wire().await;
    let hello = remote
        .hello(
            operator_params(Some(TOKEN), &["operator.read", "operator.admin"]),
            Some(&device),
        )
        .await;
    assert_eq!(hello["auth"]["scopes"], json!(["operator.read"]));
    assert_eq!(hello["auth"]["scopeLimited"], true);
    let request_id = hello["auth"]["pendingRequestId"].as_str().unwrap();
    remote
        .err("set-heartbeats", json!({ "enabled": true }))
        .await;
    gateway
        .owner()
        .await
        .ok("device.pair.approve", json!({ "requestId": request_id }))
        .await;
    remote
        .ok("set-heartbeats", json!({ "enabled": true }))
        .await;
}

#[tokio::test]
async fn password_mode_accepts_the_password_in_either_member() {
    let gateway = TestGateway::builder()
        .gateway(
            "auth",
            json!({ "mode": "password", "password": "correct horse battery" }),
        )
        .start()
        .await;
    for auth in [
        json!({ "password": "correct horse battery" }),
        json!({ "token": "correct horse battery" }),
    ] {
        let mut params = operator_params(None, FULL);
        params["auth"] = auth;
        gateway.wire().await.hello(params, None).await;
    }
    let mut params = operator_params(None, FULL);
    params["auth"] = json!({ "password": "wrong" });
    let (error, _) = refused(&mut gateway.wire().await, params, None).await;
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .starts_with("unauthorized: invalid password"),
        "{error}"
    );
}

#[tokio::test]
async fn u02_a_changed_token_works_at_once_and_ends_connections_that_used_the_old_one() {
    let gateway = TestGateway::start().await;
    let mut old = gateway.operator(FULL).await;
    let fresh = "another-token-0123456789abcdef";
    gateway.apply_config(
        &json!({ "gateway": { "mode": "local", "auth": { "mode": "token", "token": fresh } } }),
    );
    let (_, ended) = old.until_end().await;
    assert_eq!(
        (ended.code, ended.reason.as_str()),
        (4001, "gateway auth changed")
    );
    gateway
        .wire()
        .await
        .hello(operator_params(Some(fresh), FULL), None)
        .await;
    gateway.owner().await.ok("health", json!({})).await;
}

#[tokio::test]
async fn s05_an_unpaired_page_behind_a_trusted_proxy_keeps_no_scopes() {
    let gateway = TestGateway::builder()
        .gateway("trustedProxies", json!(["127.0.0.1"]))
        .start()
        .await;
    let origin = format!("http://{}", gateway.address());
    let headers = [
        ("X-Forwarded-For", "198.51.100.7"),
        ("Origin", origin.as_str()),
    ];
    let mut params = operator_params(Some(TOKEN), FULL);
    params["client"] = json!({ "id": "openclaw-control-ui", "mode": "webchat", "version": "1", "platform": "web" });
    let mut wire = Wire::open(gateway.address(), &headers).await.unwrap();
    let (error, _) = refused(
        &mut wire,
        params.clone(),
        Some((&TestDevice::new(), ProofVersion::V2)),
    )
    .await;
    assert_eq!(error["details"]["reason"], "not-paired");
    assert_eq!(
        error["details"]["pauseReconnect"], false,
        "the page waits for its approval"
    );
    let mut wire = Wire::open(gateway.address(), &headers).await.unwrap();
    let (error, _) = refused(&mut wire, params.clone(), None).await;
    assert_eq!(
        error["details"]["code"],
        "CONTROL_UI_DEVICE_IDENTITY_REQUIRED"
    );
    params["client"]["id"] = json!("webchat");
    let mut wire = Wire::open(gateway.address(), &headers).await.unwrap();
    assert_eq!(wire.hello(params, None).await["auth"]["scopes"], json!([]));
}

#[tokio::test]
async fn s06_identity_headers_of_a_local_process_prove_nothing() {
    let gateway = TestGateway::builder()
        .gateway(
            "auth",
            json!({ "mode": "token", "token": TOKEN, "allowTailscale": true }),
        )
        .gateway("trustedProxies", json!(["127.0.0.1"]))
        .start()
        .await;
    let headers = [
        ("Tailscale-User-Login", "owner@example.com"),
        ("X-Forwarded-For", "100.64.1.2"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "box.tailnet.ts.net"),
        ("X-Forwarded-User", "owner"),
    ];
    for device in [None, Some(TestDevice::new())] {
        let mut wire = Wire::open(gateway.address(), &headers).await.unwrap();
        let proof = device.as_ref().map(|device| (device, ProofVersion::V3));
        let (error, _) = refused(&mut wire, operator_params(None, FULL), proof).await;
        let code = error["details"]["code"].as_str().unwrap();
        assert!(
            ["DEVICE_IDENTITY_REQUIRED", "AUTH_TOKEN_MISSING"].contains(&code),
            "{error}"
        );
    }
}

#[tokio::test]
async fn s12_a_page_that_rebinds_a_name_to_us_is_refused() {
    let gateway = TestGateway::start().await;
    let headers = [("Host", "evil.example"), ("Origin", "http://evil.example")];
    let refusal = Wire::open(gateway.address(), &headers).await.unwrap_err();
    assert!(
        refusal.contains("421") || refusal.contains("403"),
        "{refusal}"
    );
}

#[tokio::test]
async fn u11_settings_that_would_let_nobody_in_are_not_taken_over() {
    let gateway = TestGateway::start().await;
    gateway.apply_config(&json!({ "gateway": { "mode": "local", "auth": { "mode": "token" } } }));
    let degraded = async {
        while !gateway
            .gateway
            .core()
            .subsystems
            .failing()
            .iter()
            .any(|line| line.contains("there is no token"))
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), degraded)
        .await
        .unwrap();
    let mut wire = gateway.wire().await;
    let params = operator_params(Some(TOKEN), &["operator.read"]);
    assert!(wire.connect(params, None).await.is_ok());
}

#[tokio::test]
async fn x1_every_refusal_has_a_code_and_a_page_learns_why_its_origin_is_refused() {
    let gateway = TestGateway::start().await;
    let headers = [
        ("Origin", "https://box.example"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"),
    ];
    let mut page = Wire::open(gateway.address(), &headers).await.unwrap();
    let params = operator_params(Some(TOKEN), &["operator.read"]);
    let refused = page.connect(params, None).await.unwrap();
    let details = &refused["error"]["details"];
    assert_eq!(details["code"], "CONTROL_UI_ORIGIN_NOT_ALLOWED");
    assert_eq!(details["origin"], "https://box.example");
    assert_eq!(
        details["fix"],
        "openclaw config set gateway.controlUi.allowedOrigins '[\"https://box.example\"]'"
    );
    let (_, ended) = page.until_end().await;
    assert_eq!(ended.code, 1008);
    // Anything that is no browser gets the refusal at once, as ever.
    let error = Wire::open(gateway.address(), &headers[..1])
        .await
        .unwrap_err();
    assert!(error.contains("403"), "{error}");

    let mut role = operator_params(Some(TOKEN), &[]);
    role["role"] = json!("king");
    let mut version = operator_params(Some(TOKEN), &[]);
    version["minProtocol"] = json!(7);
    version["maxProtocol"] = json!(7);
    for (params, code) in [
        (role, "INVALID_ROLE"),
        (version, "PROTOCOL_MISMATCH"),
        (json!({ "minProtocol": 4 }), "INVALID_PARAMS"),
        (operator_params(None, &[]), "DEVICE_IDENTITY_REQUIRED"),
        (operator_params(Some("no"), &[]), "AUTH_TOKEN_MISMATCH"),
    ] {
        let refused = gateway.wire().await.connect(params, None).await.unwrap();
        assert_eq!(refused["error"]["details"]["code"], code, "{refused}");
    }
}
