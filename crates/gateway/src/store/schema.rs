//! The tables, how they came to be, and the settings of a connection.

use rusqlite::{Connection, TransactionBehavior};

/// Marks a database as ours: `OCGW`.
pub(super) const APPLICATION_ID: i32 = 0x4f43_4757;

/// Key under which the format is kept a second time, to tell a later version from a damaged header.
pub(super) const FORMAT_KEY: &str = "store.format";
/// Key of the audit chain's head.
pub(super) const AUDIT_HEAD_KEY: &str = "store.audit_head";
/// Key of the last line that is kept no longer: the chain goes on from it.
pub(super) const AUDIT_ANCHOR_KEY: &str = "store.audit_anchor";
/// Lines of the audit log that are kept. A line takes some hundred bytes, and 5 kB at most.
pub(super) const AUDIT_LINES_KEPT: i64 = 100_000;
/// Lines after which the oldest are removed.
pub(super) const AUDIT_PRUNE_EVERY: i64 = 1_000;
/// Key of the counter that moves on with every change that the snapshot holds.
pub(super) const GENERATION_KEY: &str = "store.generation";
/// Keys with this prefix belong to the store itself.
pub(super) const OWN_KEY_PREFIX: &str = "store.";

/// Page cache of the connection, in KiB. The whole gateway has 15 MB.
const CACHE_KIB: i64 = 256;
/// Pages (4 KiB) after which the write-ahead log is folded into the database.
const WAL_PAGES: i64 = 256;
/// Bytes the write-ahead log is cut back to afterwards.
const WAL_KEPT_BYTES: i64 = 1024 * 1024;

/// Step `n` leads from format `n` to `n + 1`.
pub(super) const MIGRATIONS: [&str; 2] = [
    "
    CREATE TABLE devices (
        device_id TEXT PRIMARY KEY NOT NULL,
        display_name TEXT,
        operator_label TEXT,
        platform TEXT,
        roles TEXT NOT NULL,
        scopes TEXT NOT NULL,
        approved_via TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        approved_at_ms INTEGER NOT NULL,
        last_seen_at_ms INTEGER,
        last_seen_reason TEXT,
        public_key TEXT NOT NULL,
        facts TEXT NOT NULL
    );
    CREATE TABLE tokens (
        id INTEGER PRIMARY KEY,
        device_id TEXT NOT NULL,
        role TEXT NOT NULL,
        scopes TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        rotated_at_ms INTEGER,
        revoked_at_ms INTEGER,
        last_used_at_ms INTEGER,
        hash BLOB NOT NULL
    );
    CREATE INDEX tokens_of_device ON tokens (device_id);
    CREATE TABLE pending_devices (
        request_id TEXT PRIMARY KEY NOT NULL,
        device_id TEXT NOT NULL,
        display_name TEXT,
        platform TEXT,
        role TEXT NOT NULL,
        scopes TEXT NOT NULL,
        ts INTEGER NOT NULL,
        silent INTEGER NOT NULL,
        is_repair INTEGER NOT NULL,
        browser_origin TEXT,
        superseded_by TEXT,
        public_key TEXT NOT NULL,
        facts TEXT NOT NULL
    );
    CREATE TABLE nodes (
        node_id TEXT PRIMARY KEY NOT NULL,
        display_name TEXT,
        commands TEXT NOT NULL,
        caps TEXT NOT NULL,
        permissions TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        approved_at_ms INTEGER NOT NULL,
        last_connected_at_ms INTEGER,
        core_version TEXT,
        ui_version TEXT,
        client_name TEXT,
        platform TEXT,
        facts TEXT NOT NULL,
        token_hash BLOB
    );
    CREATE TABLE pending_nodes (
        request_id TEXT PRIMARY KEY NOT NULL,
        node_id TEXT NOT NULL,
        display_name TEXT,
        commands TEXT NOT NULL,
        caps TEXT NOT NULL,
        permissions TEXT NOT NULL,
        ts INTEGER NOT NULL,
        legacy INTEGER NOT NULL,
        silent INTEGER NOT NULL,
        is_repair INTEGER NOT NULL,
        core_version TEXT,
        ui_version TEXT,
        client_name TEXT,
        platform TEXT,
        facts TEXT NOT NULL
    );
    CREATE TABLE approvals (
        id TEXT PRIMARY KEY NOT NULL,
        decision TEXT,
        requested_by TEXT,
        resolved_by TEXT,
        created_at_ms INTEGER NOT NULL,
        expires_at_ms INTEGER NOT NULL,
        resolved_at_ms INTEGER,
        request TEXT NOT NULL
    );
    CREATE TABLE named_values (
        name TEXT PRIMARY KEY NOT NULL,
        value TEXT NOT NULL
    );
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY,
        ts INTEGER NOT NULL,
        kind TEXT NOT NULL,
        actor TEXT NOT NULL,
        remote_ip TEXT,
        subject TEXT,
        details TEXT NOT NULL,
        prev_hash BLOB NOT NULL,
        hash BLOB NOT NULL
    );
",
    "
    CREATE TABLE setup_codes (setup_id TEXT PRIMARY KEY NOT NULL, device_id TEXT, record TEXT NOT NULL);
    ALTER TABLE pending_nodes ADD COLUMN public_key TEXT;
",
];

/// The format that this version writes.
pub(super) fn known_format() -> i64 {
    i64::try_from(MIGRATIONS.len()).expect("a handful of migrations")
}

/// The format of an open database.
pub(super) fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Runs the steps that the database has not seen yet, each in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<()> {
    let start = usize::try_from(format(connection)?).unwrap_or(0);
    for (index, step) in steps.iter().enumerate().skip(start) {
        let next = i64::try_from(index + 1).expect("a handful of migrations");
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.execute(
            "INSERT INTO named_values (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (FORMAT_KEY, next.to_string()),
        )?;
        transaction.pragma_update(None, "user_version", next)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Settings that only concern this process; nothing is written.
pub(super) fn tune(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(32);
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    // Removed token hashes and refused requests do not linger in free space.
    connection.pragma_update(None, "secure_delete", true)?;
    // On macOS a plain fsync does not reach the platters.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", WAL_PAGES, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", WAL_KEPT_BYTES, |_| Ok(()))?;
    Ok(())
}

/// Switches to the write-ahead log and proves that the database can be written.
pub(super) fn make_writable(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT")
}
