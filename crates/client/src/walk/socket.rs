//! What a WebSocket brings first: a gateway's challenge, or something else.

use futures_util::StreamExt;
use openclaw_protocol::frame::ServerFrame;
use tokio_websockets::{ClientBuilder, Limits};

use super::http::Stream;
use crate::error::CloseInfo;
use crate::session::{close_of, handshake::Challenge, wire};

/// Largest first message that is read.
const FIRST: usize = 64 * 1024;

/// What came over the WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketSeen {
    /// A gateway's challenge.
    Challenge {
        /// Time at the gateway, milliseconds since the epoch.
        time_ms: i64,
    },
    /// The 101 does not answer our key: something between repeats old answers.
    WrongAccept,
    /// It was closed.
    Closed(CloseInfo),
    /// It broke, or what came is no WebSocket.
    Broken(String),
    /// Nothing came.
    Silent,
    /// Something else came first; its start.
    Stranger(String),
}

/// Reads until something tells.
pub(super) async fn look(stream: Stream) -> SocketSeen {
    let limits = Limits::default().max_payload_len(Some(FIRST));
    let mut socket = ClientBuilder::new().limits(limits).take_over(stream);
    loop {
        let message = match socket.next().await {
            Some(Ok(message)) => message,
            Some(Err(error)) => return SocketSeen::Broken(error.to_string()),
            None => return SocketSeen::Closed(CloseInfo::abnormal()),
        };
        if let Some(close) = close_of(&message) {
            return SocketSeen::Closed(close);
        }
        if !message.is_text() && !message.is_binary() {
            continue;
        }
        if let Some(ServerFrame::Event(event)) = wire::parse(&message)
            && event.event == "connect.challenge"
        {
            let payload = event.payload.as_deref().map_or("null", |raw| raw.get());
            return match serde_json::from_str::<Challenge>(payload) {
                Ok(challenge) => SocketSeen::Challenge {
                    time_ms: challenge.ts,
                },
                Err(error) => SocketSeen::Stranger(format!("unreadable challenge: {error}")),
            };
        }
        let text = String::from_utf8_lossy(message.as_payload());
        return SocketSeen::Stranger(text.chars().take(80).collect());
    }
}
