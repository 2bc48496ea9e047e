//! Changes as statements. Runs inside a transaction that the caller owns.

use openclaw_protocol::scope::{Role, ScopeSet};
use rusqlite::{Connection, OptionalExtension as _, Result, named_params};
use serde::Serialize;

use super::rows::DECIDED_APPROVAL_MS;
use super::schema::{AUDIT_ANCHOR_KEY, AUDIT_HEAD_KEY};
use crate::audit::{ChainHead, ChainedLine};
use crate::records::{
    ApprovalRecord, Change, ClientFacts, CredentialHash, DeviceRecord, NodeRecord, PendingDevice,
    PendingNode, SetupRecord,
};

/// Applies one change and chains audit lines to `head`.
pub(super) fn apply(connection: &Connection, change: &Change, head: &mut ChainHead) -> Result<()> {
    match change {
        Change::PutDevice(device) => put_device(connection, device),
        Change::RemoveDevice(device_id) => {
            remove_tokens(connection, device_id)?;
            remove(
                connection,
                "DELETE FROM devices WHERE device_id = ?1",
                device_id,
            )
        }
        Change::TouchDevice {
            device_id,
            token,
            at_ms,
            reason,
        } => touch(connection, device_id, token.as_ref(), *at_ms, reason),
        Change::PutPendingDevice(request) => put_pending_device(connection, request),
        Change::RemovePendingDevice(id) => remove(
            connection,
            "DELETE FROM pending_devices WHERE request_id = ?1",
            id,
        ),
        Change::PutNode(node) => put_node(connection, node),
        Change::RemoveNode(id) => remove(connection, "DELETE FROM nodes WHERE node_id = ?1", id),
        Change::PutPendingNode(request) => put_pending_node(connection, request),
        Change::RemovePendingNode(id) => remove(
            connection,
            "DELETE FROM pending_nodes WHERE request_id = ?1",
            id,
        ),
        Change::PutApproval(approval) => put_approval(connection, approval),
        Change::RemoveApproval(id) => remove(connection, "DELETE FROM approvals WHERE id = ?1", id),
        Change::PutSetup(setup) => put_setup(connection, setup),
        Change::RemoveSetup(id) => remove(
            connection,
            "DELETE FROM setup_codes WHERE setup_id = ?1",
            id,
        ),
        Change::PutValue { key, value } => put_value(connection, key, value),
        Change::RemoveValue { key } => {
            remove(connection, "DELETE FROM named_values WHERE name = ?1", key)
        }
        Change::Audit(event) => put_line(connection, &ChainedLine::chain(head, event)),
    }
}

/// Whether the snapshot beside the database has to follow this change.
pub(super) const fn concerns_snapshot(change: &Change) -> bool {
    matches!(
        change,
        Change::PutDevice(_)
            | Change::RemoveDevice(_)
            | Change::PutNode(_)
            | Change::RemoveNode(_)
            | Change::PutValue { .. }
            | Change::RemoveValue { .. }
    )
}

fn text<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))
}

fn scope_text(scopes: ScopeSet) -> String {
    scopes.names().join(" ")
}

fn facts_text(facts: &ClientFacts) -> Result<String> {
    let mut rest = facts.clone();
    // These two have columns of their own.
    rest.display_name = None;
    rest.platform = None;
    text(&rest)
}

fn remove(connection: &Connection, statement: &str, id: &str) -> Result<()> {
    connection
        .prepare_cached(statement)?
        .execute((id,))
        .map(drop)
}

fn remove_tokens(connection: &Connection, device_id: &str) -> Result<()> {
    remove(
        connection,
        "DELETE FROM tokens WHERE device_id = ?1",
        device_id,
    )
}

