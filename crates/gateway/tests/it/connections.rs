//! Presence, events, sequence numbers, slow readers.

use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::operator_params;
use openclaw_testkit::{TestDevice, TestGateway};
use serde_json::{Value, json};

fn ui_params() -> Value {
    let mut params = operator_params(Some(TOKEN), &["operator.admin"]);
    params["client"]["mode"] = json!("ui");
    params["client"]["displayName"] = json!("Laptop");
    params
}

#[tokio::test]
async fn presence_lists_live_connections_and_announces_departures() {
    let gateway = TestGateway::start().await;
    let mut watcher = gateway.operator(&["operator.admin"]).await;
    let mut laptop = gateway.wire().await;
    laptop.hello(ui_params(), Some(&TestDevice::new())).await;
    gateway.advance_ms(3_600_000);
    let list = watcher.ok("system-presence", json!({})).await;
    assert_eq!(
        (&list[1]["host"], &list[1]["reason"]),
        (&json!("Laptop"), &json!("connect")),
        "{list}"
    );
    laptop.close().await;
    let event = watcher.event("presence").await;
    assert_eq!(event["payload"]["presence"][1]["reason"], "disconnect");
    assert!(event["stateVersion"]["presence"].is_u64());
}

#[tokio::test]
async fn sequence_numbers_have_no_gaps_for_a_client_that_reads() {
    let gateway = TestGateway::start().await;
    let mut reader = gateway.operator(&["operator.read"]).await;
    let mut admin = gateway.operator(&["operator.admin"]).await;
    for (expected, n) in (1..).zip(0..3) {
        // Events that the reader may not hear consume no number of it.
        admin
            .ok("node.pair.request", json!({ "nodeId": format!("n{n}") }))
            .await;
        admin
            .ok(
                "system-event",
                json!({ "text": format!("hello {n}"), "instanceId": "x" }),
            )
            .await;
        let event = reader.event("presence").await;
        assert_eq!(event["seq"], expected);
    }
}

#[tokio::test]
async fn system_events_need_a_text_and_show_in_status() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    assert_eq!(
        owner.err("system-event", json!({ "text": " " })).await["message"],
        "text required"
    );
    owner
        .ok("wake", json!({ "mode": "now", "text": "wake up" }))
        .await;
    owner
        .ok(
            "system-event",
            json!({ "text": "Node: Mac (192.0.2.7) · app 1.2 · mode ui · reason periodic" }),
        )
        .await;
    let status = owner.ok("status", json!({})).await;
    assert_eq!(status["queuedSystemEvents"], json!(["wake up"]));
    let presence = owner.ok("system-presence", json!({})).await;
    assert_eq!(presence[1]["ip"], "192.0.2.7");
}

#[tokio::test]
async fn wake_words_are_kept_over_a_restart_and_told_to_nodes() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    owner
        .ok("voicewake.set", json!({ "triggers": ["computer", " "] }))
        .await;
    let (_, home) = gateway.stop().await;
    let gateway = TestGateway::builder().home(home).start().await;
    let mut node = gateway.node(&TestDevice::new(), "n", &[]).await;
    assert_eq!(
        node.event("voicewake.changed").await["payload"]["triggers"],
        json!(["computer"])
    );
}

#[tokio::test]
async fn nodes_hear_no_presence_and_no_health() {
    let gateway = TestGateway::start().await;
    let mut node = gateway.node(&TestDevice::new(), "n", &[]).await;
    node.event("voicewake.changed").await;
    let mut owner = gateway.owner().await;
    owner.ok("system-event", json!({ "text": "hello" })).await;
    owner.ok("health", json!({ "probe": true })).await;
    owner
        .ok("voicewake.set", json!({ "triggers": ["x"] }))
        .await;
    let next = node.receive().await.unwrap();
    assert_eq!(
        (&next["event"], &next["seq"]),
        (&json!("voicewake.changed"), &json!(1)),
        "{next}"
    );
}
