//! Round trips, order, durability levels, bounds, permissions.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::records::*;
use crate::audit::AuditFilter;
use crate::records::{AuditEvent, Change};
use crate::store::{SqliteStore, Store, StoreError, apply, create, now_ms};

fn kinds(store: &dyn Store, filter: &AuditFilter) -> Vec<String> {
    let entries = store.audit_list(filter).unwrap();
    entries
        .into_iter()
        .map(|entry| format!("{} {}", entry.event.kind, entry.event.ts))
        .collect()
}

fn count(store: &SqliteStore, table: &'static str) -> usize {
    let sql = format!("SELECT count(*) FROM {table}");
    let rows: i64 = store
        .direct(move |connection| connection.query_row(&sql, (), |row| row.get(0)).unwrap())
        .wait()
        .unwrap();
    usize::try_from(rows).unwrap()
}

#[test]
fn every_record_comes_back_as_it_went_in() {
    let place = Place::new();
    let store = place.open();
    assert!(store.report().created);
    let now = now_ms();
    let changes = vec![
        put_device(1),
        put_device(2),
        Change::PutPendingDevice(Box::new(pending_device(3))),
        Change::PutNode(Box::new(node(4))),
        Change::PutPendingNode(Box::new(pending_node(5))),
        Change::PutApproval(Box::new(approval("pending", None))),
        Change::PutApproval(Box::new(approval("decided", Some(now)))),
        Change::PutValue {
            key: "greeting",
            value: "hello".to_owned(),
        },
        line("start", 1),
    ];
    store.commit(changes).wait().unwrap();
    for store in [store, { place.open() }] {
        let state = store.load().unwrap();
        assert_eq!(state.devices, [device(1), device(2)]);
        assert_eq!(state.pending_devices, [pending_device(3)]);
        assert_eq!(state.nodes, [node(4)]);
        assert_eq!(state.pending_nodes, [pending_node(5)]);
        assert_eq!(
            state.approvals,
            [approval("pending", None), approval("decided", Some(now))]
        );
        assert_eq!(
            state.values.into_iter().collect::<Vec<_>>(),
            [("greeting".to_owned(), "hello".to_owned())]
        );
        assert_eq!(
            store.audit_list(&AuditFilter::default()).unwrap()[0]
                .event
                .details["text"],
            "ä \"quoted\""
        );
        store.close().unwrap();
    }
}

#[test]
fn removed_records_are_gone_with_their_tokens() {
    let place = Place::new();
    let store = place.open();
    let put = vec![
        put_device(1),
        put_device(2),
        Change::PutPendingDevice(Box::new(pending_device(3))),
        Change::PutNode(Box::new(node(4))),
        Change::PutPendingNode(Box::new(pending_node(5))),
    ];
    let remove = vec![
        Change::RemoveDevice("device-0001".to_owned()),
        Change::RemovePendingDevice("request-3".to_owned()),
        Change::RemoveNode("node-4".to_owned()),
        Change::RemovePendingNode("request-5".to_owned()),
        Change::RemoveNode("never there".to_owned()),
    ];
    drop(store.commit(put));
    store.commit(remove).wait().unwrap();
    let state = store.load().unwrap();
    assert_eq!(state.devices, [device(2)]);
    assert!(
        state.pending_devices.is_empty()
            && state.nodes.is_empty()
            && state.pending_nodes.is_empty()
    );
    let tokens = count(&store, "tokens");
    assert_eq!(tokens, device(2).tokens.len());
}

#[test]
fn batches_are_applied_in_the_order_they_were_handed_over() {
    let place = Place::new();
    let store = place.open();
    let mut handles = Vec::new();
    for n in 0..200 {
        let mut newer = device(1);
        newer.approved_at_ms = n;
        handles.push(store.commit(vec![
            Change::PutDevice(Box::new(newer)),
            line("pair.approve", n),
        ]));
        store.commit_lazily(vec![line("connect", n)]);
    }
    for handle in handles {
        handle.wait().unwrap();
    }
    assert_eq!(store.load().unwrap().devices[0].approved_at_ms, 199);
    let expected: Vec<String> = (0..200)
        .flat_map(|n| [format!("pair.approve {n}"), format!("connect {n}")])
        .collect();
    assert_eq!(
        kinds(
            &store,
            &AuditFilter {
                limit: 1000,
                ..AuditFilter::default()
            }
        ),
        expected
    );
    let verdict = store.audit_verify().unwrap();
    assert_eq!((verdict.lines, verdict.fault), (400, None));
}

