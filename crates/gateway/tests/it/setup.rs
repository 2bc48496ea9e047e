//! Setup codes and join links, from the one who makes them to the device that comes in.

mod crash;
mod phone;

use openclaw_gateway::auth::limiter::Limits;
use openclaw_protocol::device::ProofVersion;
use openclaw_protocol::setup_code::SetupCode;
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::{Wire, node_params, operator_params};
use openclaw_testkit::{TestDevice, TestGateway};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Makes a code for this machine alone.
async fn mint(gateway: &TestGateway, mut params: Value) -> Value {
    params["force"] = json!(true);
    gateway
        .owner()
        .await
        .ok("device.pair.setupCode", params)
        .await
}

fn token(made: &Value) -> String {
    let code = SetupCode::parse(made["setupCode"].as_str().unwrap()).unwrap();
    code.bootstrap_token
}

fn with_code(mut params: Value, token: &str) -> Value {
    params["auth"] = json!({ "bootstrapToken": token });
    params
}

/// A device that comes in with a code; its answer to connect.
async fn redeem(gateway: &TestGateway, device: &TestDevice, params: Value) -> Value {
    let mut wire = gateway.remote_wire().await;
    let answer = wire.connect(params, Some((device, ProofVersion::V3))).await;
    answer.expect("an answer to connect")
}

fn refused(answer: &Value) -> &Value {
    assert_eq!(answer["ok"], false, "{answer}");
    &answer["error"]["details"]["code"]
}

