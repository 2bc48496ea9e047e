//! A copy of the pairings beside the database, for the day when the database is gone.
//!
//! Holds devices with their token hashes, nodes and named values, not the audit log. It follows every change within a
//! second and carries the counter of the change it shows, so that neither file can pass for newer than it is.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use openclaw_protocol::device::sha256_hex;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::create::{create_private, sibling, sync_folder};
use super::{StoreError, rows};
use crate::records::{DeviceRecord, NodeRecord};

/// What a snapshot holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Snapshot {
    /// Counter of the last change in it.
    pub(super) generation: i64,
    pub(super) devices: Vec<DeviceRecord>,
    pub(super) nodes: Vec<NodeRecord>,
    pub(super) values: BTreeMap<String, String>,
}

/// Where the snapshot of a database is.
pub(super) fn path(database: &Path) -> PathBuf {
    sibling(database, ".snapshot")
}

/// Replaces the snapshot by what the database holds now.
pub(super) fn write(
    database: &Path,
    connection: &Connection,
    generation: i64,
) -> Result<(), StoreError> {
    let read = || {
        Ok(Snapshot {
            generation,
            devices: rows::devices(connection)?,
            nodes: rows::nodes(connection)?,
            values: rows::values(connection)?,
        })
    };
    let snapshot = read().map_err(|error| StoreError::database(database, error))?;
    let path = path(database);
    let failed = |error| StoreError::file("write", &path, error);
    let body = serde_json::to_string(&snapshot).map_err(|error| failed(error.into()))?;
    let text = format!("{}\n{body}\n", sha256_hex(&body));
    let temporary = sibling(&path, ".tmp");
    create_private(&temporary)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&temporary, &path))
        .and_then(|()| sync_folder(&path))
        .map_err(failed)
}

/// The snapshot of a database, if there is one and it is whole.
pub(super) fn read(database: &Path) -> Option<Snapshot> {
    let text = fs::read_to_string(path(database)).ok()?;
    let (sum, rest) = text.split_once('\n')?;
    let body = rest.trim_end_matches('\n');
    (sha256_hex(body) == sum).then(|| serde_json::from_str(body).ok())?
}
