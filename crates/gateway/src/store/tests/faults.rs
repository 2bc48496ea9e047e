//! A full disk, kill -9, tampering, credentials at rest.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::records::*;
use crate::audit::{AuditFault, AuditFilter};
use crate::records::Change;
use crate::store::{SqliteStore, Store, StoreError};

fn limit_pages(store: &SqliteStore, pages: i64) {
    store
        .direct(move |connection| {
            connection
                .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
                .unwrap();
        })
        .wait()
        .unwrap();
}

fn big(n: usize, bytes: usize) -> Change {
    Change::PutApproval(Box::new(crate::records::ApprovalRecord {
        request_json: "x".repeat(bytes),
        ..approval(&format!("approval-{n}"), None)
    }))
}

#[test]
fn full_disk_fails_the_batch_and_nothing_else() {
    let place = Place::new();
    let store = place.open();
    store
        .commit(vec![put_device(1), line("pair.approve", 1)])
        .wait()
        .unwrap();
    limit_pages(&store, 1);

    let failed = store
        .commit(vec![
            put_device(2),
            big(1, 100_000),
            line("pair.approve", 2),
        ])
        .wait();
    let error = failed.unwrap_err();
    assert!(matches!(error, StoreError::Full { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains(&place.database().display().to_string()),
        "{error}"
    );
    // All of the batch is missing, what was there is not, and what needs no space still works.
    assert_eq!(store.load().unwrap().devices, [device(1)]);
    store
        .commit(vec![Change::PutValue {
            key: "a",
            value: "b".to_owned(),
        }])
        .wait()
        .unwrap();

    limit_pages(&store, 1_000_000);
    store
        .commit(vec![
            put_device(2),
            big(1, 100_000),
            line("pair.approve", 2),
        ])
        .wait()
        .unwrap();
    let state = store.load().unwrap();
    assert_eq!((state.devices.len(), state.approvals.len()), (2, 1));
    let verdict = store.audit_verify().unwrap();
    assert_eq!((verdict.lines, verdict.fault), (2, None));
}

#[test]
fn full_disk_fails_only_the_batch_that_does_not_fit() {
    let place = Place::new();
    let store = place.open();
    limit_pages(&store, 1);
    let (hold, held) = std::sync::mpsc::channel::<()>();
    drop(store.direct(move |_| held.recv().is_ok()));
    let small = store.commit(vec![Change::PutValue {
        key: "a",
        value: "b".to_owned(),
    }]);
    let large = store.commit(vec![big(1, 1_000_000)]);
    store.commit_lazily(vec![line("connect", 1)]);
    let last = store.commit(vec![Change::PutValue {
        key: "c",
        value: "d".to_owned(),
    }]);
    drop(hold);
    small.wait().unwrap();
    last.wait().unwrap();
    assert!(matches!(large.wait(), Err(StoreError::Full { .. })));
    assert_eq!(store.load().unwrap().values.len(), 2);
    assert_eq!(store.audit_list(&AuditFilter::default()).unwrap().len(), 1);
}

#[test]
fn lines_lost_to_a_full_disk_are_counted() {
    let place = Place::new();
    let store = place.open();
    limit_pages(&store, 1);
    for n in 0..600 {
        store.commit_lazily(vec![line("connect", n)]);
    }
    assert!(matches!(store.flush().wait(), Err(StoreError::Full { .. })));
    limit_pages(&store, 1_000_000);
    store.flush().wait().unwrap();
    let lines = store.audit_list(&AuditFilter::default()).unwrap();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].event.kind, "audit.dropped");
    assert_eq!(lines[0].event.details["lines"], 600);
}

#[test]
fn tampering_with_the_audit_log_is_found() {
    let cases = [
        (
            "UPDATE audit SET actor = 'nobody' WHERE seq = 3",
            (3, AuditFault::Edited),
        ),
        (
            "UPDATE audit SET details = '{}' WHERE seq = 5",
            (5, AuditFault::Edited),
        ),
        ("DELETE FROM audit WHERE seq = 4", (4, AuditFault::Removed)),
        (
            "DELETE FROM audit WHERE seq >= 8",
            (8, AuditFault::Truncated),
        ),
        ("DELETE FROM audit", (1, AuditFault::Truncated)),
        (
            "UPDATE audit SET seq = -2 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3;
             UPDATE audit SET seq = 3 WHERE seq = -2",
            (2, AuditFault::Reordered),
        ),
    ];
    for (tampering, expected) in cases {
        let place = Place::new();
        let store = place.open();
        for n in 0..10 {
            store.commit_lazily(vec![line("connect", n)]);
        }
        assert_eq!(store.audit_verify().unwrap().fault, None);
        store
            .direct(move |connection| connection.execute_batch(tampering).unwrap())
            .wait()
            .unwrap();
        assert_eq!(
            store.audit_verify().unwrap().fault,
            Some(expected),
            "{tampering}"
        );
        // A restart and further lines do not paper over it.
        drop(store);
        let store = place.open();
        store.commit(vec![line("connect", 11)]).wait().unwrap();
        let (seq, _) = store.audit_verify().unwrap().fault.unwrap();
        assert_eq!(seq, expected.0, "{tampering}");
    }
}