#[test]
fn lazy_touch_does_not_overtake_or_revive() {
    let place = Place::new();
    let store = place.open();
    let touch = |device: &str, token, at_ms| Change::TouchDevice {
        device_id: device.to_owned(),
        token,
        at_ms,
        reason: "disconnect",
    };
    store
        .commit(vec![put_device(1), put_device(2)])
        .wait()
        .unwrap();
    store.commit_lazily(vec![
        touch("device-0001", Some(token_hash(10)), 8_000),
        touch("device-0001", None, 9_000),
        touch("device-0002", None, 9_000),
    ]);
    store
        .commit(vec![Change::RemoveDevice("device-0002".to_owned())])
        .wait()
        .unwrap();
    let state = store.load().unwrap();
    assert_eq!(state.devices.len(), 1);
    let touched = &state.devices[0];
    assert_eq!(touched.last_seen_at_ms, Some(9_000));
    assert_eq!(touched.last_seen_reason.as_deref(), Some("disconnect"));
    assert_eq!(touched.tokens[0].last_used_at_ms, Some(8_000));
    assert_eq!(touched.tokens[1].last_used_at_ms, None);
}

#[test]
fn audit_list_filters() {
    let place = Place::new();
    let store = place.open();
    for (n, kind) in [
        "pair.request",
        "pair.approve",
        "connect",
        "pairing",
        "connect",
    ]
    .iter()
    .enumerate()
    {
        store.commit_lazily(vec![line(kind, i64::try_from(n).unwrap())]);
    }
    let all = AuditFilter::default;
    let cases = [
        (
            AuditFilter {
                kinds: vec!["pair".into()],
                ..all()
            },
            vec!["pair.request 0", "pair.approve 1"],
        ),
        (
            AuditFilter {
                kinds: vec!["connect".into()],
                limit: 1,
                ..all()
            },
            vec!["connect 4"],
        ),
        (
            AuditFilter {
                actor: Some("device-3".into()),
                ..all()
            },
            vec!["pairing 3"],
        ),
        (
            AuditFilter {
                subject: Some("request-1".into()),
                since_ms: Some(1),
                ..all()
            },
            vec!["connect 2", "connect 4"],
        ),
        (
            AuditFilter {
                until_ms: Some(1),
                ..all()
            },
            vec!["pair.request 0"],
        ),
        (
            AuditFilter {
                after_seq: Some(1),
                limit: 2,
                ..all()
            },
            vec!["pair.approve 1", "connect 2"],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(kinds(&store, &filter), expected, "{filter:?}");
    }
}

#[test]
fn decided_approvals_stay_for_a_day() {
    let place = Place::new();
    let store = place.open();
    let now = now_ms();
    let day = 24 * 60 * 60 * 1000;
    store
        .commit(vec![Change::PutApproval(Box::new(approval(
            "old",
            Some(now - day - 1),
        )))])
        .wait()
        .unwrap();
    assert_eq!(store.load().unwrap().approvals, []);
    store
        .commit(vec![Change::PutApproval(Box::new(approval(
            "new",
            Some(now),
        )))])
        .wait()
        .unwrap();
    assert_eq!(count(&store, "approvals"), 1);
    assert_eq!(store.load().unwrap().approvals.len(), 1);
}

#[test]
fn closed_store_says_so() {
    let place = Place::new();
    let store = place.open();
    let last = store.commit(vec![put_device(1)]);
    store.close().unwrap();
    store.close().unwrap();
    last.wait().unwrap();
    assert!(matches!(
        store.commit(Vec::new()).wait(),
        Err(StoreError::Closed)
    ));
    assert!(matches!(store.load(), Err(StoreError::Closed)));
    assert!(matches!(store.flush().wait(), Err(StoreError::Closed)));
    store.commit_lazily(vec![line("connect", 1)]);
    assert_eq!(place.open().load().unwrap().devices.len(), 1);
}

#[test]
fn dropped_store_keeps_what_was_queued() {
    let place = Place::new();
    let store = place.open();
    drop(store.commit(vec![put_device(1)]));
    store.commit_lazily(vec![line("connect", 1)]);
    drop(store);
    let store = place.open();
    assert_eq!(store.load().unwrap().devices.len(), 1);
    assert_eq!(kinds(&store, &AuditFilter::default()), ["connect 1"]);
}

#[tokio::test]
async fn handles_work_on_a_runtime_and_flush_covers_lazy_changes() {
    let place = Place::new();
    let store = place.open();
    store.commit_lazily(vec![line("connect", 1)]);
    store.flush().await.unwrap();
    store.flush().await.unwrap();
    store.commit(vec![put_device(1)]).await.unwrap();
    assert_eq!(kinds(&store, &AuditFilter::default()), ["connect 1"]);
}

#[test]
fn flood_of_lazy_lines_is_bounded_and_owned_up_to() {
    let place = Place::new();
    let store = place.open();
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let (started, has_started) = std::sync::mpsc::channel::<()>();
    drop(store.direct(move |_| {
        drop(started);
        held.recv().is_ok()
    }));
    assert!(has_started.recv().is_err());
    for n in 0..5_000 {
        store.commit_lazily(vec![line("connect", n)]);
    }
    drop(hold);
    store.flush().wait().unwrap();
    let entries = store
        .audit_list(&AuditFilter {
            limit: 10_000,
            ..AuditFilter::default()
        })
        .unwrap();
    let dropped: Vec<_> = entries
        .iter()
        .filter(|entry| entry.event.kind == "audit.dropped")
        .collect();
    assert_eq!(dropped.len(), 1);
    let dropped = dropped[0].event.details["lines"].as_u64().unwrap();
    assert_eq!(entries.len() as u64 - 1 + dropped, 5_000);
}

#[test]
fn files_belong_to_the_owner_alone() {
    let place = Place::new();
    let folder = place.database().parent().unwrap().to_owned();
    let store = place.open();
    store.commit(vec![put_device(1)]).wait().unwrap();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    drop(store);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).unwrap();
    fs::set_permissions(place.database(), fs::Permissions::from_mode(0o644)).unwrap();
    drop(place.open());
    assert_eq!(mode(&place.database()), 0o600);
    assert_eq!(mode(&folder), 0o750);
}

