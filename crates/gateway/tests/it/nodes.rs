//! Nodes: surfaces, invocations, deadlines, two connections.

use openclaw_protocol::device::ProofVersion;
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::{node_params, operator_params};
use openclaw_testkit::{TestDevice, TestGateway, Wire};
use serde_json::{Value, json};

const FULL: &[&str] = &["operator.admin", "operator.approvals", "operator.pairing"];

fn invoke(device: &TestDevice, command: &str, params: &Value) -> Value {
    json!({ "nodeId": device.id(), "command": command, "params": params, "idempotencyKey": "k", "timeoutMs": 20_000 })
}

async fn reply(node: &mut Wire, device: &TestDevice, payload: &str) -> Value {
    let request = node.event("node.invoke.request").await["payload"].clone();
    let result =
        json!({ "id": request["id"], "nodeId": device.id(), "ok": true, "payloadJSON": payload });
    node.ok("node.invoke.result", result).await;
    request
}

#[tokio::test]
async fn a_command_goes_to_the_node_and_its_answer_comes_back() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut node = gateway
        .node(&device, "Build Box", &["system.run", "camera.snap"])
        .await;
    let mut operator = gateway.operator(FULL).await;
    let list = operator.ok("node.list", json!({})).await;
    assert_eq!(list["nodes"][0]["displayName"], "Build Box");
    assert_eq!(
        list["nodes"][0]["commands"],
        json!(["system.run"]),
        "cameras are not for linux nodes"
    );
    let id = operator
        .send_request(
            "node.invoke",
            invoke(&device, "system.run", &json!({ "a": "ü\n" })),
        )
        .await;
    let request = reply(&mut node, &device, r#"{"exitCode":0,"stdout":"hi"}"#).await;
    assert_eq!(request["paramsJSON"], r#"{"a":"ü\n"}"#);
    assert_eq!(
        (&request["timeoutMs"], &request["idempotencyKey"]),
        (&json!(20_000), &json!("k"))
    );
    let answer = operator.answer(&id).await["payload"].clone();
    assert_eq!(answer["payload"], json!({ "exitCode": 0, "stdout": "hi" }));
    assert_eq!(answer["payloadJSON"], r#"{"exitCode":0,"stdout":"hi"}"#);
    assert_eq!(answer["nodeId"], device.id());
}

#[tokio::test]
async fn refusals_say_why() {
    let gateway = TestGateway::start().await;
    let (device, idle) = (TestDevice::new(), TestDevice::new());
    let mut node = gateway.node(&device, "n", &["system.which"]).await;
    let _idle = gateway.node(&idle, "idle", &[]).await;
    let mut operator = gateway.operator(FULL).await;
    for (params, message, detail) in [
        (
            json!({ "nodeId": "x", "command": "system.run", "idempotencyKey": "k" }),
            "node not connected",
            json!({ "code": "NOT_CONNECTED" }),
        ),
        (
            invoke(&device, "sms.send", &json!({})),
            "node command not allowed",
            json!({ "reason": "command not allowlisted" }),
        ),
        (
            invoke(&device, "system.run", &json!({})),
            "node command not allowed",
            json!({ "reason": "command not declared by node" }),
        ),
        (
            invoke(&idle, "system.run", &json!({})),
            "node command not allowed",
            json!({ "reason": "node did not declare commands" }),
        ),
        (
            json!({ "nodeId": " ", "command": "x", "idempotencyKey": "k" }),
            "nodeId and command required",
            json!({}),
        ),
    ] {
        let error = operator.err("node.invoke", params).await;
        assert_eq!(error["message"], message);
        for (key, value) in detail.as_object().unwrap() {
            assert_eq!(&error["details"][key], value, "{error}");
        }
    }
    let id = operator
        .send_request("node.invoke", invoke(&device, "system.which", &json!({})))
        .await;
    let request = node.event("node.invoke.request").await["payload"].clone();
    let failed = json!({ "code": "UNAVAILABLE", "message": "SYSTEM_RUN_DISABLED: security=deny" });
    node.ok(
        "node.invoke.result",
        json!({ "id": request["id"], "nodeId": device.id(), "ok": false, "error": failed }),
    )
    .await;
    let answer = operator.answer(&id).await;
    assert_eq!(
        answer["error"]["message"],
        "SYSTEM_RUN_DISABLED: security=deny"
    );
    assert_eq!(answer["error"]["details"]["nodeError"], failed);
    let late = json!({ "id": request["id"], "nodeId": device.id(), "ok": true });
    assert_eq!(node.ok("node.invoke.result", late).await["ignored"], true);
    let foreign = json!({ "id": "x", "nodeId": "somebody else", "ok": true });
    assert_eq!(
        node.err("node.invoke.result", foreign).await["message"],
        "nodeId mismatch"
    );
}

#[tokio::test]
async fn u26_the_deadline_is_the_callers_and_zero_means_none() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut node = gateway.node(&device, "n", &["system.which"]).await;
    let mut operator = gateway.operator(FULL).await;
    let mut params = invoke(&device, "system.which", &json!({}));
    params["timeoutMs"] = json!(0);
    let id = operator.send_request("node.invoke", params.clone()).await;
    let request = node.event("node.invoke.request").await["payload"].clone();
    assert!(
        request.get("timeoutMs").is_none(),
        "no deadline is no member: {request}"
    );
    node.ok(
        "node.invoke.result",
        json!({ "id": request["id"], "nodeId": device.id(), "ok": true }),
    )
    .await;
    assert_eq!(operator.answer(&id).await["ok"], true);
    params["timeoutMs"] = json!(1);
    let id = operator.send_request("node.invoke", params).await;
    let request = node.event("node.invoke.request").await["payload"].clone();
    let answer = operator.answer(&id).await;
    assert_eq!(answer["error"]["message"], "node invoke timed out");
    assert_eq!(answer["error"]["details"]["nodeError"]["code"], "TIMEOUT");
    let cancel = node.event("node.invoke.cancel").await;
    assert_eq!(cancel["payload"]["id"], request["id"], "the node is told");
}

#[tokio::test]
async fn u26_a_disconnect_during_a_run_is_an_interruption_and_a_result_before_it_wins() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut node = gateway.node(&device, "n", &["system.run"]).await;
    let mut operator = gateway.operator(FULL).await;
    let first = operator
        .send_request("node.invoke", invoke(&device, "system.run", &json!({})))
        .await;
    let request = node.event("node.invoke.request").await["payload"].clone();
    let second = operator
        .send_request("node.invoke", invoke(&device, "system.run", &json!({})))
        .await;
    node.event("node.invoke.request").await;
    node.send_request(
        "node.invoke.result",
        json!({ "id": request["id"], "nodeId": device.id(), "ok": true }),
    )
    .await;
    drop(node);
    assert_eq!(operator.answer(&first).await["ok"], true);
    let error = operator.answer(&second).await["error"].clone();
    assert_eq!(error["message"], "Error: node disconnected (system.run)");
    assert_eq!(
        (
            &error["details"]["code"],
            &error["details"]["idempotencyKey"]
        ),
        (&json!("INTERRUPTED"), &json!("k"))
    );
}

