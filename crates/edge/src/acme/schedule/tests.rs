use openclaw_gateway::tls::Names;

use super::*;

const NOW: i64 = 1_800_000_000_000;

fn facts(life: i64, fingerprint: &str) -> Facts {
    Facts {
        fingerprint: fingerprint.to_owned(),
        names: Names::default(),
        not_before_ms: NOW,
        not_after_ms: NOW + life,
        own: false,
    }
}

fn fail(record: &mut Record, failure: &Failure, now_ms: i64) -> i64 {
    record.failed(failure, Advice::new("reason", "fix"), now_ms, 0);
    next_order_ms(record, None, now_ms) - now_ms
}

fn denied() -> Failure {
    Failure::Denied {
        proof: Proof::Http,
        detail: String::new(),
    }
}

#[test]
fn u33_a_certificate_is_renewed_after_two_thirds_of_its_life() {
    for life in [90 * DAY, 47 * DAY, 6 * DAY, 10 * MINUTE] {
        let early = renewal_ms(&facts(life, "0000"), NOW) - NOW;
        let late = renewal_ms(&facts(life, "03e7"), NOW) - NOW;
        assert_eq!(early, life / 3 * 2);
        assert!(late > early && late <= early + life / 100 * 3, "{life}");
    }
    let at = next_order_ms(&Record::default(), Some(&facts(90 * DAY, "0000")), NOW);
    assert_eq!(at, NOW + 60 * DAY);
}

#[test]
fn u33_a_clock_that_is_wrong_does_not_order_again_and_again() {
    // Issued by our clock long after the certificate says it begins: it is due at once, and still has to wait.
    let clock = NOW + 80 * DAY;
    assert_eq!(renewal_ms(&facts(90 * DAY, "0000"), clock), clock + DAY);
    assert_eq!(
        renewal_ms(&facts(6 * HOUR, "0000"), clock),
        clock + 2 * HOUR
    );
}

#[test]
fn u33_a_server_that_is_away_is_tried_soon_and_then_rarely() {
    let mut record = Record::default();
    let away = Failure::Unreachable("away".to_owned());
    let delays: Vec<i64> = (0..12).map(|_| fail(&mut record, &away, NOW)).collect();
    assert_eq!(delays[..3], [5 * SECOND, 10 * SECOND, 20 * SECOND]);
    assert!(delays.iter().all(|delay| *delay <= HOUR));
    assert_eq!(*delays.last().unwrap(), HOUR);
    record.failed(&away, Advice::new("", ""), NOW, 1_000);
    assert_eq!(
        record.retry_at_ms - NOW,
        HOUR + HOUR / 5,
        "spread, never earlier"
    );
}

#[test]
fn u33_refusals_of_a_domain_never_use_up_the_limits_of_the_authority() {
    let mut record = Record::default();
    let hours: Vec<i64> = (0..8).map(|_| fail(&mut record, &denied(), NOW)).collect();
    assert_eq!(hours[..4], [5 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR]);
    assert_eq!(*hours.last().unwrap(), DAY);
    // Whatever else says that it may be tried: at most four refusals within an hour.
    let mut record = Record::default();
    for minute in 0..4 {
        record.refused(NOW + minute * MINUTE);
        record.settings = String::new();
        record.take_up(&format!("settings {minute}"), NOW);
    }
    let now = NOW + 4 * MINUTE;
    assert_eq!(next_order_ms(&record, None, now), NOW + HOUR);
    assert_eq!(next_order_ms(&record, None, NOW + HOUR), 0);
}

#[test]
fn u33_a_limit_of_the_server_outlives_restarts_and_other_settings() {
    let mut record = Record::default();
    let limited = |seconds: Option<u64>| Failure::Limited {
        detail: String::new(),
        retry_after: seconds.map(Duration::from_secs),
    };
    assert_eq!(fail(&mut record, &limited(None), NOW), HOUR);
    assert_eq!(fail(&mut record, &limited(Some(7_200)), NOW), 2 * HOUR);
    record.take_up("other settings", NOW);
    assert_eq!(next_order_ms(&record, None, NOW), NOW + 2 * HOUR);
}

#[test]
fn u33_other_settings_deserve_another_try() {
    let mut record = Record::default();
    fail(&mut record, &denied(), NOW);
    record.take_up("", NOW);
    assert!(next_order_ms(&record, None, NOW) > NOW, "the same settings");
    record.take_up("other", NOW);
    assert_eq!((next_order_ms(&record, None, NOW), record.failures), (0, 0));
}

#[test]
fn u33_a_crash_loop_waits_longer_and_longer() {
    let mut record = Record::default();
    for (crash, delay) in [5, 10, 20, 40].into_iter().enumerate() {
        record.started_at_ms = Some(NOW);
        record.take_up("", NOW);
        assert_eq!(
            next_order_ms(&record, None, NOW),
            NOW + delay * SECOND,
            "{crash}"
        );
    }
    // An order that the server knows is gone on with, at once.
    let mut record = Record {
        started_at_ms: Some(NOW),
        order: Some(OpenOrder {
            url: "https://ca.example/order/1".to_owned(),
            proof: Proof::Http.name().to_owned(),
        }),
        ..Record::default()
    };
    record.take_up("", NOW);
    assert_eq!(next_order_ms(&record, None, NOW), 0);
    assert!(record.order.is_some_and(|order| order.is_by(Proof::Http)));
}