fn put_device(connection: &Connection, device: &DeviceRecord) -> Result<()> {
    let roles: Vec<&str> = device.roles.iter().copied().map(Role::name).collect();
    connection
        .prepare_cached(
            "INSERT INTO devices VALUES (:device_id, :display_name, :operator_label, :platform, :roles, :scopes,
                 :approved_via, :created_at_ms, :approved_at_ms, :last_seen_at_ms, :last_seen_reason, :public_key,
                 :facts)
             ON CONFLICT (device_id) DO UPDATE SET
                 display_name = excluded.display_name, operator_label = excluded.operator_label,
                 platform = excluded.platform, roles = excluded.roles, scopes = excluded.scopes,
                 approved_via = excluded.approved_via, created_at_ms = excluded.created_at_ms,
                 approved_at_ms = excluded.approved_at_ms, last_seen_at_ms = excluded.last_seen_at_ms,
                 last_seen_reason = excluded.last_seen_reason, public_key = excluded.public_key,
                 facts = excluded.facts",
        )?
        .execute(named_params! {
            ":device_id": device.device_id,
            ":display_name": device.facts.display_name,
            ":operator_label": device.operator_label,
            ":platform": device.facts.platform,
            ":roles": roles.join(" "),
            ":scopes": scope_text(device.scopes),
            ":approved_via": device.approved_via,
            ":created_at_ms": device.created_at_ms,
            ":approved_at_ms": device.approved_at_ms,
            ":last_seen_at_ms": device.last_seen_at_ms,
            ":last_seen_reason": device.last_seen_reason,
            ":public_key": device.public_key,
            ":facts": facts_text(&device.facts)?,
        })?;
    remove_tokens(connection, &device.device_id)?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO tokens (device_id, role, scopes, created_at_ms, rotated_at_ms, revoked_at_ms, last_used_at_ms,
             hash)
         VALUES (:device_id, :role, :scopes, :created_at_ms, :rotated_at_ms, :revoked_at_ms, :last_used_at_ms,
             :hash)",
    )?;
    for token in &device.tokens {
        insert.execute(named_params! {
            ":device_id": device.device_id,
            ":role": token.role.name(),
            ":scopes": scope_text(token.scopes),
            ":created_at_ms": token.created_at_ms,
            ":rotated_at_ms": token.rotated_at_ms,
            ":revoked_at_ms": token.revoked_at_ms,
            ":last_used_at_ms": token.last_used_at_ms,
            ":hash": token.hash.0,
        })?;
    }
    Ok(())
}

/// A device that is gone by now stays gone.
fn touch(
    connection: &Connection,
    device_id: &str,
    token: Option<&CredentialHash>,
    at_ms: i64,
    reason: &str,
) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE devices SET last_seen_at_ms = ?2, last_seen_reason = ?3 WHERE device_id = ?1",
        )?
        .execute((device_id, at_ms, reason))?;
    if let Some(hash) = token {
        connection
            .prepare_cached(
                "UPDATE tokens SET last_used_at_ms = ?3 WHERE device_id = ?1 AND hash = ?2",
            )?
            .execute((device_id, hash.0, at_ms))?;
    }
    Ok(())
}

fn put_pending_device(connection: &Connection, request: &PendingDevice) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO pending_devices VALUES (:request_id, :device_id, :display_name, :platform, :role,
                 :scopes, :ts, :silent, :is_repair, :browser_origin, :superseded_by, :public_key, :facts)",
        )?
        .execute(named_params! {
            ":request_id": request.request_id,
            ":device_id": request.device_id,
            ":display_name": request.facts.display_name,
            ":platform": request.facts.platform,
            ":role": request.role.name(),
            ":scopes": scope_text(request.scopes),
            ":ts": request.ts,
            ":silent": request.silent,
            ":is_repair": request.is_repair,
            ":browser_origin": request.browser_origin,
            ":superseded_by": request.superseded_by,
            ":public_key": request.public_key,
            ":facts": facts_text(&request.facts)?,
        })
        .map(drop)
}

fn put_node(connection: &Connection, node: &NodeRecord) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO nodes VALUES (:node_id, :display_name, :commands, :caps, :permissions,
                 :created_at_ms, :approved_at_ms, :last_connected_at_ms, :core_version, :ui_version, :client_name,
                 :platform, :facts, :token_hash)",
        )?
        .execute(named_params! {
            ":node_id": node.node_id,
            ":display_name": node.display_name,
            ":commands": text(&node.commands)?,
            ":caps": text(&node.caps)?,
            ":permissions": text(&node.permissions)?,
            ":created_at_ms": node.created_at_ms,
            ":approved_at_ms": node.approved_at_ms,
            ":last_connected_at_ms": node.last_connected_at_ms,
            ":core_version": node.core_version,
            ":ui_version": node.ui_version,
            ":client_name": node.facts.display_name,
            ":platform": node.facts.platform,
            ":facts": facts_text(&node.facts)?,
            ":token_hash": node.token_hash.map(|hash| hash.0),
        })
        .map(drop)
}

