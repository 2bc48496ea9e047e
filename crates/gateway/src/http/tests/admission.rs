use std::io::ErrorKind;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_websockets::{ClientBuilder, Message};

use super::support::{Server, exchange, read_answer, request};
use crate::gate::GateLimits;

fn tight() -> GateLimits {
    GateLimits {
        per_address: 1,
        loopback: 2,
        total: 3,
        connections: 100,
        waiting: 10,
        wait: Duration::from_millis(20),
    }
}

#[tokio::test]
async fn s08_unauthenticated_connections_of_an_address_are_bounded() {
    let server = Server::start_with(json!({}), tight()).await;
    // Neither says who it is: one in the middle of a request head, one as a WebSocket.
    let mut slow = server.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let (answer, stream) = server.upgrade("/", &[]).await;
    assert_eq!(answer.status, 101);

    let refused = server.ask("GET", "/healthz", &[]).await;
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (429, Some("2"))
    );
    assert_eq!(refused.json()["error"]["type"], "rate_limited");
    assert_eq!(server.state.gate().counts().refused_address, 1);

    // Once one of them has authenticated there is room again.
    let mut client = ClientBuilder::new().take_over(stream);
    client.send(Message::text("hello")).await.unwrap();
    client.next().await.unwrap().unwrap();
    assert_eq!(server.ask("GET", "/healthz", &[]).await.status, 200);
    let counts = server.state.gate().counts();
    assert!(counts.connections >= 2, "{counts:?}");
}

#[tokio::test]
async fn u21_a_herd_of_honest_clients_gets_in() {
    let limits = GateLimits {
        wait: Duration::from_secs(30),
        waiting: 200,
        connections: 400,
        ..tight()
    };
    let server = Server::start_with(json!({}), limits).await;
    let clients = (0..100).map(|_| async {
        let (answer, stream) = server.upgrade("/", &[]).await;
        assert_eq!(answer.status, 101);
        let mut client = ClientBuilder::new().take_over(stream);
        client.send(Message::text("hello")).await.unwrap();
        client.next().await.unwrap().unwrap();
        client
    });
    let clients = futures_util::future::join_all(clients).await;
    let counts = server.state.gate().counts();
    assert_eq!((counts.connections, counts.unauthenticated), (100, 0));
    assert_eq!(counts.refused_address, 0);
    drop(clients);
}

#[tokio::test]
async fn s15_clients_behind_a_trusted_proxy_are_charged_one_by_one() {
    let config = json!({"gateway": {"trustedProxies": ["127.0.0.1"]}});
    let server = Server::start_with(config, tight()).await;
    let from = |client: &'static str| [("X-Forwarded-For", client)];
    let (first, _held) = server.upgrade("/", &from("203.0.113.9")).await;
    assert_eq!(first.status, 101);
    let (again, _) = server.upgrade("/", &from("203.0.113.9")).await;
    assert_eq!(
        (again.status, again.header("retry-after")),
        (429, Some("2"))
    );
    let (other, _also_held) = server.upgrade("/", &from("203.0.113.10")).await;
    assert_eq!(other.status, 101);
}

#[tokio::test]
async fn a_full_gateway_says_so() {
    let limits = GateLimits {
        connections: 1,
        ..tight()
    };
    let server = Server::start_with(json!({}), limits).await;
    let (answer, _held) = server.upgrade("/", &[]).await;
    assert_eq!(answer.status, 101);
    let mut stream = server.connect().await;
    let answer = read_answer(&mut stream).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("5"))
    );
}

#[tokio::test(start_paused = true)]
async fn s08_slow_heads_are_cut() {
    let server = Server::start(json!({})).await;
    let mut slow = server.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: local")
        .await
        .unwrap();
    assert!(is_closed(&mut slow).await);
    assert_eq!(server.state.gate().counts().unauthenticated, 0);
}

#[tokio::test(start_paused = true)]
async fn s08_idle_connections_are_cut() {
    let server = Server::start(json!({})).await;
    let mut silent = server.connect().await;
    let mut idle = server.connect().await;
    let text = request(
        &server.host(),
        "GET",
        "/healthz",
        &[("Connection", "keep-alive")],
    );
    idle.write_all(text.as_bytes()).await.unwrap();
    assert!(is_closed(&mut silent).await);
    assert!(is_closed(&mut idle).await);
}

/// Whether the other side closes, whatever it says before.
async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest).await {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

#[tokio::test]
async fn s08_bodies_are_not_waited_for() {
    let server = Server::start(json!({})).await;
    let text = request(
        &server.host(),
        "POST",
        "/",
        &[("Content-Length", "1000000"), ("Connection", "keep-alive")],
    );
    let answer = exchange(server.connect().await, &text).await;
    assert_eq!(
        (answer.status, answer.header("connection")),
        (405, Some("close"))
    );
}

#[tokio::test]
async fn s08_heads_are_bounded() {
    let server = Server::start(json!({})).await;
    let long = "x".repeat(20_000);
    let mut stream = server.connect().await;
    let text = request(&server.host(), "GET", "/healthz", &[("X-Long", &long)]);
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 431");
}

#[tokio::test]
async fn shutdown_stops_accepting_at_once_and_leaves_websockets_to_the_handler() {
    let server = Server::start(json!({})).await;
    let (_, stream) = server.upgrade("/", &[]).await;
    let idle = server.connect().await;
    server.shutdown.cancel();
    server.serving.await.unwrap();
    let refused = TcpStream::connect(server.address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    let mut client = ClientBuilder::new().take_over(stream);
    client.send(Message::text("still here")).await.unwrap();
    assert_eq!(
        client.next().await.unwrap().unwrap().as_text(),
        Some("still here")
    );
    drop(idle);
}
