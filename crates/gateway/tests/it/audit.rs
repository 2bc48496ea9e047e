//! The audit log as operators see it.

use openclaw_protocol::device::ProofVersion;
use openclaw_protocol::methods::audit::{AuditEntry, AuditList, AuditObject, AuditResult};
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::operator_params;
use openclaw_testkit::{TestDevice, TestGateway};
use serde_json::json;

use super::shapes::assert_shape;

#[tokio::test]
async fn x3_every_line_is_told_as_it_is_written_and_can_be_paged_through() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    owner.ok("audit.list", json!({})).await;
    let device = TestDevice::new();
    let mut params = operator_params(Some(TOKEN), &["operator.read"]);
    params["client"]["displayName"] = json!("Tablet");
    let mut far = gateway.remote_wire().await;
    let asked = far
        .connect(params, Some((&device, ProofVersion::V3)))
        .await
        .unwrap();
    let request = asked["error"]["details"]["requestId"].clone();
    owner
        .ok(
            "device.pair.approve",
            json!({ "requestId": request, "scopes": ["operator.read"] }),
        )
        .await;
    let rename = json!({ "deviceId": device.id(), "label": "Kitchen" });
    owner.ok("device.pair.rename", rename).await;
    let mut told: Vec<AuditEntry> = Vec::new();
    while told.last().is_none_or(|line| line.kind != "pair.rename") {
        let event = owner.event("audit.appended").await;
        told.push(assert_shape("audit.appended", &event["payload"]));
    }
    let seen: Vec<_> = told.iter().map(|line| line.id).collect();
    assert!(
        seen.windows(2).all(|pair| pair[0] + 1 == pair[1]),
        "{seen:?}"
    );
    let approve = told
        .iter()
        .find(|line| line.kind == "pair.approve")
        .unwrap();
    assert_eq!(approve.object, Some(device.id()));
    assert_eq!(approve.object_kind, AuditObject::Device);
    assert_eq!(
        (approve.actor.as_str(), approve.result),
        ("control", AuditResult::Ok)
    );

    let all = owner.ok("audit.list", json!({ "limit": 5_000 })).await;
    let all = assert_shape::<AuditList>("audit.list", &all).entries;
    let named = all.iter().find(|line| line.kind == "pair.approve").unwrap();
    assert_eq!(named.object_name.as_deref(), Some("Kitchen"));
    let refused = all.iter().find(|line| line.kind == "refuse").unwrap();
    assert_eq!(refused.result, AuditResult::Denied);
    // Backwards in pages of two: nothing is missed and nothing comes twice.
    let mut pages = Vec::new();
    let mut before = all.last().unwrap().id + 1;
    while before > 1 {
        let params = json!({ "limit": 2, "before": before });
        let page = owner.ok("audit.list", params).await;
        let page: AuditList = serde_json::from_value(page).unwrap();
        before = page.entries[0].id;
        pages.splice(0..0, page.entries.into_iter().map(|line| line.id));
    }
    let ids: Vec<_> = all.iter().map(|line| line.id).collect();
    assert_eq!(pages, ids);
    let some = owner
        .ok("audit.list", json!({ "kinds": ["pair", "start"] }))
        .await;
    let some: AuditList = serde_json::from_value(some).unwrap();
    let kinds: Vec<_> = some.entries.iter().map(|line| line.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["start", "pair.request", "pair.approve", "pair.rename"]
    );
}

#[tokio::test]
async fn x3_requests_that_nobody_decided_and_files_changed_by_hand_leave_lines() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    let mut far = gateway.remote_wire().await;
    let params = operator_params(Some(TOKEN), &["operator.read"]);
    far.connect(params, Some((&TestDevice::new(), ProofVersion::V3)))
        .await
        .unwrap();
    gateway.advance_ms(301_000);
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(21)).await;
    tokio::time::resume();
    let gone = owner.event("device.pair.resolved").await;
    assert_eq!(gone["payload"]["decision"], "expired");
    let line = owner
        .wait_for(|frame| {
            frame["event"] == "audit.appended" && frame["payload"]["kind"] == "pair.expire"
        })
        .await;
    assert_eq!(line["payload"]["result"], "expired");

    let token = "another-token-0123456789abcdef";
    gateway.apply_config(
        &json!({ "gateway": { "mode": "local", "auth": { "mode": "token", "token": token } } }),
    );
    let line = owner
        .wait_for(|frame| {
            frame["event"] == "audit.appended" && frame["payload"]["kind"] == "config.change"
        })
        .await;
    assert_eq!(
        line["payload"]["detail"]["keys"],
        json!(["gateway.auth.token"])
    );
    assert!(!line.to_string().contains(token), "never a value");
}