async fn http(gateway: &TestGateway, head: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    let host = gateway.address();
    let request = format!("{head}\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test]
async fn u24_a_node_is_in_with_one_code_and_no_second_approval() {
    let gateway = TestGateway::start().await;
    let made = mint(&gateway, json!({ "bootstrapProfile": "node" })).await;
    assert_eq!(
        (&made["access"], &made["urlSource"]),
        (&json!("node"), &json!("loopback"))
    );
    let mut owner = gateway.owner().await;
    let device = TestDevice::new();
    let params = with_code(
        node_params(None, "Box", &["system.run", "system.which"]),
        &token(&made),
    );
    let mut wire = gateway.remote_wire().await;
    let hello = wire.hello(params.clone(), Some(&device)).await;
    let auth = &hello["auth"];
    assert_eq!(
        (&auth["method"], &auth["role"], &auth["scopes"]),
        (&json!("bootstrap-token"), &json!("node"), &json!([]))
    );
    assert!(
        auth["issuedAtMs"].is_i64() && auth.get("deviceTokens").is_none(),
        "{auth}"
    );
    // Its commands are approved in the same step.
    let node = owner
        .ok("node.describe", json!({ "nodeId": device.id() }))
        .await;
    assert_eq!(node["commands"], json!(["system.run", "system.which"]));
    let list = owner.ok("device.pair.list", json!({})).await;
    assert_eq!(list["paired"][0]["approvedVia"], "bootstrap");
    assert_eq!(list["pending"], json!([]));
    // Its first word shows that it has its token, and ends the code.
    wire.ok(
        "node.event",
        json!({ "event": "node.host.stats", "payloadJSON": "{}" }),
    )
    .await;
    let done = owner.event("device.pair.setup.completed").await;
    assert_eq!(done["payload"]["deviceId"], device.id());
    let state = owner
        .ok(
            "device.pair.setupStatus",
            json!({ "setupId": made["setupId"] }),
        )
        .await;
    assert_eq!(state["completion"]["deviceId"], device.id());
    wire.close().await;
    assert_eq!(
        refused(&redeem(&gateway, &device, params).await),
        "AUTH_BOOTSTRAP_TOKEN_INVALID"
    );
    // From now on with its own token, and more commands have to be asked for.
    let mut later = node_params(None, "Box", &["system.run", "system.which", "camera.snap"]);
    later["auth"] = json!({ "deviceToken": auth["deviceToken"] });
    let hello = gateway
        .remote_wire()
        .await
        .hello(later, Some(&device))
        .await;
    assert_eq!(hello["auth"]["method"], "device-token");
}

#[tokio::test]
async fn a_later_surface_is_not_the_code_s_to_approve() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let first = mint(&gateway, json!({ "kind": "node" })).await;
    let params = with_code(node_params(None, "Box", &["system.which"]), &token(&first));
    gateway
        .remote_wire()
        .await
        .hello(params, Some(&device))
        .await;
    let second = mint(&gateway, json!({ "kind": "node" })).await;
    let params = with_code(
        node_params(None, "Box", &["system.run", "system.which"]),
        &token(&second),
    );
    let mut wire = gateway.remote_wire().await;
    wire.hello(params, Some(&device)).await;
    let node = gateway
        .owner()
        .await
        .ok("node.describe", json!({ "nodeId": device.id() }))
        .await;
    assert_eq!(node["commands"], json!(["system.which"]), "{node}");
}

#[tokio::test]
async fn u24_a_phone_is_node_and_operator_at_once() {
    let gateway = TestGateway::start().await;
    let made = mint(&gateway, json!({ "bootstrapProfile": "limited" })).await;
    let device = TestDevice::new();
    let mut params = with_code(node_params(None, "Phone", &["camera.snap"]), &token(&made));
    params["client"]["id"] = json!("openclaw-ios");
    let hello = gateway
        .remote_wire()
        .await
        .hello(params, Some(&device))
        .await;
    let operator = &hello["auth"]["deviceTokens"][0];
    assert_eq!(operator["role"], "operator");
    let scopes = json!([
        "operator.approvals",
        "operator.read",
        "operator.talk.secrets",
        "operator.write"
    ]);
    assert_eq!(operator["scopes"], scopes);
    let mut params = operator_params(None, &["operator.read", "operator.admin"]);
    params["auth"] = json!({ "deviceToken": operator["deviceToken"] });
    let hello = gateway
        .remote_wire()
        .await
        .hello(params, Some(&device))
        .await;
    assert_eq!(
        hello["auth"]["scopes"], scopes,
        "s04: no more than the code gave"
    );
}

#[tokio::test]
async fn u24_two_devices_race_and_one_wins() {
    let gateway = TestGateway::start().await;
    for _ in 0..8 {
        let made = mint(&gateway, json!({ "kind": "node" })).await;
        let token = token(&made);
        let devices = [TestDevice::new(), TestDevice::new()];
        let params = || with_code(node_params(None, "Box", &["system.which"]), &token);
        let (one, two) = tokio::join!(
            redeem(&gateway, &devices[0], params()),
            redeem(&gateway, &devices[1], params())
        );
        let won = [&one, &two]
            .into_iter()
            .filter(|answer| answer["ok"] == true)
            .count();
        assert_eq!(won, 1, "{one} {two}");
        let loser = if one["ok"] == true { two } else { one };
        assert_eq!(refused(&loser), "AUTH_BOOTSTRAP_TOKEN_INVALID");
        let paired = gateway
            .owner()
            .await
            .ok("device.pair.list", json!({}))
            .await;
        let ids: Vec<_> = devices.iter().map(TestDevice::id).collect();
        let known = paired["paired"].as_array().unwrap().iter();
        let known = known.filter(|entry| ids.iter().any(|id| entry["deviceId"] == id.as_str()));
        assert_eq!(known.count(), 1);
    }
}

#[tokio::test]
async fn codes_end_with_their_time_with_their_device_and_by_hand() {
    let gateway = TestGateway::start().await;
    let params = |token: &str| with_code(node_params(None, "Box", &[]), token);
    let late = mint(&gateway, json!({ "kind": "node", "ttlMs": 10_000 })).await;
    gateway.advance_ms(10_000);
    assert_eq!(
        refused(&redeem(&gateway, &TestDevice::new(), params(&token(&late))).await),
        "AUTH_BOOTSTRAP_TOKEN_INVALID"
    );

    // Nothing was heard of it yet, so its code still lives; unpaired, it cannot come back with it.
    let made = mint(&gateway, json!({ "kind": "node" })).await;
    let device = TestDevice::new();
    let mut owner = gateway.owner().await;
    let mut wire = gateway.remote_wire().await;
    wire.hello(params(&token(&made)), Some(&device)).await;
    owner
        .ok("device.pair.remove", json!({ "deviceId": device.id() }))
        .await;
    let (_, ended) = wire.until_end().await;
    assert_eq!(ended.reason, "device revoked", "s09: {ended:?}");
    assert_eq!(
        refused(&redeem(&gateway, &device, params(&token(&made))).await),
        "AUTH_BOOTSTRAP_TOKEN_INVALID"
    );

    let made = mint(&gateway, json!({ "kind": "node" })).await;
    let listed = owner.ok("device.pair.setupList", json!({})).await;
    assert_eq!(listed["setups"][0]["setupId"], made["setupId"]);
    assert!(!listed.to_string().contains(&token(&made)), "s13");
    let revoked = owner
        .ok("device.pair.setupRevoke", json!({ "setupId": "all" }))
        .await;
    assert!(
        revoked["revoked"]
            .as_array()
            .unwrap()
            .contains(&made["setupId"])
    );
    assert_eq!(
        refused(&redeem(&gateway, &TestDevice::new(), params(&token(&made))).await),
        "AUTH_BOOTSTRAP_TOKEN_INVALID"
    );
    let error = owner
        .err("device.pair.setupRevoke", json!({ "setupId": "nope" }))
        .await;
    assert_eq!(error["message"], "unknown setupId");
}

#[tokio::test]
async fn a_code_is_for_its_role_and_for_a_device() {
    let gateway = TestGateway::start().await;
    let made = mint(&gateway, json!({ "kind": "node" })).await;
    let operator = with_code(operator_params(None, &["operator.read"]), &token(&made));
    assert_eq!(
        refused(&redeem(&gateway, &TestDevice::new(), operator.clone()).await),
        "AUTH_BOOTSTRAP_TOKEN_INVALID"
    );
    let mut wire = gateway.remote_wire().await;
    let answer = wire.connect(operator, None).await.unwrap();
    assert_eq!(answer["ok"], false, "no device, no way in: {answer}");
    // Neither attempt used it up.
    let params = with_code(node_params(None, "Box", &[]), &token(&made));
    gateway
        .remote_wire()
        .await
        .hello(params, Some(&TestDevice::new()))
        .await;
    // An operator's code gives the scopes it was made for.
    let made = mint(
        &gateway,
        json!({ "kind": "operator", "scopes": ["operator.read", "operator.pairing"] }),
    )
    .await;
    let params = with_code(
        operator_params(None, &["operator.admin", "operator.read"]),
        &token(&made),
    );
    let hello = gateway
        .remote_wire()
        .await
        .hello(params, Some(&TestDevice::new()))
        .await;
    assert_eq!(
        (&hello["auth"]["scopes"], &hello["auth"]["scopeLimited"]),
        (&json!(["operator.read"]), &json!(true))
    );
}

#[tokio::test]
async fn s04_nobody_makes_a_code_for_more_than_they_hold() {
    let gateway = TestGateway::start().await;
    for scopes in [
        &["operator.pairing", "operator.write"][..],
        &["operator.read"],
    ] {
        let mut caller = gateway.operator(scopes).await;
        let error = caller
            .err("device.pair.setupCode", json!({ "force": true }))
            .await;
        assert_eq!(error["message"], "missing scope: operator.admin");
    }
    let mut owner = gateway.owner().await;
    for (params, message) in [
        (
            json!({ "kind": "root" }),
            "unknown kind of setup code: root",
        ),
        (
            json!({ "kind": "node", "scopes": ["operator.read"] }),
            "a node has no scopes",
        ),
        (
            json!({ "kind": "operator", "scopes": ["operator.everything"] }),
            "unknown scope: operator.everything",
        ),
        (json!({ "ttlMs": 1 }), "ttlMs must be from"),
        (
            json!({ "publicUrl": "wss://user@host" }),
            "the gateway cannot be reached there",
        ),
        (json!({ "publicUrl": "ws://127.0.0.1:9" }), "loopback"),
    ] {
        let error = owner.err("device.pair.setupCode", params).await;
        assert!(
            error["message"].as_str().unwrap().contains(message),
            "{error}"
        );
    }
}

#[tokio::test]
async fn u24_unreachable_only_codes_are_refused_with_the_fix() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    let error = owner.err("device.pair.setupCode", json!({})).await;
    assert_eq!(
        error["message"],
        "Gateway is only bound to loopback. Set gateway.bind=lan, enable tailscale serve, or configure \
         plugins.entries.device-pair.config.publicUrl."
    );
    assert!(
        error["details"]["fix"]
            .as_str()
            .unwrap()
            .contains("gateway.bind lan"),
        "{error}"
    );
    // A page that knows where it is gets a code without an address.
    let bare = owner
        .ok("device.pair.setupCode", json!({ "kind": "node" }))
        .await;
    assert_eq!(bare["code"].as_str().unwrap().len(), 43);
    assert!(
        bare.get("url").is_none() && bare.get("setupCode").is_none(),
        "{bare}"
    );
}

