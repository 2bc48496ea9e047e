//! The canvas host of the real program.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::json;

use crate::place::{Gateway, Place};

const FILES: &str = "/__openclaw__/canvas/";
const TOKEN: &str = "a-token-for-the-canvas-of-this-test";

fn open(gateway: &Gateway, path: &str, headers: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", gateway.port)).unwrap();
    let port = gateway.port;
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

/// Status and everything after the head.
fn get(gateway: &Gateway, path: &str, headers: &str) -> (u16, String) {
    let mut text = String::new();
    let headers = format!("Connection: close\r\n{headers}");
    open(gateway, path, &headers)
        .read_to_string(&mut text)
        .unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, body.to_owned())
}

fn read_until(stream: &mut TcpStream, end: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        bytes.push(byte[0]);
    }
    bytes
}

#[test]
fn the_canvas_is_served_guarded_and_loads_itself_again() {
    let place = Place::with_gateway(&json!({ "auth": { "token": TOKEN } }));
    let mut gateway = place.gateway(&[]);
    let line = gateway.running.find("host mounted at http://127.0.0.1:");
    assert!(
        line.contains("[canvas]") && line.contains("/.openclaw/canvas)"),
        "{line}"
    );
    let (status, page) = get(&gateway, FILES, "");
    assert_eq!(status, 200);
    assert!(page.contains("Nothing to show yet"), "{page}");

    place.write(".openclaw/canvas/index.html", "<p>hello");
    std::os::unix::fs::symlink(
        "../openclaw.json",
        place.path(".openclaw/canvas/config.json"),
    )
    .unwrap();
    let (status, page) = get(&gateway, FILES, "");
    assert_eq!(status, 200);
    assert!(page.starts_with("<p>hello<script>"), "{page}");
    for name in [
        "config.json",
        "../openclaw.json",
        "%2e%2e/openclaw.json",
        ".hidden",
    ] {
        assert_eq!(
            get(&gateway, &format!("{FILES}{name}"), "").0,
            404,
            "{name}"
        );
    }
    let far = "X-Forwarded-For: 192.0.2.44\r\n";
    assert_eq!(get(&gateway, FILES, far).0, 401);
    let bearer = format!("{far}Authorization: Bearer {TOKEN}\r\n");
    assert_eq!(get(&gateway, FILES, &bearer).0, 200);

    let (_, rest) = page.split_once("location.host + \"").unwrap();
    let address = rest.split('"').next().unwrap();
    let mut socket = open(
        &gateway,
        address,
        "Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: null\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    );
    let head = read_until(&mut socket, b"\r\n\r\n");
    assert!(
        head.starts_with(b"HTTP/1.1 101"),
        "{}",
        String::from_utf8_lossy(&head)
    );
    place.write(".openclaw/canvas/style.css", "p { color: red }");
    assert_eq!(read_until(&mut socket, b"reload"), b"\x81\x06reload");

    // Whatever becomes of the folder, the gateway goes on, and ends when it is told to.
    std::fs::remove_dir_all(place.path(".openclaw/canvas")).unwrap();
    place.write(".openclaw/canvas", "no folder");
    assert_eq!(get(&gateway, &format!("{FILES}style.css"), "").0, 404);
    place.run(&["gateway", "health"]).ok();
    assert!(gateway.stop().success());
}

#[test]
fn the_canvas_can_be_left_out() {
    let place = Place::with_gateway(&json!({})).with_env("OPENCLAW_SKIP_CANVAS_HOST", "1");
    place.write(".openclaw/canvas/index.html", "<p>hello");
    let gateway = place.gateway(&[]);
    for path in [FILES, "/__openclaw__/canvas/index.html", "/__openclaw__/ws"] {
        assert_eq!(get(&gateway, path, "").0, 404, "{path}");
    }
    place.run(&["gateway", "health"]).ok();
}
