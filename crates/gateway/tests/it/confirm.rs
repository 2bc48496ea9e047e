//! Config changes that are taken back unless somebody confirms them.

use std::time::Duration;

use openclaw_protocol::methods::config::{ConfigWritten, ConfirmEnded, PendingConfirm};
use openclaw_protocol::methods::remote::RemoteStatus;
use openclaw_testkit::{TestGateway, Wire};
use serde_json::{Value, json};

use super::shapes::assert_shape;

fn text(gateway: &TestGateway) -> String {
    std::fs::read_to_string(&gateway.paths.config_path).unwrap()
}

async fn patch(wire: &mut Wire, patch: Value, within: Option<u64>) -> Value {
    let held = wire.ok("config.get", json!({ "redact": true })).await;
    assert_eq!(held["redacted"], true);
    let mut params = json!({ "raw": patch.to_string(), "baseHash": held["hash"] });
    if let Some(within) = within {
        params["confirmWithinMs"] = json!(within);
    }
    wire.request("config.patch", params).await
}

fn origins(list: &[&str]) -> Value {
    json!({ "gateway": { "controlUi": { "allowedOrigins": list } } })
}

/// Lets time pass for the timers of this runtime.
async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

async fn begin(gateway: &TestGateway, owner: &mut Wire, within: u64) -> (String, PendingConfirm) {
    let before = text(gateway);
    let answer = patch(owner, origins(&["https://a.example"]), Some(within)).await;
    let written: ConfigWritten = serde_json::from_value(answer["payload"].clone()).unwrap();
    let changes = written.changes.unwrap();
    assert_eq!(changes.keys, ["gateway.controlUi.allowedOrigins"]);
    assert_eq!(changes.live, changes.keys);
    assert_eq!((changes.restart.len(), changes.overridden.len()), (0, 0));
    let told = owner.event("config.confirmPending").await;
    let pending = assert_shape::<PendingConfirm>("config.confirmPending", &told["payload"]);
    assert_eq!(Some(&pending), written.confirm.as_ref());
    assert_ne!(text(gateway), before);
    (before, pending)
}

#[tokio::test]
async fn x6_a_change_that_nobody_confirms_is_taken_back_byte_for_byte() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    let (before, pending) = begin(&gateway, &mut owner, 60_000).await;

    let status = owner.ok("remote.status", json!({})).await;
    let status = assert_shape::<RemoteStatus>("remote.status", &status);
    assert_eq!(status.pending_confirm.as_ref(), Some(&pending));
    assert_eq!(status.allowed_origins, ["https://a.example"]);
    let second = patch(&mut owner, origins(&["https://b.example"]), None).await;
    assert_eq!(second["error"]["details"]["code"], "CONFIRM_PENDING");
    let message = second["error"]["message"].as_str().unwrap();
    assert!(message.contains("openclaw config confirm"), "{message}");

    pass(61).await;
    let told = owner.event("config.reverted").await;
    let ended = assert_shape::<ConfirmEnded>("config.reverted", &told["payload"]);
    assert_eq!(told["payload"]["outcome"], "reverted");
    assert_eq!(text(&gateway), before);
    let status = owner.ok("remote.status", json!({})).await;
    let status = assert_shape::<RemoteStatus>("remote.status", &status);
    assert_eq!(status.allowed_origins, Vec::<String>::new(), "live at once");
    assert_eq!(
        (status.pending_confirm, status.last_confirm),
        (None, Some(ended))
    );
    let log = owner.ok("audit.list", json!({ "kinds": ["config"] })).await;
    let kinds: Vec<_> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["config.write", "config.revert"]);
    assert_eq!(
        log["entries"][0]["detail"]["keys"],
        json!(["gateway.controlUi.allowedOrigins"])
    );
    let late = owner
        .err("config.confirm", json!({ "id": pending.id }))
        .await;
    assert!(
        late["message"]
            .as_str()
            .unwrap()
            .contains("nobody confirmed")
    );
}

