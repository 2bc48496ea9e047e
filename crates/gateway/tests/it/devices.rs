//! Pairing and device tokens.

use openclaw_protocol::device::ProofVersion;
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::operator_params;
use openclaw_testkit::{TestDevice, TestGateway};
use serde_json::{Value, json};

async fn ask(gateway: &TestGateway, device: &TestDevice, scopes: &[&str]) -> Value {
    let params = operator_params(Some(TOKEN), scopes);
    let answer = gateway
        .remote_wire()
        .await
        .connect(params, Some((device, ProofVersion::V3)))
        .await
        .expect("an answer to connect");
    assert_eq!(answer["ok"], false, "{answer}");
    answer["error"]["details"].clone()
}

#[tokio::test]
async fn u15_the_same_device_keeps_its_request_id_and_code() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let first = ask(&gateway, &device, &["operator.write"]).await;
    let again = ask(&gateway, &device, &["operator.read"]).await;
    assert_eq!(first["requestId"], again["requestId"]);
    assert_eq!(first["pairingCode"], again["pairingCode"]);
    let wider = ask(&gateway, &device, &["operator.admin"]).await;
    assert_ne!(wider["requestId"], first["requestId"]);
    let mut owner = gateway.owner().await;
    let error = owner
        .err(
            "device.pair.approve",
            json!({ "requestId": first["requestId"] }),
        )
        .await;
    assert_eq!(error["details"]["requestId"], wider["requestId"]);
    for _ in 0..2 {
        owner
            .ok(
                "device.pair.approve",
                json!({ "requestId": wider["requestId"] }),
            )
            .await;
    }
}

#[tokio::test]
async fn operators_hear_of_requests_and_decisions() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    let details = ask(&gateway, &TestDevice::new(), &["operator.read"]).await;
    let event = owner.event("device.pair.requested").await;
    assert_eq!(event["payload"]["requestId"], details["requestId"]);
    assert_eq!(event["payload"]["code"], details["pairingCode"]);
    owner
        .ok(
            "device.pair.reject",
            json!({ "requestId": details["requestId"] }),
        )
        .await;
    assert_eq!(
        owner.event("device.pair.resolved").await["payload"]["decision"],
        "rejected"
    );
    let unknown = owner
        .err("device.pair.approve", json!({ "requestId": "nope" }))
        .await;
    assert_eq!(unknown["message"], "unknown requestId");
}

#[tokio::test]
async fn s09_revoking_rotating_and_removing_close_live_sockets() {
    for method in [
        "device.token.revoke",
        "device.token.rotate",
        "device.pair.remove",
    ] {
        let gateway = TestGateway::start().await;
        let device = TestDevice::new();
        let mut live = gateway.wire().await;
        let hello = live
            .hello(
                operator_params(Some(TOKEN), &["operator.admin"]),
                Some(&device),
            )
            .await;
        let token = hello["auth"]["deviceToken"].as_str().unwrap().to_owned();
        let mut owner = gateway.owner().await;
        owner
            .ok(
                method,
                json!({ "deviceId": device.id(), "role": "operator" }),
            )
            .await;
        let (_, ended) = live.until_end().await;
        let told = if method == "device.token.rotate" {
            (4001, "gateway auth changed")
        } else {
            (1008, "device revoked")
        };
        assert_eq!((ended.code, ended.reason.as_str()), told, "{method}");
        let mut params = operator_params(None, &["operator.admin"]);
        params["auth"] = json!({ "deviceToken": token });
        let answer = gateway
            .wire()
            .await
            .connect(params, Some((&device, ProofVersion::V3)))
            .await
            .unwrap();
        assert_eq!(
            answer["error"]["details"]["code"], "AUTH_DEVICE_TOKEN_MISMATCH",
            "{method}: {answer}"
        );
    }
}

