//! Clients of the gateway: who they say they are, and the handshake.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use openclaw_protocol::device::ProofVersion;
use openclaw_testkit::device::TestDevice;
use serde_json::{Value, json};

use crate::server::TOKEN;
use crate::socket::{Refused, Socket};

/// Who connects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who<'a> {
    /// `client.mode`; a `cli` is not listed as present, everybody else is.
    pub(crate) mode: &'a str,
    /// Commands it serves; with any it is a node.
    pub(crate) commands: &'a [&'a str],
    /// Key that signs the challenge.
    pub(crate) device: Option<&'a TestDevice>,
    /// Device token instead of the shared one.
    pub(crate) device_token: Option<&'a str>,
}

impl<'a> Who<'a> {
    /// An operator without a device, as the command line connects.
    pub(crate) const CLI: Self = Self {
        mode: "cli",
        commands: &[],
        device: None,
        device_token: None,
    };

    /// An operator that stays and is listed as present.
    pub(crate) const LISTED: Self = Self {
        mode: "backend",
        ..Self::CLI
    };

    /// An operator with a device.
    pub(crate) fn device(device: &'a TestDevice) -> Self {
        Self {
            device: Some(device),
            ..Self::CLI
        }
    }

    /// A node host.
    pub(crate) fn node(device: &'a TestDevice, commands: &'a [&'a str]) -> Self {
        Self {
            mode: "node",
            commands,
            device: Some(device),
            device_token: None,
        }
    }

    fn params(&self) -> Value {
        let is_node = !self.commands.is_empty();
        let scopes: &[&str] = if is_node {
            &[]
        } else {
            &["operator.admin", "operator.read", "operator.write"]
        };
        let client_id = match self.mode {
            "node" => "node-host",
            "cli" => "cli",
            _ => "gateway-client",
        };
        let mut params = json!({
            "minProtocol": 3,
            "maxProtocol": 4,
            "client": { "id": client_id, "mode": self.mode, "version": "bench", "platform": "linux" },
            "role": if is_node { "node" } else { "operator" },
            "scopes": scopes,
            "auth": { "token": self.device_token.unwrap_or(TOKEN) },
        });
        if is_node {
            params["commands"] = json!(self.commands);
        }
        params
    }
}

/// Why a client did not come in.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No connection; ask again after this long, if the gateway said so.
    Unreachable(Option<Duration>),
    /// The gateway said no.
    Refused(String),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Io(error) => error.into(),
            Refused::Http { retry_after } => Self::Unreachable(retry_after),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        // A close frame carries a reason; everything else is the network's doing.
        if error.kind() == io::ErrorKind::ConnectionAborted && error.raw_os_error().is_none() {
            Self::Refused(error.to_string())
        } else {
            Self::Unreachable(None)
        }
    }
}

/// Connects and is admitted. Returns the hello as it came.
pub(crate) async fn connect(
    address: SocketAddr,
    who: &Who<'_>,
) -> Result<(Socket, bytes::Bytes), Failure> {
    let mut socket = Socket::open(address).await?;
    let challenge = socket.next().await?;
    let mut params = who.params();
    if let Some(device) = who.device {
        let challenge: Value = serde_json::from_slice(&challenge).expect("the challenge is JSON");
        params["device"] = device.proof(&params, &challenge["payload"], ProofVersion::V3);
    }
    let request = json!({ "type": "req", "id": "hello", "method": "connect", "params": params });
    socket.send(request.to_string().as_bytes()).await?;
    let hello = socket.next_where(is_answer).await?;
    if is_ok(&hello) {
        Ok((socket, hello))
    } else {
        Err(Failure::Refused(
            String::from_utf8_lossy(&hello).into_owned(),
        ))
    }
}

/// [`connect`] by a client that must be admitted.
pub(crate) async fn admitted(address: SocketAddr, who: &Who<'_>) -> (Socket, bytes::Bytes) {
    match connect(address, who).await {
        Ok(admitted) => admitted,
        Err(failure) => panic!("a client was not admitted: {failure:?}"),
    }
}

/// The device token that a hello brings.
pub(crate) fn device_token(hello: &[u8]) -> String {
    let hello: Value = serde_json::from_slice(hello).expect("a hello is JSON");
    let token = &hello["payload"]["auth"]["deviceToken"];
    token
        .as_str()
        .expect("a new device gets a token")
        .to_owned()
}

/// Whether a message answers a request.
pub(crate) fn is_answer(message: &[u8]) -> bool {
    message.starts_with(br#"{"type":"res""#)
}

/// Whether an answer says that the request succeeded.
pub(crate) fn is_ok(answer: &[u8]) -> bool {
    let head = &answer[..answer.len().min(96)];
    head.windows(9).any(|window| window == br#""ok":true"#)
}
