//! Proof of life: pings, pongs, ticks. Time is paused and jumps ahead whenever nobody is busy.

use openclaw_client::{Client, ConnectError, ConnectionState};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use crate::gateway::{FakeGateway, Peer};

async fn connected() -> (Client, Peer) {
    let gateway = FakeGateway::local();
    let script = async {
        let mut peer = gateway.accept().await;
        peer.welcome(4, Value::Null).await;
        peer
    };
    let (client, peer) = tokio::join!(Client::connect(gateway.operator()), script);
    (client.unwrap(), peer)
}

async fn stopped(client: &Client) -> ConnectError {
    let mut state = client.state();
    let state = state
        .wait_for(|state| matches!(state, ConnectionState::Stopped(_)))
        .await
        .unwrap();
    match &*state {
        ConnectionState::Stopped(error) => error.clone(),
        _ => unreachable!("waited for it"),
    }
}

#[tokio::test(start_paused = true)]
async fn no_tick_for_two_intervals_closes_4000() {
    let (client, mut peer) = connected().await;
    let since = Instant::now();
    let (closed, error) = tokio::join!(peer.closed(), stopped(&client));
    assert_eq!(closed, Some((4000, "tick timeout".to_owned())));
    assert_eq!(error.to_string(), "gateway closed (4000): tick timeout");
    assert_eq!(since.elapsed().as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn u40_pings_every_25_seconds_and_ticks_keep_it_open() {
    let (client, mut peer) = connected().await;
    let since = Instant::now();
    let mut pings = Vec::new();
    let mut next_tick = since + Duration::from_secs(30);
    while since.elapsed() < Duration::from_secs(300) {
        tokio::select! {
            message = peer.message() => {
                let message = message.expect("still open");
                assert!(message.is_ping());
                pings.push(since.elapsed().as_secs());
            }
            () = tokio::time::sleep_until(next_tick) => {
                next_tick += Duration::from_secs(30);
                peer.event("tick", json!({"ts": 1})).await;
            }
        }
    }
    assert_eq!(pings[..4], [25, 50, 75, 100]);
    assert!(client.hello().is_some());
}

#[tokio::test(start_paused = true)]
async fn u25_a_peer_that_reads_nothing_is_dropped_within_40_seconds() {
    let (client, peer) = connected().await;
    let since = Instant::now();
    let error = stopped(&client).await;
    assert!(
        since.elapsed() <= Duration::from_secs(40),
        "{:?}",
        since.elapsed()
    );
    assert_eq!(error.close_info().unwrap().code, 1006);
    drop(peer);
}