#[tokio::test]
async fn s04_pairing_scope_cannot_mint_admin() {
    let gateway = TestGateway::start().await;
    let admin = TestDevice::new();
    gateway
        .wire()
        .await
        .hello(
            operator_params(Some(TOKEN), &["operator.admin"]),
            Some(&admin),
        )
        .await;
    let mut pairing = gateway.operator(&["operator.pairing"]).await;
    let rotate =
        |scopes: Value| json!({ "deviceId": admin.id(), "role": "operator", "scopes": scopes });
    let error = pairing
        .err("device.token.rotate", rotate(json!(["operator.admin"])))
        .await;
    assert_eq!(error["message"], "missing scope: operator.admin");
    let error = pairing
        .err(
            "device.token.rotate",
            json!({ "deviceId": admin.id(), "role": "operator" }),
        )
        .await;
    assert_eq!(error["message"], "missing scope: operator.admin");
    let details = ask(&gateway, &TestDevice::new(), &["operator.admin"]).await;
    let error = pairing
        .err(
            "device.pair.approve",
            json!({ "requestId": details["requestId"] }),
        )
        .await;
    assert_eq!(error["message"], "device pairing approval denied");
}

#[tokio::test]
async fn s13_a_token_is_only_given_to_its_own_device() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut own = gateway.wire().await;
    own.hello(
        operator_params(Some(TOKEN), &["operator.admin"]),
        Some(&device),
    )
    .await;
    let mut other = gateway.operator(&["operator.admin"]).await;
    let params = json!({ "deviceId": device.id(), "role": "operator" });
    let rotated = own.ok("device.token.rotate", params.clone()).await;
    assert_eq!(rotated["tokenDelivery"], "in-band");
    assert!(rotated["token"].is_string());
    let rotated = other.ok("device.token.rotate", params).await;
    assert_eq!(rotated["tokenDelivery"], "withheld-cross-device");
    assert!(rotated.get("token").is_none());
    let list = other.ok("device.pair.list", json!({})).await;
    assert!(
        list["paired"][0]["tokens"][0].get("token").is_none(),
        "{list}"
    );
}

#[tokio::test]
async fn s13_s16_no_credential_is_readable_in_the_state_directory() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let hello = gateway
        .wire()
        .await
        .hello(
            operator_params(Some(TOKEN), &["operator.admin"]),
            Some(&device),
        )
        .await;
    let token = hello["auth"]["deviceToken"].as_str().unwrap().to_owned();
    let config = gateway.paths.config_path.clone();
    let (report, home) = gateway.stop().await;
    assert!(report.is_clean(), "{report:?}");
    let mut folders = vec![home.path().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                files += 1;
                let bytes = std::fs::read(&path).unwrap();
                let holds = |secret: &str| {
                    bytes
                        .windows(secret.len())
                        .any(|window| window == secret.as_bytes())
                };
                assert!(!holds(&token), "device token in {}", path.display());
                assert!(
                    path == config || !holds(TOKEN),
                    "shared token in {}",
                    path.display()
                );
            }
        }
    }
    assert!(files >= 2, "{files} files");
}

#[tokio::test]
async fn pairing_survives_a_restart() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let hello = gateway
        .wire()
        .await
        .hello(
            operator_params(Some(TOKEN), &["operator.read"]),
            Some(&device),
        )
        .await;
    let token = hello["auth"]["deviceToken"].as_str().unwrap().to_owned();
    let (_, home) = gateway.stop().await;
    let gateway = TestGateway::builder().home(home).start().await;
    let mut params = operator_params(None, &["operator.read"]);
    params["auth"] = json!({ "deviceToken": token });
    let hello = gateway
        .remote_wire()
        .await
        .hello(params, Some(&device))
        .await;
    assert_eq!(hello["auth"]["scopes"], json!(["operator.read"]));
}

#[tokio::test]
async fn the_audit_log_tells_who_did_what() {
    let gateway = TestGateway::start().await;
    let details = ask(&gateway, &TestDevice::new(), &["operator.read"]).await;
    let mut owner = gateway.owner().await;
    owner
        .ok(
            "device.pair.approve",
            json!({ "requestId": details["requestId"] }),
        )
        .await;
    let entries = owner.ok("audit.list", json!({})).await["entries"].clone();
    let kinds: Vec<_> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["kind"].as_str().unwrap())
        .collect();
    for kind in ["start", "pair.request", "pair.approve", "connect"] {
        assert!(kinds.contains(&kind), "{kind} missing in {kinds:?}");
    }
    let approve = entries
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["kind"] == "pair.approve")
        .unwrap();
    assert_eq!(approve["actor"], "control");
    assert_eq!(owner.ok("audit.verify", json!({})).await["ok"], true);
}