#[tokio::test]
async fn u24_the_addresses_in_a_code_were_tried() {
    let interfaces = openclaw_gateway::listen::interface_addresses().unwrap();
    let Some(address) = interfaces
        .iter()
        .map(|one| one.address)
        .find(|ip| ip.is_ipv4() && !ip.is_loopback())
    else {
        println!("not run: this machine has loopback only");
        return;
    };
    let gateway = TestGateway::builder()
        .gateway("bind", json!("lan"))
        .gateway("tls", json!({ "enabled": true }))
        .start()
        .await;
    let port = gateway.address().port();
    let mut owner = gateway.owner().await;
    let url = format!("https://{address}:{port}");
    let made = owner
        .ok(
            "device.pair.setupCode",
            json!({ "publicUrl": url, "joinUrl": true, "includeQr": true }),
        )
        .await;
    let code = SetupCode::parse(made["setupCode"].as_str().unwrap()).unwrap();
    assert_eq!(code.url, format!("wss://{address}:{port}"));
    let own = gateway.gateway.core().tls.facts().unwrap().fingerprint;
    assert_eq!(code.tls_fingerprint, Some(own));
    assert_eq!(
        (&made["access"], &made["endpoints"][0]["proven"]),
        (&json!("full"), &json!(true))
    );
    assert!(
        made["joinUrl"]
            .as_str()
            .unwrap()
            .starts_with(&format!("https://{address}:{port}/j/"))
    );
    assert!(
        made["qrDataUrl"]
            .as_str()
            .unwrap()
            .starts_with("data:image/png;base64,")
    );
    let other = TestGateway::builder()
        .gateway("bind", json!("lan"))
        .start()
        .await;
    let wrong = format!("ws://{address}:{}", other.address().port());
    let error = owner
        .err(
            "device.pair.setupCode",
            json!({ "publicUrl": wrong, "bootstrapProfile": "limited" }),
        )
        .await;
    let message = error["message"].as_str().unwrap_or_default();
    assert!(
        message.contains("another openclaw gateway answers there")
            || message.contains("public network"),
        "{error}"
    );
}

