//! Proof of life: pings, pongs, ticks. Time is paused and jumps ahead whenever nobody is busy.

use openclaw_client::{Client, ClientOptions, ConnectError, ConnectionState, Target};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::{Duration, Instant, timeout};

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

/// A proxy that hangs up after `idle` without a byte in either direction, as those of the field do. Gives its socket.
fn idle_cutter(gateway: &Target, idle: Duration) -> (Target, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("proxy");
    let listener = UnixListener::bind(&path).unwrap();
    let Target::Unix(gateway) = gateway.clone() else {
        panic!("a socket file");
    };
    tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut server = UnixStream::connect(gateway).await.unwrap();
        let (mut up, mut down) = ([0; 4096], [0; 4096]);
        loop {
            let moved = timeout(idle, async {
                tokio::select! {
                    read = client.read(&mut up) => {
                        let read = read?;
                        server.write_all(&up[..read]).await?;
                        Ok::<usize, std::io::Error>(read)
                    }
                    read = server.read(&mut down) => {
                        let read = read?;
                        client.write_all(&down[..read]).await?;
                        Ok(read)
                    }
                }
            });
            if !matches!(moved.await, Ok(Ok(1..))) {
                break;
            }
        }
    });
    (Target::unix(path), directory)
}

/// How long a connection through such a proxy lives, at most ten minutes.
async fn life_behind(idle: Duration) -> Duration {
    let gateway = FakeGateway::local();
    let (target, _directory) = idle_cutter(&gateway.target(), idle);
    let script = async {
        let mut peer = gateway.accept().await;
        peer.welcome(4, Value::Null).await;
        peer
    };
    let options = ClientOptions::operator(target, "test");
    let (client, mut peer) = tokio::join!(Client::connect(options), script);
    let client = client.unwrap();
    let since = Instant::now();
    let limit = Duration::from_secs(600);
    let mut next_tick = since + Duration::from_secs(30);
    let gone = stopped(&client);
    tokio::pin!(gone);
    while since.elapsed() < limit {
        tokio::select! {
            _ = &mut gone => break,
            message = peer.message() => if message.is_none() { break },
            () = tokio::time::sleep_until(next_tick) => {
                next_tick += Duration::from_secs(30);
                peer.event("tick", json!({"ts": 1})).await;
            }
        }
    }
    since.elapsed().min(limit)
}

#[tokio::test(start_paused = true)]
async fn u40_a_proxy_that_cuts_after_30_idle_seconds_never_gets_to_it() {
    assert_eq!(life_behind(Duration::from_secs(30)).await.as_secs(), 600);
    // The proxy does cut: one that is more impatient than the pings shows it.
    assert_eq!(life_behind(Duration::from_secs(20)).await.as_secs(), 20);
}
