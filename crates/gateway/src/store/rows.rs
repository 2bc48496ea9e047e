//! Rows of the database as records. Every value is checked, so that a damaged row is noticed and not half believed.

use std::collections::BTreeMap;
use std::error::Error;

use openclaw_protocol::scope::{Role, Scope, ScopeSet};
use rusqlite::types::Type;
use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;

use super::schema::OWN_KEY_PREFIX;
use crate::audit::ChainedLine;
use crate::records::{
    ApprovalRecord, ClientFacts, CredentialHash, DeviceRecord, NodeRecord, PendingDevice,
    PendingNode, SetupRecord, StoredState, TokenRecord,
};

/// How long a decided approval stays.
pub(super) const DECIDED_APPROVAL_MS: i64 = 24 * 60 * 60 * 1000;

fn damaged(message: impl Into<Box<dyn Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, message.into())
}

fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(damaged)
}

fn role(name: &str) -> rusqlite::Result<Role> {
    Role::parse(name).ok_or_else(|| damaged(format!("unknown role {name:?}")))
}

fn scopes(row: &Row<'_>) -> rusqlite::Result<ScopeSet> {
    let text: String = row.get("scopes")?;
    text.split_ascii_whitespace()
        .map(|name| Scope::parse(name).ok_or_else(|| damaged(format!("unknown scope {name:?}"))))
        .collect()
}