#[tokio::test]
async fn x6_a_confirmed_change_stays_and_an_undone_one_goes_at_once() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    let (_, pending) = begin(&gateway, &mut owner, 10_000).await;
    // Whoever comes back may confirm, too.
    let mut page = gateway.operator(&["operator.admin"]).await;
    let wrong = page.err("config.confirm", json!({ "id": "nope" })).await;
    assert!(wrong["message"].as_str().unwrap().contains("under this id"));
    let answer = page.ok("config.confirm", json!({ "id": pending.id })).await;
    assert_eq!(answer["outcome"], "confirmed");
    owner.event("config.confirmed").await;
    pass(11).await;
    assert!(text(&gateway).contains("https://a.example"));

    let before = text(&gateway);
    let answer = patch(&mut owner, origins(&["https://b.example"]), Some(600_000)).await;
    let id = answer["payload"]["confirm"]["id"].clone();
    let answer = page
        .ok("config.confirm", json!({ "id": id, "keep": false }))
        .await;
    assert_eq!(answer["outcome"], "reverted");
    assert_eq!(text(&gateway), before);
}

#[tokio::test]
async fn x6_a_file_that_was_changed_meanwhile_is_kept() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    begin(&gateway, &mut owner, 10_000).await;
    let newer = text(&gateway).replace("https://a.example", "https://c.example");
    std::fs::write(&gateway.paths.config_path, &newer).unwrap();
    pass(11).await;
    let told = owner.event("config.reverted").await;
    assert_eq!(told["payload"]["outcome"], "kept");
    let message = told["payload"]["message"].as_str().unwrap();
    assert!(message.contains("the newer file stays"), "{message}");
    assert_eq!(text(&gateway), newer);
}

#[tokio::test]
async fn x6_the_deadline_survives_the_end_of_the_gateway() {
    // Still time: it waits on. Time over: the former file is back before anything starts.
    for over in [false, true] {
        let gateway = TestGateway::start().await;
        let mut owner = gateway.owner().await;
        let (before, pending) = begin(&gateway, &mut owner, 10_000).await;
        let record = gateway.state_dir().join("config-confirm.json");
        if over {
            // As if the machine had been off for an hour.
            let mut kept: Value =
                serde_json::from_str(&std::fs::read_to_string(&record).unwrap()).unwrap();
            kept["deadlineMs"] = json!(pending.deadline_ms - 3_600_000);
            std::fs::write(&record, kept.to_string()).unwrap();
        }
        let (_, home) = gateway.stop().await;
        let gateway = TestGateway::builder()
            .config(Value::Null)
            .home(home)
            .start()
            .await;
        let mut owner = gateway.owner().await;
        let status = owner.ok("remote.status", json!({})).await;
        if over {
            assert_eq!(status["lastConfirm"]["outcome"], "reverted");
            assert_eq!(status["allowedOrigins"], json!([]));
            assert!(!record.exists());
        } else {
            assert_eq!(status["pendingConfirm"]["id"], pending.id.as_str());
            pass(11).await;
            owner.event("config.reverted").await;
        }
        assert_eq!(text(&gateway), before);
    }
}

#[tokio::test]
async fn x6_the_time_to_confirm_is_bounded_and_what_is_not_live_is_named() {
    let gateway = TestGateway::builder()
        .env("OPENCLAW_GATEWAY_PORT", "18790")
        .start()
        .await;
    let mut owner = gateway.owner().await;
    for within in [9_999, 600_001] {
        let refused = patch(&mut owner, origins(&["https://a.example"]), Some(within)).await;
        assert_eq!(
            refused["error"]["message"],
            "confirmWithinMs must be from 10000 to 600000"
        );
    }
    let change = json!({ "nodeHost": { "browserProxy": { "enabled": false } }, "gateway": { "port": 18_791, "nodes": { "allowCommands": ["x.y"] } } });
    let answer = patch(&mut owner, change, None).await;
    assert_eq!(
        answer["payload"]["changes"],
        json!({
            "keys": ["gateway.nodes.allowCommands", "gateway.port", "nodeHost.browserProxy.enabled"],
            "live": ["gateway.nodes.allowCommands"],
            "restart": ["nodeHost.browserProxy.enabled"],
            "overridden": [{ "key": "gateway.port", "by": "env OPENCLAW_GATEWAY_PORT" }],
        })
    );
    assert_eq!(answer["payload"]["confirm"], Value::Null);
}
