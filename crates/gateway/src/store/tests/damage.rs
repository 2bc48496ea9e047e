//! U28: whatever happens to the files, the store opens, keeps what can be kept, and sets the damaged files aside.

use std::fs;
use std::path::{Path, PathBuf};

use super::records::*;
use crate::audit::AuditFilter;
use crate::records::Change;
use crate::store::{Recovery, Store, StoreError, create, now_ms, schema, snapshot};

/// Enough of everything for trees of several pages.
fn filled() -> Place {
    let place = Place::new();
    let store = place.open();
    let devices = (0..30).map(put_device).collect();
    store.commit(devices).wait().unwrap();
    let mut rest: Vec<Change> = (0..200).map(|n| line("connect", n)).collect();
    rest.push(Change::PutNode(Box::new(node(1))));
    rest.push(Change::PutApproval(Box::new(approval(
        "decided",
        Some(now_ms()),
    ))));
    rest.push(Change::PutPendingDevice(Box::new(pending_device(1))));
    rest.push(Change::PutValue {
        key: "greeting",
        value: "hello".to_owned(),
    });
    store.commit(rest).wait().unwrap();
    store.close().unwrap();
    place
}

fn copy_of(place: &Place) -> Place {
    let copy = Place::new();
    fs::create_dir_all(copy.database().parent().unwrap()).unwrap();
    let (from, to) = (place.database(), copy.database());
    fs::copy(&from, &to).unwrap();
    fs::copy(snapshot::path(&from), snapshot::path(&to)).unwrap();
    copy
}

fn quarantined(place: &Place) -> Vec<PathBuf> {
    let folder = place.database();
    let mut found: Vec<PathBuf> = fs::read_dir(folder.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(".damaged-"))
        .collect();
    found.sort();
    found
}

/// Opens a damaged store, checks what must always hold, and returns the recovery, if one was needed.
fn check(place: &Place, damaged: &[u8], what: &str) -> Option<Recovery> {
    let store = place.open();
    let state = store.load().unwrap();
    let recovery = store.report().recovery.clone();
    if let Some(recovery) = &recovery {
        assert!(
            fs::read(&recovery.quarantined[0]).unwrap() == damaged,
            "{what}"
        );
        let lines = store
            .audit_list(&AuditFilter {
                kinds: vec!["store.recovered".to_owned()],
                ..AuditFilter::default()
            })
            .unwrap();
        assert_eq!(lines.len(), 1, "{what}");
    }
    let ids: Vec<_> = state
        .devices
        .iter()
        .map(|device| device.device_id.clone())
        .collect();
    assert_eq!(ids.len(), 30, "{what}: {recovery:?}");
    store
        .commit(vec![put_device(31), line("pair.approve", 1)])
        .wait()
        .unwrap();
    assert_eq!(store.load().unwrap().devices.len(), 31, "{what}");
    store.close().unwrap();
    let again = place.open();
    assert_eq!(again.report().recovery, None, "{what}");
    assert_eq!(again.load().unwrap().devices.len(), 31, "{what}");
    recovery
}

#[test]
fn u28_truncated_anywhere() {
    let original = filled();
    let whole = fs::read(original.database()).unwrap();
    let mut lengths = vec![0, 1, 15, 16, 99, 100, 101, 511, 512, 4095, 4096, 4097];
    lengths.extend((0..whole.len()).step_by(4096 * 3 + 1000));
    for length in lengths {
        let place = copy_of(&original);
        let cut = &whole[..length.min(whole.len())];
        fs::write(place.database(), cut).unwrap();
        let recovery = check(&place, cut, &format!("cut at {length}"));
        assert!(recovery.is_some(), "cut at {length}");
    }
}

/// Garbles `(offset, length)` spots one at a time and returns how many of them needed a recovery.
fn garble(original: &Place, spots: &[(usize, usize)]) -> usize {
    let whole = fs::read(original.database()).unwrap();
    let mut recoveries = 0;
    for &(at, length) in spots {
        let place = copy_of(original);
        let mut bytes = whole.clone();
        for (offset, byte) in bytes[at..at + length].iter_mut().enumerate() {
            *byte ^= 0xa5 ^ u8::try_from(offset % 91).unwrap();
        }
        fs::write(place.database(), &bytes).unwrap();
        let recovery = check(&place, &bytes, &format!("{length} bytes at {at}"));
        recoveries += usize::from(recovery.is_some());
    }
    recoveries
}

