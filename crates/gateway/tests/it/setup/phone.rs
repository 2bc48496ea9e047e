//! The flow of the phone apps: found, asked, approved by code, connected with what that gave; in both protocols.

use openclaw_protocol::device::ProofVersion;
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::{node_params, operator_params};
use openclaw_testkit::{TestDevice, TestGateway};
use serde_json::{Value, json};

/// What a phone sends to connect.
fn phone(protocol: u32, auth: &Value) -> Value {
    let mut params = node_params(None, "Anna's phone", &["camera.snap", "location.get"]);
    params["minProtocol"] = json!(3);
    params["maxProtocol"] = json!(protocol);
    params["client"]["id"] = json!("openclaw-android");
    params["client"]["platform"] = json!("android");
    params["auth"] = auth.clone();
    params
}

const fn proof(protocol: u32) -> ProofVersion {
    if protocol == 3 {
        ProofVersion::V2
    } else {
        ProofVersion::V3
    }
}

#[tokio::test]
async fn u24_a_phone_with_the_shared_token_is_approved_by_its_code() {
    for protocol in [3, 4] {
        let gateway = TestGateway::start().await;
        let device = TestDevice::new();
        let mut owner = gateway.owner().await;
        let mut wire = gateway.remote_wire().await;
        let shared = json!({ "token": TOKEN });
        let refused = wire
            .connect(phone(protocol, &shared), Some((&device, proof(protocol))))
            .await
            .unwrap();
        assert_eq!(refused["error"]["code"], "NOT_PAIRED", "{refused}");
        // The operator is told, with the code.
        let told = owner.event("device.pair.requested").await["payload"].clone();
        assert_eq!(told["code"], refused["error"]["details"]["pairingCode"]);
        assert_eq!(told["displayName"], "Anna's phone");
        owner
            .ok(
                "device.pair.approve",
                json!({ "requestId": told["requestId"] }),
            )
            .await;
        // Connected, with credentials to keep.
        let mut wire = gateway.remote_wire().await;
        let hello = wire
            .connect(phone(protocol, &shared), Some((&device, proof(protocol))))
            .await
            .unwrap();
        let token = hello["payload"]["auth"]["deviceToken"].clone();
        assert!(token.is_string(), "{hello}");
        wire.close().await;
        // From now on with the pairing token alone, and it can be asked to do things.
        let member = if protocol == 3 {
            "token"
        } else {
            "deviceToken"
        };
        let mut wire = gateway.remote_wire().await;
        let hello = wire
            .connect(
                phone(protocol, &json!({ member: token })),
                Some((&device, proof(protocol))),
            )
            .await
            .unwrap();
        assert_eq!(hello["ok"], true, "{hello}");
        let asked =
            json!({ "nodeId": device.id(), "command": "location.get", "idempotencyKey": "k" });
        let id = owner.send_request("node.invoke", asked).await;
        let invoke = wire.event("node.invoke.request").await["payload"].clone();
        let result = json!({ "id": invoke["id"], "nodeId": device.id(), "ok": true, "payloadJSON": "{\"lat\":1}" });
        wire.ok("node.invoke.result", result).await;
        assert_eq!(owner.answer(&id).await["payload"]["payload"]["lat"], 1);
    }
}

#[tokio::test]
async fn a_phone_that_asks_with_device_info_gets_its_pairing_token() {
    for protocol in [3, 4] {
        let gateway = TestGateway::start().await;
        let device = TestDevice::new();
        let mut owner = gateway.owner().await;
        // Let in for nothing but to ask: no device is paired yet, and from elsewhere the shared token gives no scopes.
        let mut wire = gateway.remote_wire().await;
        let mut params = operator_params(Some(TOKEN), &["operator.admin"]);
        params["maxProtocol"] = json!(protocol);
        params["client"]["id"] = json!("openclaw-ios");
        params["client"]["mode"] = json!("ui");
        let hello = wire.connect(params, None).await.unwrap();
        assert_eq!(hello["ok"], true, "{hello}");
        let info = json!({
            "deviceId": device.id(), "publicKey": device.public_key(), "name": "Anna's phone", "platform": "ios",
            "model": "iPhone17,1", "commands": ["location.get"], "caps": ["location"],
        });
        let asked = wire
            .ok("node.pair.request", json!({ "deviceInfo": info }))
            .await;
        assert_eq!(asked["status"], "pending");
        let told = owner.event("node.pair.requested").await["payload"].clone();
        assert_eq!(
            (&told["nodeId"], &told["displayName"]),
            (&json!(device.id()), &json!("Anna's phone"))
        );
        assert!(
            told["code"].as_str().is_some_and(|code| code.len() == 8),
            "{told}"
        );
        let approved = owner
            .ok(
                "node.pair.approve",
                json!({ "pairingId": told["requestId"] }),
            )
            .await;
        assert!(
            approved["node"].get("token").is_none(),
            "s13: it goes to whoever asked: {approved}"
        );
        let resolved = wire.event("node.pair.resolved").await["payload"].clone();
        let token = resolved["token"].as_str().unwrap().to_owned();
        let verified = owner
            .ok(
                "node.pair.verify",
                json!({ "nodeId": device.id(), "token": token }),
            )
            .await;
        assert_eq!(verified["ok"], true);
        let mut wire = gateway.remote_wire().await;
        let mut params = phone(protocol, &json!({ "token": token }));
        params["commands"] = json!(["location.get"]);
        params["caps"] = json!(["location"]);
        let hello = wire
            .connect(params, Some((&device, proof(protocol))))
            .await
            .unwrap();
        assert_eq!(hello["ok"], true, "{hello}");
        let node = owner
            .ok("node.describe", json!({ "nodeId": device.id() }))
            .await;
        assert_eq!(
            (&node["connected"], &node["commands"]),
            (&json!(true), &json!(["location.get"]))
        );
    }
}

#[tokio::test]
async fn a_phone_cannot_ask_in_the_name_of_another_key() {
    let gateway = TestGateway::start().await;
    let mut caller = gateway
        .operator(&["operator.pairing", "operator.write"])
        .await;
    let device = TestDevice::new();
    for (info, message) in [
        (
            json!({ "deviceId": "else", "publicKey": device.public_key() }),
            "deviceInfo.publicKey does not belong to deviceId",
        ),
        (
            json!({ "deviceId": "else", "publicKey": "x" }),
            "deviceInfo.publicKey is no Ed25519 key",
        ),
        (
            json!({ "name": "nobody" }),
            "invalid node.pair.request params: must have required property 'nodeId'",
        ),
    ] {
        let error = caller
            .err("node.pair.request", json!({ "deviceInfo": info }))
            .await;
        assert_eq!(error["message"], message);
    }
    // Pairing a device is the owner's to say, also this way.
    let info = json!({ "publicKey": device.public_key(), "commands": [] });
    let asked = caller
        .ok("node.pair.request", json!({ "deviceInfo": info }))
        .await;
    let id = &asked["request"]["requestId"];
    let error = caller
        .err("node.pair.approve", json!({ "requestId": id }))
        .await;
    assert_eq!(error["message"], "missing scope: operator.admin");
    caller
        .ok("node.pair.reject", json!({ "requestId": id }))
        .await;
}