#[tokio::test]
async fn u28_a_token_issued_while_the_facts_of_the_device_change_survives_a_restart() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut params = operator_params(Some(TOKEN), &["operator.read"]);
    gateway
        .wire()
        .await
        .hello(params.clone(), Some(&device))
        .await;
    params["client"]["version"] = json!("another");
    let hello = gateway.wire().await.hello(params, Some(&device)).await;
    let token = hello["auth"]["deviceToken"].clone();
    let (_, home) = gateway.stop().await;
    let gateway = TestGateway::builder().home(home).start().await;
    let mut params = operator_params(None, &["operator.read"]);
    params["auth"] = json!({ "deviceToken": token });
    gateway.wire().await.hello(params, Some(&device)).await;
}

#[tokio::test]
async fn x4_a_device_that_revokes_or_removes_itself_gets_its_answer_first() {
    for method in ["device.token.revoke", "device.pair.remove"] {
        for protocol in [3, 4] {
            let gateway = TestGateway::start().await;
            let device = TestDevice::new();
            let mut params = operator_params(Some(TOKEN), &["operator.pairing"]);
            params["maxProtocol"] = json!(protocol);
            let mut page = gateway.wire().await;
            page.hello(params, Some(&device)).await;
            let own = json!({ "deviceId": device.id(), "role": "operator" });
            page.ok(method, own).await;
            let (_, ended) = page.until_end().await;
            assert_eq!(
                (ended.code, ended.reason.as_str()),
                (1008, "device revoked"),
                "{method} {protocol}"
            );
        }
    }
}

#[tokio::test]
async fn x9_an_operator_grants_less_than_was_asked_and_is_not_asked_again_at_once() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut owner = gateway.owner().await;
    let all = ["operator.admin", "operator.approvals", "operator.pairing"];
    let asked = ask(&gateway, &device, &all).await;
    let approve = |scopes: Value| json!({ "requestId": asked["requestId"], "scopes": scopes });
    let unknown = owner
        .err(
            "device.pair.approve",
            approve(json!(["operator.everything"])),
        )
        .await;
    assert_eq!(unknown["message"], "unknown scope: operator.everything");
    let narrow = ask(&gateway, &TestDevice::new(), &["operator.read"]).await;
    let wider = owner
        .err(
            "device.pair.approve",
            json!({ "requestId": narrow["requestId"], "scopes": ["operator.write"] }),
        )
        .await;
    assert_eq!(
        wider["message"],
        "operator.write is more than the device asks for (operator.read); only less can be granted"
    );
    let done = owner
        .ok("device.pair.approve", approve(json!(["operator.read"])))
        .await;
    assert_eq!(done["device"]["scopes"], json!(["operator.read"]));

    let connect = async || {
        let mut wire = gateway.remote_wire().await;
        wire.hello(operator_params(Some(TOKEN), &all), Some(&device))
            .await["auth"]
            .clone()
    };
    let first = connect().await;
    assert_eq!(first["scopes"], json!(["operator.read"]));
    assert_eq!(first["scopeLimited"], true);
    assert_eq!(
        first["pendingRequestId"],
        Value::Null,
        "the operator has just decided"
    );
    let again = connect().await;
    assert!(again["pendingRequestId"].is_string(), "{again}");
}

#[tokio::test]
async fn x9_a_pairing_operator_may_grant_the_part_that_it_holds_itself() {
    let gateway = TestGateway::start().await;
    let asked = ask(&gateway, &TestDevice::new(), &["operator.admin"]).await;
    let mut helper = gateway
        .operator(&["operator.pairing", "operator.read"])
        .await;
    let whole = json!({ "requestId": asked["requestId"] });
    let error = helper.err("device.pair.approve", whole).await;
    assert_eq!(error["message"], "device pairing approval denied");
    let part = json!({ "requestId": asked["requestId"], "scopes": ["operator.read"] });
    let done = helper.ok("device.pair.approve", part).await;
    assert_eq!(done["device"]["scopes"], json!(["operator.read"]));
}