#[tokio::test]
async fn u26_a_caller_that_leaves_cancels_what_it_asked_for() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut node = gateway.node(&device, "n", &["system.run"]).await;
    let mut operator = gateway.operator(FULL).await;
    operator
        .send_request("node.invoke", invoke(&device, "system.run", &json!({})))
        .await;
    let request = node.event("node.invoke.request").await["payload"].clone();
    drop(operator);
    assert_eq!(
        node.event("node.invoke.cancel").await["payload"]["id"],
        request["id"]
    );
}

#[tokio::test]
async fn u25_the_newest_connection_wins_and_the_end_of_the_old_one_changes_nothing() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut old = gateway.node(&device, "n", &["system.which"]).await;
    let mut new = gateway.node(&device, "n", &["system.which"]).await;
    let (_, ended) = old.until_end().await;
    assert_eq!(
        ended.reason,
        "replaced by a newer connection of this device"
    );
    let mut operator = gateway.operator(FULL).await;
    let list = operator.ok("node.list", json!({})).await;
    assert_eq!(
        list["nodes"].as_array().unwrap().len(),
        1,
        "one device is one node"
    );
    let id = operator
        .send_request("node.invoke", invoke(&device, "system.which", &json!({})))
        .await;
    reply(&mut new, &device, "{}").await;
    assert_eq!(operator.answer(&id).await["ok"], true);
}

