use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpStream, UnixStream};
use tokio_util::sync::CancellationToken;

use super::support::{Server, exchange, read_answer, request};
use crate::listen::{BindError, ListenerHandle, ListenerSet, Place};
use crate::peer::{ListenerKind, PeerClass};

fn serve(server: &Server) -> (ListenerSet, CancellationToken) {
    let (set, stopping) = (ListenerSet::default(), CancellationToken::new());
    set.serve(server.state.clone(), stopping.clone());
    (set, stopping)
}

async fn open(set: &ListenerSet, kind: ListenerKind) -> ListenerHandle {
    set.open(kind, Place::loopback()).await.unwrap()
}

const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

#[tokio::test]
async fn s06_only_the_main_listener_has_local_peers() {
    let server = Server::start(json!({})).await;
    let (set, _stopping) = serve(&server);
    for (kind, class) in [
        (ListenerKind::Main, PeerClass::DirectLocal),
        (ListenerKind::Ingress, PeerClass::Remote),
        (ListenerKind::Proxy, PeerClass::Remote),
    ] {
        let listener = open(&set, kind).await;
        let address = listener.address().unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        let text = request(&address.to_string(), "GET", "/", &UPGRADE);
        stream.write_all(text.as_bytes()).await.unwrap();
        assert_eq!(read_answer(&mut stream).await.status, 101, "{kind:?}");
        assert_eq!(server.echo.peer().await.class, class, "{kind:?}");
    }
}

#[tokio::test]
async fn a_unix_socket_is_for_whom_its_mode_says_and_gone_when_closed() {
    use std::os::unix::fs::PermissionsExt as _;
    let server = Server::start(json!({})).await;
    let (set, _stopping) = serve(&server);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("proxy.sock");
    let place = Place::Unix {
        path: path.clone(),
        mode: 0o660,
    };
    let listener = set.open(ListenerKind::Proxy, place.clone()).await.unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    let stream = UnixStream::connect(&path).await.unwrap();
    let text = request("localhost", "GET", "/healthz", &[]);
    assert_eq!(exchange(stream, &text).await.status, 200);
    let taken = set.open(ListenerKind::Proxy, place).await.unwrap_err();
    assert!(matches!(taken, BindError::Unix { .. }), "{taken}");
    listener.close().await;
    assert!(!path.exists());
    assert_eq!(set.all(), []);
}

#[tokio::test]
async fn u22_a_closed_listener_cuts_nobody_and_its_address_is_free() {
    let server = Server::start(json!({})).await;
    let (set, _stopping) = serve(&server);
    let listener = open(&set, ListenerKind::Main).await;
    let address = listener.address().unwrap();
    let text = request(&address.to_string(), "GET", "/healthz", &[]);
    // Connected, and not accepted before the listener is closed: nothing else runs in between.
    let waiting = std::net::TcpStream::connect(address).unwrap();
    listener.close().await;
    waiting.set_nonblocking(true).unwrap();
    let waiting = TcpStream::from_std(waiting).unwrap();
    assert_eq!(exchange(waiting, &text).await.status, 200);
    assert!(TcpStream::connect(address).await.is_err());
    let again = set.open(ListenerKind::Main, Place::Tcp(address)).await;
    assert_eq!(again.unwrap().address(), Some(address));
}

#[tokio::test]
async fn u22_a_wider_listener_opens_beside_a_narrower_one_of_ours_only() {
    let server = Server::start(json!({})).await;
    let (set, _stopping) = serve(&server);
    let narrow = open(&set, ListenerKind::Main).await;
    let address = narrow.address().unwrap();
    let wildcard = Place::Tcp((std::net::Ipv4Addr::UNSPECIFIED, address.port()).into());
    let wide = set
        .open(ListenerKind::Main, wildcard.clone())
        .await
        .unwrap();
    let text = request(&address.to_string(), "GET", "/healthz", &[]);
    let stream = TcpStream::connect(address).await.unwrap();
    assert_eq!(exchange(stream, &text).await.status, 200);
    narrow.close().await;
    let stream = TcpStream::connect(address).await.unwrap();
    assert_eq!(exchange(stream, &text).await.status, 200);
    let narrow = set.open(ListenerKind::Main, Place::Tcp(address)).await;
    drop((wide, narrow));

    // A stranger's socket on the port is not passed over.
    let stranger = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = stranger.local_addr().unwrap().port();
    let ours = set
        .open(
            ListenerKind::Main,
            Place::Tcp(([127, 0, 0, 2], port).into()),
        )
        .await
        .unwrap();
    let wildcard = Place::Tcp((std::net::Ipv4Addr::UNSPECIFIED, port).into());
    let busy = set.open(ListenerKind::Main, wildcard).await.unwrap_err();
    assert!(matches!(busy, BindError::InUse { .. }), "{busy}");
    drop(ours);
}

#[tokio::test]
async fn u08_a_port_that_was_shared_among_our_own_listeners_is_busy_for_others() {
    let server = Server::start(json!({})).await;
    let (set, _stopping) = serve(&server);
    let narrow = open(&set, ListenerKind::Main).await;
    let port = narrow.address().unwrap().port();
    let wildcard = Place::Tcp((std::net::Ipv4Addr::UNSPECIFIED, port).into());
    let wide = set.open(ListenerKind::Main, wildcard).await.unwrap();
    for address in ["0.0.0.0", "127.0.0.1", "127.0.0.3"] {
        let stranger = std::net::TcpListener::bind((address, port));
        assert_eq!(
            stranger.unwrap_err().kind(),
            std::io::ErrorKind::AddrInUse,
            "{address}"
        );
    }
    drop((narrow, wide));
}

#[tokio::test]
async fn shutdown_closes_every_listener() {
    let server = Server::start(json!({})).await;
    let (set, stopping) = serve(&server);
    let listeners = [
        open(&set, ListenerKind::Main).await,
        open(&set, ListenerKind::Ingress).await,
    ];
    stopping.cancel();
    set.stop().await;
    for listener in &listeners {
        let address = listener.address().unwrap();
        assert!(TcpStream::connect(address).await.is_err());
    }
    let late = set.open(ListenerKind::Proxy, Place::loopback()).await;
    assert!(matches!(late, Err(BindError::Stopping)));
}
