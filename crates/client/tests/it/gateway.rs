//! A gateway that says what the test tells it to, in the frames of the recorded ones.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use openclaw_client::{ClientOptions, Target};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio_websockets::{CloseCode, Message, ServerBuilder, WebSocketStream};

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

pub(crate) struct FakeGateway {
    listener: Listener,
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, tempfile::TempDir),
}

impl FakeGateway {
    /// Listens on a port of this machine.
    pub(crate) async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self {
            listener: Listener::Tcp(listener),
        }
    }

    /// Listens on a socket file. What one side writes there the other can read at once, so that a
    /// paused clock never runs ahead of a message.
    pub(crate) fn local() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(directory.path().join("gateway")).unwrap();
        Self {
            listener: Listener::Unix(listener, directory),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        match &self.listener {
            Listener::Tcp(listener) => listener.local_addr().unwrap(),
            Listener::Unix(..) => panic!("a socket file has no address"),
        }
    }

    pub(crate) fn target(&self) -> Target {
        match &self.listener {
            Listener::Tcp(_) => Target::parse(&format!("ws://{}", self.address())).unwrap(),
            Listener::Unix(_, directory) => Target::unix(directory.path().join("gateway")),
        }
    }

    pub(crate) fn operator(&self) -> ClientOptions {
        ClientOptions::operator(self.target(), "test")
    }

    pub(crate) async fn stream(&self) -> Box<dyn Stream> {
        match &self.listener {
            Listener::Tcp(listener) => Box::new(listener.accept().await.unwrap().0),
            Listener::Unix(listener, _) => Box::new(listener.accept().await.unwrap().0),
        }
    }

    pub(crate) async fn accept(&self) -> Peer {
        Peer::upgrade(self.stream().await).await
    }
}

/// One connection, seen from the gateway.
pub(crate) struct Peer {
    pub(crate) request: http::Request<()>,
    socket: WebSocketStream<Box<dyn Stream>>,
}

impl Peer {
    pub(crate) async fn upgrade(stream: impl Stream + 'static) -> Self {
        let stream: Box<dyn Stream> = Box::new(stream);
        let (request, socket) = ServerBuilder::new().accept(stream).await.unwrap();
        Self { request, socket }
    }

    pub(crate) async fn send(&mut self, frame: &Value) {
        let message = Message::text(frame.to_string());
        self.socket.send(message).await.unwrap();
    }

    pub(crate) async fn event(&mut self, name: &str, payload: Value) {
        self.send(&json!({"type": "event", "event": name, "payload": payload}))
            .await;
    }

    /// Sends the challenge of 2026.1.30 (protocol 3) or 2026.9.6 (protocol 4), returns the connect request.
    pub(crate) async fn challenge(&mut self, protocol: u32) -> Value {
        let mut payload =
            json!({"nonce": "3542ef2d-7591-4aa4-a86e-9c406458fe5c", "ts": 1_795_364_060_152_i64});
        if protocol == 4 {
            payload["capabilities"] = json!(["model-catalog-snapshot"]);
        }
        self.event("connect.challenge", payload).await;
        let request = self.recv().await.expect("a connect request");
        assert_eq!(request["method"], "connect");
        request
    }

    /// Challenge, connect, hello. Returns the connect params.
    pub(crate) async fn welcome(&mut self, protocol: u32, auth: Value) -> Value {
        let request = self.challenge(protocol).await;
        let mut payload = hello(protocol);
        if !auth.is_null() {
            payload["auth"] = auth;
        }
        self.respond(&request, payload).await;
        request["params"].clone()
    }

    pub(crate) async fn respond(&mut self, request: &Value, payload: Value) {
        self.send(&json!({"type": "res", "id": request["id"], "ok": true, "payload": payload}))
            .await;
    }

    pub(crate) async fn fail(&mut self, request: &Value, error: Value) {
        self.send(&json!({"type": "res", "id": request["id"], "ok": false, "error": error}))
            .await;
    }

    /// Challenge, then an error and a close. Returns the connect params.
    pub(crate) async fn refuse(
        mut self,
        protocol: u32,
        code: u16,
        reason: &str,
        error: Value,
    ) -> Value {
        let request = self.challenge(protocol).await;
        self.fail(&request, error).await;
        self.close(code, reason).await;
        request["params"].clone()
    }

    /// The next frame; `None` when the client has closed.
    pub(crate) async fn recv(&mut self) -> Option<Value> {
        while let Some(Ok(message)) = self.socket.next().await {
            if let Some(text) = message.as_text() {
                return Some(serde_json::from_str(text).unwrap());
            }
            if message.is_close() {
                return None;
            }
        }
        None
    }

    /// The close that the client sends, after anything else.
    pub(crate) async fn closed(&mut self) -> Option<(u16, String)> {
        while let Some(Ok(message)) = self.socket.next().await {
            if let Some((code, reason)) = message.as_close() {
                return Some((code.into(), reason.to_owned()));
            }
        }
        None
    }

    pub(crate) async fn message(&mut self) -> Option<Message> {
        self.socket.next().await?.ok()
    }

    pub(crate) async fn close(&mut self, code: u16, reason: &str) {
        let code = CloseCode::try_from(code).unwrap();
        self.socket
            .send(Message::close(Some(code), reason))
            .await
            .unwrap();
        // Until the client has read and answered it, so that nothing resets the connection.
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}

/// A hello without what differs between connections; members of the recorded ones.
pub(crate) fn hello(protocol: u32) -> Value {
    if protocol == 3 {
        json!({
            "type": "hello-ok", "protocol": 3,
            "server": {"version": "dev", "host": "box", "connId": "2adc9ad3-b8be-4f64-8fc8-90e93c50115e"},
            "features": {"methods": ["health", "logs.tail"], "events": ["tick"]},
            "snapshot": {"presence": [], "health": {}, "stateVersion": {"presence": 135, "health": 95},
                "uptimeMs": 1_184_006, "configPath": "/x/openclaw.json", "stateDir": "/x"},
            "canvasHostUrl": "http://127.0.0.1:38789",
            "policy": {"maxPayload": 524_288, "maxBufferedBytes": 1_572_864, "tickIntervalMs": 30_000},
        })
    } else {
        json!({
            "type": "hello-ok", "protocol": 4,
            "server": {"version": "2026.9.6", "buildId": "b", "bootId": "0efa29d0-90b1-4d7f-adce-e2657fe9628e",
                "controlUiBuildSource": "bundled", "connId": "51bb36f0-c06d-46cf-b856-fc525d34d027"},
            "features": {"methods": ["health"], "events": ["tick"], "capabilities": ["x"]},
            "snapshot": {"suspension": {"phase": "accepting"}, "presence": [], "health": {},
                "stateVersion": {"presence": 5, "health": 30}, "uptimeMs": 1_354_308},
            "auth": {"method": "token", "role": "operator", "scopes": ["operator.admin"]},
            "policy": {"maxPayload": 26_214_400, "maxBufferedBytes": 52_428_800, "tickIntervalMs": 30_000,
                "attachments": {"maxBytes": 19_464_192}},
        })
    }
}