#[test]
fn u28_garbled_header() {
    let spots: Vec<_> = (0..100)
        .step_by(3)
        .chain([18, 19, 60, 63, 68])
        .map(|at| (at, 1))
        .collect();
    assert!(garble(&filled(), &spots) >= 15);
}

#[test]
fn u28_garbled_bytes() {
    let original = filled();
    let length = usize::try_from(fs::metadata(original.database()).unwrap().len()).unwrap();
    let spots: Vec<_> = (100..length - 64)
        .step_by(3001)
        .map(|at| (at, 64))
        .collect();
    assert!(garble(&original, &spots) >= spots.len() / 4);
}

#[test]
fn u28_garbled_pages() {
    let original = filled();
    let length = usize::try_from(fs::metadata(original.database()).unwrap().len()).unwrap();
    let spots: Vec<_> = (0..length).step_by(4096).map(|at| (at, 4096)).collect();
    assert_eq!(garble(&original, &spots), spots.len());
}

#[test]
fn u28_write_ahead_log_cut_or_garbled() {
    let original = Place::new();
    let store = original.open();
    for n in 0..30 {
        store.commit(vec![put_device(n)]).wait().unwrap();
    }
    let log = create::sibling(&original.database(), "-wal");
    let (database, whole) = (
        fs::read(original.database()).unwrap(),
        fs::read(&log).unwrap(),
    );
    store.close().unwrap();
    for at in (0..whole.len()).step_by(whole.len() / 12) {
        let mut garbled = whole.clone();
        garbled[at..]
            .iter_mut()
            .take(40)
            .for_each(|byte| *byte ^= 0x5a);
        for bytes in [&whole[..at], &garbled] {
            let place = copy_of(&original);
            fs::write(place.database(), &database).unwrap();
            fs::write(create::sibling(&place.database(), "-wal"), bytes).unwrap();
            let recovery = check(&place, &database, &format!("log at {at}"));
            let damage = recovery.map(|recovery| recovery.damage);
            let expected = "changes that were stored are missing";
            assert!(
                damage.is_none_or(|damage| damage == expected),
                "log at {at}"
            );
        }
    }
}

#[test]
fn u28_garbage_instead_of_files() {
    let original = filled();
    for garbage in [
        &b""[..],
        b"{}",
        b"[]",
        &[0; 8192],
        &[0xff; 5000],
        b"SQLite format 3\0",
    ] {
        let place = copy_of(&original);
        fs::write(place.database(), garbage).unwrap();
        for suffix in ["-wal", "-shm"] {
            fs::write(create::sibling(&place.database(), suffix), garbage).unwrap();
        }
        let recovery = check(&place, garbage, &format!("{garbage:?}")).unwrap();
        assert_eq!(recovery.quarantined.len(), 3);
        assert_eq!(quarantined(&place).len(), 3);
    }
}

#[test]
fn u28_missing_database_comes_back_from_the_snapshot() {
    let place = filled();
    fs::remove_file(place.database()).unwrap();
    let store = place.open();
    let recovery = store.report().recovery.clone().unwrap();
    assert_eq!(
        (
            recovery.devices,
            recovery.nodes,
            recovery.from_snapshot.len()
        ),
        (30, 1, 31)
    );
    assert!(recovery.quarantined.is_empty());
    let state = store.load().unwrap();
    assert_eq!(state.devices[7], device(7));
    assert_eq!(state.nodes, [node(1)]);
    assert_eq!(state.values["greeting"], "hello");
}