fn put_pending_node(connection: &Connection, request: &PendingNode) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO pending_nodes VALUES (:request_id, :node_id, :display_name, :commands, :caps,
                 :permissions, :ts, :legacy, :silent, :is_repair, :core_version, :ui_version, :client_name,
                 :platform, :facts, :public_key)",
        )?
        .execute(named_params! {
            ":request_id": request.request_id,
            ":node_id": request.node_id,
            ":display_name": request.display_name,
            ":commands": text(&request.commands)?,
            ":caps": text(&request.caps)?,
            ":permissions": text(&request.permissions)?,
            ":ts": request.ts,
            ":legacy": request.legacy,
            ":silent": request.silent,
            ":is_repair": request.is_repair,
            ":core_version": request.core_version,
            ":ui_version": request.ui_version,
            ":client_name": request.facts.display_name,
            ":platform": request.facts.platform,
            ":facts": facts_text(&request.facts)?,
            ":public_key": request.public_key,
        })
        .map(drop)
}

fn put_setup(connection: &Connection, setup: &SetupRecord) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO setup_codes VALUES (?1, ?2, ?3)")?
        .execute((&setup.setup_id, &setup.device_id, text(setup)?))
        .map(drop)
}

fn put_approval(connection: &Connection, approval: &ApprovalRecord) -> Result<()> {
    // The audit log keeps the decision for good; the full request is only of use for a day.
    let now_ms = approval.resolved_at_ms.unwrap_or(approval.created_at_ms);
    connection
        .prepare_cached("DELETE FROM approvals WHERE resolved_at_ms < ?1")?
        .execute((now_ms.saturating_sub(DECIDED_APPROVAL_MS),))?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO approvals VALUES (:id, :decision, :requested_by, :resolved_by, :created_at_ms,
                 :expires_at_ms, :resolved_at_ms, :request)",
        )?
        .execute(named_params! {
            ":id": approval.id,
            ":decision": approval.decision,
            ":requested_by": approval.requested_by,
            ":resolved_by": approval.resolved_by,
            ":created_at_ms": approval.created_at_ms,
            ":expires_at_ms": approval.expires_at_ms,
            ":resolved_at_ms": approval.resolved_at_ms,
            ":request": approval.request_json,
        })
        .map(drop)
}

/// Inserts or replaces a named value.
pub(super) fn put_value(connection: &Connection, name: &str, value: &str) -> Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO named_values VALUES (?1, ?2)")?
        .execute((name, value))
        .map(drop)
}

/// Stores a line that is chained already.
pub(super) fn put_line(connection: &Connection, line: &ChainedLine) -> Result<()> {
    connection
        .prepare_cached("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
        .execute((
            line.seq,
            line.ts,
            &line.kind,
            &line.actor,
            &line.remote_ip,
            &line.subject,
            &line.details,
            &line.prev_hash,
            &line.hash,
        ))
        .map(drop)
}

/// Stores the head of the chain.
pub(super) fn put_head(connection: &Connection, head: ChainHead) -> Result<()> {
    put_value(connection, AUDIT_HEAD_KEY, &head.to_text())
}

/// Removes the lines up to this one, and keeps its hash so that the rest can be checked.
pub(super) fn prune_audit(connection: &Connection, last: i64) -> Result<()> {
    let anchor = connection
        .prepare_cached("SELECT hash FROM audit WHERE seq = ?1")?
        .query_row((last,), |row| row.get::<_, Vec<u8>>(0))
        .optional()?
        .and_then(|hash| hash.try_into().ok());
    // Without the line there is nothing to go on from, and so nothing is removed.
    let Some(hash) = anchor else { return Ok(()) };
    put_value(
        connection,
        AUDIT_ANCHOR_KEY,
        &ChainHead { seq: last, hash }.to_text(),
    )?;
    connection
        .prepare_cached("DELETE FROM audit WHERE seq <= ?1")?
        .execute((last,))
        .map(drop)
}