#[tokio::test]
async fn a_join_link_gives_its_token_once_and_only_to_programs() {
    let gateway = TestGateway::start().await;
    let made = mint(
        &gateway,
        json!({ "bootstrapProfile": "node", "joinUrl": true }),
    )
    .await;
    let link = made["joinUrl"].as_str().unwrap();
    let path = &link[link.find("/j/").unwrap()..];
    assert_eq!(path.len(), 25, "{path}");
    for head in [
        format!("HEAD {path} HTTP/1.1"),
        format!("POST {path} HTTP/1.1"),
        format!("GET {path}x HTTP/1.1"),
    ] {
        assert_eq!(http(&gateway, &head).await.0, 404, "{head}");
    }
    let looked = format!("GET {path} HTTP/1.1\r\nAccept: text/html");
    let (status, head, body) = http(&gateway, &looked).await;
    assert!(
        status == 200 && head.contains("no-store") && !body.contains("bootstrapToken"),
        "{body}"
    );
    let (status, head, body) = http(&gateway, &format!("GET {path} HTTP/1.1")).await;
    assert_eq!(status, 200);
    assert!(head.contains("cache-control: no-store"), "{head}");
    let given: Value = serde_json::from_str(&body).unwrap();
    let expected = (&made["gatewayUrl"], &made["expiresAtMs"], token(&made));
    assert_eq!(
        (
            &given["url"],
            &given["expiresAtMs"],
            given["bootstrapToken"].as_str().unwrap().to_owned()
        ),
        expected
    );
    let (status, _, body) = http(&gateway, &format!("GET {path} HTTP/1.1")).await;
    assert_eq!((status, body.as_str()), (404, r#"{"error":"not_found"}"#));
    // What it gave still works.
    let params = with_code(node_params(None, "Box", &["system.which"]), &token(&made));
    gateway
        .remote_wire()
        .await
        .hello(params, Some(&TestDevice::new()))
        .await;
}

#[tokio::test]
async fn s15_hostile_paths_and_guesses_get_nothing_and_are_slowed() {
    let gateway = TestGateway::start().await;
    for path in [
        "/j/",
        "/j",
        "/j/..%2f..%2fetc%2fpasswd",
        "/j/%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00%00",
        "/j/AAAAAAAAAAAAAAAAAAAAA%20",
        "/j/AAAAAAAAAAAAAAAAAAAAAAA",
        "/j/AAAAAAAAAAAAAAAAAAAAAA/x",
        "//j/AAAAAAAAAAAAAAAAAAAAAA",
        "/j/%F0%9F%A6%9E",
        "/j/AAAAAAAAAAAAAAAAAAAAAA?x=1",
    ] {
        let (status, _, body) = http(&gateway, &format!("GET {path} HTTP/1.1")).await;
        assert!(status == 404 || status == 400, "{path}: {status}");
        assert!(!body.contains("bootstrapToken"));
    }
    let attempts = Limits::default().max_attempts;
    let mut last = 0;
    for n in 0..=attempts {
        let head =
            format!("GET /j/AAAAAAAAAAAAAAAAAAA{n:03} HTTP/1.1\r\nX-Forwarded-For: 192.0.2.9");
        last = http(&gateway, &head).await.0;
    }
    assert_eq!(last, 429);
    // Another class: the shared secret of the same address is not held back, nor is a right code.
    let mut wire = gateway.remote_wire().await;
    let answer = wire
        .connect(operator_params(Some(TOKEN), &[]), None)
        .await
        .unwrap();
    assert_eq!(answer["ok"], true, "{answer}");
}

#[tokio::test]
async fn s10_a_wrong_code_counts_beside_a_right_token() {
    let gateway = TestGateway::start().await;
    let attempts = Limits::default().max_attempts;
    for n in 0..attempts {
        let mut params = operator_params(None, &[]);
        params["auth"] = json!({ "token": TOKEN, "bootstrapToken": format!("{n:043}") });
        let answer = gateway
            .remote_wire()
            .await
            .connect(params, None)
            .await
            .unwrap();
        assert_eq!(answer["ok"], true, "the right token still lets in");
    }
    let params = with_code(node_params(None, "Box", &[]), &"x".repeat(43));
    let answer = redeem(&gateway, &TestDevice::new(), params).await;
    assert_eq!(refused(&answer), "AUTH_RATE_LIMITED");
}

#[tokio::test]
async fn s17_no_code_is_readable_in_the_state_directory() {
    let gateway = TestGateway::start().await;
    let node = mint(
        &gateway,
        json!({ "bootstrapProfile": "node", "joinUrl": true }),
    )
    .await;
    let link = node["joinUrl"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let device = TestDevice::new();
    let params = with_code(node_params(None, "Box", &[]), &token(&node));
    let hello = gateway
        .remote_wire()
        .await
        .hello(params, Some(&device))
        .await;
    let secrets = [
        token(&node),
        link,
        hello["auth"]["deviceToken"].as_str().unwrap().to_owned(),
    ];
    let (_, home) = gateway.stop().await;
    let mut files = 0;
    let mut folders = vec![home.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(bytes) = std::fs::read(&path) {
                files += 1;
                for secret in &secrets {
                    let found = bytes
                        .windows(secret.len())
                        .any(|window| window == secret.as_bytes());
                    assert!(!found, "{} holds a secret", path.display());
                }
            }
        }
    }
    assert!(files > 0);
}

#[tokio::test]
async fn a_code_survives_a_restart_and_so_does_what_became_of_it() {
    let gateway = TestGateway::start().await;
    let made = mint(&gateway, json!({ "kind": "node" })).await;
    let (_, home) = gateway.stop().await;
    let gateway = TestGateway::builder().home(home).start().await;
    let device = TestDevice::new();
    let params = with_code(node_params(None, "Box", &["system.which"]), &token(&made));
    let mut wire = gateway.remote_wire().await;
    wire.hello(params.clone(), Some(&device)).await;
    drop(wire);
    let (_, home) = gateway.stop().await;
    let gateway = TestGateway::builder().home(home).start().await;
    let stranger = redeem(&gateway, &TestDevice::new(), params.clone()).await;
    assert_eq!(refused(&stranger), "AUTH_BOOTSTRAP_TOKEN_INVALID");
    let again = redeem(&gateway, &device, params).await;
    assert_eq!(again["ok"], true, "its answer may have been lost: {again}");
    let audit = gateway
        .owner()
        .await
        .ok("audit.list", json!({ "kind": "setup" }))
        .await;
    let kinds: Vec<_> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["kind"].clone())
        .collect();
    assert_eq!(
        kinds,
        [
            json!("setup.create"),
            json!("setup.use"),
            json!("setup.use")
        ]
    );
}

#[tokio::test]
async fn nobody_knows_whether_a_silent_device_has_its_token() {
    let gateway = TestGateway::start().await;
    let made = mint(&gateway, json!({ "kind": "node" })).await;
    let mut owner = gateway.owner().await;
    let params = with_code(node_params(None, "Box", &[]), &token(&made));
    let mut wire: Wire = gateway.remote_wire().await;
    wire.hello(params, Some(&TestDevice::new())).await;
    drop(wire);
    let event = owner.event("device.pair.setup.deliveryUncertain").await;
    assert_eq!(event["payload"]["setupId"], made["setupId"]);
    let state = owner
        .ok(
            "device.pair.setupStatus",
            json!({ "setupId": made["setupId"] }),
        )
        .await;
    assert_eq!(
        state["deliveryUncertain"]["setupId"], made["setupId"],
        "{state}"
    );
}

#[tokio::test]
async fn d12_the_owner_s_browser_comes_in_with_a_ticket() {
    let gateway = TestGateway::start().await;
    let made = gateway
        .owner()
        .await
        .ok(
            "device.pair.setupCode",
            json!({ "bootstrapProfile": "owner", "ttlMs": 60_000 }),
        )
        .await;
    let ticket = made["bootstrapToken"].as_str().unwrap();
    let mut params = with_code(
        operator_params(None, &["operator.admin", "operator.talk.secrets"]),
        ticket,
    );
    params["client"]["id"] = json!("openclaw-control-ui");
    params["client"]["mode"] = json!("webchat");
    let origin = format!("http://{}", gateway.address());
    let mut wire = Wire::open(gateway.address(), &[("Origin", &origin)])
        .await
        .unwrap();
    let hello = wire.hello(params.clone(), Some(&TestDevice::new())).await;
    assert_eq!(
        hello["auth"]["scopes"],
        json!(["operator.admin", "operator.talk.secrets"])
    );
    assert!(hello["auth"]["deviceToken"].is_string());
    wire.ok("health", json!({})).await;
    let mut second = Wire::open(gateway.address(), &[("Origin", &origin)])
        .await
        .unwrap();
    let answer = second
        .connect(params, Some((&TestDevice::new(), ProofVersion::V3)))
        .await
        .unwrap();
    assert_eq!(
        refused(&answer),
        "AUTH_BOOTSTRAP_TOKEN_INVALID",
        "u30: single use"
    );
}
