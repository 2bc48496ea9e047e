//! Stopping and restarting: told first, answered, closed, released or handed over.

use std::time::Duration;

use openclaw_gateway::gateway::StartError;
use openclaw_gateway::lock::peek;
use openclaw_gateway::restart::{Restart, RestartRefused};
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::{Wire, operator_params};
use openclaw_testkit::{TestDevice, TestGateway};
use serde_json::{Value, json};

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
async fn the_lock_is_let_go_when_nothing_is_written_any_more() {
    let gateway = TestGateway::start().await;
    let state_dir = gateway.state_dir().to_owned();
    let lock = state_dir.join("gateway.lock");
    // Somebody else has the database, so that the last records have to wait.
    let other = rusqlite::Connection::open(state_dir.join("gateway.sqlite")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let stopping = tokio::spawn(gateway.stop());
    let mut is_held = true;
    while !stopping.is_finished() {
        is_held &= peek(&lock, 0).unwrap().is_some() || stopping.is_finished();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (_, home) = stopping.await.unwrap();
    assert!(is_held, "free while the records were still being written");
    assert!(peek(&lock, 0).unwrap().is_none());
    drop((other, home));
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

/// An operator, a node that was asked something by it, and the id of that call.
async fn one_call(gateway: &TestGateway, device: &TestDevice) -> (Wire, Wire, String, Value) {
    let mut node = gateway.node(device, "n", &["system.which"]).await;
    let mut operator = gateway.operator(&["operator.admin"]).await;
    let params = json!({ "nodeId": device.id(), "command": "system.which", "params": {}, "idempotencyKey": "k" });
    let id = operator.send_request("node.invoke", params).await;
    let request = node.event("node.invoke.request").await["payload"].clone();
    (operator, node, id, request)
}

#[tokio::test]
async fn u23_nothing_is_begun_while_it_ends_and_what_was_begun_is_finished() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let (mut operator, mut node, id, request) = one_call(&gateway, &device).await;
    let core = std::sync::Arc::clone(gateway.gateway.core());
    let stopping = tokio::spawn(gateway.stop());
    operator.event("shutdown").await;
    assert!(core.is_draining());
    let again = json!({ "nodeId": device.id(), "command": "system.which", "params": {}, "idempotencyKey": "l" });
    let refused = operator.err("node.invoke", again).await;
    assert_eq!(
        (
            &refused["code"],
            &refused["details"]["code"],
            &refused["details"]["reason"]
        ),
        (
            &json!("UNAVAILABLE"),
            &json!("GATEWAY_STOPPING"),
            &json!("gateway stopping")
        )
    );
    assert_eq!(
        (&refused["retryable"], &refused["retryAfterMs"]),
        (&json!(true), &json!(2000))
    );
    operator.ok("node.list", json!({})).await;
    let result = json!({ "id": request["id"], "nodeId": device.id(), "ok": true });
    node.send_request("node.invoke.result", result).await;
    assert_eq!(operator.answer(&id).await["ok"], true);
    let (report, _home) = stopping.await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test]
async fn u23_a_call_that_outlasts_the_drain_is_told_to_come_back_and_so_is_everybody() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let (mut operator, mut node, id, _) = one_call(&gateway, &device).await;
    let address = gateway.gateway.addresses()[0];
    let control = gateway.paths.control_socket.clone();
    let ending = tokio::spawn(gateway.hand_over());
    let told = operator.event("shutdown").await;
    assert_eq!(
        told["payload"],
        json!({ "reason": "gateway restarting", "restartExpectedMs": 500 })
    );
    let error = operator.answer(&id).await["error"].clone();
    assert_eq!(
        (
            &error["code"],
            &error["details"]["code"],
            &error["details"]["reason"]
        ),
        (
            &json!("UNAVAILABLE"),
            &json!("GATEWAY_RESTARTING"),
            &json!("restarting")
        )
    );
    assert_eq!(error["details"]["idempotencyKey"], "k");
    assert_eq!(
        (&error["retryable"], &error["retryAfterMs"]),
        (&json!(true), &json!(500))
    );
    for wire in [&mut operator, &mut node] {
        let (_, ended) = wire.until_end().await;
        assert_eq!(
            (ended.code, ended.reason.as_str()),
            (1012, "service restart")
        );
    }
    let (report, inherited, home) = ending.await.unwrap();
    assert_eq!(
        (report.unanswered, report.unclosed, report.stored),
        (1, 0, true)
    );

    // Nobody serves now, and nobody is refused: whoever comes waits for the successor.
    let waiting = tokio::net::TcpStream::connect(address).await.unwrap();
    tokio::net::UnixStream::connect(&control).await.unwrap();
    assert!(inherited.has_lock());
    let intruder = TestGateway::builder().home(std::sync::Arc::clone(&home));
    let intruder = intruder
        .try_start()
        .await
        .expect_err("the lock is never free");
    assert!(matches!(intruder, StartError::Lock(_)), "{intruder:?}");

    let successor = TestGateway::builder().home(home).inherited(inherited);
    let successor = successor.start().await;
    assert_eq!(successor.gateway.addresses()[0], address);
    let answer = get_ready(waiting).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    successor.owner().await.ok("health", json!({})).await;
    successor.operator(&[]).await.ok("health", json!({})).await;
    let (report, _home) = successor.stop().await;
    assert!(report.is_clean(), "{report:?}");
    assert!(!control.exists(), "the last one removes the socket file");
}

#[tokio::test]
async fn u23_while_it_restarts_connections_come_in_and_it_is_not_ready() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let (mut operator, mut node, id, request) = one_call(&gateway, &device).await;
    let address = gateway.gateway.addresses()[0];
    let ending = tokio::spawn(gateway.hand_over());
    operator.event("shutdown").await;
    let answer = get_ready(tokio::net::TcpStream::connect(address).await.unwrap()).await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    let mut late = Wire::open(address, &[]).await.expect("an upgrade");
    late.hello(operator_params(Some(TOKEN), &["operator.admin"]), None)
        .await;
    assert_eq!(late.ok("remote.status", json!({})).await["draining"], true);
    let refused = late.err("set-heartbeats", json!({ "enabled": true })).await;
    assert_eq!(refused["details"]["code"], "GATEWAY_RESTARTING");
    // A second wish is the same wish.
    assert_eq!(
        late.ok("gateway.restart.request", json!({})).await["status"],
        "restarting"
    );
    let result = json!({ "id": request["id"], "nodeId": device.id(), "ok": true });
    node.send_request("node.invoke.result", result).await;
    assert_eq!(operator.answer(&id).await["ok"], true);
    assert_eq!(late.until_end().await.1.code, 1012);
    let (report, ..) = ending.await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test]
