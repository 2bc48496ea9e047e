//! Bytes on a fresh TCP connection: request heads, the upgrade, and WebSocket framing behind it.
#![no_main]

use std::cell::RefCell;

use libfuzzer_sys::fuzz_target;
use openclaw_testkit::TestGateway;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

thread_local! {
    static GATEWAY: RefCell<Option<(Runtime, TestGateway)>> = const { RefCell::new(None) };
}

fuzz_target!(|bytes: &[u8]| {
    GATEWAY.with_borrow_mut(|slot| {
        let (runtime, gateway) = slot.get_or_insert_with(started);
        runtime.block_on(exchange(gateway, bytes));
    });
});

fn started() -> (Runtime, TestGateway) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let gateway = runtime.block_on(TestGateway::start());
    // Refusals only mean something at a door that opens.
    let sound = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = runtime.block_on(exchange(&gateway, sound));
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "nothing is answered");
    (runtime, gateway)
}

async fn exchange(gateway: &TestGateway, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(gateway.address())
        .await
        .expect("the gateway accepts");
    // The gateway may have hung up already.
    let sent = socket.write_all(bytes).await;
    let finished = socket.shutdown().await;
    let mut answer = Vec::new();
    let received = socket.read_to_end(&mut answer).await;
    drop((sent, finished, received));
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1."));
    // Nobody in here has the token.
    let hello = b"\"type\":\"hello-ok\"";
    assert!(!answer.windows(hello.len()).any(|window| window == hello));
    answer
}
