//! What the gateway remembers: plain records, shared by the in-memory books and the store.

use std::collections::BTreeMap;

use openclaw_protocol::scope::{Role, ScopeSet};
use serde::{Deserialize, Serialize};

/// SHA-256 of a credential; the credential itself is never kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CredentialHash(pub [u8; 32]);

/// A paired device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRecord {
    /// Hex SHA-256 of the public key.
    pub device_id: String,
    /// Unpadded base64url of the raw key.
    pub public_key: String,
    /// Facts the device told at its last connect.
    pub facts: ClientFacts,
    /// Name given by an operator; wins over `facts.display_name`.
    pub operator_label: Option<String>,
    /// Roles it may take.
    pub roles: Vec<Role>,
    /// Operator scopes it may hold.
    pub scopes: ScopeSet,
    /// How it was approved: `owner`, `silent`, `bootstrap`, `imported`.
    pub approved_via: String,
    /// First approval, milliseconds since the epoch.
    pub created_at_ms: i64,
    /// Last approval, milliseconds since the epoch.
    pub approved_at_ms: i64,
    /// Last connect or disconnect, milliseconds since the epoch.
    pub last_seen_at_ms: Option<i64>,
    /// `connect` or `disconnect`.
    pub last_seen_reason: Option<String>,
    /// Tokens, newest first within a role.
    pub tokens: Vec<TokenRecord>,
}

/// What a client says about itself in the handshake, plus the address it came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientFacts {
    /// `client.displayName`.
    pub display_name: Option<String>,
    /// `client.platform`.
    pub platform: Option<String>,
    /// `client.deviceFamily`.
    pub device_family: Option<String>,
    /// `client.modelIdentifier`.
    pub model_identifier: Option<String>,
    /// `client.version`.
    pub version: Option<String>,
    /// `client.id`.
    pub client_id: Option<String>,
    /// `client.mode`.
    pub client_mode: Option<String>,
    /// Address of a remote client.
    pub remote_ip: Option<String>,
}

/// One device token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// Role it admits to.
    pub role: Role,
    /// SHA-256 of the token.
    pub hash: CredentialHash,
    /// Scopes it carries.
    pub scopes: ScopeSet,
    /// First token of this role, milliseconds since the epoch.
    pub created_at_ms: i64,
    /// When this token replaced an earlier one.
    pub rotated_at_ms: Option<i64>,
    /// When it was revoked.
    pub revoked_at_ms: Option<i64>,
    /// Last successful use.
    pub last_used_at_ms: Option<i64>,
}

/// A pending device pairing request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingDevice {
    /// UUID.
    pub request_id: String,
    /// Device that asks.
    pub device_id: String,
    /// Its key.
    pub public_key: String,
    /// What it says about itself.
    pub facts: ClientFacts,
    /// Role asked for.
    pub role: Role,
    /// Scopes asked for.
    pub scopes: ScopeSet,
    /// Whether it came from a direct local peer.
    pub silent: bool,
    /// Whether the device was paired already.
    pub is_repair: bool,
    /// Browser origin of the request, if it came from a page.
    pub browser_origin: Option<String>,
    /// When it was made or last seen, milliseconds since the epoch.
    pub ts: i64,
    /// The request that took its place, once superseded.
    pub superseded_by: Option<String>,
}

impl PendingDevice {
    /// Until when it can be decided, milliseconds since the epoch.
    pub fn expires_at_ms(&self) -> i64 {
        self.ts + openclaw_protocol::limits::PAIRING_TTL_MS
    }
}

/// The approved command surface of a node, and of nodes of the older `node.pair.request` flow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeRecord {
    /// Device id, or the id a `node.pair.request` gave.
    pub node_id: String,
    /// Name given by an operator or by the request.
    pub display_name: Option<String>,
    /// What the node said about itself.
    pub facts: ClientFacts,
    /// `coreVersion` of the older flow.
    pub core_version: Option<String>,
    /// `uiVersion` of the older flow.
    pub ui_version: Option<String>,
    /// Approved capabilities.
    pub caps: Vec<String>,
    /// Approved commands.
    pub commands: Vec<String>,
    /// Reported permissions.
    pub permissions: BTreeMap<String, bool>,
    /// Hash of the token of the older flow.
    pub token_hash: Option<CredentialHash>,
    /// First approval, milliseconds since the epoch.
    pub created_at_ms: i64,
    /// Last approval, milliseconds since the epoch.
    pub approved_at_ms: i64,
    /// Last connect, milliseconds since the epoch.
    pub last_connected_at_ms: Option<i64>,
}