#[test]
fn s16_s17_stored_hashes_are_all_there_is() {
    let place = Place::new();
    let store = place.open();
    store.commit(vec![put_device(1)]).wait().unwrap();
    store
        .commit(vec![Change::RemoveDevice("device-0001".to_owned())])
        .wait()
        .unwrap();
    store.close().unwrap();
    // Not even the hash of a removed token stays behind.
    let hash = token_hash(10).0;
    for entry in fs::read_dir(place.database().parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        assert!(
            !bytes.windows(32).any(|window| window == hash),
            "{}",
            path.display()
        );
    }
}

const CHILD_FOLDER: &str = "OPENCLAW_TEST_STORE";

/// Run by the next test in a process of its own: commits without end and says what was acknowledged.
#[test]
fn child_commits_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD_FOLDER) else {
        return;
    };
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(Path::new(&path)).unwrap());
    let first: u32 = std::env::var("OPENCLAW_TEST_FIRST")
        .unwrap()
        .parse()
        .unwrap();
    let mut out = std::io::stdout();
    for n in first.. {
        let mut record = device(n % 40);
        record.approved_at_ms = i64::from(n);
        let changes = vec![
            Change::PutDevice(Box::new(record)),
            Change::PutValue {
                key: "counter",
                value: n.to_string(),
            },
            line("pair.approve", i64::from(n)),
        ];
        store.commit_lazily(vec![line("connect", i64::from(n))]);
        store.commit(changes).wait().unwrap();
        writeln!(out, "\nack {n}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn u01_u28_nothing_acknowledged_is_lost_by_kill() {
    let place = Place::new();
    let mut acknowledged = 0;
    let mut approved: BTreeMap<String, i64> = BTreeMap::new();
    for round in 0_u32..50 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::tests::faults::child_commits_until_it_is_killed",
                "--nocapture",
            ])
            .env(CHILD_FOLDER, place.database())
            .env("OPENCLAW_TEST_FIRST", (acknowledged + 1).to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut wanted = 1 + round * 7 % 23;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut note = |line: &str| {
            let Some(n) = line.strip_prefix("ack ") else {
                return false;
            };
            acknowledged = n.parse().unwrap();
            approved.insert(device(acknowledged % 40).device_id, i64::from(acknowledged));
            true
        };
        while wanted > 0 {
            wanted -= u32::from(note(&lines.next().unwrap().unwrap()));
        }
        child.kill().unwrap();
        // What was said before the kill, but not read yet, counts as well.
        for line in lines.map_while(Result::ok) {
            note(&line);
        }
        child.wait().unwrap();

        let store = place.open();
        assert_eq!(store.report().recovery, None, "round {round}");
        let state = store.load().unwrap();
        let counter: u32 = state.values["counter"].parse().unwrap();
        assert!(
            counter >= acknowledged,
            "round {round}: {counter} < {acknowledged}"
        );
        for device in &state.devices {
            let known = approved.get(&device.device_id).copied().unwrap_or(0);
            assert!(
                device.approved_at_ms >= known,
                "round {round}: {}",
                device.device_id
            );
            assert_eq!(device.tokens.len(), 3, "round {round}");
        }
        assert!(state.devices.len() >= approved.len(), "round {round}");
        let verdict = store.audit_verify().unwrap();
        assert_eq!(verdict.fault, None, "round {round}");
        let filter = AuditFilter {
            kinds: vec!["pair.approve".to_owned()],
            limit: 1,
            ..AuditFilter::default()
        };
        assert_eq!(
            store.audit_list(&filter).unwrap()[0].event.ts,
            i64::from(counter)
        );
        acknowledged = counter;
    }
}
