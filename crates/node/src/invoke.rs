//! One call of a command: what comes in from the gateway and what goes back.

use openclaw_protocol::error::code;
use openclaw_protocol::methods::node::NodeInvokeProgressParams;
use serde::{Deserialize, Serialize};

use crate::exec::Piece;

/// Payload of the event `node.invoke.request`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InvokeRequest {
    /// Names the call in its result.
    pub id: String,
    /// The node it is for.
    pub node_id: String,
    /// The command.
    pub command: String,
    /// Its parameters as JSON text; none when the caller gave none.
    #[serde(default, rename = "paramsJSON")]
    pub params_json: Option<String>,
    /// How long the caller waits, in milliseconds; none and 0 both mean for ever.
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// The same for every attempt of one intention.
    #[serde(default)]
    pub idempotency_key: Option<String>,
    /// Whether the caller watches the output as it comes.
    #[serde(default)]
    pub stream: bool,
}

/// What a command answers: its payload as JSON text, or an error.
pub type CommandResult = Result<String, CommandError>;

/// Why a command did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    /// `INVALID_REQUEST`, `UNAVAILABLE` or `CANCELLED`.
    pub code: &'static str,
    /// Text that is shown to the caller.
    pub message: String,
}

impl CommandError {
    /// The request itself is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self {
            code: code::INVALID_REQUEST,
            message: message.into(),
        }
    }

    /// The request is fine but this machine does not do it.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self {
            code: code::UNAVAILABLE,
            message: message.into(),
        }
    }

    /// The caller took the request back while it ran.
    pub fn cancelled() -> Self {
        Self {
            code: "CANCELLED",
            message: "run cancelled".to_owned(),
        }
    }
}

/// An event for the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEvent {
    /// Its name.
    pub event: &'static str,
    /// Its payload as JSON text.
    pub payload_json: String,
}

/// Everything a call leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvokeOutcome {
    /// The answer.
    pub result: CommandResult,
    /// Events to send after the answer, in this order.
    pub events: Vec<NodeEvent>,
}

impl From<CommandResult> for InvokeOutcome {
    fn from(result: CommandResult) -> Self {
        Self {
            result,
            events: Vec::new(),
        }
    }
}

impl NodeEvent {
    /// Parameters of the method `node.event`, as JSON text.
    pub fn params_json(&self) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Params<'a> {
            event: &'a str,
            #[serde(rename = "payloadJSON")]
            payload_json: &'a str,
        }
        to_json(&Params {
            event: self.event,
            payload_json: &self.payload_json,
        })
    }
}

/// Parameters of the method `node.invoke.result` for `request`, as JSON text.
pub fn result_params_json(request: &InvokeRequest, result: &CommandResult) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Params<'a> {
        id: &'a str,
        node_id: &'a str,
        ok: bool,
        #[serde(rename = "payloadJSON", skip_serializing_if = "Option::is_none")]
        payload_json: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<&'a CommandError>,
    }
    to_json(&Params {
        id: &request.id,
        node_id: &request.node_id,
        ok: result.is_ok(),
        payload_json: result.as_deref().ok(),
        error: result.as_ref().err(),
    })
}

/// Parameters of the method `node.invoke.progress` for `request`, as JSON text.
pub fn progress_params_json(request: &InvokeRequest, seq: u64, piece: &Piece) -> String {
    to_json(&NodeInvokeProgressParams {
        invoke_id: request.id.as_str().into(),
        node_id: request.node_id.as_str().into(),
        seq,
        chunk: piece.text.as_str().into(),
        stream: Some(piece.stream.into()),
        dropped: (piece.dropped > 0).then_some(piece.dropped),
    })
}

/// JSON text of a value made of strings, numbers, lists and maps with string keys.
pub(crate) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("such a value is always JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = r#"{"id":"a0","nodeId":"c0","command":"system.which","paramsJSON":"{\"bins\":[\"sh\"]}","timeoutMs":8000,"idempotencyKey":"k","later":1}"#;

    #[test]
    fn requests_are_read_as_both_releases_send_them() {
        let request: InvokeRequest = serde_json::from_str(REQUEST).expect("request");
        assert_eq!(request.params_json.as_deref(), Some(r#"{"bins":["sh"]}"#));
        assert_eq!(request.timeout_ms, Some(8000));
        for text in [
            r#"{"id":"a","nodeId":"c","command":"x","paramsJSON":null}"#,
            r#"{"id":"a","nodeId":"c","command":"x"}"#,
        ] {
            let request: InvokeRequest = serde_json::from_str(text).expect("request");
            assert_eq!(request.params_json, None);
            assert_eq!((request.timeout_ms, request.idempotency_key), (None, None));
        }
    }

    #[test]
    fn answers_look_like_those_of_the_known_node_host() {
        let request: InvokeRequest = serde_json::from_str(REQUEST).expect("request");
        assert_eq!(
            result_params_json(&request, &Ok(r#"{"bins":{}}"#.to_owned())),
            r#"{"id":"a0","nodeId":"c0","ok":true,"payloadJSON":"{\"bins\":{}}"}"#
        );
        let error = CommandError::unavailable("SYSTEM_RUN_DENIED: approval required");
        assert_eq!(
            result_params_json(&request, &Err(error)),
            r#"{"id":"a0","nodeId":"c0","ok":false,"error":{"code":"UNAVAILABLE","message":"SYSTEM_RUN_DENIED: approval required"}}"#
        );
        let event = NodeEvent {
            event: "exec.denied",
            payload_json: r#"{"host":"node"}"#.to_owned(),
        };
        assert_eq!(
            event.params_json(),
            r#"{"event":"exec.denied","payloadJSON":"{\"host\":\"node\"}"}"#
        );
    }
}
