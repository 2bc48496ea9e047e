use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use tokio_websockets::{ClientBuilder, Message};

use super::support::{Server, exchange, request};
use crate::control::ControlSocket;
use crate::peer::PeerClass;
use crate::tasks::spawn_owned;

type Headers = &'static [(&'static str, &'static str)];

async fn echoes(stream: tokio::net::TcpStream) -> bool {
    let mut client = ClientBuilder::new().take_over(stream);
    client.send(Message::text("ping?")).await.unwrap();
    client.next().await.unwrap().unwrap().as_text() == Some("ping?")
}

#[tokio::test]
async fn any_path_but_the_reserved_one_is_upgraded() {
    let server = Server::start(json!({})).await;
    for path in ["/", "/any/path", "/?token=x", "/healthz"] {
        let (answer, stream) = server.upgrade(path, &[]).await;
        assert_eq!(answer.status, 101, "{path}");
        assert_eq!(
            answer.header("sec-websocket-accept"),
            Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        );
        assert_eq!(answer.header("upgrade"), Some("websocket"));
        assert_eq!(answer.header("sec-websocket-protocol"), None);
        assert_eq!(answer.header("content-length"), None);
        assert!(echoes(stream).await, "{path}");
    }
}

#[tokio::test]
async fn offers_are_answered_as_clients_expect() {
    let server = Server::start(json!({})).await;
    let (answer, stream) = server
        .upgrade(
            "/",
            &[
                ("Sec-WebSocket-Protocol", "foo, bar"),
                ("Sec-WebSocket-Extensions", "permessage-deflate"),
                ("Sec-WebSocket-Version", "8"),
            ],
        )
        .await;
    assert_eq!(
        (answer.status, answer.header("sec-websocket-protocol")),
        (101, Some("foo"))
    );
    assert_eq!(answer.header("sec-websocket-extensions"), None);
    assert!(echoes(stream).await);
}

#[tokio::test]
async fn bad_upgrades_are_refused_as_upstream_does() {
    let server = Server::start(json!({})).await;
    let cases = [
        (
            ("Sec-WebSocket-Version", "12"),
            "Missing or invalid Sec-WebSocket-Version header",
            Some("13, 8"),
        ),
        (
            ("Sec-WebSocket-Version", ""),
            "Missing or invalid Sec-WebSocket-Version header",
            Some("13, 8"),
        ),
        (
            ("Sec-WebSocket-Key", "short"),
            "Missing or invalid Sec-WebSocket-Key header",
            None,
        ),
        (
            ("Sec-WebSocket-Key", ""),
            "Missing or invalid Sec-WebSocket-Key header",
            None,
        ),
    ];
    for (header, body, versions) in cases {
        let (answer, _) = server.upgrade("/", &[header]).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, body));
        assert_eq!(answer.header("sec-websocket-version"), versions);
        assert_eq!(
            (answer.header("connection"), answer.header("content-type")),
            (Some("close"), Some("text/html"))
        );
    }
    let headers = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    ];
    let answer = server.ask("POST", "/", &headers).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (405, "Invalid HTTP method")
    );
}

#[tokio::test]
async fn s11_foreign_pages_are_refused_before_the_upgrade() {
    let server = Server::start(json!({})).await;
    let (answer, _) = server
        .upgrade("/", &[("Origin", "https://evil.example")])
        .await;
    assert_eq!(answer.status, 403);
    let error = &answer.json()["error"];
    assert_eq!(error["type"], "origin_not_allowed");
    assert_eq!(error["code"], "CONTROL_UI_ORIGIN_NOT_ALLOWED");
    assert_eq!(
        error["fix"],
        "openclaw config set gateway.controlUi.allowedOrigins '[\"https://evil.example\"]'"
    );
    assert!(server.echo.peers.lock().is_empty());
    // The line it prints is the line that works, at once.
    server.reload(&json!({"gateway": {"controlUi": {"allowedOrigins": ["https://evil.example"]}}}));
    let (answer, stream) = server
        .upgrade("/", &[("Origin", "https://evil.example")])
        .await;
    assert_eq!(answer.status, 101);
    assert!(echoes(stream).await);
}