fn hash(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<CredentialHash>> {
    let bytes: Option<Vec<u8>> = row.get(column)?;
    bytes
        .map(|bytes| {
            bytes
                .try_into()
                .map(CredentialHash)
                .map_err(|_| damaged("a hash has the wrong length"))
        })
        .transpose()
}

/// The facts; name and platform have columns of their own.
fn facts(row: &Row<'_>, name_column: &str) -> rusqlite::Result<ClientFacts> {
    let mut facts: ClientFacts = json(row, "facts")?;
    facts.display_name = row.get(name_column)?;
    facts.platform = row.get("platform")?;
    Ok(facts)
}

/// A device, still without its tokens.
pub(super) fn device(row: &Row<'_>) -> rusqlite::Result<DeviceRecord> {
    let roles: String = row.get("roles")?;
    Ok(DeviceRecord {
        device_id: row.get("device_id")?,
        public_key: row.get("public_key")?,
        facts: facts(row, "display_name")?,
        operator_label: row.get("operator_label")?,
        roles: roles
            .split_ascii_whitespace()
            .map(role)
            .collect::<rusqlite::Result<_>>()?,
        scopes: scopes(row)?,
        approved_via: row.get("approved_via")?,
        created_at_ms: row.get("created_at_ms")?,
        approved_at_ms: row.get("approved_at_ms")?,
        last_seen_at_ms: row.get("last_seen_at_ms")?,
        last_seen_reason: row.get("last_seen_reason")?,
        tokens: Vec::new(),
    })
}

/// A token and the device it belongs to.
pub(super) fn token(row: &Row<'_>) -> rusqlite::Result<(String, TokenRecord)> {
    let token = TokenRecord {
        role: role(&row.get::<_, String>("role")?)?,
        hash: hash(row, "hash")?.ok_or_else(|| damaged("a token has no hash"))?,
        scopes: scopes(row)?,
        created_at_ms: row.get("created_at_ms")?,
        rotated_at_ms: row.get("rotated_at_ms")?,
        revoked_at_ms: row.get("revoked_at_ms")?,
        last_used_at_ms: row.get("last_used_at_ms")?,
    };
    Ok((row.get("device_id")?, token))
}

pub(super) fn pending_device(row: &Row<'_>) -> rusqlite::Result<PendingDevice> {
    Ok(PendingDevice {
        request_id: row.get("request_id")?,
        device_id: row.get("device_id")?,
        public_key: row.get("public_key")?,
        facts: facts(row, "display_name")?,
        role: role(&row.get::<_, String>("role")?)?,
        scopes: scopes(row)?,
        silent: row.get("silent")?,
        is_repair: row.get("is_repair")?,
        browser_origin: row.get("browser_origin")?,
        ts: row.get("ts")?,
        superseded_by: row.get("superseded_by")?,
    })
}

pub(super) fn node(row: &Row<'_>) -> rusqlite::Result<NodeRecord> {
    Ok(NodeRecord {
        node_id: row.get("node_id")?,
        display_name: row.get("display_name")?,
        facts: facts(row, "client_name")?,
        core_version: row.get("core_version")?,
        ui_version: row.get("ui_version")?,
        caps: json(row, "caps")?,
        commands: json(row, "commands")?,
        permissions: json(row, "permissions")?,
        token_hash: hash(row, "token_hash")?,
        created_at_ms: row.get("created_at_ms")?,
        approved_at_ms: row.get("approved_at_ms")?,
        last_connected_at_ms: row.get("last_connected_at_ms")?,
    })
}

pub(super) fn pending_node(row: &Row<'_>) -> rusqlite::Result<PendingNode> {
    Ok(PendingNode {
        request_id: row.get("request_id")?,
        node_id: row.get("node_id")?,
        legacy: row.get("legacy")?,
        display_name: row.get("display_name")?,
        facts: facts(row, "client_name")?,
        core_version: row.get("core_version")?,
        ui_version: row.get("ui_version")?,
        caps: json(row, "caps")?,
        commands: json(row, "commands")?,
        permissions: json(row, "permissions")?,
        silent: row.get("silent")?,
        is_repair: row.get("is_repair")?,
        ts: row.get("ts")?,
        // Files of the first format have no such column.
        public_key: row.get("public_key").unwrap_or_default(),
    })
}

fn setup(row: &Row<'_>) -> rusqlite::Result<SetupRecord> {
    json(row, "record")
}

/// Every setup code. A file of the first format that is only looked at has none.
fn setups(connection: &Connection) -> rusqlite::Result<Vec<SetupRecord>> {
    let there = connection
        .prepare_cached(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'setup_codes'",
        )?
        .exists(())?;
    if there {
        all(connection, "setup_codes", setup)
    } else {
        Ok(Vec::new())
    }
}

pub(super) fn approval(row: &Row<'_>) -> rusqlite::Result<ApprovalRecord> {
    Ok(ApprovalRecord {
        id: row.get("id")?,
        request_json: row.get("request")?,
        requested_by: row.get("requested_by")?,
        created_at_ms: row.get("created_at_ms")?,
        expires_at_ms: row.get("expires_at_ms")?,
        decision: row.get("decision")?,
        resolved_by: row.get("resolved_by")?,
        resolved_at_ms: row.get("resolved_at_ms")?,
    })
}

pub(super) fn value(row: &Row<'_>) -> rusqlite::Result<(String, String)> {
    Ok((row.get("name")?, row.get("value")?))
}

pub(super) fn audit_line(row: &Row<'_>) -> rusqlite::Result<ChainedLine> {
    Ok(ChainedLine {
        seq: row.get("seq")?,
        ts: row.get("ts")?,
        kind: row.get("kind")?,
        actor: row.get("actor")?,
        remote_ip: row.get("remote_ip")?,
        subject: row.get("subject")?,
        details: row.get("details")?,
        prev_hash: row.get("prev_hash")?,
        hash: row.get("hash")?,
    })
}

fn all<T>(
    connection: &Connection,
    table: &str,
    decode: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection
        .prepare(&format!("SELECT * FROM {table} ORDER BY rowid"))?
        .query_map((), decode)?
        .collect()
}

/// Every device, with its tokens.
pub(super) fn devices(connection: &Connection) -> rusqlite::Result<Vec<DeviceRecord>> {
    let mut tokens: BTreeMap<String, Vec<TokenRecord>> = BTreeMap::new();
    for (device_id, token) in all(connection, "tokens", token)? {
        tokens.entry(device_id).or_default().push(token);
    }
    let mut devices = all(connection, "devices", device)?;
    for device in &mut devices {
        device.tokens = tokens.remove(&device.device_id).unwrap_or_default();
    }
    Ok(devices)
}

/// Every node.
pub(super) fn nodes(connection: &Connection) -> rusqlite::Result<Vec<NodeRecord>> {
    all(connection, "nodes", node)
}

/// Every named value that is not the store's own.
pub(super) fn values(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    let mut values: BTreeMap<String, String> = all(connection, "named_values", value)?
        .into_iter()
        .collect();
    values.retain(|name, _| !name.starts_with(OWN_KEY_PREFIX));
    Ok(values)
}

/// One of the store's own values.
pub(super) fn own_value(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    use rusqlite::OptionalExtension as _;
    connection
        .prepare_cached("SELECT value FROM named_values WHERE name = ?1")?
        .query_row((name,), |row| row.get(0))
        .optional()
}

/// Everything that is loaded at start.
pub(super) fn state(connection: &Connection, now_ms: i64) -> rusqlite::Result<StoredState> {
    let mut approvals = all(connection, "approvals", approval)?;
    approvals.retain(|approval| {
        approval
            .resolved_at_ms
            .is_none_or(|at| at > now_ms - DECIDED_APPROVAL_MS)
    });
    Ok(StoredState {
        devices: devices(connection)?,
        pending_devices: all(connection, "pending_devices", pending_device)?,
        nodes: nodes(connection)?,
        pending_nodes: all(connection, "pending_nodes", pending_node)?,
        approvals,
        setups: setups(connection)?,
        values: values(connection)?,
    })
}
