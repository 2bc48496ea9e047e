//! Reads what can be read of a damaged database, row by row.

use std::collections::BTreeSet;

use rusqlite::{Connection, Row};

use super::{rows, schema};
use crate::audit::{ChainHead, ChainedLine};
use crate::records::StoredState;

/// Queries spent on one table at most, so that a hopeless table does not keep the gateway from starting.
const QUERY_BUDGET: u32 = 4096;

/// What was saved, and what was not.
#[derive(Debug, Default)]
pub(super) struct Salvage {
    pub(super) state: StoredState,
    pub(super) audit: Vec<ChainedLine>,
    pub(super) head: Option<ChainHead>,
    pub(super) anchor: Option<ChainHead>,
    pub(super) generation: Option<i64>,
    /// In words, one per table that lost something.
    pub(super) lost: Vec<String>,
}

/// Reads every table.
pub(super) fn read(connection: &Connection) -> Salvage {
    let mut lost = Vec::new();
    let mut salvage = Salvage::default();
    salvage.state.devices = table(connection, "devices", rows::device, &mut lost);
    for (device_id, token) in table(connection, "tokens", rows::token, &mut lost) {
        let owner = salvage
            .state
            .devices
            .iter_mut()
            .find(|device| device.device_id == device_id);
        if let Some(device) = owner {
            device.tokens.push(token);
        }
    }
    salvage.state.pending_devices = table(
        connection,
        "pending_devices",
        rows::pending_device,
        &mut lost,
    );
    salvage.state.nodes = table(connection, "nodes", rows::node, &mut lost);
    salvage.state.pending_nodes = table(connection, "pending_nodes", rows::pending_node, &mut lost);
    salvage.state.approvals = table(connection, "approvals", rows::approval, &mut lost);
    salvage.audit = table(connection, "audit", rows::audit_line, &mut lost);
    for (name, value) in table(connection, "named_values", rows::value, &mut lost) {
        match &*name {
            schema::AUDIT_HEAD_KEY => salvage.head = ChainHead::parse(&value),
            schema::AUDIT_ANCHOR_KEY => salvage.anchor = ChainHead::parse(&value),
            schema::GENERATION_KEY => salvage.generation = value.parse().ok(),
            name if name.starts_with(schema::OWN_KEY_PREFIX) => {}
            _ => drop(salvage.state.values.insert(name, value)),
        }
    }
    salvage.lost = lost;
    salvage
}

fn table<T>(
    connection: &Connection,
    name: &'static str,
    decode: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    lost: &mut Vec<String>,
) -> Vec<T> {
    let mut scan = Scan {
        connection,
        decode,
        forward: format!(
            "SELECT rowid AS scan_id, * FROM {name} WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid"
        ),
        backward: format!(
            "SELECT rowid AS scan_id, * FROM {name} WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid DESC"
        ),
        found: Vec::new(),
        seen: BTreeSet::new(),
        bad_rows: 0,
        is_torn: false,
        queries_left: QUERY_BUDGET,
    };
    scan.range(1, i64::MAX);
    match (scan.is_torn, scan.bad_rows) {
        (true, _) if scan.found.is_empty() => lost.push(format!("{name}: unreadable")),
        (true, _) => lost.push(format!("{name}: partly unreadable")),
        (false, 0) => {}
        (false, 1) => lost.push(format!("{name}: 1 damaged row")),
        (false, count) => lost.push(format!("{name}: {count} damaged rows")),
    }
    scan.found.sort_by_key(|(id, _)| *id);
    scan.found.into_iter().map(|(_, record)| record).collect()
}

struct Scan<'a, T, F> {
    connection: &'a Connection,
    decode: F,
    forward: String,
    backward: String,
    found: Vec<(i64, T)>,
    seen: BTreeSet<i64>,
    bad_rows: u64,
    is_torn: bool,
    queries_left: u32,
}

impl<T, F: FnMut(&Row<'_>) -> rusqlite::Result<T>> Scan<'_, T, F> {
    /// Reads the rows numbered `low..=high`: from both ends up to the damage, then on either side of its middle.
    fn range(&mut self, low: i64, high: i64) {
        let mut open = vec![(low, high)];
        while let Some((low, high)) = open.pop() {
            if low > high {
                continue;
            }
            if self.queries_left < 2 {
                self.is_torn = true;
                return;
            }
            let Err(reached) = self.read(true, low, high) else {
                continue;
            };
            self.is_torn = true;
            let low = reached.map_or(low, |id| id.saturating_add(1));
            let high = match self.read(false, low, high) {
                Ok(()) => continue,
                Err(Some(reached)) => reached - 1,
                // The end of the table is out of reach: look for rows that were numbered next.
                Err(None) if high == i64::MAX => low.saturating_add(0x000f_ffff),
                Err(None) => high,
            };
            if low < high {
                let middle = low + (high - low) / 2;
                open.push((middle + 1, high));
                open.push((low, middle));
            }
        }
    }

    /// Reads a range until its end, or until damage; then the last row that was reached is the error.
    fn read(&mut self, is_forward: bool, low: i64, high: i64) -> Result<(), Option<i64>> {
        self.queries_left -= 1;
        let mut reached = None;
        let statement = if is_forward {
            &self.forward
        } else {
            &self.backward
        };
        let mut statement = self
            .connection
            .prepare_cached(statement)
            .map_err(|_| None)?;
        let mut rows = statement.query((low, high)).map_err(|_| None)?;
        loop {
            let row = rows.next().map_err(|_| reached)?;
            let Some(row) = row else {
                return Ok(());
            };
            let Ok(id) = row.get("scan_id") else {
                return Err(reached);
            };
            // A damaged tree may lead in circles.
            if !(low..=high).contains(&id) || reached == Some(id) {
                return Err(reached);
            }
            reached = Some(id);
            if self.seen.insert(id) {
                match (self.decode)(row) {
                    Ok(record) => self.found.push((id, record)),
                    Err(_) => self.bad_rows += 1,
                }
            }
        }
    }
}