#[tokio::test]
async fn a_remote_node_is_approved_with_its_surface_and_asks_again_for_more() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let params = node_params(Some(TOKEN), "Pi", &["system.which"]);
    let answer = gateway
        .remote_wire()
        .await
        .connect(params.clone(), Some((&device, ProofVersion::V3)))
        .await
        .unwrap();
    let request_id = answer["error"]["details"]["requestId"].clone();
    let mut owner = gateway.owner().await;
    assert_eq!(
        owner.ok("node.pair.list", json!({})).await["pending"],
        json!([]),
        "the device comes first"
    );
    owner
        .ok("device.pair.approve", json!({ "requestId": request_id }))
        .await;
    let mut node = gateway.remote_wire().await;
    node.hello(params, Some(&device)).await;
    assert_eq!(
        owner
            .ok("node.describe", json!({ "nodeId": device.id() }))
            .await["commands"],
        json!(["system.which"])
    );
    let wider = node_params(Some(TOKEN), "Pi", &["system.which", "system.run"]);
    let mut node = gateway.remote_wire().await;
    node.hello(wider, Some(&device)).await;
    let described = owner
        .ok("node.describe", json!({ "nodeId": device.id() }))
        .await;
    assert_eq!(described["commands"], json!(["system.which"]));
    assert_eq!(described["pendingCommands"], json!(["system.run"]));
    let error = owner
        .err("node.invoke", invoke(&device, "system.run", &json!({})))
        .await;
    assert_eq!(error["details"]["reason"], "command awaits approval");
    let pending = owner.ok("node.pair.list", json!({})).await["pending"][0].clone();
    assert_eq!(
        pending["requiredApproveScopes"],
        json!(["operator.pairing", "operator.write", "operator.admin"])
    );
    let mut pairing_only = gateway
        .operator(&["operator.pairing", "operator.write"])
        .await;
    let error = pairing_only
        .err(
            "node.pair.approve",
            json!({ "requestId": pending["requestId"] }),
        )
        .await;
    assert_eq!(error["message"], "missing scope: operator.admin");
    owner
        .ok(
            "node.pair.approve",
            json!({ "pairingId": pending["requestId"] }),
        )
        .await;
    let described = owner
        .ok("node.describe", json!({ "nodeId": device.id() }))
        .await;
    assert_eq!(
        described["commands"],
        json!(["system.run", "system.which"]),
        "approval takes effect at once"
    );
    assert_eq!(described["approvalState"], "approved");
}

#[tokio::test]
async fn deny_lists_take_effect_while_connected() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let _node = gateway.node(&device, "n", &["system.run"]).await;
    let mut owner = gateway.owner().await;
    gateway.apply_config(&json!({ "gateway": {
        "mode": "local",
        "auth": { "mode": "token", "token": TOKEN },
        "nodes": { "denyCommands": ["system.run"] },
    } }));
    owner.event("config.changed").await;
    let error = owner
        .err("node.invoke", invoke(&device, "system.run", &json!({})))
        .await;
    assert_eq!(error["details"]["reason"], "command not allowlisted");
}

#[tokio::test]
async fn renaming_works_for_device_paired_nodes() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let _node = gateway.node(&device, "n", &[]).await;
    let mut owner = gateway.owner().await;
    owner
        .ok(
            "node.rename",
            json!({ "nodeId": device.id(), "displayName": "Attic" }),
        )
        .await;
    assert_eq!(
        owner.ok("node.list", json!({})).await["nodes"][0]["displayName"],
        "Attic"
    );
    let error = owner
        .err(
            "node.rename",
            json!({ "nodeId": "x", "displayName": "Attic" }),
        )
        .await;
    assert_eq!(error["message"], "unknown nodeId");
}

#[tokio::test]
async fn removing_a_node_ends_its_connection_and_its_pairing() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut node = gateway.node(&device, "n", &["system.run"]).await;
    let mut owner = gateway.owner().await;
    owner
        .ok("node.pair.remove", json!({ "nodeId": device.id() }))
        .await;
    assert_eq!(node.until_end().await.1.reason, "device revoked");
    let answer = gateway
        .remote_wire()
        .await
        .connect(
            node_params(Some(TOKEN), "n", &[]),
            Some((&device, ProofVersion::V3)),
        )
        .await
        .unwrap();
    assert_eq!(answer["error"]["details"]["reason"], "not-paired");
}

#[tokio::test]
async fn the_older_node_flow_pairs_by_code_and_verifies_its_token() {
    let gateway = TestGateway::start().await;
    let mut operator = gateway.operator(FULL).await;
    let asked = operator
        .ok(
            "node.pair.request",
            json!({ "nodeId": "phone", "displayName": "Phone" }),
        )
        .await;
    assert_eq!(
        (&asked["status"], &asked["created"]),
        (&json!("pending"), &json!(true))
    );
    let approved = operator
        .ok(
            "node.pair.approve",
            json!({ "requestId": asked["request"]["requestId"] }),
        )
        .await;
    let token = approved["node"]["token"].as_str().unwrap();
    let verify = |token: &str| json!({ "nodeId": "phone", "token": token });
    assert_eq!(
        operator.ok("node.pair.verify", verify(token)).await["ok"],
        true
    );
    assert_eq!(
        operator.ok("node.pair.verify", verify("x")).await["ok"],
        false
    );
    let list = operator.ok("node.pair.list", json!({})).await;
    assert!(!list.to_string().contains(token), "{list}");
}

