use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn info(address: Option<&str>) -> LockInfo {
    LockInfo {
        pid: 42,
        exe: "/usr/bin/openclaw".into(),
        started_at_ms: 1_000,
        address: address.map(Into::into),
        tls: None,
        addresses: Vec::new(),
    }
}

#[test]
fn u08_second_holder_is_told_about_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state").join("gateway.lock");
    assert_eq!(peek(&path, 0).unwrap(), None);
    let mut first = StateLock::acquire(&path, info(None), 1_000).unwrap();
    first
        .set_addresses(&["127.0.0.1:18789".parse().unwrap()])
        .unwrap();

    let Err(LockError::Held { holder, .. }) = StateLock::acquire(&path, info(None), 61_000) else {
        panic!("taken twice");
    };
    assert_eq!(
        holder.to_string(),
        "pid 42, /usr/bin/openclaw, up 1m 0s, on 127.0.0.1:18789"
    );
    assert_eq!(peek(&path, 61_000).unwrap(), Some(*holder));

    drop(first);
    assert_eq!(peek(&path, 0).unwrap(), None);
    assert!(path.exists());
    let again = StateLock::acquire(&path, info(Some("x")), 2_000).unwrap();
    assert_eq!(again.path(), path);
}

#[test]
fn shorter_text_replaces_the_longer_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.lock");
    drop(StateLock::acquire(&path, info(Some("a very long address indeed")), 0).unwrap());
    let _held = StateLock::acquire(&path, info(None), 0).unwrap();
    assert_eq!(peek(&path, 0).unwrap().unwrap().address, None);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn unreadable_holder_is_still_a_holder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.lock");
    for text in ["", "{", "null", "{\"pid\":\"x\"}"] {
        std::fs::write(&path, text).unwrap();
        let file = File::open(&path).unwrap();
        file.lock().unwrap();
        let Err(error) = StateLock::acquire(&path, info(None), 0) else {
            panic!("taken twice");
        };
        assert!(
            error.to_string().ends_with("is held by another process"),
            "{error}"
        );
    }
}

#[test]
fn text_left_by_a_dead_holder_means_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.lock");
    std::fs::write(&path, serde_json::to_vec(&info(None)).unwrap()).unwrap();
    assert_eq!(peek(&path, 0).unwrap(), None);
    StateLock::acquire(&path, info(None), 0).unwrap();
}

#[test]
fn uptime_has_two_units_at_most() {
    let cases = [
        (0, "0s"),
        (59, "59s"),
        (61, "1m 1s"),
        (3_660, "1h 1m"),
        (90_000, "1d 1h"),
    ];
    for (seconds, text) in cases {
        assert_eq!(Uptime(seconds).to_string(), text);
    }
}

/// Run by the next test in a process of its own: takes the lock, says so, and waits for its end.
#[test]
fn child_holds_the_lock() {
    let Some(path) = std::env::var_os("OPENCLAW_TEST_LOCK") else {
        return;
    };
    let info = LockInfo::of_this_process(1);
    let _lock = StateLock::acquire(Path::new(&path), info, 1).unwrap();
    println!("\nlocked");
    let _end = std::io::stdin().read(&mut [0]);
}

#[test]
fn u08_lock_dies_with_the_process() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.lock");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "lock::tests::child_holds_the_lock",
            "--nocapture",
        ])
        .env("OPENCLAW_TEST_LOCK", &path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "locked"));
    let holder = peek(&path, 1_001).unwrap().unwrap();
    assert_eq!(
        (holder.pid, holder.uptime_ms),
        (Some(child.id()), Some(1_000))
    );
    assert!(matches!(
        StateLock::acquire(&path, info(None), 0),
        Err(LockError::Held { .. })
    ));
    child.kill().unwrap();
    child.wait().unwrap();
    StateLock::acquire(&path, info(None), 0).unwrap();
}

#[test]
fn u23_a_lock_that_is_handed_over_is_never_free_in_between() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("gateway.lock");
    let first = StateLock::acquire(&path, info(None), 0).unwrap();
    let handed_over = first.hand_over().unwrap();
    drop(first);
    assert!(matches!(
        StateLock::acquire(&path, info(None), 0),
        Err(LockError::Held { .. })
    ));
    let second = StateLock::acquire_or_adopt(&path, info(Some("second")), 0, Some(handed_over));
    let second = second.unwrap();
    let holder = peek(&path, 0).unwrap().unwrap();
    assert_eq!(holder.address.as_deref(), Some("second"));
    // The lock of another state directory is of no use, and is let go.
    let other = home.path().join("other.lock");
    let wrong = second.hand_over().unwrap();
    let other = StateLock::acquire_or_adopt(&other, info(None), 0, Some(wrong)).unwrap();
    drop(second);
    assert!(peek(&path, 0).unwrap().is_none());
    drop(other);
}
