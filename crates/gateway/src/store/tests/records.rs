//! Records for tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use openclaw_protocol::scope::{Role, Scope, ScopeSet};
use serde_json::json;
use tempfile::TempDir;

use crate::records::*;
use crate::store::{SqliteStore, StorePaths};

/// A store in a folder of its own.
pub(super) struct Place {
    /// Removed with everything in it at the end.
    _folder: TempDir,
    pub(super) paths: StorePaths,
}

/// Files in a folder of their own below `state_dir`.
pub(in crate::store) fn paths_below(state_dir: &Path) -> StorePaths {
    StorePaths {
        state_dir: state_dir.to_owned(),
        database: state_dir.join("store").join("gateway.sqlite"),
        lock: state_dir.join("gateway.lock"),
    }
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = paths_below(folder.path());
        Self {
            _folder: folder,
            paths,
        }
    }

    pub(super) fn database(&self) -> PathBuf {
        self.paths.database.clone()
    }

    pub(super) fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.database()).unwrap()
    }
}

pub(super) fn token_hash(n: u32) -> CredentialHash {
    let mut hash = [0x5a; 32];
    hash[..4].copy_from_slice(&n.to_be_bytes());
    CredentialHash(hash)
}

pub(super) fn device(n: u32) -> DeviceRecord {
    let token = |role, offset| TokenRecord {
        role,
        hash: token_hash(n * 10 + offset),
        scopes: ScopeSet::parse(["operator.read"]),
        created_at_ms: 1_000,
        rotated_at_ms: (offset > 0).then_some(2_000),
        revoked_at_ms: (offset > 1).then_some(3_000),
        last_used_at_ms: None,
    };
    DeviceRecord {
        device_id: format!("device-{n:04}"),
        public_key: format!("key-{n}"),
        facts: ClientFacts {
            display_name: Some(format!("Phone {n}")),
            platform: Some("ios 18".to_owned()),
            client_id: Some("openclaw-ios".to_owned()),
            client_mode: Some("ui".to_owned()),
            ..ClientFacts::default()
        },
        operator_label: None,
        roles: vec![Role::Operator, Role::Node],
        scopes: [Scope::Read, Scope::Write].into_iter().collect(),
        approved_via: "owner".to_owned(),
        created_at_ms: 1_000,
        approved_at_ms: 2_000,
        last_seen_at_ms: Some(5_000),
        last_seen_reason: Some("connect".to_owned()),
        tokens: vec![
            token(Role::Operator, 0),
            token(Role::Operator, 2),
            token(Role::Node, 1),
        ],
    }
}

pub(super) fn put_device(n: u32) -> Change {
    Change::PutDevice(Box::new(device(n)))
}

pub(super) fn pending_device(n: u32) -> PendingDevice {
    PendingDevice {
        request_id: format!("request-{n}"),
        device_id: format!("device-{n:04}"),
        public_key: format!("key-{n}"),
        facts: ClientFacts {
            version: Some("2026.1.30".to_owned()),
            remote_ip: Some("192.0.2.7".to_owned()),
            ..ClientFacts::default()
        },
        role: Role::Operator,
        scopes: ScopeSet::FULL,
        silent: false,
        is_repair: true,
        browser_origin: Some("https://gateway.example.com".to_owned()),
        ts: 7_000,
        superseded_by: Some("request-0".to_owned()),
    }
}

pub(super) fn node(n: u32) -> NodeRecord {
    NodeRecord {
        node_id: format!("node-{n}"),
        display_name: Some("Kitchen".to_owned()),
        facts: ClientFacts {
            display_name: Some("kitchen.local".to_owned()),
            platform: Some("linux".to_owned()),
            ..ClientFacts::default()
        },
        core_version: Some("c".to_owned()),
        ui_version: None,
        caps: vec!["canvas".to_owned()],
        commands: vec!["system.run".to_owned(), "canvas.present".to_owned()],
        permissions: BTreeMap::from([("camera".to_owned(), true), ("screen".to_owned(), false)]),
        token_hash: Some(token_hash(n)),
        created_at_ms: 1,
        approved_at_ms: 2,
        last_connected_at_ms: Some(3),
    }
}

pub(super) fn pending_node(n: u32) -> PendingNode {
    PendingNode {
        public_key: n.is_multiple_of(2).then(|| format!("key-{n}")),
        request_id: format!("request-{n}"),
        node_id: format!("node-{n}"),
        legacy: true,
        display_name: None,
        facts: ClientFacts {
            model_identifier: Some("iPhone16,1".to_owned()),
            ..ClientFacts::default()
        },
        core_version: None,
        ui_version: Some("u".to_owned()),
        caps: Vec::new(),
        commands: vec!["location.get".to_owned()],
        permissions: BTreeMap::new(),
        silent: true,
        is_repair: false,
        ts: 9,
    }
}

pub(super) fn approval(id: &str, resolved_at_ms: Option<i64>) -> ApprovalRecord {
    ApprovalRecord {
        id: id.to_owned(),
        request_json: r#"{"command":"git status","cwd":null}"#.to_owned(),
        requested_by: Some("cli".to_owned()),
        created_at_ms: 10,
        expires_at_ms: 20,
        decision: resolved_at_ms.map(|_| "deny".to_owned()),
        resolved_by: None,
        resolved_at_ms,
    }
}

pub(super) fn line(kind: &str, n: i64) -> Change {
    Change::Audit(Box::new(AuditEvent {
        ts: n,
        kind: kind.to_owned(),
        actor: format!("device-{n}"),
        remote_ip: Some("192.0.2.7".to_owned()),
        subject: (n % 2 == 0).then(|| "request-1".to_owned()),
        details: json!({ "n": n, "text": "ä \"quoted\"" }),
    }))
}
