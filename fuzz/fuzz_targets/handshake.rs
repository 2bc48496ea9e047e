//! A whole handshake: messages over an in-memory socket into a real gateway. Without a credential nobody comes in.
//!
//! Input: words on the first line (`local`, `control`, `token`, `v1` `v2` `v3` for a signed device, `connect` when the
//! next message is only the params of a connect request, `page` for a browser), then messages, separated by lines `---`.
#![no_main]

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use libfuzzer_sys::fuzz_target;
use openclaw_gateway::conn::actor;
use openclaw_gateway::gate::PreAuthPermit;
use openclaw_gateway::peer::{Peer, PeerClass};
use openclaw_protocol::device::ProofVersion;
use openclaw_protocol::limits::PRE_AUTH_MAX_PAYLOAD;
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::{TestDevice, TestGateway};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio_websockets::{ClientBuilder, Limits, Message, ServerBuilder};

/// A signed device of this machine that holds the token.
const SOUND: &[u8] = br#"local token connect v3
{"minProtocol":4,"maxProtocol":4,"client":{"id":"cli","version":"1","platform":"linux","mode":"cli"},"scopes":["operator.read"]}"#;

struct Stage {
    runtime: Runtime,
    gateway: TestGateway,
    device: TestDevice,
}

thread_local! {
    static STAGE: RefCell<Option<Stage>> = const { RefCell::new(None) };
}

fuzz_target!(|input: &[u8]| {
    STAGE.with_borrow_mut(|slot| {
        let stage = slot.get_or_insert_with(Stage::start);
        stage.runtime.block_on(stage.run(input));
    });
});

impl Stage {
    fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        // The delays of the limiter have tests of their own; here they would only cost time.
        let auth =
            json!({ "mode": "token", "token": TOKEN, "rateLimit": { "maxAttempts": 1_000_000 } });
        let builder = TestGateway::builder().gateway("auth", auth);
        let stage = Self {
            gateway: runtime.block_on(builder.start()),
            runtime,
            device: TestDevice::new(),
        };
        // Refusals only mean something at a door that opens.
        let admitted = stage.runtime.block_on(stage.run(SOUND));
        assert!(admitted, "nobody comes in at all");
        stage
    }

    /// Plays an input; returns whether it was admitted.
    async fn run(&self, input: &[u8]) -> bool {
        let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
        let (words, messages) = input.split_at(end);
        let words = std::str::from_utf8(words).unwrap_or_default();
        let words: Vec<&str> = words.split(' ').collect();
        let has = |word: &str| words.contains(&word);
        let (ours, theirs) = tokio::io::duplex(256 * 1024);
        let limits = Limits::default().max_payload_len(Some(PRE_AUTH_MAX_PAYLOAD));
        let socket = ServerBuilder::new().limits(limits).serve(theirs);
        let core = Arc::clone(self.gateway.gateway.core());
        let serving = actor::serve(core, socket, peer(has), PreAuthPermit::unlimited());
        let mut client = ClientBuilder::new().take_over(ours);
        let talking = async {
            let challenge = next(&mut client).await.expect("a challenge comes first");
            assert_eq!(challenge["event"], "connect.challenge");
            let mut may_enter = has("control");
            for (index, message) in split(messages).enumerate() {
                let message = self.message(message, index == 0, has, &challenge["payload"]);
                let holds_token = |bytes: &[u8]| bytes == TOKEN.as_bytes();
                may_enter |= message.as_payload().windows(TOKEN.len()).any(holds_token);
                // The gateway may have closed already. Whoever is in is no business of this target.
                if client.send(message).await.is_err() || may_enter {
                    break;
                }
            }
            let _closed = client.close().await;
            let mut admitted = false;
            while let Some(frame) = next(&mut client).await {
                assert!(
                    may_enter || frame["ok"] != true,
                    "admitted without a credential: {frame}"
                );
                admitted |= frame["ok"] == true;
            }
            drop(client);
            admitted
        };
        tokio::join!(serving, talking).1
    }

    fn message(
        &self,
        bytes: &[u8],
        first: bool,
        has: impl Fn(&str) -> bool,
        challenge: &Value,
    ) -> Message {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Message::binary(bytes.to_vec());
        };
        if !first || !has("connect") {
            return Message::text(text.to_owned());
        }
        let params = match serde_json::from_str::<Value>(text) {
            Ok(mut params) if params.is_object() => {
                if has("token") {
                    params["auth"] = json!({ "token": TOKEN });
                }
                for (word, version) in [
                    ("v1", ProofVersion::V1),
                    ("v2", ProofVersion::V2),
                    ("v3", ProofVersion::V3),
                ] {
                    if has(word) {
                        params["device"] = self.device.proof(&params, challenge, version);
                    }
                }
                params.to_string()
            }
            _ => text.to_owned(),
        };
        Message::text(format!(
            r#"{{"type":"req","id":"1","method":"connect","params":{params}}}"#
        ))
    }
}

fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    const BETWEEN: &[u8] = b"\n---\n";
    let mut rest = Some(bytes.strip_prefix(b"\n").unwrap_or(bytes));
    std::iter::from_fn(move || {
        let left = rest?;
        let end = left
            .windows(BETWEEN.len())
            .position(|window| window == BETWEEN);
        rest = end.map(|end| &left[end + BETWEEN.len()..]);
        Some(end.map_or(left, |end| &left[..end]))
    })
}

fn peer(has: impl Fn(&str) -> bool) -> Peer {
    let class = match (has("control"), has("local")) {
        (true, _) => PeerClass::Control,
        (_, true) => PeerClass::DirectLocal,
        _ => PeerClass::Remote,
    };
    let address = match class {
        PeerClass::Control => None,
        PeerClass::DirectLocal => Some(IpAddr::from([127, 0, 0, 1])),
        PeerClass::Remote => Some(IpAddr::from([192, 0, 2, 44])),
    };
    Peer {
        class,
        address,
        reported_ip: address
            .filter(|address| !address.is_loopback())
            .map(|address| address.to_string()),
        host: Some("localhost".to_owned()),
        origin: has("page").then(|| "http://localhost".to_owned()),
        forwarded: class == PeerClass::Remote,
        user_agent: None,
    }
}

type Client = tokio_websockets::WebSocketStream<tokio::io::DuplexStream>;

/// The next frame; `None` once the gateway has closed.
async fn next(client: &mut Client) -> Option<Value> {
    loop {
        let message = client.next().await?.ok()?;
        if message.is_close() {
            return None;
        }
        if let Some(text) = message.as_text() {
            return Some(serde_json::from_str(text).expect("the gateway sends JSON"));
        }
    }
}