#[test]
fn u28_rows_survive_without_a_snapshot() {
    let original = filled();
    let whole = fs::read(original.database()).unwrap();
    let mut kept_some = 0;
    for page in 1..whole.len() / 4096 {
        let place = copy_of(&original);
        fs::remove_file(snapshot::path(&place.database())).unwrap();
        let mut bytes = whole.clone();
        bytes[page * 4096..(page + 1) * 4096].fill(0xee);
        fs::write(place.database(), &bytes).unwrap();
        let store = place.open();
        let state = store.load().unwrap();
        let recovery = store.report().recovery.clone().unwrap();
        assert_eq!(recovery.devices, state.devices.len());
        if state.devices.len() < 30 {
            assert!(
                recovery
                    .lost
                    .iter()
                    .any(|lost| lost.starts_with("devices:")),
                "{recovery:?}"
            );
        }
        for found in &state.devices {
            let n: u32 = found.device_id["device-".len()..].parse().unwrap();
            assert_eq!(found.public_key, device(n).public_key);
        }
        kept_some += usize::from(state.devices.len() >= 15);
        assert!(fs::read(&recovery.quarantined[0]).unwrap() == bytes);
    }
    assert!(kept_some >= whole.len() / 4096 - 2, "{kept_some}");
}

#[test]
fn damaged_audit_log_costs_lines_and_the_check_says_so() {
    let place = filled();
    let mut bytes = fs::read(place.database()).unwrap();
    let spot = bytes
        .windows(10)
        .position(|window| window == b"device-150")
        .unwrap();
    bytes[spot..spot + 2000].fill(0xee);
    fs::write(place.database(), &bytes).unwrap();
    let store = place.open();
    let recovery = store.report().recovery.clone().unwrap();
    assert_eq!(recovery.lost, ["audit: partly unreadable"]);
    let verdict = store.audit_verify().unwrap();
    let (seq, _) = verdict.fault.unwrap();
    assert!((130..=151).contains(&seq), "{seq}");
    assert!(verdict.lines > 150, "{}", verdict.lines);
}

#[test]
fn damaged_row_is_filled_from_the_snapshot() {
    let place = filled();
    let connection = create::connect(&place.database()).unwrap();
    connection
        .execute(
            "UPDATE devices SET scopes = 'operator.reac' WHERE device_id = 'device-0003'",
            (),
        )
        .unwrap();
    connection
        .execute(
            "UPDATE tokens SET hash = x'00' WHERE device_id = 'device-0004'",
            (),
        )
        .unwrap();
    drop(connection);
    let store = place.open();
    let recovery = store.report().recovery.clone().unwrap();
    assert_eq!(recovery.from_snapshot, ["device-0003", "device-0004"]);
    assert_eq!(
        recovery.lost,
        ["devices: 1 damaged row", "tokens: 3 damaged rows"]
    );
    let mut devices = store.load().unwrap().devices;
    devices.sort_by(|a, b| a.device_id.cmp(&b.device_id));
    assert_eq!(devices, (0..30).map(device).collect::<Vec<_>>());
}

#[test]
fn removed_device_does_not_come_back_from_an_older_state() {
    let place = filled();
    let old = fs::read(place.database()).unwrap();
    let store = place.open();
    store
        .commit(vec![Change::RemoveDevice("device-0003".to_owned())])
        .wait()
        .unwrap();
    store.close().unwrap();
    // The file went back in time, as after a lost write-ahead log; the snapshot did not.
    fs::write(place.database(), old).unwrap();
    let store = place.open();
    let recovery = store.report().recovery.clone().unwrap();
    assert_eq!(recovery.damage, "changes that were stored are missing");
    let devices = store.load().unwrap().devices;
    assert_eq!(devices.len(), 29);
    assert!(
        devices
            .iter()
            .all(|device| device.device_id != "device-0003")
    );
}

#[test]
fn damaged_snapshot_is_ignored_and_written_anew() {
    let place = filled();
    let path = snapshot::path(&place.database());
    let whole = fs::read_to_string(&path).unwrap();
    for bad in [
        String::new(),
        whole[..whole.len() / 2].to_owned(),
        whole.replace("Phone 3", "Phone x"),
    ] {
        fs::write(&path, bad).unwrap();
        assert_eq!(snapshot::read(&place.database()), None);
        let store = place.open();
        assert_eq!(store.report().recovery, None);
        drop(store);
        assert_eq!(fs::read_to_string(&path).unwrap(), whole);
    }
}

#[test]
fn interrupted_recovery_is_finished_by_the_next_start() {
    let place = filled();
    let database = place.database();
    // Complete, old log gone, not renamed yet.
    fs::rename(&database, create::sibling(&database, ".recovered")).unwrap();
    fs::write(&database, "damaged").unwrap();
    fs::write(create::sibling(&database, "-wal"), "stale").unwrap();
    let store = place.open();
    assert_eq!(store.report().recovery, None);
    assert_eq!(store.load().unwrap().devices.len(), 30);
    assert!(!create::sibling(&database, ".recovered").exists());
}

