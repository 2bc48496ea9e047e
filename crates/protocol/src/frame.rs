//! Request, response and event envelopes.
//!
//! `params` and payloads stay raw JSON text: a frame that is only passed on is never parsed into a tree.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::WireError;
use crate::scan;
use crate::strict::{self, Object};

/// A request as it came in; everything borrows from the message text.
#[derive(Debug)]
pub struct RequestFrame<'a> {
    /// Raw JSON text of the id, including its quotes, ready to be echoed.
    pub id: &'a str,
    /// Method name.
    pub method: Cow<'a, str>,
    /// Raw params; absent and `null` are both `None`.
    pub params: Option<&'a str>,
}

/// Why a text is not a request frame.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The text is not JSON at all.
    #[error("not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// JSON, but not a request frame. `id` is the frame's own id as it was, if it had one.
    #[error("invalid request frame: {detail}")]
    Invalid {
        /// The id to answer under, raw JSON.
        id: Option<Box<RawValue>>,
        /// What is wrong, in the wording of [`crate::schema`].
        detail: String,
    },
}

/// Text that borrows where it can: serde's `borrow` does not reach through an `Option`.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct LooseRequest<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<Text<'a>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

impl<'a> RequestFrame<'a> {
    /// Parses one message text. Members that this release does not know are ignored.
    pub fn parse(text: &'a str) -> Result<Self, FrameError> {
        if let Some(frame) = Self::scan(text) {
            return Ok(frame);
        }
        if let Ok(Object(LooseRequest {
            kind: Some(Text(kind)),
            id: Some(id),
            method: Some(Text(method)),
            params,
        })) = serde_json::from_str::<Object<LooseRequest<'a>>>(text)
            && kind == "req"
            && is_nonempty_json_string(id.get())
            && !method.is_empty()
        {
            let params = params.map(RawValue::get).filter(|raw| *raw != "null");
            let id = id.get();
            return Ok(Self { id, method, params });
        }
        Err(explain(text))
    }

    /// The fast path, for frames as clients write them.
    fn scan(text: &'a str) -> Option<Self> {
        let [kind, id, method, params] = scan::members(text, ["type", "id", "method", "params"])?;
        if kind? != r#""req""# {
            return None;
        }
        let id = id.filter(|id| is_nonempty_json_string(id))?;
        let method = scan::plain_string(method?).filter(|method| !method.is_empty())?;
        Some(Self {
            id,
            method: Cow::Borrowed(method),
            params: params.filter(|raw| *raw != "null"),
        })
    }

    /// Raw params text, `{}` when there are none.
    pub fn params_text(&self) -> &'a str {
        self.params.unwrap_or("{}")
    }
}

fn is_nonempty_json_string(text: &str) -> bool {
    text.len() > 2 && text.starts_with('"')
}

/// Slow path: says exactly why a text was refused.
fn explain(text: &str) -> FrameError {
    let value: serde_json::Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return FrameError::NotJson(error),
    };
    let id = value
        .get("id")
        .filter(|id| !id.is_null())
        .and_then(|id| serde_json::value::to_raw_value(id).ok());
    let mut detail = crate::schema::REQUEST_FRAME.explain(&value);
    if detail.is_empty() {
        // Only a member that is there twice gets here: a tree keeps the last one.
        detail.push_str("must not have duplicate properties");
    }
    FrameError::Invalid { id, detail }
}

