//! Sockets that are no gateway, or one in a bad mood.

use data_encoding::BASE64;
use futures_util::{SinkExt, StreamExt};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use serde_json::{Value, json};
use tokio_websockets::{CloseCode, Message, ServerBuilder, WebSocketStream};

use super::Stream;

/// How a WebSocket goes on.
#[derive(Debug)]
pub enum Talk {
    /// It is closed at once.
    Close(u16, &'static str),
    /// Nothing is ever said.
    Silence,
    /// This is said, which is no challenge.
    Say(&'static str),
    /// A challenge, and this answer to the connect request.
    Answer(Answer),
}

/// An answer to a connect request.
#[derive(Debug)]
pub enum Answer {
    /// A refusal with this error, and a close.
    Refuse(Value),
    /// A hello with these scopes, and then answers to every call.
    Welcome(Vec<&'static str>),
    /// A hello, and every call fails.
    WelcomeAndFail,
    /// Something that is no hello.
    Nonsense,
    /// A close without an answer.
    Close(u16, &'static str),
    /// Nothing.
    Silence,
}

/// `Sec-WebSocket-Accept` for the key in a request's head.
pub(super) fn accept_key(head: &str) -> String {
    let key = head
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("sec-websocket-key")
                .then(|| value.trim())
        })
        .unwrap_or_default();
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    BASE64.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref())
}

pub(super) async fn talk(stream: Stream, talk: Talk) {
    let mut socket = ServerBuilder::new().serve(stream);
    match talk {
        Talk::Close(code, reason) => close(&mut socket, code, reason).await,
        Talk::Silence => drain(&mut socket).await,
        Talk::Say(text) => {
            let _sent = socket.send(Message::text(text)).await;
            drain(&mut socket).await;
        }
        Talk::Answer(answer) => challenge(&mut socket, answer).await,
    }
}

async fn challenge(socket: &mut WebSocketStream<Stream>, answer: Answer) {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    let now = i64::try_from(now).unwrap_or_default();
    let challenge = json!({"type": "event", "event": "connect.challenge", "payload": {
        "nonce": "3542ef2d-7591-4aa4-a86e-9c406458fe5c", "ts": now, "capabilities": ["x"]}});
    send(socket, &challenge).await;
    let Some(request) = receive(socket).await else {
        return;
    };
    let id = &request["id"];
    match answer {
        Answer::Refuse(error) => {
            let reason = error["message"].as_str().unwrap_or_default().to_owned();
            send(
                socket,
                &json!({"type": "res", "id": id, "ok": false, "error": error}),
            )
            .await;
            close(socket, 1008, &reason).await;
        }
        Answer::Welcome(scopes) => {
            send(socket, &hello(id, &scopes)).await;
            while let Some(call) = receive(socket).await {
                send(
                    socket,
                    &json!({"type": "res", "id": call["id"], "ok": true, "payload": {}}),
                )
                .await;
            }
        }
        Answer::WelcomeAndFail => {
            send(socket, &hello(id, &["operator.admin"])).await;
            while let Some(call) = receive(socket).await {
                let error = json!({"code": "UNAVAILABLE", "message": "the records cannot be read"});
                send(
                    socket,
                    &json!({"type": "res", "id": call["id"], "ok": false, "error": error}),
                )
                .await;
            }
        }
        Answer::Nonsense => {
            send(
                socket,
                &json!({"type": "res", "id": id, "ok": true, "payload": {"a": 1}}),
            )
            .await;
            drain(socket).await;
        }
        Answer::Close(code, reason) => close(socket, code, reason).await,
        Answer::Silence => drain(socket).await,
    }
}

fn hello(id: &Value, scopes: &[&str]) -> Value {
    json!({"type": "res", "id": id, "ok": true, "payload": {
        "type": "hello-ok", "protocol": 4,
        "server": {"version": "0.0.0-fault", "connId": "51bb36f0-c06d-46cf-b856-fc525d34d027"},
        "features": {"methods": ["health"], "events": ["tick"]},
        "snapshot": {"presence": [], "health": {}, "stateVersion": {"presence": 1, "health": 1},
            "uptimeMs": 1, "configPath": "/x/openclaw.json", "stateDir": "/x"},
        "auth": {"role": "operator", "scopes": scopes},
        "policy": {"maxPayload": 524_288, "maxBufferedBytes": 1_572_864, "tickIntervalMs": 30_000},
    }})
}

async fn send(socket: &mut WebSocketStream<Stream>, frame: &Value) {
    let _sent = socket.send(Message::text(frame.to_string())).await;
}

async fn receive(socket: &mut WebSocketStream<Stream>) -> Option<Value> {
    while let Some(Ok(message)) = socket.next().await {
        if let Some(text) = message.as_text() {
            return serde_json::from_str(text).ok();
        }
        if message.is_close() {
            return None;
        }
    }
    None
}

async fn close(socket: &mut WebSocketStream<Stream>, code: u16, reason: &str) {
    let reason: String = reason.chars().take(100).collect();
    let code = CloseCode::try_from(code).ok();
    let _sent = socket.send(Message::close(code, &reason)).await;
    drain(socket).await;
}

async fn drain(socket: &mut WebSocketStream<Stream>) {
    while let Some(Ok(_)) = socket.next().await {}
}
