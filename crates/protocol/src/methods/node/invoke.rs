//! Commands sent to nodes and their results.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::methods::Member;
use crate::strict;

/// Params of `node.invoke`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeInvokeParams<'a> {
    /// Id of the node.
    #[serde(borrow, deserialize_with = "strict::nonempty_text")]
    pub node_id: Cow<'a, str>,
    /// Command to run there.
    #[serde(borrow, deserialize_with = "strict::nonempty_text")]
    pub command: Cow<'a, str>,
    /// What the command gets; an explicit `null` is passed on as such.
    #[serde(
        borrow,
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(test, ts(type = "unknown"))]
    pub params: Option<&'a RawValue>,
    /// Deadline, in milliseconds; [`crate::limits::INVOKE_TIMEOUT_MS`] without it.
    #[serde(
        default,
        deserialize_with = "strict::some_at_least::<_, _, 0>",
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout_ms: Option<u64>,
    /// Names this call, so that a repeated one can be told from a new one.
    #[serde(borrow, deserialize_with = "strict::nonempty_text")]
    pub idempotency_key: Cow<'a, str>,
    /// Show the output as it comes: events `node.invoke.started` and `node.invoke.progress`, to this connection only.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub stream: Option<bool>,
}

/// Among the `protocolFeatures` of a node: it sends `node.invoke.progress` when it is asked to.
pub const INVOKE_PROGRESS: &str = "invoke-progress";

/// Payload of `node.invoke.started`, to a caller that asked for `stream`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeInvokeStarted {
    /// Id of the call, for `node.invoke.abort`.
    pub invoke_id: String,
    /// Id of the node.
    pub node_id: String,
    /// As the caller gave it.
    pub idempotency_key: String,
    /// Whether the node shows output as it comes; if not, all of it comes with the result.
    pub streams: bool,
}

/// Params of `node.invoke.progress`, from a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeInvokeProgressParams<'a> {
    /// Id of the request.
    #[serde(borrow, deserialize_with = "strict::nonempty_text")]
    pub invoke_id: Cow<'a, str>,
    /// Id of the node.
    #[serde(borrow, deserialize_with = "strict::nonempty_text")]
    pub node_id: Cow<'a, str>,
    /// Number of the piece, from 0.
    pub seq: u64,
    /// What the program printed, whole characters.
    #[serde(borrow)]
    pub chunk: Cow<'a, str>,
    /// `stdout` or `stderr`.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<Cow<'a, str>>,
    /// Bytes that were left out before this piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<u64>,
}

/// Payload of `node.invoke.progress`, to the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeInvokeProgress {
    /// Id of the call.
    pub invoke_id: String,
    /// Id of the node.
    pub node_id: String,
    /// As the caller gave it.
    pub idempotency_key: String,
    /// Number of the piece, from 0 without gaps.
    pub seq: u64,
    /// `stdout` or `stderr`.
    pub stream: String,
    /// What the program printed, whole characters.
    pub chunk: String,
    /// Bytes that were left out before this piece, because somebody was too slow. The result still holds the output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<u64>,
}

/// Params of `node.invoke.abort`: one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, ts(optional_fields))]
pub struct NodeInvokeAbortParams {
    /// `invokeId` of `node.invoke.started`.
    #[serde(
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub invoke_id: Option<String>,
    /// `idempotencyKey` of the call, which was made over this connection.
    #[serde(
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub idempotency_key: Option<String>,
}

/// Result of `node.invoke.abort`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NodeInvokeAborted {
    /// False when the call had ended already.
    pub aborted: bool,
}

/// Result of `node.invoke`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeInvoked {
    /// Always true.
    pub ok: bool,
    /// Id of the node.
    pub node_id: String,
    /// The command that ran.
    pub command: String,
    /// What the node answered; absent when it said nothing.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(test, ts(type = "Json"))]
    pub payload: Option<Box<RawValue>>,
    /// The same as text, if the node sent text.
    #[serde(rename = "payloadJSON")]
    pub payload_json: Option<String>,
}

/// Payload of the `node.invoke.request` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeInvokeRequest<'a> {
    /// Id to answer under.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Id of the node, as it connected.
    #[serde(borrow)]
    pub node_id: Cow<'a, str>,
    /// Command to run.
    #[serde(borrow)]
    pub command: Cow<'a, str>,
    /// JSON text of the params; protocol 3 shows `null` for none, protocol 4 leaves it out.
    #[serde(
        borrow,
        rename = "paramsJSON",
        default,
        skip_serializing_if = "Member::is_absent"
    )]
    #[cfg_attr(test, ts(type = "string | null"))]
    pub params_json: Member<Cow<'a, str>>,
    /// Deadline, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// As the caller gave it.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<Cow<'a, str>>,
    /// Whether the caller watches the output; only to nodes that said they show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<bool>,
}

/// Payload of the `node.invoke.cancel` event: the caller no longer waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeInvokeCancel {
    /// Id of the request.
    pub id: String,
    /// Id of the node.
    pub node_id: String,
}

/// `error` of a `node.invoke.result`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NodeError {
    /// Word for programs.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub code: Option<String>,
    /// Text for people.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub message: Option<String>,
}

/// Params of `node.invoke.result`.
///
/// Nodes send `payloadJSON: null` and `error: null` for none, and some put a value where the text belongs: such a
/// value counts as `payload`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeInvokeResultParams<'a> {
    /// Id of the request.
    pub id: Cow<'a, str>,
    /// Id of the node.
    pub node_id: Cow<'a, str>,
    /// Whether the command succeeded.
    pub ok: bool,
    /// Result as a value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "Json"))]
    pub payload: Option<&'a RawValue>,
    /// Result as JSON text.
    #[serde(rename = "payloadJSON", skip_serializing_if = "Option::is_none")]
    pub payload_json: Option<Cow<'a, str>>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<NodeError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LooseResult<'a> {
    #[serde(borrow, deserialize_with = "strict::nonempty_text")]
    id: Cow<'a, str>,
    #[serde(borrow, deserialize_with = "strict::nonempty_text")]
    node_id: Cow<'a, str>,
    ok: bool,
    #[serde(borrow, default, deserialize_with = "strict::some")]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "payloadJSON")]
    payload_json: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "strict::object_or_null")]
    error: Option<NodeError>,
}

impl<'de: 'a, 'a> Deserialize<'de> for NodeInvokeResultParams<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        LooseResult::deserialize(deserializer).map(Self::from)
    }
}

impl<'a> From<LooseResult<'a>> for NodeInvokeResultParams<'a> {
    fn from(loose: LooseResult<'a>) -> Self {
        let mut payload = loose.payload;
        let mut payload_json = None;
        if let Some(raw) = loose.payload_json {
            let mut deserializer = serde_json::Deserializer::from_str(raw.get());
            match strict::text(&mut deserializer) {
                Ok(text) => payload_json = Some(text),
                Err(_) => payload = payload.or(Some(raw)),
            }
        }
        Self {
            id: loose.id,
            node_id: loose.node_id,
            ok: loose.ok,
            payload,
            payload_json,
            error: loose.error,
        }
    }
}

/// Result of `node.invoke.result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NodeInvokeResultAck {
    /// Always true.
    pub ok: bool,
    /// True when nobody waits for it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignored: Option<bool>,
}