/// Encodes a successful response. `id` and `payload` are raw JSON; no payload member is written for `None`.
pub fn encode_ok(id: &str, payload: Option<&str>) -> String {
    match payload {
        Some(payload) => encode_ok_with(id, payload.len(), |out| out.push_str(payload)),
        None => format!(r#"{{"type":"res","id":{id},"ok":true}}"#),
    }
}

/// As [`encode_ok`], with a payload of about `size` bytes that is written in place.
pub fn encode_ok_with(id: &str, size: usize, payload: impl FnOnce(&mut String)) -> String {
    let mut out = String::with_capacity(id.len() + size + 48);
    out.push_str(r#"{"type":"res","id":"#);
    out.push_str(id);
    out.push_str(r#","ok":true,"payload":"#);
    payload(&mut out);
    out.push('}');
    out
}

/// Encodes a failed response. `id` is raw JSON.
pub fn encode_error(id: &str, error: &WireError) -> String {
    let body = serde_json::to_string(error).expect("a wire error has only string keys");
    let mut out = String::with_capacity(id.len() + body.len() + 48);
    out.push_str(r#"{"type":"res","id":"#);
    out.push_str(id);
    out.push_str(r#","ok":false,"error":"#);
    out.push_str(&body);
    out.push('}');
    out
}

/// Versions of the two state documents, sent with `presence` and `health`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StateVersion {
    /// Bumped by every presence change.
    pub presence: u64,
    /// Bumped by every health refresh.
    pub health: u64,
}

/// Encodes an event without its closing brace, so that a per-connection `seq` can be appended to shared bytes.
/// Finish it with [`event_tail`].
pub fn encode_event_head(
    event: &str,
    payload: Option<&str>,
    version: Option<StateVersion>,
) -> String {
    let mut out = String::with_capacity(event.len() + payload.map_or(0, str::len) + 96);
    out.push_str(r#"{"type":"event","event":""#);
    out.push_str(event);
    out.push('"');
    if let Some(payload) = payload {
        out.push_str(r#","payload":"#);
        out.push_str(payload);
    }
    if let Some(StateVersion { presence, health }) = version {
        write!(
            out,
            r#","stateVersion":{{"presence":{presence},"health":{health}}}"#
        )
        .expect("writing to a String cannot fail");
    }
    out
}

/// The rest of an event whose head was made by [`encode_event_head`].
pub fn event_tail(seq: Option<u64>) -> String {
    seq.map_or_else(|| String::from("}"), |seq| format!(r#","seq":{seq}}}"#))
}

/// A whole event without `seq`, as sent to one connection only.
pub fn encode_event(event: &str, payload: Option<&str>) -> String {
    let mut out = encode_event_head(event, payload, None);
    out.push('}');
    out
}

/// Encodes a request, as a client sends it.
pub fn encode_request(id: &str, method: &str, params: Option<&str>) -> String {
    let id = serde_json::to_string(id).expect("a string always encodes");
    let method = serde_json::to_string(method).expect("a string always encodes");
    match params {
        Some(params) => {
            format!(r#"{{"type":"req","id":{id},"method":{method},"params":{params}}}"#)
        }
        None => format!(r#"{{"type":"req","id":{id},"method":{method}}}"#),
    }
}

/// A frame as a client receives it. Unknown members are ignored.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", try_from = "Object<LooseServerFrame>")]
pub enum ServerFrame {
    /// Answer to a request.
    #[serde(rename = "res")]
    Response(ResponseFrame),
    /// Something that happened.
    #[serde(rename = "event")]
    Event(EventFrame),
}

/// A frame of either kind. Raw payloads cannot pass through serde's tagged enums, which buffer.
#[derive(Deserialize)]
struct LooseServerFrame {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    ok: Option<bool>,
    #[serde(default, deserialize_with = "strict::some")]
    payload: Option<Box<RawValue>>,
    error: Option<WireError>,
    event: Option<String>,
    seq: Option<u64>,
    #[serde(rename = "stateVersion")]
    state_version: Option<StateVersion>,
}

impl TryFrom<Object<LooseServerFrame>> for ServerFrame {
    type Error = String;

    fn try_from(Object(frame): Object<LooseServerFrame>) -> Result<Self, Self::Error> {
        match (frame.kind.as_str(), frame.id, frame.ok, frame.event) {
            ("res", Some(id), Some(ok), _) => Ok(Self::Response(ResponseFrame {
                id,
                ok,
                payload: frame.payload,
                error: frame.error,
            })),
            ("event", _, _, Some(event)) => Ok(Self::Event(EventFrame {
                event,
                payload: frame.payload,
                seq: frame.seq,
                state_version: frame.state_version,
            })),
            ("res", None, _, _) => Err("response without id".into()),
            ("res", _, None, _) => Err("response without ok".into()),
            ("event", ..) => Err("event without name".into()),
            (kind, ..) => Err(format!("unknown frame type {kind:?}")),
        }
    }
}

/// Answer to one request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResponseFrame {
    /// Id of the request.
    pub id: String,
    /// Whether it succeeded.
    pub ok: bool,
    /// Result; absent when there is none, `null` when the gateway said so.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub payload: Option<Box<RawValue>>,
    /// Error; present exactly when `ok` is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<WireError>,
}

/// One event.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EventFrame {
    /// Event name.
    pub event: String,
    /// Raw payload.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub payload: Option<Box<RawValue>>,
    /// Per-connection sequence number; direct events have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// State versions, on `presence` and `health`.
    #[serde(
        default,
        rename = "stateVersion",
        skip_serializing_if = "Option::is_none"
    )]
    pub state_version: Option<StateVersion>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_borrows_and_keeps_raw_params() {
        let text = r#"{"type":"req","id":"7","method":"node.list","params":{"a": 1},"extra":[]}"#;
        let frame = RequestFrame::parse(text).unwrap();
        assert_eq!(frame.id, r#""7""#);
        assert!(matches!(frame.method, Cow::Borrowed("node.list")));
        assert_eq!(frame.params_text(), r#"{"a": 1}"#);
        let without = RequestFrame::parse(r#"{"type":"req","id":"7","method":"m","params":null}"#);
        assert_eq!(without.unwrap().params_text(), "{}");
    }

    #[test]
    fn unusual_spellings_are_read_too() {
        let text = r#"{"ty\u0070e":"req","id":"7","method":"node\u002elist","id2":1}"#;
        let frame = RequestFrame::parse(text).unwrap();
        assert_eq!(frame.method, "node.list");
        assert_eq!(frame.params, None);
    }

    #[test]
    fn arrays_are_no_frames() {
        let array = r#"["req","7","health",{}]"#;
        let Err(FrameError::Invalid { id: None, detail }) = RequestFrame::parse(array) else {
            panic!("accepted");
        };
        assert_eq!(detail, "must be object");
        let array = r#"["res","1",true,null,null,null,null,null]"#;
        assert!(serde_json::from_str::<ServerFrame>(array).is_err());
    }

    #[test]
    fn duplicate_members_are_explained() {
        let text = r#"{"type":"req","type":"req","id":"7","method":"m"}"#;
        let Err(FrameError::Invalid { id, detail }) = RequestFrame::parse(text) else {
            panic!("accepted");
        };
        assert_eq!(id.unwrap().get(), r#""7""#);
        assert_eq!(detail, "must not have duplicate properties");
    }

    #[test]
    fn server_frames_keep_null_apart_from_absent() {
        for text in [
            r#"{"type":"res","id":"1","ok":true}"#,
            r#"{"type":"res","id":"1","ok":true,"payload":null}"#,
            r#"{"type":"res","id":"1","ok":true,"payload":{"a": [1,  2]}}"#,
            r#"{"type":"res","id":"1","ok":false,"error":{"code":"UNAVAILABLE","message":"no","retryAfterMs":5}}"#,
            r#"{"type":"event","event":"tick","payload":{"ts":1},"seq":3,"stateVersion":{"presence":1,"health":2}}"#,
        ] {
            let frame: ServerFrame = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&frame).unwrap(), text);
        }
    }

    #[test]
    fn server_frames_that_are_none() {
        for (text, reason) in [
            (r#"{"type":"res","ok":true}"#, "response without id"),
            (r#"{"type":"res","id":"1"}"#, "response without ok"),
            (r#"{"type":"event"}"#, "event without name"),
            (r#"{"type":"ping"}"#, "unknown frame type \"ping\""),
        ] {
            let error = serde_json::from_str::<ServerFrame>(text).unwrap_err();
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
