//! Requests and answers after the handshake.

use openclaw_testkit::{TestDevice, TestGateway};
use serde_json::json;

#[tokio::test]
async fn a_cheap_call_is_answered() {
    let gateway = TestGateway::start().await;
    let mut operator = gateway.operator(&["operator.read"]).await;
    assert_eq!(
        operator.request("last-heartbeat", json!({})).await["payload"],
        json!(null)
    );
    let health = operator.ok("health", json!({})).await;
    assert_eq!(
        (&health["ok"], &health["defaultAgentId"]),
        (&json!(true), &json!("main"))
    );
    let presence = operator.ok("system-presence", json!({})).await;
    assert_eq!(presence[0]["reason"], "self");
}

#[tokio::test]
async fn invalid_frames_are_answered_and_the_connection_stays() {
    let gateway = TestGateway::start().await;
    let mut operator = gateway.operator(&["operator.admin"]).await;
    operator.send_text("not json").await;
    operator.send_text("").await;
    operator
        .send(&json!({ "type": "req", "id": 7, "method": "health" }))
        .await;
    let answer = operator.receive().await.unwrap();
    assert_eq!(answer["id"], 7);
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("invalid request frame: "),
        "{answer}"
    );
    operator
        .send(&json!({ "type": "event", "event": "x" }))
        .await;
    assert_eq!(operator.receive().await.unwrap()["id"], "invalid");
    assert_eq!(
        operator.err("nope.method", json!({})).await["message"],
        "unknown method: nope.method"
    );
    let again = operator.err("connect", json!({})).await;
    assert_eq!(
        again["message"],
        "connect is only valid as the first request"
    );
    operator.ok("health", json!({})).await;
}

#[tokio::test]
async fn scopes_are_checked_and_say_what_is_missing() {
    let gateway = TestGateway::start().await;
    let mut reader = gateway.operator(&["operator.read"]).await;
    let error = reader.err("device.pair.list", json!({})).await;
    assert_eq!(error["code"], "FORBIDDEN");
    assert_eq!(error["message"], "missing scope: operator.pairing");
    assert_eq!(error["details"]["missingScope"], "operator.pairing");
    let error = reader.err("node.invoke.result", json!({})).await;
    assert_eq!(error["message"], "unauthorized role: operator");
    let mut node = gateway.node(&TestDevice::new(), "n", &["system.run"]).await;
    assert_eq!(
        node.err("health", json!({})).await["message"],
        "unauthorized role: node"
    );
}

#[tokio::test]
async fn u31_a_request_over_the_announced_limit_is_answered_and_the_connection_stays() {
    let gateway = TestGateway::start().await;
    let mut wire = gateway.wire().await;
    let mut params = openclaw_testkit::wire::operator_params(
        Some(openclaw_testkit::gateway::TOKEN),
        &["operator.admin"],
    );
    params["maxProtocol"] = json!(3);
    let hello = wire.hello(params, None).await;
    assert_eq!(hello["policy"]["maxPayload"], 524_288);
    let error = wire
        .err(
            "wake",
            json!({ "mode": "now", "text": "x".repeat(600_000) }),
        )
        .await;
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("over the limit of 524288 bytes"),
        "{error}"
    );
    wire.ok("health", json!({})).await;
}

#[tokio::test]
async fn every_listed_method_has_a_handler() {
    let methods = openclaw_gateway::rpc::router::Methods::new();
    let handled: std::collections::HashSet<_> = methods.names().collect();
    let missing: Vec<_> = openclaw_protocol::method::METHODS
        .iter()
        .map(|method| method.name)
        .filter(|name| !handled.contains(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
