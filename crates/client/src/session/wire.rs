//! Frames as they come from the gateway, payloads left raw.

use openclaw_protocol::error::WireError;
use openclaw_protocol::frame::ServerFrame;
use tokio_websockets::Message;

/// Reads one message; `None` for control frames and for what is not a frame of a gateway.
pub(crate) fn parse(message: &Message) -> Option<ServerFrame> {
    if !message.is_text() && !message.is_binary() {
        return None;
    }
    let text = std::str::from_utf8(message.as_payload()).ok()?;
    let mut frame = serde_json::from_str(text).ok()?;
    if let ServerFrame::Response(response) = &mut frame {
        // From here on the error alone tells success from failure.
        if response.ok {
            response.error = None;
        } else if response.error.is_none() {
            response.error = Some(WireError::invalid("request failed without a reason"));
        }
    }
    Some(frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_what_is_none() {
        let parse = |text: &str| parse(&Message::text(text.to_owned()));
        let Some(ServerFrame::Response(response)) =
            parse(r#"{"type":"res","id":"1","ok":true,"payload":{"a":1.50},"future":1}"#)
        else {
            panic!("not a response")
        };
        assert_eq!(response.payload.unwrap().get(), r#"{"a":1.50}"#);
        let Some(ServerFrame::Response(response)) = parse(r#"{"type":"res","id":"1","ok":false}"#)
        else {
            panic!("not a response")
        };
        assert!(response.error.is_some());
        let Some(ServerFrame::Event(event)) = parse(
            r#"{"type":"event","event":"presence","payload":null,"seq":4,"stateVersion":{"presence":1,"health":2}}"#,
        ) else {
            panic!("not an event")
        };
        assert_eq!((event.event.as_str(), event.seq), ("presence", Some(4)));
        for text in [
            "",
            "null",
            "[]",
            r#"{"type":"req","id":"1","method":"x"}"#,
            r#"{"type":"res"}"#,
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
