//! `node.*`: who the nodes are and what they report; commands sent to them and their pairing have files of their own.

mod invoke;
mod pairing;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::strict;

pub use invoke::{
    INVOKE_PROGRESS, NodeError, NodeInvokeAbortParams, NodeInvokeAborted, NodeInvokeCancel,
    NodeInvokeParams, NodeInvokeProgress, NodeInvokeProgressParams, NodeInvokeRequest,
    NodeInvokeResultAck, NodeInvokeResultParams, NodeInvokeStarted, NodeInvoked,
};
pub use pairing::{
    NodePairApproved, NodePairList, NodePairRejected, NodePairRequested, NodePairResolved,
    NodePairVerified, NodePairVerifyParams, NodeSurface, PairedNode, PendingNode, WaitingSurface,
};

/// Params that name a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeIdParams {
    /// Device id of the node, or its client id when it has no device.
    #[serde(deserialize_with = "strict::nonempty")]
    pub node_id: String,
}

/// Params and result of `node.rename`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeRename {
    /// Id of the node.
    #[serde(deserialize_with = "strict::nonempty")]
    pub node_id: String,
    /// New name.
    #[serde(deserialize_with = "strict::nonempty")]
    pub display_name: String,
}

/// Params of `node.event`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeEventParams<'a> {
    /// Name of the event.
    #[serde(borrow, deserialize_with = "strict::nonempty_text")]
    pub event: Cow<'a, str>,
    /// Payload as a value.
    #[serde(
        borrow,
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(test, ts(type = "Json"))]
    pub payload: Option<&'a RawValue>,
    /// Payload as JSON text.
    #[serde(
        borrow,
        rename = "payloadJSON",
        default,
        deserialize_with = "strict::some_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub payload_json: Option<Cow<'a, str>>,
}

/// Result of `node.event`; protocol 3 says no more than `ok`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NodeEventAck {
    /// Always true.
    pub ok: bool,
    /// Name of the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Whether it had an effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handled: Option<bool>,
    /// Which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What `node.host.stats` reports, and what a node entry shows of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HostStats {
    /// Processors.
    pub cpu_count: u32,
    /// Over 1, 5 and 15 minutes.
    pub load_average: Vec<f64>,
    /// In bytes.
    pub memory_total_bytes: u64,
    /// In bytes.
    pub memory_free_bytes: u64,
    /// In bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_total_bytes: Option<u64>,
    /// In bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_available_bytes: Option<u64>,
    /// When the gateway got it, milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at_ms: Option<i64>,
}

/// One node, connected or not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeEntry {
    /// Device id, or client id of a node without device.
    pub node_id: String,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// `linux`, `darwin`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// Version of the node program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Version of its core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core_version: Option<String>,
    /// Version of its user interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ui_version: Option<String>,
    /// `client.id` (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `client.mode` (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_mode: Option<String>,
    /// `Linux`, `Mac`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_family: Option<String>,
    /// Hardware model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_identifier: Option<String>,
    /// Address, for nodes that are not local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// What it can do, sorted.
    #[serde(default)]
    pub caps: Vec<String>,
    /// Commands it takes and may be sent, sorted.
    #[serde(default)]
    pub commands: Vec<String>,
    /// Its `PATH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_env: Option<String>,
    /// Permissions it reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeMap<String, bool>>,
    /// Whether it hosts sessions (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_host: Option<bool>,
    /// Its last report (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_stats: Option<HostStats>,
    /// Tools of its plugins (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "Json[]"))]
    pub node_plugin_tools: Option<Vec<Value>>,
    /// `approved` or `pending-approval`: whether its commands may be used (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_state: Option<String>,
    /// Since when it is connected, milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_at_ms: Option<i64>,
    /// When it last connected (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_connected_at_ms: Option<i64>,
    /// When it was last heard of (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at_ms: Option<i64>,
    /// What was heard of it then (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_reason: Option<String>,
    /// When its commands were approved (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_at_ms: Option<i64>,
    /// Whether it is paired.
    pub paired: bool,
    /// Whether it is connected now.
    pub connected: bool,
    /// Protocol of its connection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<u32>,
    /// Whether `node.invoke` with `stream: true` shows the output of its programs as it comes; absent means no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub streams: Option<bool>,
    /// The commands that wait for approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_surface: Option<PendingNode>,
    /// Commands that it offers and that may not be used yet. Only in `node.describe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_commands: Option<Vec<String>>,
}

/// Result of `node.list`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NodeList {
    /// Clock of the gateway, milliseconds since the epoch.
    pub ts: i64,
    /// Connected ones first, then by name.
    pub nodes: Vec<NodeEntry>,
}

/// Result of `node.describe`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NodeDescription {
    /// Clock of the gateway, milliseconds since the epoch.
    pub ts: i64,
    /// The node.
    #[serde(flatten)]
    pub node: NodeEntry,
}

/// Result of `skills.bins`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SkillBins {
    /// Programs that skills use, sorted.
    pub bins: Vec<String>,
}
