//! `node.pair.*`: requests of nodes and what came of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::methods::PairingDecision;
use crate::strict;

/// What a node says of itself when it asks to be paired.
///
/// Params of `node.pair.request`, and part of what came of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodeSurface {
    /// Id of the node.
    #[serde(deserialize_with = "strict::nonempty")]
    pub node_id: String,
    /// `client.id` (protocol 4).
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub client_id: Option<String>,
    /// `client.mode` (protocol 4).
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub client_mode: Option<String>,
    /// Name for people.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub display_name: Option<String>,
    /// `linux`, `darwin`, …
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub platform: Option<String>,
    /// Version of the node program.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub version: Option<String>,
    /// Version of its core.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub core_version: Option<String>,
    /// Version of its user interface.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub ui_version: Option<String>,
    /// `Linux`, `Mac`, …
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub device_family: Option<String>,
    /// Hardware model.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub model_identifier: Option<String>,
    /// What it can do.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty_list",
        skip_serializing_if = "Option::is_none"
    )]
    pub caps: Option<Vec<String>>,
    /// Commands it takes.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty_list",
        skip_serializing_if = "Option::is_none"
    )]
    pub commands: Option<Vec<String>>,
    /// Permissions it reports (protocol 4).
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub permissions: Option<BTreeMap<String, bool>>,
    /// Address, for nodes that are not local.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub remote_ip: Option<String>,
    /// Whether it asks without telling anybody; without effect.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub silent: Option<bool>,
}

/// A pairing request of a node: an entry of `node.pair.list` and the payload of `node.pair.requested`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PendingNode {
    /// Id of the request.
    pub request_id: String,
    /// Short form of the id, for people who type it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the node said of itself.
    #[serde(flatten)]
    pub surface: NodeSurface,
    /// Whether the node was paired before (protocol 3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_repair: Option<bool>,
    /// Scopes that one needs to approve it (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_approve_scopes: Option<Vec<String>>,
    /// When it was asked, milliseconds since the epoch.
    pub ts: i64,
}

/// What waits for approval of a node that is paired: part of its entry in `device.pair.list` (protocol 4).
///
/// Gateways differ in what they repeat of the entry around it, down to the id of the node, so nothing here is required.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct WaitingSurface {
    /// Id of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Short form of the id, for people who type it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Id of the node, where it is not that of the device around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// `client.id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `client.mode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_mode: Option<String>,
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
    /// `Linux`, `Mac`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_family: Option<String>,
    /// Hardware model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_identifier: Option<String>,
    /// What it can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caps: Option<Vec<String>>,
    /// Commands it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commands: Option<Vec<String>>,
    /// Permissions it reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeMap<String, bool>>,
    /// Address, for nodes that are not local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// Whether it asks without telling anybody; without effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent: Option<bool>,
    /// Whether the node was paired before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_repair: Option<bool>,
    /// Scopes that one needs to approve it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_approve_scopes: Option<Vec<String>>,
    /// When it was asked, milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ts: Option<i64>,
}

/// A paired node, as `node.pair.*` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PairedNode {
    /// What the node said of itself.
    #[serde(flatten)]
    pub surface: NodeSurface,
    /// Its token (protocol 3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// When it was first paired, milliseconds since the epoch.
    pub created_at_ms: i64,
    /// When it was last approved, milliseconds since the epoch.
    pub approved_at_ms: i64,
    /// When it last connected (protocol 3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_connected_at_ms: Option<i64>,
    /// When it was last heard of (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at_ms: Option<i64>,
    /// What was heard of it then (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_reason: Option<String>,
    /// Programs found on it (protocol 3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bins: Option<Vec<String>>,
}

/// Result of `node.pair.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NodePairList {
    /// Newest first.
    pub pending: Vec<PendingNode>,
    /// Last approved first.
    pub paired: Vec<PairedNode>,
}

/// Result of `node.pair.request`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NodePairRequested {
    /// Always `pending`.
    pub status: String,
    /// The request.
    pub request: PendingNode,
    /// False when it was pending already.
    pub created: bool,
}

/// Result of `node.pair.approve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodePairApproved {
    /// Id of the request.
    pub request_id: String,
    /// The node.
    pub node: PairedNode,
}

/// Result of `node.pair.reject`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodePairRejected {
    /// Id of the request.
    pub request_id: String,
    /// Id of the node.
    pub node_id: String,
}

/// Params of `node.pair.verify`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodePairVerifyParams {
    /// Id of the node.
    #[serde(deserialize_with = "strict::nonempty")]
    pub node_id: String,
    /// Token of the node.
    #[serde(deserialize_with = "strict::nonempty")]
    pub token: String,
}

impl std::fmt::Debug for NodePairVerifyParams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodePairVerifyParams")
            .field("node_id", &self.node_id)
            .finish_non_exhaustive()
    }
}

/// Result of `node.pair.verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NodePairVerified {
    /// Whether the token is that node's.
    pub ok: bool,
    /// The node, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<PairedNode>,
}

/// Payload of `node.pair.resolved`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct NodePairResolved {
    /// Id of the request.
    pub request_id: String,
    /// Id of the node.
    pub node_id: String,
    /// How it ended.
    pub decision: PairingDecision,
    /// When, milliseconds since the epoch.
    pub ts: i64,
}
