//! Stopping: told first, answered, closed, released.

use openclaw_gateway::gateway::StartError;
use openclaw_testkit::{TestDevice, TestGateway};
use serde_json::json;

#[tokio::test]
async fn a_stop_tells_answers_and_closes_in_this_order() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut node = gateway.node(&device, "n", &["system.which"]).await;
    let mut operator = gateway.operator(&["operator.admin"]).await;
    let params = json!({ "nodeId": device.id(), "command": "system.which", "params": {}, "idempotencyKey": "k" });
    let id = operator.send_request("node.invoke", params).await;
    let request = node.event("node.invoke.request").await["payload"].clone();
    let stopping = tokio::spawn(gateway.stop());
    let shutdown = operator.event("shutdown").await;
    assert_eq!(shutdown["payload"], json!({ "reason": "gateway stopping" }));
    node.send_request(
        "node.invoke.result",
        json!({ "id": request["id"], "nodeId": device.id(), "ok": true }),
    )
    .await;
    assert_eq!(
        operator.answer(&id).await["ok"],
        true,
        "a call in flight is answered"
    );
    for wire in [&mut operator, &mut node] {
        let (_, ended) = wire.until_end().await;
        assert_eq!(
            (ended.code, ended.reason.as_str()),
            (1012, "service restart")
        );
    }
    let (report, _home) = stopping.await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test]
async fn u08_a_second_gateway_on_the_same_state_names_the_holder() {
    let gateway = TestGateway::start().await;
    let again = TestGateway::builder()
        .home(std::sync::Arc::clone(&gateway.home))
        .try_start()
        .await;
    let error = again.expect_err("the state directory is taken");
    assert!(matches!(error, StartError::Lock(_)), "{error:?}");
    assert!(
        error.to_string().contains(&std::process::id().to_string()),
        "{error}"
    );
    let (_, home) = gateway.stop().await;
    TestGateway::builder().home(home).start().await;
}

#[tokio::test]
async fn u13_the_control_socket_serves_the_owner_in_every_bind_mode() {
    for bind in ["loopback", "lan", "auto"] {
        let gateway = TestGateway::builder()
            .gateway("bind", json!(bind))
            .start()
            .await;
        assert!(
            gateway
                .gateway
                .addresses()
                .iter()
                .any(|address| address.ip().is_loopback() || address.ip().is_unspecified())
        );
        let mut owner = gateway.owner().await;
        assert_eq!(
            owner.ok("device.pair.list", json!({})).await["pending"],
            json!([]),
            "{bind}"
        );
    }
}
