//! Puts a damaged database aside and a fresh one with everything that could be saved in its place.
//!
//! The damaged files are never written to. Until the fresh database is complete and on the disk, nothing of the old
//! one is moved, so that a crash at any point only means that the next start does it again.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tracing::{error, warn};

use super::apply::{apply, put_head, put_line, put_value};
use super::create::{create, create_private, finish, must_open, sibling, sync_folder};
use super::salvage::{self, Salvage};
use super::schema::{AUDIT_ANCHOR_KEY, GENERATION_KEY};
use super::snapshot::{self, Snapshot};
use super::{Recovery, StoreError, StoreReport, now_ms, schema};
use crate::audit::ChainHead;
use crate::records::{AuditEvent, Change};

/// The fresh database, complete, but not in its place yet.
const COMPLETE: &str = ".recovered";
/// The copy that is read from, because reading replays the write-ahead log into it.
const SCRATCH: &str = ".salvage";

/// Recovers the database at `path`.
pub(super) fn run(path: &Path, damage: String) -> Result<(Connection, StoreReport), StoreError> {
    let quarantined = quarantine(path).map_err(|source| StoreError::Quarantine {
        path: path.to_owned(),
        damage: damage.clone(),
        source: source.into(),
    })?;
    let salvage = salvage_copy(path)?;
    let mut recovery = Recovery {
        damage,
        quarantined,
        ..Recovery::default()
    };
    let salvage = complete(salvage, snapshot::read(path), &mut recovery);

    let fresh = sibling(path, ".new");
    let mut connection = create(&fresh)?;
    fill(&mut connection, &salvage, &recovery)
        .map_err(|error| StoreError::database(&fresh, error))?;
    finish(&fresh, connection)?;
    let complete = sibling(path, COMPLETE);
    fs::rename(&fresh, &complete)
        .and_then(|()| sync_folder(path))
        .map_err(|error| StoreError::file("write", &complete, error))?;
    install(&complete, path)?;
    let connection = must_open(path)?;
    Ok((
        connection,
        StoreReport {
            created: false,
            recovery: Some(recovery),
        },
    ))
}

/// Does what a recovery that was cut short had left to do.
pub(super) fn finish_interrupted(path: &Path) -> Result<(), StoreError> {
    let complete = sibling(path, COMPLETE);
    if complete
        .try_exists()
        .map_err(|error| StoreError::file("look for", &complete, error))?
    {
        warn!(path = %path.display(), "finishing a recovery that was interrupted");
        install(&complete, path)?;
    }
    Ok(())
}

/// Moves a complete database to its place. The old write-ahead log must go first: it would be replayed into the new
/// database. Whoever is interrupted here finds `complete` and comes back.
pub(super) fn install(complete: &Path, path: &Path) -> Result<(), StoreError> {
    for suffix in ["-wal", "-shm"] {
        remove(&sibling(path, suffix))?;
        remove(&sibling(complete, suffix))?;
    }
    sync_folder(path)
        .and_then(|()| fs::rename(complete, path))
        .and_then(|()| sync_folder(path))
        .map_err(|error| StoreError::file("write", path, error))
}

/// Removes a file that may not exist.
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::file("remove", path, error))
        }
        _ => Ok(()),
    }
}

/// Says in the log what happened.
pub(super) fn log(path: &Path, recovery: &Recovery) {
    let kept: Vec<String> = recovery
        .quarantined
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    error!(
        path = %path.display(),
        damage = recovery.damage,
        kept = kept.join(", "),
        devices = recovery.devices,
        nodes = recovery.nodes,
        from_snapshot = recovery.from_snapshot.len(),
        lost = recovery.lost.join("; "),
        "the database was damaged and has been recovered; the damaged files are kept"
    );
}

/// Gives the damaged files a second name, or copies them where links do not work.
fn quarantine(path: &Path) -> io::Result<Vec<PathBuf>> {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let mut base = sibling(path, &format!(".damaged-{time}"));
    let mut attempt = 1;
    while is_taken(&base) {
        attempt += 1;
        base = sibling(path, &format!(".damaged-{time}-{attempt}"));
    }
    let mut kept = Vec::new();
    for suffix in ["", "-wal", "-shm"] {
        let source = sibling(path, suffix);
        if !source.try_exists()? {
            continue;
        }
        let target = sibling(&base, suffix);
        if fs::hard_link(&source, &target).is_err() {
            copy(&source, &target)?;
        }
        kept.push(target);
    }
    sync_folder(path)?;
    Ok(kept)
}

fn is_taken(base: &Path) -> bool {
    ["", "-wal", "-shm"]
        .iter()
        .any(|suffix| sibling(base, suffix).exists())
}

fn copy(source: &Path, target: &Path) -> io::Result<()> {
    let mut target = create_private(target)?;
    io::copy(&mut File::open(source)?, &mut target)?;
    target.sync_all()
}

