//! The JSON files of an earlier release: what is taken over is stored, and is taken over once.
//!
//! Input: the name of a file on the first line, then its content.
#![no_main]

use libfuzzer_sys::fuzz_target;
use openclaw_gateway::records::StoredState;
use openclaw_gateway::store::{SqliteStore, Store, import};

const FILES: [&str; 4] = [
    "devices/paired.json",
    "devices/pending.json",
    "nodes/paired.json",
    "nodes/pending.json",
];
/// Time of the import, milliseconds since the epoch; the seeds are from shortly before.
const NOW_MS: i64 = 1_795_364_100_000;

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (name, bytes) = input.split_at(end);
    let file = FILES
        .iter()
        .find(|file| file.as_bytes() == name)
        .unwrap_or(&FILES[0]);
    let folder = openclaw_fuzz::scratch();
    openclaw_fuzz::write(&folder.path().join(file), bytes);
    let (changes, report) = import::plan(&StoredState::default(), folder.path(), NOW_MS);
    assert_eq!(report.files.len(), 1);
    assert_eq!(changes.is_empty(), report.files[0].broken.is_some());
    // A database costs milliseconds; only files that hold something are worth one.
    if report.records() == 0 {
        return;
    }
    let store = SqliteStore::open(&folder.path().join("state.db")).expect("a new store");
    let empty = store.load().expect("an empty store");
    import::run(&store, &empty, folder.path(), NOW_MS).expect("an import is stored");
    let state = store.load().expect("what was imported loads");
    let loaded = state.devices.len()
        + state.pending_devices.len()
        + state.nodes.len()
        + state.pending_nodes.len();
    assert_eq!(loaded, report.records());
    let again = import::run(&store, &state, folder.path(), NOW_MS).expect("nothing to do");
    assert!(again.files.is_empty(), "{again:?}");
    let verdict = store.audit_verify().expect("the log reads");
    assert_eq!(verdict.fault, None);
    store.close().expect("the store closes");
});
