use serde_json::json;

use super::*;

fn event(n: i64) -> AuditEvent {
    AuditEvent {
        ts: 1_000 + n,
        kind: "connect".to_owned(),
        actor: format!("device-{n}"),
        remote_ip: (n % 2 == 0).then(|| "192.0.2.1".to_owned()),
        subject: None,
        details: json!({ "n": n }),
    }
}

fn chain(count: i64) -> (Vec<ChainedLine>, ChainHead) {
    let mut head = ChainHead::EMPTY;
    let lines = (1..=count)
        .map(|n| ChainedLine::chain(&mut head, &event(n)))
        .collect();
    (lines, head)
}

fn check(lines: &[ChainedLine], head: ChainHead) -> Option<(i64, AuditFault)> {
    let mut check = ChainCheck::default();
    for line in lines {
        check.line(line);
    }
    check.finish(head).fault
}

#[test]
fn untouched_chain_is_sound() {
    let (lines, head) = chain(5);
    assert_eq!(check(&lines, head), None);
    assert_eq!(check(&[], ChainHead::EMPTY), None);
}

#[test]
fn every_edited_field_is_found() {
    let edits: [fn(&mut ChainedLine); 6] = [
        |line| line.ts += 1,
        |line| line.kind.push('x'),
        |line| line.actor.clear(),
        |line| line.remote_ip = Some("198.51.100.9".to_owned()),
        |line| line.subject = Some(String::new()),
        |line| line.details.push(' '),
    ];
    for edit in edits {
        let (mut lines, head) = chain(5);
        edit(&mut lines[2]);
        assert_eq!(check(&lines, head), Some((3, AuditFault::Edited)));
    }
}

#[test]
fn edited_line_with_a_new_hash_breaks_the_next_one() {
    let (mut lines, head) = chain(5);
    lines[2].actor = "nobody".to_owned();
    let prev = chain(2).1.hash;
    lines[2].hash = lines[2].expected_hash(&prev).to_vec();
    assert_eq!(check(&lines, head), Some((4, AuditFault::Reordered)));
}

#[test]
fn last_line_rewritten_with_its_hash_differs_from_the_head() {
    let (mut lines, head) = chain(3);
    lines[2].actor = "nobody".to_owned();
    let prev = chain(2).1.hash;
    lines[2].hash = lines[2].expected_hash(&prev).to_vec();
    assert_eq!(check(&lines, head), Some((3, AuditFault::Edited)));
}

#[test]
fn removed_line_is_named() {
    for gone in 1..5 {
        let (mut lines, head) = chain(5);
        lines.remove(gone - 1);
        let expected = i64::try_from(gone).unwrap();
        assert_eq!(check(&lines, head), Some((expected, AuditFault::Removed)));
    }
}

#[test]
fn swapped_lines_are_named() {
    let (mut lines, head) = chain(5);
    lines.swap(1, 2);
    lines[1].seq = 2;
    lines[2].seq = 3;
    assert_eq!(check(&lines, head), Some((2, AuditFault::Reordered)));
}

#[test]
fn cut_end_is_named() {
    let (mut lines, head) = chain(5);
    lines.truncate(3);
    assert_eq!(check(&lines, head), Some((4, AuditFault::Truncated)));
    assert_eq!(check(&[], head), Some((1, AuditFault::Truncated)));
}

#[test]
fn line_put_behind_the_head_is_named() {
    let (lines, _) = chain(5);
    let (_, head) = chain(4);
    assert_eq!(check(&lines, head), Some((5, AuditFault::Reordered)));
}

#[test]
fn absent_and_empty_fields_differ() {
    let mut absent = event(1);
    absent.subject = None;
    let mut empty = event(1);
    empty.subject = Some(String::new());
    let hash = |event: &AuditEvent| ChainedLine::chain(&mut ChainHead::EMPTY.clone(), event).hash;
    assert_ne!(hash(&absent), hash(&empty));
}

#[test]
fn head_text_round_trips() {
    let (_, head) = chain(3);
    assert_eq!(ChainHead::parse(&head.to_text()), Some(head));
    for bad in ["", "3", "3:", "x:00", "3:zz"] {
        assert_eq!(ChainHead::parse(bad), None, "{bad}");
    }
}

#[test]
fn refusals_of_one_address_make_one_line_a_minute() {
    let mut log = RefuseLog::default();
    assert_eq!(log.note(0, "192.0.2.1", "bad token").len(), 1);
    assert_eq!(log.next_due_ms(), None);
    for at in 1..100 {
        assert_eq!(log.note(at, "192.0.2.1", "bad token"), []);
    }
    assert_eq!(log.next_due_ms(), Some(60_000));
    assert_eq!(log.due(59_999), []);
    let lines = log.due(60_000);
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (lines[0].count, lines[0].first_ms, lines[0].last_ms),
        (99, 1, 99)
    );
    assert_eq!(log.due(200_000), []);
    assert_eq!(log.note(200_000, "192.0.2.1", "bad token")[0].count, 1);
}

#[test]
fn reasons_and_addresses_are_counted_apart() {
    let mut log = RefuseLog::default();
    assert_eq!(log.note(0, "192.0.2.1", "bad token").len(), 1);
    assert_eq!(log.note(0, "192.0.2.1", "bad origin").len(), 1);
    assert_eq!(log.note(0, "192.0.2.2", "bad token").len(), 1);
    log.note(5, "192.0.2.2", "bad token");
    assert_eq!(log.finish().len(), 1);
    assert_eq!(log.next_due_ms(), None);
}

#[test]
fn many_addresses_share_a_window_and_none_is_forgotten() {
    let mut log = RefuseLog::default();
    let mut total = 0;
    for n in 0..5_000 {
        let lines = log.note(n, &format!("2001:db8::{n:x}"), "bad token");
        total += lines.iter().map(|line| line.count).sum::<u64>();
    }
    assert!(log.windows.len() <= MAX_FOR_TEST);
    total += log.finish().iter().map(|line| line.count).sum::<u64>();
    assert_eq!(total, 5_000);
}

/// The bound plus the shared window.
const MAX_FOR_TEST: usize = 1025;
