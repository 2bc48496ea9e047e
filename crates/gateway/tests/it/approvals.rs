//! Exec approvals and the exec-approvals file.

use openclaw_testkit::TestGateway;
use serde_json::json;

const FULL: &[&str] = &["operator.admin", "operator.approvals"];

#[tokio::test]
async fn u27_every_operator_sees_the_request_and_the_first_decision_wins() {
    let gateway = TestGateway::start().await;
    let mut asker = gateway.operator(FULL).await;
    let mut phone = gateway.operator(FULL).await;
    let mut laptop = gateway.operator(FULL).await;
    let id = asker
        .send_request(
            "exec.approval.request",
            json!({ "id": "a1", "command": "rm -rf /" }),
        )
        .await;
    for operator in [&mut phone, &mut laptop] {
        let event = operator.event("exec.approval.requested").await;
        assert_eq!(event["payload"]["request"]["command"], "rm -rf /");
    }
    assert_eq!(
        laptop.ok("exec.approval.list", json!({})).await[0]["id"],
        "a1"
    );
    let bad = phone
        .err(
            "exec.approval.resolve",
            json!({ "id": "a1", "decision": "maybe" }),
        )
        .await;
    assert_eq!(bad["message"], "invalid decision");
    phone
        .ok(
            "exec.approval.resolve",
            json!({ "id": "a1", "decision": "deny" }),
        )
        .await;
    assert_eq!(asker.answer(&id).await["payload"]["decision"], "deny");
    assert_eq!(
        laptop.event("exec.approval.resolved").await["payload"]["decision"],
        "deny"
    );
    let late = laptop
        .err(
            "exec.approval.resolve",
            json!({ "id": "a1", "decision": "allow-once" }),
        )
        .await;
    assert_eq!(late["details"]["decision"], "deny");
    assert_eq!(laptop.ok("exec.approval.list", json!({})).await, json!([]));
}

#[tokio::test]
async fn u27_a_pending_approval_survives_a_restart() {
    let gateway = TestGateway::start().await;
    let mut asker = gateway.operator(FULL).await;
    let mut phone = gateway.operator(FULL).await;
    asker
        .send_request(
            "exec.approval.request",
            json!({ "id": "a1", "command": "make", "timeoutMs": 600_000 }),
        )
        .await;
    phone.event("exec.approval.requested").await;
    let (report, home) = gateway.stop().await;
    assert!(report.stored);
    let gateway = TestGateway::builder().home(home).start().await;
    let mut phone = gateway.operator(FULL).await;
    assert_eq!(
        phone.ok("exec.approval.list", json!({})).await[0]["request"]["command"],
        "make"
    );
    let mut asker = gateway.operator(FULL).await;
    let id = asker
        .send_request("exec.approval.waitDecision", json!({ "id": "a1" }))
        .await;
    phone
        .ok(
            "exec.approval.resolve",
            json!({ "id": "a1", "decision": "allow-once" }),
        )
        .await;
    assert_eq!(asker.answer(&id).await["payload"]["decision"], "allow-once");
}

#[tokio::test]
async fn u27_an_expired_request_answers_nothing_decided_and_tells_latecomers() {
    let gateway = TestGateway::start().await;
    let mut asker = gateway.operator(FULL).await;
    let answer = asker
        .ok(
            "exec.approval.request",
            json!({ "id": "a1", "command": "make", "timeoutMs": 1 }),
        )
        .await;
    assert_eq!(answer["decision"], json!(null));
    let late = asker
        .err(
            "exec.approval.resolve",
            json!({ "id": "a1", "decision": "deny" }),
        )
        .await;
    assert_eq!(late["message"], "approval a1 expired before anyone decided");
}

#[tokio::test]
async fn the_approvals_file_is_read_and_written_against_its_hash() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    let got = owner.ok("exec.approvals.get", json!({})).await;
    assert!(got["file"]["socket"].get("token").is_none(), "{got}");
    let file = json!({ "version": 1, "defaults": { "security": "allowlist" }, "agents": {} });
    let error = owner
        .err("exec.approvals.set", json!({ "file": file }))
        .await;
    assert_eq!(
        error["message"],
        "exec approvals base hash required; re-run exec.approvals.get and retry"
    );
    let error = owner
        .err(
            "exec.approvals.set",
            json!({ "file": file, "baseHash": "00" }),
        )
        .await;
    assert_eq!(
        error["message"],
        "exec approvals changed since last load; re-run exec.approvals.get and retry"
    );
    let set = owner
        .ok(
            "exec.approvals.set",
            json!({ "file": file, "baseHash": got["hash"] }),
        )
        .await;
    assert_eq!(set["file"]["defaults"]["security"], "allowlist");
    let error = owner.err("exec.approvals.set", json!({ "file": { "version": 1, "defaults": { "security": "x" } }, "baseHash": set["hash"] })).await;
    assert!(
        error["message"].as_str().unwrap().contains("security"),
        "{error}"
    );
}