async fn u23_a_handshake_under_way_is_told_to_come_back() {
    let gateway = TestGateway::start().await;
    let address = gateway.gateway.addresses()[0];
    let mut wire = Wire::open(address, &[]).await.expect("an upgrade");
    let ending = tokio::spawn(gateway.hand_over());
    let (_, ended) = wire.until_end().await;
    assert_eq!(
        (ended.code, ended.reason.as_str()),
        (1012, "service restart")
    );
    let (report, ..) = ending.await.unwrap();
    assert!(report.is_clean(), "{report:?}");
}

#[tokio::test]
async fn u23_a_restart_is_asked_for_by_operators_and_refused_with_its_reason() {
    let trouble = std::sync::Arc::new(parking_lot::Mutex::new(None));
    let told = std::sync::Arc::clone(&trouble);
    let restart = Restart::new(move || {
        let trouble = told.lock().clone();
        Box::pin(async move { trouble.map_or(Ok(()), Err) })
    });
    let gateway = TestGateway::builder()
        .config(
            json!({ "gateway": { "auth": { "token": TOKEN } }, "commands": { "restart": false } }),
        )
        .restart(restart.clone())
        .start()
        .await;
    let mut owner = gateway.owner().await;
    let mut far = gateway.operator(&["operator.admin"]).await;
    let refused = far.err("gateway.restart.request", json!({})).await;
    assert_eq!(refused["details"]["code"], "RESTART_REFUSED");
    assert_eq!(
        refused["details"]["fix"],
        "openclaw config set commands.restart true"
    );
    assert_eq!(
        far.ok("remote.status", json!({})).await["restart"]["possible"],
        false
    );
    assert_eq!(
        owner.ok("remote.status", json!({})).await["restart"],
        json!({ "possible": true, "hint": null })
    );
    *trouble.lock() = Some(RestartRefused {
        reason: "the program is broken".to_owned(),
        fix: "install it again".to_owned(),
    });
    let refused = owner.err("gateway.restart.request", json!({})).await;
    assert_eq!(refused["message"], "not restarted: the program is broken");
    let preflight = owner.ok("gateway.restart.preflight", json!({})).await;
    assert_eq!(
        (&preflight["possible"], &preflight["fix"]),
        (&json!(false), &json!("install it again"))
    );
    *trouble.lock() = None;
    let accepted = owner
        .ok("gateway.restart.request", json!({ "reason": "upgrade" }))
        .await;
    assert_eq!(
        (&accepted["status"], &accepted["pid"]),
        (&json!("restarting"), &json!(std::process::id()))
    );
    restart.wanted().await;
    let lines = owner
        .ok("audit.list", json!({ "kinds": ["restart"] }))
        .await;
    assert!(lines.to_string().contains("upgrade"), "{lines}");
}

/// Asks whether it is ready, on a connection.
async fn get_ready(mut stream: tokio::net::TcpStream) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let request = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
