//! The last words to a socket that is not admitted.

use futures_util::{SinkExt, StreamExt};
use openclaw_protocol::error::close_reason;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_websockets::{CloseCode, Message, WebSocketStream};

/// Sends the last words and waits until they are taken.
pub(super) async fn farewell<S>(
    socket: &mut WebSocketStream<S>,
    frame: Option<String>,
    code: u16,
    reason: &str,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let farewell = async {
        let code = CloseCode::try_from(code).ok();
        let sent = async {
            if let Some(frame) = frame {
                socket.feed(Message::text(frame)).await?;
            }
            socket
                .send(Message::close(code, close_reason(reason)))
                .await
        };
        // Refused when the library has queued a close frame of its own; reading on writes that one.
        let _queued_already = sent.await;
        // Wait for the other side's close, so that the answer is not cut off by a reset.
        while let Some(Ok(_)) = socket.next().await {}
    };
    // A peer that does not take its refusal within this time loses it.
    let _late = tokio::time::timeout(std::time::Duration::from_secs(2), farewell).await;
}
