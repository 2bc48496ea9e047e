//! Takes over the pairings of the program that ran here before, once, from its JSON files in the state dir.
//!
//! The files are only read. Each is remembered when it has been taken over; one that cannot be read stops none of the
//! others and is tried again at the next start. `identity/*.json` and `exec-approvals.json` are used where they are,
//! so they are no business of this module.

mod parse;
mod take_back;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use openclaw_config::store::read_regular;

use super::{Store, StoreError};
use crate::records::{AuditEvent, Change, StoredState};

use parse::Parsed;

pub use take_back::{TakenBack, Trace};

/// More than a file of pairings has by far, and little enough to be read at once.
pub const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;

/// What became of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Files that were found and not taken over before.
    pub files: Vec<ImportedFile>,
}

impl ImportReport {
    /// Records taken over from all files.
    pub fn records(&self) -> usize {
        self.files.iter().map(|file| file.records).sum()
    }
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedFile {
    /// The file.
    pub path: PathBuf,
    /// Records taken over.
    pub records: usize,
    /// Entries that were left out, and why.
    pub skipped: Vec<String>,
    /// Why the file as a whole could not be read.
    pub broken: Option<String>,
}

/// One of the files: where it is, and under which name its import is remembered.
struct Source {
    path: &'static str,
    key: &'static str,
    parse: fn(&str, i64) -> Result<Parsed, String>,
}

const SOURCES: [Source; 4] = [
    Source {
        path: "devices/paired.json",
        key: "import.devices.paired",
        parse: parse::paired_devices,
    },
    Source {
        path: "devices/pending.json",
        key: "import.devices.pending",
        parse: parse::pending_devices,
    },
    Source {
        path: "nodes/paired.json",
        key: "import.nodes.paired",
        parse: parse::paired_nodes,
    },
    Source {
        path: "nodes/pending.json",
        key: "import.nodes.pending",
        parse: parse::pending_nodes,
    },
];

/// Imports what has not been imported yet. `state` is what the store holds; records that it knows are kept as they
/// are. The caller loads the store again if the report holds records. Blocks.
pub fn run(
    store: &dyn Store,
    state: &StoredState,
    state_dir: &Path,
    now_ms: i64,
) -> Result<ImportReport, StoreError> {
    let (changes, report) = plan(state, state_dir, now_ms);
    if !changes.is_empty() {
        store.commit(changes).wait()?;
    }
    for file in &report.files {
        let path = file.path.display();
        if let Some(reason) = &file.broken {
            tracing::warn!(%path, reason, "cannot import; the file is left as it is and tried again at the next start");
        } else {
            tracing::info!(%path, records = file.records, skipped = file.skipped.len(), "imported");
        }
    }
    Ok(report)
}

/// What an import would store, and its report. Reads the files, writes nothing.
pub fn plan(state: &StoredState, state_dir: &Path, now_ms: i64) -> (Vec<Change>, ImportReport) {
    let mut changes = Vec::new();
    let mut report = ImportReport::default();
    for source in &SOURCES {
        if state.values.contains_key(source.key) {
            continue;
        }
        let path = state_dir.join(source.path);
        let text = match read_regular(&path, MAX_FILE_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => Err(error.to_string()),
            Ok(bytes) => String::from_utf8(bytes).map_err(|error| error.to_string()),
        };
        let mut file = ImportedFile {
            path,
            records: 0,
            skipped: Vec::new(),
            broken: None,
        };
        match text.and_then(|text| (source.parse)(&text, now_ms)) {
            Err(reason) => file.broken = Some(reason),
            Ok(mut parsed) => {
                parsed
                    .records
                    .retain(|(id, change)| !is_known(state, id, change));
                file.records = parsed.records.len();
                file.skipped = parsed.skipped;
                changes.extend(parsed.records.into_iter().map(|(_, change)| change));
                changes.extend(remember(source, &file, now_ms));
            }
        }
        report.files.push(file);
    }
    (changes, report)
}

/// Whether the store holds the record already; what it holds is newer.
fn is_known(state: &StoredState, id: &str, change: &Change) -> bool {
    match change {
        Change::PutDevice(_) => state.devices.iter().any(|device| device.device_id == id),
        Change::PutPendingDevice(_) => state
            .pending_devices
            .iter()
            .any(|request| request.request_id == id),
        Change::PutNode(_) => state.nodes.iter().any(|node| node.node_id == id),
        Change::PutPendingNode(_) => state
            .pending_nodes
            .iter()
            .any(|request| request.request_id == id),
        _ => false,
    }
}

/// The marker that keeps a file from being imported again, and a line in the audit log. Both are part of the same
/// batch as the records.
fn remember(source: &Source, file: &ImportedFile, now_ms: i64) -> [Change; 2] {
    let details = serde_json::json!({
        "file": source.path,
        "records": file.records,
        "skipped": file.skipped,
    });
    let marker = serde_json::json!({ "atMs": now_ms, "records": file.records });
    [
        Change::PutValue {
            key: source.key,
            value: marker.to_string(),
        },
        Change::Audit(Box::new(AuditEvent {
            ts: now_ms,
            kind: "store.imported".to_owned(),
            actor: "gateway".to_owned(),
            remote_ip: None,
            subject: Some(source.path.to_owned()),
            details,
        })),
    ]
}