/// A pending command surface, or a pending `node.pair.request`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingNode {
    /// UUID.
    pub request_id: String,
    /// Node that asks.
    pub node_id: String,
    /// True for the older flow, which ends in a node token.
    pub legacy: bool,
    /// Name.
    pub display_name: Option<String>,
    /// What the node said about itself.
    pub facts: ClientFacts,
    /// `coreVersion` of the older flow.
    pub core_version: Option<String>,
    /// `uiVersion` of the older flow.
    pub ui_version: Option<String>,
    /// Capabilities asked for.
    pub caps: Vec<String>,
    /// Commands asked for.
    pub commands: Vec<String>,
    /// Reported permissions.
    pub permissions: BTreeMap<String, bool>,
    /// `silent` of the older flow; no effect.
    pub silent: bool,
    /// Whether the node was known already.
    pub is_repair: bool,
    /// Milliseconds since the epoch.
    pub ts: i64,
    /// Key of the device that asks, unpadded base64url: approving pairs the device, too.
    #[serde(default)]
    pub public_key: Option<String>,
}

/// A setup code that was minted: who may come in with it, and who did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupRecord {
    /// UUID; names the code wherever the code itself must not be shown.
    pub setup_id: String,
    /// SHA-256 of the bootstrap token.
    pub hash: CredentialHash,
    /// SHA-256 of the code of its join link, if it has one.
    pub join_hash: Option<CredentialHash>,
    /// When the join link was fetched, milliseconds since the epoch.
    pub join_taken_at_ms: Option<i64>,
    /// Addresses and certificate that the code names, a JSON object; nothing secret.
    pub endpoints: String,
    /// `full`, `limited`, `node` or `owner`.
    pub access: String,
    /// Whether it admits as a node, and approves the first command surface of that node.
    pub node: bool,
    /// Scopes it gives an operator; `None` when it admits no operator.
    pub operator: Option<ScopeSet>,
    /// Who made it.
    pub minted_by: String,
    /// When it was made, milliseconds since the epoch.
    pub created_at_ms: i64,
    /// When it stops working, milliseconds since the epoch.
    pub expires_at_ms: i64,
    /// The device that used it, the only one that may still use it.
    pub device_id: Option<String>,
    /// When that was, milliseconds since the epoch.
    pub used_at_ms: Option<i64>,
    /// When the device showed that it received its token, milliseconds since the epoch.
    pub completed_at_ms: Option<i64>,
}

/// An exec approval, pending or decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRecord {
    /// Chosen by the requester, or a UUID.
    pub id: String,
    /// The request as it is shown to operators, raw JSON object.
    pub request_json: String,
    /// Who asked: display name or client id.
    pub requested_by: Option<String>,
    /// Milliseconds since the epoch.
    pub created_at_ms: i64,
    /// Milliseconds since the epoch.
    pub expires_at_ms: i64,
    /// `allow-once`, `allow-always`, `deny`, or `None` while pending or when it expired.
    pub decision: Option<String>,
    /// Who decided.
    pub resolved_by: Option<String>,
    /// When it was decided or expired.
    pub resolved_at_ms: Option<i64>,
}

/// One line of the audit log, before it is chained.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEvent {
    /// Milliseconds since the epoch.
    pub ts: i64,
    /// `connect`, `refuse`, `pair.request`, `pair.approve`, `pair.reject`, `pair.remove`, `token.issue`, `token.rotate`,
    /// `token.revoke`, `setup.create`, `setup.fetch`, `setup.use`, `setup.revoke`, `node.approve`, `node.invoke`, `exec.approval`, `config.write`, `start`, `stop`, …
    pub kind: String,
    /// Who: device id, client id or `control`.
    pub actor: String,
    /// Where from, if remote.
    pub remote_ip: Option<String>,
    /// On what: request id, device id, node id, command.
    pub subject: Option<String>,
    /// Further facts, a JSON object; never a credential.
    pub details: serde_json::Value,
}

