//! A raw wire client: one WebSocket, JSON in, JSON out, nothing implied.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::{HeaderName, HeaderValue};
use openclaw_protocol::device::ProofVersion;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_websockets::{ClientBuilder, Limits, Message, WebSocketStream};

use crate::device::TestDevice;

/// A frame as JSON.
pub type Frame = Value;

/// Longest wait for anything a test expects.
pub const PATIENCE: Duration = Duration::from_secs(20);

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Close code, 1006 when there was no close frame.
    pub code: u16,
    /// Close reason.
    pub reason: String,
}

/// One connection.
pub struct Wire {
    socket: WebSocketStream<Box<dyn Stream>>,
    next_id: u64,
    /// Events and answers that came while something else was awaited.
    aside: Vec<Frame>,
    /// Every frame that came, once recording has begun.
    tape: Option<Vec<Frame>>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire")
            .field("next_id", &self.next_id)
            .finish_non_exhaustive()
    }
}

/// What a plain operator of protocol 4 sends.
pub fn operator_params(token: Option<&str>, scopes: &[&str]) -> Value {
    let mut params = json!({
        "minProtocol": 3,
        "maxProtocol": 4,
        "client": { "id": "cli", "mode": "cli", "version": "test", "platform": "linux" },
        "role": "operator",
        "scopes": scopes,
    });
    if let Some(token) = token {
        params["auth"] = json!({ "token": token });
    }
    params
}

/// What a node host of protocol 4 sends.
pub fn node_params(token: Option<&str>, name: &str, commands: &[&str]) -> Value {
    let mut params = json!({
        "minProtocol": 3,
        "maxProtocol": 4,
        "client": {
            "id": "node-host", "mode": "node", "version": "test", "platform": "linux",
            "deviceFamily": "Linux", "displayName": name,
        },
        "role": "node",
        "scopes": [],
        "caps": ["system"],
        "commands": commands,
    });
    if let Some(token) = token {
        params["auth"] = json!({ "token": token });
    }
    params
}