#[test]
fn damage_while_running_is_recovered_in_place() {
    let place = filled();
    let store = place.open();
    let path = place.database();
    let spoiled = store
        .direct(move |connection| {
            // Drop cached pages, then spoil what is read next.
            connection.release_memory().unwrap();
            let pages = fs::read(&path).unwrap().len() / 4096;
            let garbage = vec![0xee; 4096];
            for page in 1..pages {
                write_at(&path, page * 4096, &garbage);
            }
        })
        .wait();
    spoiled.unwrap();
    let committed = store.commit(vec![put_device(31)]).wait();
    committed.unwrap();
    assert_eq!(store.load().unwrap().devices.len(), 31);
    assert!(!quarantined(&place).is_empty());
}

fn write_at(path: &Path, offset: usize, bytes: &[u8]) {
    use std::os::unix::fs::FileExt as _;
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(bytes, offset as u64).unwrap();
}

#[test]
fn unreadable_place_for_the_quarantine_is_a_clear_error() {
    let place = filled();
    let folder = place.database().parent().unwrap().to_owned();
    fs::write(place.database(), "garbage").unwrap();
    // A folder where the first name of the quarantine, and its copy, have to go.
    fs::create_dir(create::sibling(&place.database(), ".salvage")).unwrap();
    fs::write(create::sibling(&place.database(), ".salvage").join("x"), "").unwrap();
    let Err(error) = crate::store::SqliteStore::open(&place.database()) else {
        panic!("opened");
    };
    assert!(
        error.to_string().contains("gateway.sqlite.salvage"),
        "{error}"
    );
    assert_eq!(fs::read(place.database()).unwrap(), b"garbage");
    fs::remove_dir_all(folder.join("gateway.sqlite.salvage")).unwrap();
    assert_eq!(place.open().load().unwrap().devices.len(), 30);
}

#[test]
fn later_version_is_left_alone() {
    let place = filled();
    let connection = create::connect(&place.database()).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    connection
        .execute(
            "UPDATE named_values SET value = '99' WHERE name = 'store.format'",
            (),
        )
        .unwrap();
    drop(connection);
    let before = fs::read(place.database()).unwrap();
    let Err(error) = crate::store::SqliteStore::open(&place.database()) else {
        panic!("opened");
    };
    assert!(
        matches!(error, StoreError::LaterVersion { found: 99, .. }),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("gateway.sqlite was written by a later version")
    );
    assert!(fs::read(place.database()).unwrap() == before);
    assert_eq!(quarantined(&place), Vec::<PathBuf>::new());
}

#[test]
fn locked_by_another_is_a_clear_error() {
    let place = filled();
    let other = create::connect(&place.database()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let Err(error) = crate::store::SqliteStore::open(&place.database()) else {
        panic!("opened");
    };
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    drop(place.open());
    assert_eq!(quarantined(&place), Vec::<PathBuf>::new());
}

#[test]
fn every_format_leads_to_the_present_one() {
    for from in 0..schema::MIGRATIONS.len() {
        let mut connection = rusqlite::Connection::open_in_memory().unwrap();
        schema::migrate(&mut connection, &schema::MIGRATIONS[..from]).unwrap();
        schema::migrate(&mut connection, &schema::MIGRATIONS).unwrap();
        assert_eq!(schema::format(&connection).unwrap(), schema::known_format());
    }
}

#[test]
fn failed_step_leaves_the_format_before_it() {
    let mut connection = rusqlite::Connection::open_in_memory().unwrap();
    let steps = [
        schema::MIGRATIONS[0],
        "CREATE TABLE more (x); INSERT INTO more VALUES (1)",
        "CREATE TABLE y (z); nonsense",
    ];
    assert!(schema::migrate(&mut connection, &steps).is_err());
    assert_eq!(schema::format(&connection).unwrap(), 2);
    let tables: i64 = connection
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name IN ('more', 'y')",
            (),
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(tables, 1);
    schema::migrate(&mut connection, &steps[..2]).unwrap();
    let rows: i64 = connection
        .query_row("SELECT count(*) FROM more", (), |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 1);
}
