//! Clients that stay.

use openclaw_client::{
    Client, ConnectionState, DeviceIdentity, EventItem, FailureClass, ReconnectPolicy,
};
use serde_json::{Value, json};
use tokio::time::Duration;

use crate::gateway::FakeGateway;

fn pairing() -> Value {
    json!({"code": "NOT_PAIRED", "message": "pairing required", "details": {"requestId": "r-1"}})
}

#[tokio::test(start_paused = true)]
async fn u25_comes_back_after_every_kind_of_loss() {
    let gateway = FakeGateway::local();
    let client = Client::spawn(gateway.operator(), ReconnectPolicy::node());
    let mut events = client.subscribe();
    for round in 0..4 {
        let mut peer = gateway.accept().await;
        peer.welcome(3, Value::Null).await;
        peer.event("presence", json!(round)).await;
        let Some(EventItem::Event(event)) = events.recv().await else {
            panic!("not an event")
        };
        assert_eq!(event.payload.as_ref().unwrap().get(), round.to_string());
        match round {
            0 => peer.close(1012, "service restart").await,
            1 => peer.close(1008, "slow consumer").await,
            2 => peer.close(4001, "gateway auth changed").await,
            _ => drop(peer),
        }
        // A gateway that is down in between, and one that hangs up during the handshake.
        drop(gateway.stream().await);
    }
    let mut peer = gateway.accept().await;
    peer.welcome(3, Value::Null).await;
    assert_eq!(client.connected().await.unwrap().protocol, 3);
}

#[tokio::test(start_paused = true)]
async fn the_state_tells_why_and_when() {
    let gateway = FakeGateway::local();
    let client = Client::spawn(gateway.operator(), ReconnectPolicy::node());
    let mut state = client.state();
    let mut peer = gateway.accept().await;
    peer.welcome(3, Value::Null).await;
    client.connected().await.unwrap();
    peer.event(
        "shutdown",
        json!({"reason": "gateway restarting", "restartExpectedMs": 4000}),
    )
    .await;
    peer.close(1012, "service restart").await;
    let state = state
        .wait_for(|state| matches!(state, ConnectionState::Waiting { .. }))
        .await
        .unwrap()
        .clone();
    let ConnectionState::Waiting { until, error } = state else {
        unreachable!("waited for it")
    };
    assert_eq!(error.to_string(), "gateway closed (1012): service restart");
    let wait = until.duration_since(tokio::time::Instant::now());
    assert!(wait > Duration::from_millis(3500), "{wait:?}");
    assert!(client.call("health", &json!({})).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn u05_operators_stop_at_pairing_and_node_hosts_wait_for_it() {
    let identity = std::sync::Arc::new(DeviceIdentity::ephemeral().unwrap());
    let gateway = FakeGateway::local();
    let mut options = gateway.operator();
    options.identity = Some(identity);
    let operator = Client::spawn(options.clone(), ReconnectPolicy::operator());
    gateway
        .accept()
        .await
        .refuse(3, 1008, "pairing required", pairing())
        .await;
    let error = operator.connected().await.unwrap_err();
    assert_eq!(error.class(), FailureClass::Pairing);

    let node = Client::spawn(options, ReconnectPolicy::node());
    for _ in 0..5 {
        gateway
            .accept()
            .await
            .refuse(3, 1008, "pairing required", pairing())
            .await;
    }
    let mut peer = gateway.accept().await;
    peer.welcome(3, Value::Null).await;
    node.connected().await.unwrap();
}

#[tokio::test]
async fn u05_a_wrong_token_is_tried_once() {
    let gateway = FakeGateway::bind().await;
    let client = Client::spawn(gateway.operator(), ReconnectPolicy::node());
    let message = "unauthorized: gateway token missing (provide gateway auth token)";
    let error = json!({"code": "INVALID_REQUEST", "message": message});
    gateway.accept().await.refuse(3, 1008, message, error).await;
    let error = client.connected().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("gateway closed (1008): {message}")
    );
    let state = client.state().borrow().clone();
    assert!(matches!(state, ConnectionState::Stopped(_)));
}

#[tokio::test(start_paused = true)]
async fn closing_while_waiting_ends_at_once() {
    let gateway = FakeGateway::local();
    let options = gateway.operator();
    drop(gateway);
    let client = Client::spawn(options, ReconnectPolicy::node());
    client
        .state()
        .wait_for(|state| matches!(state, ConnectionState::Waiting { .. }))
        .await
        .unwrap();
    client.close().await;
    let error = client.connected().await.unwrap_err();
    assert_eq!(error.to_string(), "client closed");
}