impl Wire {
    /// Opens a WebSocket over TCP with extra headers. `Err` carries the HTTP answer's text.
    pub async fn open(address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, String> {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| error.to_string())?;
        stream
            .set_nodelay(true)
            .map_err(|error| error.to_string())?;
        // The library writes the Host header from the URI.
        let named = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("host"));
        let host = named.map_or_else(|| address.to_string(), |(_, host)| (*host).to_owned());
        let rest: Vec<_> = headers
            .iter()
            .copied()
            .filter(|(name, _)| !name.eq_ignore_ascii_case("host"))
            .collect();
        Self::upgrade(Box::new(stream), &format!("ws://{host}/"), &rest).await
    }

    /// Like [`Self::open`], asking for the gateway by another name.
    pub async fn open_as(
        address: SocketAddr,
        host: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, String> {
        let stream = TcpStream::connect(address)
            .await
            .map_err(|error| error.to_string())?;
        Self::upgrade(Box::new(stream), &format!("ws://{host}/"), headers).await
    }

    /// Opens a WebSocket over any stream, such as one over TLS to a proxy.
    pub async fn open_on(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        uri: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, String> {
        Self::upgrade(Box::new(stream), uri, headers).await
    }

    /// Opens a WebSocket over a Unix socket.
    pub async fn open_unix(path: &Path) -> Result<Self, String> {
        let stream = UnixStream::connect(path)
            .await
            .map_err(|error| error.to_string())?;
        Self::upgrade(Box::new(stream), "ws://localhost/", &[]).await
    }

    /// Opens a WebSocket over a Unix socket with extra headers, as a proxy does.
    pub async fn open_unix_with(path: &Path, headers: &[(&str, &str)]) -> Result<Self, String> {
        let stream = UnixStream::connect(path)
            .await
            .map_err(|error| error.to_string())?;
        Self::upgrade(Box::new(stream), "ws://localhost/", headers).await
    }

    async fn upgrade(
        stream: Box<dyn Stream>,
        uri: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, String> {
        let uri = uri.parse().expect("a test gives a valid uri");
        let mut builder = ClientBuilder::from_uri(uri)
            .limits(Limits::default().max_payload_len(Some(64 * 1024 * 1024)));
        for (name, value) in headers {
            let name =
                HeaderName::from_bytes(name.as_bytes()).expect("a test gives valid header names");
            let value = HeaderValue::from_str(value).expect("a test gives valid header values");
            builder = builder
                .add_header(name, value)
                .map_err(|error| error.to_string())?;
        }
        let (socket, _) = builder
            .connect_on(stream)
            .await
            .map_err(|error| error.to_string())?;
        Ok(Self {
            socket,
            next_id: 1,
            aside: Vec::new(),
            tape: None,
        })
    }

    /// Keeps a copy of every frame from now on.
    #[must_use]
    pub fn recording(mut self) -> Self {
        self.tape = Some(Vec::new());
        self
    }

    /// The frames recorded so far, oldest first; recording goes on.
    pub fn recorded(&mut self) -> Vec<Frame> {
        self.tape.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Sends a frame.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn send(&mut self, frame: &Frame) {
        self.send_text(&frame.to_string()).await;
    }

    /// Sends any text.
    ///
    /// # Panics
    /// When the connection is gone.
    pub async fn send_text(&mut self, text: &str) {
        self.socket
            .send(Message::text(text.to_owned()))
            .await
            .expect("the connection takes a frame");
    }

    /// The next frame, or how the connection ended.
    pub async fn receive(&mut self) -> Result<Frame, Ended> {
        if !self.aside.is_empty() {
            return Ok(self.aside.remove(0));
        }
        self.receive_fresh().await
    }

    async fn receive_fresh(&mut self) -> Result<Frame, Ended> {
        let next = async {
            loop {
                match self.socket.next().await {
                    None | Some(Err(_)) => {
                        return Err(Ended {
                            code: 1006,
                            reason: String::new(),
                        });
                    }
                    Some(Ok(message)) => {
                        if let Some((code, reason)) = message.as_close() {
                            return Err(Ended {
                                code: code.into(),
                                reason: reason.to_owned(),
                            });
                        }
                        if let Some(text) = message.as_text() {
                            let frame: Frame =
                                serde_json::from_str(text).expect("the gateway sends JSON");
                            if let Some(tape) = &mut self.tape {
                                tape.push(frame.clone());
                            }
                            return Ok(frame);
                        }
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, next)
            .await
            .expect("a frame or the end in time")
    }

    /// Frames until the connection ends, then how it ended.
    pub async fn until_end(&mut self) -> (Vec<Frame>, Ended) {
        let mut frames = Vec::new();
        loop {
            match self.receive().await {
                Ok(frame) => frames.push(frame),
                Err(ended) => return (frames, ended),
            }
        }
    }

    /// Sends a request and returns its answer; everything else that comes meanwhile is kept.
    ///
    /// # Panics
    /// When the connection ends before the answer.
    pub async fn request(&mut self, method: &str, params: Value) -> Frame {
        let id = self.send_request(method, params).await;
        self.answer(&id).await
    }

    /// Like [`Self::request`] for a gateway that may die at any moment.
    pub async fn try_request(&mut self, method: &str, params: Value) -> Result<Frame, Ended> {
        let id = format!("r{}", self.next_id);
        self.next_id += 1;
        let frame = json!({ "type": "req", "id": id, "method": method, "params": params });
        self.try_send(&frame).await?;
        self.try_wait_for(|frame| frame["type"] == "res" && frame["id"] == id.as_str())
            .await
    }

    /// Like [`Self::send`] for a gateway that may be gone.
    pub async fn try_send(&mut self, frame: &Frame) -> Result<(), Ended> {
        let sent = self.socket.send(Message::text(frame.to_string())).await;
        sent.map_err(|_| Ended {
            code: 1006,
            reason: String::new(),
        })
    }

    /// Like [`Self::connect`] for a gateway that may die at any moment.
    pub async fn try_connect(
        &mut self,
        mut params: Value,
        device: Option<(&TestDevice, ProofVersion)>,
    ) -> Result<Frame, Ended> {
        let challenge = self.receive().await?["payload"].clone();
        if let Some((device, version)) = device {
            params["device"] = device.proof(&params, &challenge, version);
        }
        self.try_request("connect", params).await
    }

    /// Sends a request and returns its id.
    pub async fn send_request(&mut self, method: &str, params: Value) -> String {
        let id = format!("r{}", self.next_id);
        self.next_id += 1;
        self.send(&json!({ "type": "req", "id": id, "method": method, "params": params }))
            .await;
        id
    }

    /// Waits for the answer to a request.
    ///
    /// # Panics
    /// When the connection ends before it.
    pub async fn answer(&mut self, id: &str) -> Frame {
        self.wait_for(|frame| frame["type"] == "res" && frame["id"] == id)
            .await
    }

    /// Waits for an event by name.
    ///
    /// # Panics
    /// When the connection ends before it.
    pub async fn event(&mut self, name: &str) -> Frame {
        self.wait_for(|frame| frame["type"] == "event" && frame["event"] == name)
            .await
    }

    /// Waits for a frame; others are kept in order.
    ///
    /// # Panics
    /// When the connection ends before it.
    pub async fn wait_for(&mut self, wanted: impl Fn(&Frame) -> bool) -> Frame {
        match self.try_wait_for(wanted).await {
            Ok(frame) => frame,
            Err(ended) => panic!(
                "connection ended while waiting: {ended:?}; kept {:?}",
                self.aside
            ),
        }
    }

    /// Like [`Self::wait_for`] for a gateway that may die at any moment.
    pub async fn try_wait_for(&mut self, wanted: impl Fn(&Frame) -> bool) -> Result<Frame, Ended> {
        if let Some(position) = self.aside.iter().position(&wanted) {
            return Ok(self.aside.remove(position));
        }
        loop {
            let frame = self.receive_fresh().await?;
            if wanted(&frame) {
                return Ok(frame);
            }
            self.aside.push(frame);
        }
    }

    /// Payload of a request that must succeed.
    ///
    /// # Panics
    /// When it fails.
    pub async fn ok(&mut self, method: &str, params: Value) -> Value {
        let answer = self.request(method, params).await;
        assert_eq!(answer["ok"], true, "{method}: {answer}");
        answer["payload"].clone()
    }

    /// Error of a request that must fail.
    ///
    /// # Panics
    /// When it succeeds.
    pub async fn err(&mut self, method: &str, params: Value) -> Value {
        let answer = self.request(method, params).await;
        assert_eq!(answer["ok"], false, "{method}: {answer}");
        answer["error"].clone()
    }

    /// Takes the challenge, which must come first.
    ///
    /// # Panics
    /// When something else comes.
    pub async fn challenge(&mut self) -> Value {
        let frame = self.receive().await.expect("a challenge");
        assert_eq!(frame["event"], "connect.challenge", "{frame}");
        frame["payload"].clone()
    }

    /// Connects with params as they are, signed by a device if given. Returns the answer, or how the connection ended.
    pub async fn connect(
        &mut self,
        mut params: Value,
        device: Option<(&TestDevice, ProofVersion)>,
    ) -> Result<Frame, Ended> {
        let challenge = self.challenge().await;
        if let Some((device, version)) = device {
            params["device"] = device.proof(&params, &challenge, version);
        }
        self.send_request("connect", params).await;
        loop {
            let frame = self.receive().await?;
            if frame["type"] == "res" {
                return Ok(frame);
            }
        }
    }

    /// Like [`Self::connect`], and must be admitted. Returns the hello.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn hello(&mut self, params: Value, device: Option<&TestDevice>) -> Value {
        let answer = self
            .connect(params, device.map(|device| (device, ProofVersion::V3)))
            .await;
        let answer = answer.expect("an answer to connect");
        assert_eq!(answer["ok"], true, "{answer}");
        answer["payload"].clone()
    }

    /// The answer to connect, whatever it is.
    ///
    /// # Panics
    /// When the connection ends without one.
    pub async fn answer_to(&mut self, params: Value, device: Option<&TestDevice>) -> Frame {
        let device = device.map(|device| (device, ProofVersion::V3));
        self.connect(params, device)
            .await
            .expect("an answer to connect")
    }

    /// Closes from this side and waits until the gateway has agreed.
    pub async fn close(mut self) {
        // The gateway may have closed already; either way it is closed.
        let _closed = tokio::time::timeout(PATIENCE, self.socket.close()).await;
    }
}