/// Bytes of a text in a line of the audit log.
const MAX_AUDIT_TEXT: usize = 512;
/// Bytes of the details of a line, as JSON.
const MAX_AUDIT_DETAILS: usize = 4 * 1024;

impl AuditEvent {
    /// Cuts what is too long: lines are kept for a long time, and part of what they say comes from strangers.
    pub(crate) fn bound(&mut self) {
        cut(&mut self.actor);
        if let Some(subject) = &mut self.subject {
            cut(subject);
        }
        let long = self.details.to_string().len();
        if long <= MAX_AUDIT_DETAILS {
            return;
        }
        cut_values(&mut self.details);
        if self.details.to_string().len() > MAX_AUDIT_DETAILS {
            self.details = serde_json::json!({ "leftOutBytes": long });
        }
    }
}

fn cut(text: &mut String) {
    if text.len() > MAX_AUDIT_TEXT {
        let end = (0..=MAX_AUDIT_TEXT)
            .rev()
            .find(|&end| text.is_char_boundary(end));
        text.truncate(end.unwrap_or(0));
        text.push('…');
    }
}

fn cut_values(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => cut(text),
        serde_json::Value::Array(items) => items.iter_mut().for_each(cut_values),
        serde_json::Value::Object(members) => members.values_mut().for_each(cut_values),
        _ => {}
    }
}

/// One durable change. A batch of changes is applied in one transaction or not at all.
#[derive(Debug, Clone)]
pub enum Change {
    /// Insert or replace.
    PutDevice(Box<DeviceRecord>),
    /// Remove with its tokens.
    RemoveDevice(String),
    /// Only the last-used and last-seen times of a device; may be delayed.
    TouchDevice {
        /// Device.
        device_id: String,
        /// Hash of the token used, if any.
        token: Option<CredentialHash>,
        /// Milliseconds since the epoch.
        at_ms: i64,
        /// `connect` or `disconnect`.
        reason: &'static str,
    },
    /// Insert or replace.
    PutPendingDevice(Box<PendingDevice>),
    /// Remove by request id.
    RemovePendingDevice(String),
    /// Insert or replace.
    PutNode(Box<NodeRecord>),
    /// Remove by node id.
    RemoveNode(String),
    /// Insert or replace.
    PutPendingNode(Box<PendingNode>),
    /// Remove by request id.
    RemovePendingNode(String),
    /// Insert or replace.
    PutApproval(Box<ApprovalRecord>),
    /// Remove by id.
    RemoveApproval(String),
    /// Insert or replace.
    PutSetup(Box<SetupRecord>),
    /// Remove by setup id.
    RemoveSetup(String),
    /// Insert or replace a small named value.
    PutValue {
        /// Name.
        key: &'static str,
        /// Text.
        value: String,
    },
    /// Remove a small named value.
    RemoveValue {
        /// Name.
        key: &'static str,
    },
    /// Append to the audit chain.
    Audit(Box<AuditEvent>),
}

/// Everything that is remembered, as loaded at start.
#[derive(Debug, Clone, Default)]
pub struct StoredState {
    /// Paired devices.
    pub devices: Vec<DeviceRecord>,
    /// Pending device requests, expired ones included.
    pub pending_devices: Vec<PendingDevice>,
    /// Nodes.
    pub nodes: Vec<NodeRecord>,
    /// Pending node requests.
    pub pending_nodes: Vec<PendingNode>,
    /// Approvals that are pending, or were decided within the last day.
    pub approvals: Vec<ApprovalRecord>,
    /// Setup codes, expired ones included.
    pub setups: Vec<SetupRecord>,
    /// Small named values.
    pub values: BTreeMap<String, String>,
}