#[test]
fn write_ahead_log_stays_small() {
    let place = Place::new();
    let store = place.open();
    for round in 0..40 {
        let changes = (0..50).map(|n| put_device(round * 50 + n)).collect();
        store.commit(changes).wait().unwrap();
    }
    let wal = place.database().with_extension("sqlite-wal");
    assert!(fs::metadata(&wal).unwrap().len() < 3 * 1024 * 1024);
    store.close().unwrap();
    assert!(!wal.exists());
    assert_eq!(place.open().load().unwrap().devices.len(), 2_000);
}

#[test]
fn old_audit_lines_go_and_the_rest_can_still_be_checked() {
    let place = Place::new();
    let store = place.open();
    for n in 0..30 {
        store.commit(vec![line("connect", n)]).wait().unwrap();
    }
    store.close().unwrap();
    drop(store);
    let connection = create::connect(&place.database()).unwrap();
    apply::prune_audit(&connection, 20).unwrap();
    apply::prune_audit(&connection, 7).unwrap();
    apply::prune_audit(&connection, 500).unwrap();
    drop(connection);
    let store = place.open();
    store.commit(vec![line("connect", 30)]).wait().unwrap();
    let verdict = store.audit_verify().unwrap();
    assert_eq!(
        (verdict.lines, verdict.head_seq, verdict.fault),
        (11, 31, None)
    );
    let lines = store.audit_list(&AuditFilter::default()).unwrap();
    assert_eq!(lines[0].seq, 21);
}

#[test]
fn an_audit_line_is_short_whoever_wrote_into_it() {
    let place = Place::new();
    let store = place.open();
    let event = |details| {
        Change::Audit(Box::new(AuditEvent {
            ts: 1,
            kind: "exec".into(),
            actor: "a".repeat(1_000_000),
            remote_ip: None,
            subject: Some("ä".repeat(1_000_000)),
            details,
        }))
    };
    let long = "r".repeat(1_000_000);
    let many: Vec<_> = (0..1_000_000).collect();
    store.commit_lazily(vec![event(serde_json::json!({ "reason": long }))]);
    store
        .commit(vec![event(serde_json::json!({ "reason": many }))])
        .wait()
        .unwrap();
    store.flush().wait().unwrap();
    let lines = store.audit_list(&AuditFilter::default()).unwrap();
    for line in &lines {
        let event = &line.event;
        let taken = event.actor.len() + event.details.to_string().len();
        assert!(
            taken + event.subject.as_ref().unwrap().len() < 6_000,
            "{taken}"
        );
    }
    assert!(
        lines
            .iter()
            .any(|line| line.event.details["leftOutBytes"].as_u64() > Some(1_000_000))
    );
    let cut = |line: &crate::audit::AuditEntry| {
        line.event.details["reason"]
            .as_str()
            .is_some_and(|reason| reason.ends_with("r…"))
    };
    assert!(lines.iter().any(cut));
}
