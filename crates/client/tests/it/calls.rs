//! Requests, responses and events on a standing connection.

use std::time::Duration;

use openclaw_client::{CallError, Client, ClientOptions, EventItem};
use serde_json::{Value, json};

use crate::gateway::{FakeGateway, Peer};

async fn connected_with(gateway: &FakeGateway, options: ClientOptions) -> (Client, Peer) {
    let script = async {
        let mut peer = gateway.accept().await;
        peer.welcome(3, Value::Null).await;
        peer
    };
    let (client, peer) = tokio::join!(Client::connect(options), script);
    (client.unwrap(), peer)
}

async fn connected(gateway: &FakeGateway) -> (Client, Peer) {
    connected_with(gateway, gateway.operator()).await
}

#[tokio::test]
async fn answers_find_their_callers_in_any_order() {
    let gateway = FakeGateway::bind().await;
    let (client, mut peer) = connected(&gateway).await;
    let script = async {
        let first = peer.recv().await.unwrap();
        let second = peer.recv().await.unwrap();
        for request in [&second, &first] {
            let payload = json!({"method": request["method"], "params": request["params"]});
            peer.respond(request, payload).await;
        }
    };
    let (params, empty) = (json!({"a": 1}), json!({}));
    let (one, two, ()) = tokio::join!(
        client.call("one", &params),
        client.call("two", &empty),
        script
    );
    assert_eq!(one.unwrap().get(), r#"{"method":"one","params":{"a":1}}"#);
    let decoded: Value = two.unwrap().decode().unwrap();
    assert_eq!(decoded["method"], "two");
}

#[tokio::test]
async fn errors_and_empty_payloads() {
    let gateway = FakeGateway::bind().await;
    let (client, mut peer) = connected(&gateway).await;
    let script = async {
        let request = peer.recv().await.unwrap();
        assert!(request.get("params").is_none());
        peer.fail(
            &request,
            json!({"code": "INVALID_REQUEST", "message": "unknown method: nope.method"}),
        )
        .await;
        let request = peer.recv().await.unwrap();
        peer.send(&json!({"type": "res", "id": request["id"], "ok": true}))
            .await;
    };
    let calls = async {
        let minute = Duration::from_secs(60);
        let failed = client.call_raw("nope.method", None, minute).await;
        (failed, client.call("empty", &json!({})).await)
    };
    let ((failed, empty), ()) = tokio::join!(calls, script);
    let error = failed.unwrap_err();
    assert_eq!(error.to_string(), "unknown method: nope.method");
    assert_eq!(error.wire().unwrap().code, "INVALID_REQUEST");
    assert_eq!(empty.unwrap().get(), "null");
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_times_out_alone() {
    let gateway = FakeGateway::local();
    let (client, mut peer) = connected(&gateway).await;
    let params = json!({});
    let waiting = client.call_with_timeout("slow", &params, Duration::from_secs(10));
    let (slow, request) = tokio::join!(waiting, peer.recv());
    assert_eq!(
        slow.unwrap_err().to_string(),
        "gateway timeout after 10000ms"
    );
    peer.respond(&request.unwrap(), json!("too late")).await;
    let script = async {
        let request = peer.recv().await.unwrap();
        peer.respond(&request, json!("in time")).await;
    };
    let (next, ()) = tokio::join!(client.call("next", &params), script);
    assert_eq!(next.unwrap().get(), r#""in time""#);
}

#[tokio::test]
async fn a_close_ends_calls_with_its_reason() {
    let gateway = FakeGateway::bind().await;
    let (client, mut peer) = connected(&gateway).await;
    let script = async {
        peer.recv().await.unwrap();
        peer.close(1008, "slow consumer").await;
    };
    let params = json!({});
    let (failed, ()) = tokio::join!(client.call("health", &params), script);
    assert_eq!(
        failed.unwrap_err().to_string(),
        "gateway closed (1008): slow consumer"
    );
    client
        .state()
        .wait_for(|state| matches!(state, openclaw_client::ConnectionState::Stopped(_)))
        .await
        .unwrap();
    let later = client.call("health", &params).await.unwrap_err();
    assert!(matches!(later, CallError::NotConnected(_)));
    assert_eq!(later.to_string(), "gateway closed (1008): slow consumer");
}

#[tokio::test(start_paused = true)]
async fn u23_a_call_is_made_again_when_the_gateway_restarts_and_its_node_returns() {
    let gateway = FakeGateway::local();
    let (client, mut peer) = connected(&gateway).await;
    let params = json!({ "nodeId": "n", "command": "c", "idempotencyKey": "k" });
    let limit = Duration::from_secs(60);
    let script = async {
        // Refused during the drain, cut by the close, and back before the node is.
        let refused = peer.recv().await.unwrap();
        let error = json!({"code": "UNAVAILABLE", "message": "gateway restarting; retry shortly", "retryable": true,
            "retryAfterMs": 500, "details": {"code": "GATEWAY_RESTARTING", "reason": "restarting"}});
        peer.fail(&refused, error).await;
        peer.recv().await.unwrap();
        peer.close(1012, "service restart").await;
        let mut peer = gateway.accept().await;
        peer.welcome(3, Value::Null).await;
        let early = peer.recv().await.unwrap();
        let away = json!({"code": "UNAVAILABLE", "message": "node not connected", "details": {"code": "NOT_CONNECTED"}});
        peer.fail(&early, away).await;
        let last = peer.recv().await.unwrap();
        peer.respond(&last, json!({"ok": true})).await;
        (peer, [refused, early, last])
    };
    let (answer, (_peer, attempts)) = tokio::join!(
        client.call_through_restarts("node.invoke", &params, limit),
        script
    );
    assert_eq!(answer.unwrap().get(), r#"{"ok":true}"#);
    for attempt in attempts {
        assert_eq!(attempt["params"], params);
    }
}

#[tokio::test]
async fn u31_a_request_over_the_announced_limit_keeps_the_connection() {
    let gateway = FakeGateway::bind().await;
    let (client, mut peer) = connected(&gateway).await;
    let large = json!({"text": "x".repeat(600 * 1024)});
    let error = client.call("chat.send", &large).await.unwrap_err();
    assert!(matches!(error, CallError::TooLarge { limit: 524_288, .. }));
    let params = json!({});
    let script = async {
        let request = peer.recv().await.unwrap();
        peer.respond(&request, json!(1)).await;
    };
    let (answer, ()) = tokio::join!(client.call("health", &params), script);
    assert_eq!(answer.unwrap().get(), "1");
}

#[tokio::test]
async fn u31_a_large_answer_arrives() {
    let gateway = FakeGateway::bind().await;
    let (client, mut peer) = connected(&gateway).await;
    let text = "x".repeat(5 * 1024 * 1024);
    let params = json!({});
    let script = async {
        let request = peer.recv().await.unwrap();
        peer.respond(&request, json!(text)).await;
    };
    let (answer, ()) = tokio::join!(client.call("chat.history", &params), script);
    assert_eq!(answer.unwrap().get().len(), text.len() + 2);
}

#[tokio::test]
async fn events_reach_subscribers_and_lag_is_told() {
    let gateway = FakeGateway::bind().await;
    let mut options = gateway.operator();
    options.event_capacity = 4;
    let (client, mut peer) = connected_with(&gateway, options).await;
    let mut fast = client.subscribe();
    let mut slow = client.subscribe();
    for number in 0..10 {
        peer.event("presence", json!({"n": number})).await;
        let Some(EventItem::Event(event)) = fast.recv().await else {
            panic!("not an event")
        };
        assert_eq!(event.event, "presence");
        assert_eq!(
            event.payload.as_ref().unwrap().get(),
            format!(r#"{{"n":{number}}}"#)
        );
    }
    assert!(matches!(slow.recv().await, Some(EventItem::Lagged(6))));
    assert!(
        matches!(slow.recv().await, Some(EventItem::Event(event)) if event.payload.as_ref().unwrap().get() == r#"{"n":6}"#)
    );
    client.close().await;
    while slow.try_recv().is_some() {}
    assert!(slow.recv().await.is_none());
    assert!(client.subscribe().recv().await.is_none());
}

#[tokio::test]
async fn close_says_goodbye_and_the_last_handle_ends_the_connection() {
    let gateway = FakeGateway::bind().await;
    let (client, mut peer) = connected(&gateway).await;
    let (closed, ()) = tokio::join!(peer.closed(), client.close());
    assert_eq!(closed, Some((1000, String::new())));
    let (client, mut peer) = connected(&gateway).await;
    let copy = client.clone();
    drop(client);
    assert!(copy.hello().is_some());
    drop(copy);
    assert_eq!(peer.closed().await, Some((1000, String::new())));
}

#[tokio::test]
async fn what_was_handed_over_is_sent_before_the_close() {
    let gateway = FakeGateway::bind().await;
    let (client, mut peer) = connected(&gateway).await;
    let params = json!({});
    let call = client.call("node.invoke.result", &params);
    tokio::pin!(call);
    // Polled once: the request is queued, the connection has not seen it yet.
    assert!(futures_util::FutureExt::now_or_never(call.as_mut()).is_none());
    let (request, ()) = tokio::join!(peer.recv(), client.close());
    assert_eq!(request.unwrap()["method"], "node.invoke.result");
    assert!(call.await.is_err());
}