#[tokio::test]
async fn node_reports_are_acknowledged_in_both_protocols() {
    let gateway = TestGateway::start().await;
    for protocol in [3, 4] {
        let device = TestDevice::new();
        let mut params = node_params(Some(TOKEN), "n", &[]);
        params["maxProtocol"] = json!(protocol);
        let mut node = gateway.wire().await;
        node.hello(params, Some(&device)).await;
        assert_eq!(
            node.event("voicewake.changed").await["payload"]["triggers"][0],
            "openclaw"
        );
        let stats = json!({ "event": "node.host.stats", "payloadJSON": "{\"cpuCount\":2}" });
        assert_eq!(node.ok("node.event", stats).await["ok"], true);
        assert_eq!(
            node.ok("node.skills.update", json!({ "skills": [] })).await["nodeId"],
            device.id()
        );
        node.ok("node.pluginTools.update", json!({ "tools": [] }))
            .await;
        node.ok(
            "node.runnerInventory.update",
            json!({ "protocolFeatures": [] }),
        )
        .await;
        assert_eq!(node.ok("skills.bins", json!({})).await["bins"], json!([]));
        let mut operator = gateway.operator(FULL).await;
        let described = operator
            .ok("node.describe", json!({ "nodeId": device.id() }))
            .await;
        assert_eq!(described["hostStats"]["cpuCount"], 2);
    }
}

#[tokio::test]
async fn large_payloads_pass_unchanged() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut node = gateway.node(&device, "n", &["system.which"]).await;
    let mut wire = gateway.wire().await;
    wire.hello(operator_params(Some(TOKEN), FULL), None).await;
    let blob = "\u{e9}\"\\".repeat(300_000);
    let id = wire
        .send_request(
            "node.invoke",
            invoke(&device, "system.which", &json!({ "blob": blob })),
        )
        .await;
    let payload = json!({ "blob": blob }).to_string();
    let request = reply(&mut node, &device, &payload).await;
    assert_eq!(
        serde_json::from_str::<Value>(request["paramsJSON"].as_str().unwrap()).unwrap()["blob"],
        blob.as_str()
    );
    let answer = wire.answer(&id).await;
    assert_eq!(answer["payload"]["payload"]["blob"], blob.as_str());
    assert_eq!(answer["payload"]["payloadJSON"], payload);
}

#[tokio::test]
async fn the_exec_approvals_of_a_node_are_not_reached_with_write_scope() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut node = gateway
        .node(
            &device,
            "n",
            &["system.execApprovals.get", "system.execApprovals.set"],
        )
        .await;
    let mut writer = gateway.operator(&["operator.write"]).await;
    for command in ["system.execApprovals.get", "system.execApprovals.set"] {
        let error = writer
            .err("node.invoke", invoke(&device, command, &json!({})))
            .await;
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .ends_with("use exec.approvals.node.*"),
            "{error}"
        );
    }
    let params = json!({ "nodeId": device.id() });
    let error = writer.err("exec.approvals.node.get", params.clone()).await;
    assert_eq!(error["message"], "missing scope: operator.admin");
    let mut admin = gateway.operator(FULL).await;
    let id = admin.send_request("exec.approvals.node.get", params).await;
    reply(&mut node, &device, r#"{"hash":"x"}"#).await;
    assert_eq!(admin.answer(&id).await["payload"]["hash"], "x");
}

#[tokio::test]
async fn only_an_approver_can_say_that_a_run_is_approved() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut node = gateway.node(&device, "n", &["system.run"]).await;
    let mut writer = gateway.operator(&["operator.write"]).await;
    let mut approver = gateway
        .operator(&["operator.write", "operator.approvals"])
        .await;
    let once = json!({ "command": ["id"], "approved": true, "approvalDecision": "allow-once" });
    let always = json!({ "command": ["id"], "approved": true, "approvalDecision": "allow-always" });
    let claim = json!({ "command": ["id"], "approved": true });
    for (params, missing) in [
        (&once, "operator.approvals"),
        (&claim, "operator.approvals"),
        (&always, "operator.approvals"),
    ] {
        let error = writer
            .err("node.invoke", invoke(&device, "system.run", params))
            .await;
        assert_eq!(error["message"], format!("missing scope: {missing}"));
    }
    let id = approver
        .send_request("node.invoke", invoke(&device, "system.run", &once))
        .await;
    reply(&mut node, &device, "{}").await;
    assert_eq!(approver.answer(&id).await["ok"], true);
    let plain = json!({ "command": ["id"], "approved": false });
    let id = writer
        .send_request("node.invoke", invoke(&device, "system.run", &plain))
        .await;
    let request = node.event("node.invoke.request").await["payload"].clone();
    let garbage =
        json!({ "id": request["id"], "nodeId": device.id(), "ok": false, "error": "broken" });
    node.ok("node.invoke.result", garbage).await;
    assert_eq!(writer.answer(&id).await["error"]["message"], "broken");
}
