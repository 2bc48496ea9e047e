//! What an import stored, noted so that it can be taken back.

use openclaw_config::hash::sha256_hex;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::SOURCES;
use crate::records::{
    AuditEvent, Change, DeviceRecord, NodeRecord, PendingDevice, PendingNode, StoredState,
};

/// What an import stored: enough to find it again, nothing secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Its records.
    records: Vec<TracedRecord>,
    /// The marks that keep its files from being imported again.
    marks: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TracedRecord {
    kind: Kind,
    id: String,
    /// Hash of what a decision about the record changes.
    hash: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Device,
    PendingDevice,
    Node,
    PendingNode,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::PendingDevice => "device request",
            Self::Node => "node",
            Self::PendingNode => "node request",
        }
    }
}

/// How an import is taken back.
#[derive(Debug, Default)]
pub struct TakenBack {
    /// What to commit.
    pub changes: Vec<Change>,
    /// Records that these remove.
    pub removed: usize,
    /// Records that stay because somebody decided about them since, as `device <id>`.
    pub kept: Vec<String>,
}

impl Trace {
    /// The trace of the changes that [`super::plan`] gives.
    pub fn of(changes: &[Change]) -> Self {
        let mut trace = Self::default();
        for change in changes {
            let (kind, id, hash) = match change {
                Change::PutDevice(device) => (Kind::Device, &device.device_id, of_device(device)),
                Change::PutPendingDevice(request) => (
                    Kind::PendingDevice,
                    &request.request_id,
                    of_pending_device(request),
                ),
                Change::PutNode(node) => (Kind::Node, &node.node_id, of_node(node)),
                Change::PutPendingNode(request) => (
                    Kind::PendingNode,
                    &request.request_id,
                    of_pending_node(request),
                ),
                Change::PutValue { key, .. } => {
                    trace.marks.push((*key).to_owned());
                    continue;
                }
                _ => continue,
            };
            trace.records.push(TracedRecord {
                kind,
                id: id.clone(),
                hash,
            });
        }
        trace
    }

    /// Whether nothing was stored.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.marks.is_empty()
    }

    /// What takes the import back: removes what is still as it was imported, and lets the files be imported again. Nothing
    /// is left to change once that was committed.
    pub fn take_back(&self, state: &StoredState, now_ms: i64) -> TakenBack {
        let mut back = TakenBack::default();
        for record in &self.records {
            match record.now(state) {
                None => {}
                Some(hash) if hash == record.hash => {
                    back.changes.push(record.removal());
                    back.removed += 1;
                }
                Some(_) => back
                    .kept
                    .push(format!("{} {}", record.kind.name(), record.id)),
            }
        }
        let marks = SOURCES.iter().map(|source| source.key).filter(|key| {
            self.marks.iter().any(|mark| mark == key) && state.values.contains_key(*key)
        });
        back.changes
            .extend(marks.map(|key| Change::RemoveValue { key }));
        if !back.changes.is_empty() {
            back.changes.push(Change::Audit(Box::new(AuditEvent {
                ts: now_ms,
                kind: "store.import-undone".to_owned(),
                actor: "owner (offline)".to_owned(),
                remote_ip: None,
                subject: None,
                details: json!({ "removed": back.removed, "kept": back.kept.len() }),
            })));
        }
        back
    }
}

impl TracedRecord {
    /// The hash of the record as it is now.
    fn now(&self, state: &StoredState) -> Option<String> {
        match self.kind {
            Kind::Device => find(
                &state.devices,
                |device| device.device_id == self.id,
                of_device,
            ),
            Kind::PendingDevice => find(
                &state.pending_devices,
                |request| request.request_id == self.id,
                of_pending_device,
            ),
            Kind::Node => find(&state.nodes, |node| node.node_id == self.id, of_node),
            Kind::PendingNode => find(
                &state.pending_nodes,
                |request| request.request_id == self.id,
                of_pending_node,
            ),
        }
    }

    fn removal(&self) -> Change {
        let id = self.id.clone();
        match self.kind {
            Kind::Device => Change::RemoveDevice(id),
            Kind::PendingDevice => Change::RemovePendingDevice(id),
            Kind::Node => Change::RemoveNode(id),
            Kind::PendingNode => Change::RemovePendingNode(id),
        }
    }
}

fn find<T>(all: &[T], is: impl Fn(&&T) -> bool, hash: fn(&T) -> String) -> Option<String> {
    all.iter().find(is).map(hash)
}

// A connect changes times, names and versions; only what somebody decided counts here.

fn of_device(device: &DeviceRecord) -> String {
    let mut roles: Vec<String> = device
        .roles
        .iter()
        .map(|role| json!(role).to_string())
        .collect();
    roles.sort_unstable();
    let mut tokens: Vec<String> = device
        .tokens
        .iter()
        .map(|token| {
            json!([
                token.role,
                token.hash,
                token.scopes,
                token.rotated_at_ms,
                token.revoked_at_ms
            ])
            .to_string()
        })
        .collect();
    tokens.sort_unstable();
    let decided = json!([
        device.public_key,
        roles,
        device.scopes,
        device.approved_via,
        device.approved_at_ms,
        tokens
    ]);
    sha256_hex(decided.to_string().as_bytes())
}

fn of_pending_device(request: &PendingDevice) -> String {
    let asked = json!([
        request.device_id,
        request.public_key,
        request.role,
        request.scopes
    ]);
    sha256_hex(asked.to_string().as_bytes())
}

fn of_node(node: &NodeRecord) -> String {
    let decided = json!([
        node.commands,
        node.caps,
        node.token_hash,
        node.approved_at_ms
    ]);
    sha256_hex(decided.to_string().as_bytes())
}

fn of_pending_node(request: &PendingNode) -> String {
    let asked = json!([request.node_id, request.commands, request.caps]);
    sha256_hex(asked.to_string().as_bytes())
}