/// Reads what can be read from a copy of the damaged files, and removes the copy.
fn salvage_copy(path: &Path) -> Result<Salvage, StoreError> {
    let scratch = sibling(path, SCRATCH);
    let clean = || {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            remove(&sibling(&scratch, suffix))?;
        }
        Ok(())
    };
    clean()?;
    for suffix in ["", "-wal"] {
        let source = sibling(path, suffix);
        match copy(&source, &sibling(&scratch, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                clean()?;
                return Err(StoreError::file("copy", &source, error));
            }
            _ => {}
        }
    }
    let salvage = match super::create::connect(&scratch) {
        Ok(connection) => salvage::read(&connection),
        Err(_) => Salvage {
            lost: vec!["everything in the database".to_owned()],
            ..Salvage::default()
        },
    };
    clean()?;
    Ok(salvage)
}

/// Adds what only the snapshot still has. A snapshot that is newer than what was read replaces it.
fn complete(mut salvage: Salvage, snapshot: Option<Snapshot>, recovery: &mut Recovery) -> Salvage {
    recovery.lost = std::mem::take(&mut salvage.lost);
    let Some(snapshot) = snapshot else {
        if !recovery.lost.is_empty() {
            recovery
                .lost
                .push("there is no usable snapshot to fill the gaps from".to_owned());
        }
        recovery.devices = salvage.state.devices.len();
        recovery.nodes = salvage.state.nodes.len();
        return salvage;
    };
    if salvage
        .generation
        .is_some_and(|generation| generation < snapshot.generation)
    {
        // Removed and revoked since: must not come back.
        salvage.state.devices.clear();
        salvage.state.nodes.clear();
        salvage.state.values.clear();
    }
    let state = &mut salvage.state;
    for device in snapshot.devices {
        match state
            .devices
            .iter_mut()
            .find(|known| known.device_id == device.device_id)
        {
            None => {
                recovery.from_snapshot.push(device.device_id.clone());
                state.devices.push(device);
            }
            Some(known) if known.tokens.is_empty() && !device.tokens.is_empty() => {
                recovery.from_snapshot.push(device.device_id);
                known.tokens = device.tokens;
            }
            Some(_) => {}
        }
    }
    let known: BTreeSet<String> = state
        .nodes
        .iter()
        .map(|node| node.node_id.clone())
        .collect();
    for node in snapshot
        .nodes
        .into_iter()
        .filter(|node| !known.contains(&node.node_id))
    {
        recovery.from_snapshot.push(node.node_id.clone());
        state.nodes.push(node);
    }
    for (name, value) in snapshot.values {
        state.values.entry(name).or_insert(value);
    }
    salvage.generation = Some(salvage.generation.unwrap_or(0).max(snapshot.generation));
    recovery.devices = state.devices.len();
    recovery.nodes = state.nodes.len();
    salvage
}

/// Writes everything that was saved, and a line about it, in one transaction.
fn fill(
    connection: &mut Connection,
    salvage: &Salvage,
    recovery: &Recovery,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    let mut head = ChainHead::EMPTY;
    for line in &salvage.audit {
        put_line(&transaction, line)?;
        let hash = line.hash.as_slice().try_into().unwrap_or(head.hash);
        head = ChainHead {
            seq: line.seq,
            hash,
        };
    }
    if let Some(anchor) = salvage.anchor {
        put_value(&transaction, AUDIT_ANCHOR_KEY, &anchor.to_text())?;
    }
    // Numbers are not given twice, even when the lines themselves are lost.
    if let Some(kept) = salvage.head.filter(|kept| kept.seq > head.seq) {
        head = kept;
    }
    let state = &salvage.state;
    let records = (state.devices.iter().cloned())
        .map(|device| Change::PutDevice(Box::new(device)))
        .chain(
            state
                .pending_devices
                .iter()
                .cloned()
                .map(|it| Change::PutPendingDevice(Box::new(it))),
        )
        .chain(
            state
                .nodes
                .iter()
                .cloned()
                .map(|it| Change::PutNode(Box::new(it))),
        )
        .chain(
            state
                .pending_nodes
                .iter()
                .cloned()
                .map(|it| Change::PutPendingNode(Box::new(it))),
        )
        .chain(
            state
                .approvals
                .iter()
                .cloned()
                .map(|it| Change::PutApproval(Box::new(it))),
        )
        .chain([Change::Audit(Box::new(line(recovery)))]);
    for change in records {
        apply(&transaction, &change, &mut head)?;
    }
    for (name, value) in &state.values {
        put_value(&transaction, name, value)?;
    }
    debug_assert!(
        !state
            .values
            .keys()
            .any(|name| name.starts_with(schema::OWN_KEY_PREFIX))
    );
    put_value(
        &transaction,
        GENERATION_KEY,
        &salvage.generation.unwrap_or(0).to_string(),
    )?;
    put_head(&transaction, head)?;
    transaction.commit()
}

fn line(recovery: &Recovery) -> AuditEvent {
    let files: Vec<String> = (recovery.quarantined.iter())
        .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .collect();
    AuditEvent {
        ts: now_ms(),
        kind: "store.recovered".to_owned(),
        actor: "gateway".to_owned(),
        remote_ip: None,
        subject: None,
        details: serde_json::json!({
            "damage": recovery.damage,
            "quarantined": files,
            "devices": recovery.devices,
            "nodes": recovery.nodes,
            "fromSnapshot": recovery.from_snapshot,
            "lost": recovery.lost,
        }),
    }
}