#[tokio::test]
async fn u04_a_page_of_ours_needs_no_configuration() {
    let server = Server::start(json!({})).await;
    let own = format!("http://{}", server.host());
    assert_eq!(server.upgrade("/", &[("Origin", &own)]).await.0.status, 101);
    let name = format!("studio.local:{}", server.address.port());
    let page = format!("http://{name}");
    assert_eq!(
        server
            .upgrade("/", &[("Origin", &page), ("Host", &name)])
            .await
            .0
            .status,
        101
    );
    let rebound = format!("rebound.example:{}", server.address.port());
    let page = format!("http://{rebound}");
    assert_eq!(
        server
            .upgrade("/", &[("Origin", &page), ("Host", &rebound)])
            .await
            .0
            .status,
        403
    );
    // Listed, but asked for by a name that is not ours.
    server
        .reload(&json!({"gateway": {"controlUi": {"allowedOrigins": ["https://ui.example.com"]}}}));
    let headers = [
        ("Origin", "https://ui.example.com"),
        ("Host", "rebound.example"),
    ];
    assert_eq!(server.upgrade("/", &headers).await.0.status, 421);
}

#[tokio::test]
async fn u16_clients_are_classified_once_and_never_turned_away_for_headers() {
    let server = Server::start(json!({"gateway": {"trustedProxies": ["127.0.0.1/32"]}})).await;
    let cases: [(Headers, PeerClass, &str); 4] = [
        (&[], PeerClass::DirectLocal, "-"),
        (&[("Host", "gateway.corp.example")], PeerClass::Remote, "-"),
        (
            &[("X-Forwarded-For", "127.0.0.1, 203.0.113.9")],
            PeerClass::Remote,
            "203.0.113.9",
        ),
        (
            &[("Tailscale-User-Login", "alice@example.com")],
            PeerClass::Remote,
            "-",
        ),
    ];
    for (headers, class, reported) in cases {
        let (answer, stream) = server.upgrade("/", headers).await;
        assert_eq!(answer.status, 101);
        assert!(echoes(stream).await);
        let peer = server.echo.peers.lock().pop().unwrap();
        assert_eq!(
            (peer.class, peer.reported_ip.as_deref().unwrap_or("-")),
            (class, reported)
        );
    }
}

#[tokio::test]
async fn nobody_is_upgraded_while_draining() {
    let server = Server::start(json!({})).await;
    *server.echo.draining.lock() = true;
    let (answer, _) = server.upgrade("/", &[]).await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, Some("1"))
    );
}

#[tokio::test]
async fn bytes_sent_right_behind_the_request_are_not_lost() {
    let server = Server::start(json!({})).await;
    let mut text = request(
        &server.host(),
        "GET",
        "/",
        &[
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("Sec-WebSocket-Version", "13"),
        ],
    )
    .into_bytes();
    // A masked text frame "hi" with an all-zero mask.
    text.extend([0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
    let mut stream = server.connect().await;
    tokio::io::AsyncWriteExt::write_all(&mut stream, &text)
        .await
        .unwrap();
    assert_eq!(super::support::read_answer(&mut stream).await.status, 101);
    let mut client = ClientBuilder::new().take_over(stream);
    assert_eq!(client.next().await.unwrap().unwrap().as_text(), Some("hi"));
}

#[tokio::test]
async fn u13_the_control_socket_speaks_the_same_and_knows_the_owner() {
    let server = Server::start(json!({})).await;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("gateway.sock");
    let socket = std::sync::Arc::new(ControlSocket::bind(&path).unwrap());
    let serving = spawn_owned(
        "control",
        socket.serve(server.state.clone(), server.shutdown.clone()),
    );

    let connect = || tokio::net::UnixStream::connect(&path);
    let text = request("localhost", "GET", "/readyz", &[]);
    let answer = exchange(connect().await.unwrap(), &text).await;
    assert_eq!(
        (answer.status, &answer.json()["failing"]),
        (200, &json!([]))
    );
    let text = request("localhost", "GET", "/control-ui-config.json", &[]);
    assert_eq!(exchange(connect().await.unwrap(), &text).await.status, 200);

    let (mut client, _) = ClientBuilder::new()
        .uri("ws://localhost/")
        .unwrap()
        .connect_on(connect().await.unwrap())
        .await
        .unwrap();
    client.send(Message::text("ping?")).await.unwrap();
    assert_eq!(
        client.next().await.unwrap().unwrap().as_text(),
        Some("ping?")
    );
    let peer = server.echo.peers.lock().pop().unwrap();
    assert_eq!((peer.class, peer.address), (PeerClass::Control, None));

    server.shutdown.cancel();
    serving.await.unwrap();
    assert!(!path.exists());
}
