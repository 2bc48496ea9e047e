//! Output of programs on nodes while they run, and calls that their caller ends.

use openclaw_protocol::methods::node::{NodeInvokeProgress, NodeInvokeStarted};
use openclaw_testkit::{TestDevice, TestGateway, Wire};
use serde_json::{Value, json};

use super::shapes::assert_shape;

async fn streaming_node(gateway: &TestGateway, device: &TestDevice) -> Wire {
    let mut node = gateway.node(device, "Shed", &["system.run"]).await;
    let told =
        json!({ "protocolFeatures": ["invoke-progress"], "workerHost": { "enabled": false } });
    node.ok("node.runnerInventory.update", told).await;
    node
}

fn run(device: &TestDevice, key: &str) -> Value {
    json!({
        "nodeId": device.id(), "command": "system.run", "params": { "command": ["make"] },
        "idempotencyKey": key, "stream": true,
    })
}

fn piece(request: &Value, device: &TestDevice, seq: u64, chunk: &str) -> Value {
    json!({
        "invokeId": request["id"], "nodeId": device.id(), "seq": seq, "chunk": chunk, "stream": "stderr",
    })
}

#[tokio::test]
async fn output_comes_to_the_caller_that_asked_and_to_nobody_else() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut node = streaming_node(&gateway, &device).await;
    let mut caller = gateway.operator(&["operator.write"]).await;
    let mut other = gateway.operator(&["operator.admin"]).await.recording();
    let list = other.ok("node.list", json!({})).await;
    assert_eq!(list["nodes"][0]["streams"], true);

    let id = caller.send_request("node.invoke", run(&device, "k1")).await;
    let started = caller.event("node.invoke.started").await;
    let started = assert_shape::<NodeInvokeStarted>("node.invoke.started", &started["payload"]);
    assert_eq!(
        (started.idempotency_key.as_str(), started.streams),
        ("k1", true)
    );
    let request = node.event("node.invoke.request").await["payload"].clone();
    assert_eq!(request["stream"], true);
    assert_eq!(request["id"], started.invoke_id.as_str());
    for (seq, chunk) in ["cc a.c\n", "cc b.c\n"].into_iter().enumerate() {
        let ack = node
            .ok(
                "node.invoke.progress",
                piece(&request, &device, seq as u64, chunk),
            )
            .await;
        assert_eq!(ack, json!({ "ok": true }));
        let event = caller.event("node.invoke.progress").await;
        let shown = assert_shape::<NodeInvokeProgress>("node.invoke.progress", &event["payload"]);
        assert_eq!((shown.seq, shown.chunk.as_str()), (seq as u64, chunk));
        assert_eq!((shown.stream.as_str(), shown.dropped), ("stderr", None));
    }
    let result =
        json!({ "id": request["id"], "nodeId": device.id(), "ok": true, "payloadJSON": "{}" });
    node.ok("node.invoke.result", result).await;
    assert_eq!(caller.answer(&id).await["ok"], true);
    // Too late, and from another node: taken, shown to nobody.
    let late = node
        .ok("node.invoke.progress", piece(&request, &device, 2, "late"))
        .await;
    assert_eq!(late["ignored"], true);
    other.ok("status", json!({})).await;
    let heard = other.recorded();
    assert!(
        heard.iter().all(|frame| !frame["event"]
            .as_str()
            .unwrap_or("")
            .starts_with("node.invoke")),
        "{heard:?}"
    );
}

#[tokio::test]
async fn nodes_that_show_nothing_and_callers_that_did_not_ask_see_no_difference() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut node = gateway.node(&device, "Shed", &["system.run"]).await;
    let mut caller = gateway.operator(&["operator.write"]).await;
    caller.send_request("node.invoke", run(&device, "k1")).await;
    let started = caller.event("node.invoke.started").await;
    assert_eq!(started["payload"]["streams"], false);
    let request = node.event("node.invoke.request").await;
    assert_eq!(request["payload"].get("stream"), None);

    let mut node = streaming_node(&gateway, &device).await;
    let mut plain = run(&device, "k2");
    plain["stream"] = json!(false);
    caller.send_request("node.invoke", plain).await;
    let request = node.event("node.invoke.request").await["payload"].clone();
    assert_eq!(request.get("stream"), None);
    let ack = node
        .ok("node.invoke.progress", piece(&request, &device, 0, "x"))
        .await;
    assert_eq!(ack["ignored"], true);
    let stranger = TestDevice::new();
    let wrong = node
        .err("node.invoke.progress", piece(&request, &stranger, 0, "x"))
        .await;
    assert_eq!(wrong["message"], "nodeId mismatch");
}

#[tokio::test]
async fn a_caller_ends_its_own_call_and_an_admin_any() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut node = streaming_node(&gateway, &device).await;
    let mut caller = gateway.operator(&["operator.write"]).await;
    let mut stranger = gateway.operator(&["operator.write"]).await;
    let mut admin = gateway.operator(&["operator.admin"]).await;

    let id = caller.send_request("node.invoke", run(&device, "k1")).await;
    let invoke_id = caller.event("node.invoke.started").await["payload"]["invokeId"].clone();
    let by_id = json!({ "invokeId": invoke_id });
    let refused = stranger.ok("node.invoke.abort", by_id.clone()).await;
    assert_eq!(refused["aborted"], false, "not its own");
    let by_key = json!({ "idempotencyKey": "k1" });
    let refused = stranger.ok("node.invoke.abort", by_key.clone()).await;
    assert_eq!(refused["aborted"], false, "not its own");
    let done = caller.ok("node.invoke.abort", by_key).await;
    assert_eq!(done["aborted"], true);
    let answer = caller.answer(&id).await;
    assert_eq!(answer["error"]["details"]["nodeError"]["code"], "ABORTED");
    let cancelled = node.event("node.invoke.cancel").await;
    assert_eq!(cancelled["payload"]["id"], invoke_id);
    assert_eq!(
        caller.ok("node.invoke.abort", by_id).await["aborted"],
        false
    );

    let id = caller.send_request("node.invoke", run(&device, "k2")).await;
    let started = caller.event("node.invoke.started").await;
    let by_id = json!({ "invokeId": started["payload"]["invokeId"] });
    assert_eq!(admin.ok("node.invoke.abort", by_id).await["aborted"], true);
    assert_eq!(caller.answer(&id).await["ok"], false);
    let none = caller.err("node.invoke.abort", json!({})).await;
    assert!(none["message"].as_str().unwrap().contains("required"));
}
