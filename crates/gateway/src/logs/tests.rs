use tempfile::TempDir;

use super::*;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn of(text: &str, cursor: Option<u64>, limit: usize, max: u64) -> (Vec<String>, u64, bool, bool) {
    let folder = folder(&[("gateway.log", text)]);
    let tail = tail(&folder.path().join("gateway.log"), cursor, limit, max).unwrap();
    (tail.lines, tail.cursor, tail.truncated, tail.reset)
}

#[test]
fn tails_by_cursor_size_and_limit() {
    let text = "one\ntwo\nthree\n";
    let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
    let all = ["one", "two", "three"];
    for (cursor, limit, max, expected) in [
        (None, 10, 100, (lines(&all), 14, false, false)),
        (None, 2, 100, (lines(&["two", "three"]), 14, false, false)),
        (None, 10, 7, (lines(&["three"]), 14, true, false)),
        (None, 10, 6, (lines(&["three"]), 14, true, false)),
        (Some(0), 10, 100, (lines(&all), 14, false, false)),
        (
            Some(4),
            10,
            100,
            (lines(&["two", "three"]), 14, false, false),
        ),
        (Some(14), 10, 100, (lines(&[]), 14, false, false)),
        (Some(0), 10, 6, (lines(&["three"]), 14, true, true)),
        (Some(99), 10, 100, (lines(&all), 14, false, true)),
        // Inside of a line: the cursor is of another file.
        (Some(6), 10, 100, (lines(&all), 14, false, true)),
    ] {
        assert_eq!(
            of(text, cursor, limit, max),
            expected,
            "{cursor:?} {limit} {max}"
        );
    }
}

#[test]
fn a_line_that_is_still_written_comes_whole_with_the_next_call() {
    let (lines, cursor, ..) = of("one\ntw", None, 10, 100);
    assert_eq!((lines, cursor), (vec!["one".to_owned()], 4));
    let (lines, cursor, ..) = of("one\ntwo\n", Some(4), 10, 100);
    assert_eq!((lines, cursor), (vec!["two".to_owned()], 8));
}

#[test]
fn a_missing_file_is_empty() {
    let tail = tail(Path::new("/nonexistent/x.log"), Some(7), 10, 100).unwrap();
    assert_eq!(
        (tail.cursor, tail.size, tail.lines.len(), tail.reset),
        (0, 0, 0, false)
    );
}

#[test]
fn nothing_is_lost_when_the_file_is_rolled_by_size_or_at_midnight() {
    let rolled = [
        ("openclaw-2026-11-22.log", "four\n"),
        ("openclaw-2026-11-22.1.log", "one\ntwo\nthree\n"),
    ];
    let midnight = [
        ("openclaw-2026-11-23.log", "four\n"),
        ("openclaw-2026-11-22.log", "one\ntwo\nthree\n"),
        ("openclaw-2026-11-21.log", "a\nb\nc\nd\ne\nf\ng\nh\n"),
        ("openclaw-rescue-2026-11-22.log", "not mine\nnot mine\n"),
    ];
    for files in [&rolled[..], &midnight[..]] {
        let folder = folder(files);
        let path = folder.path().join(files[0].0);
        for (cursor, max, lines, truncated) in [
            (8, 100, &["three", "four"][..], false),
            (14, 100, &["four"], false),
            // Only so many bytes: the newest ones.
            (0, 100, &["four"], false),
            (8, 8, &["four"], true),
        ] {
            let tail = tail(&path, Some(cursor), 10, max).unwrap();
            assert_eq!(
                (&tail.lines[..], tail.truncated),
                (
                    &lines.iter().map(ToString::to_string).collect::<Vec<_>>()[..],
                    truncated
                ),
                "{cursor} {files:?}"
            );
            assert_eq!((tail.cursor, tail.reset), (5, cursor > 5), "{cursor}");
        }
    }
}

#[test]
fn u37_another_profile_is_never_shown() {
    let folder = folder(&[
        ("openclaw-2026-11-21.log", "mine\n"),
        ("openclaw-2026-11-22.1.log", "old\n"),
        ("openclaw-rescue-2026-11-23.log", "not mine\n"),
        ("openclaw-notes.log", "no log\n"),
    ]);
    let tail = tail(
        &folder.path().join("openclaw-2026-11-23.log"),
        None,
        10,
        100,
    )
    .unwrap();
    assert_eq!(tail.lines, ["mine"]);
    assert_eq!(tail.file, folder.path().join("openclaw-2026-11-21.log"));
}

#[test]
fn what_is_no_log_file_is_not_read() {
    let folder = folder(&[("secret", "root:x:0:0\n")]);
    let at = |name: &str| folder.path().join(name);
    std::os::unix::fs::symlink(at("secret"), at("link.log")).unwrap();
    std::os::unix::fs::symlink(at("secret"), at("rolled.1.log")).unwrap();
    std::fs::create_dir(at("folder.log")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(at("pipe.log"))
        .status();
    assert!(made.unwrap().success());
    for (name, reason) in [
        ("link.log", "a symbolic link, which is not followed"),
        ("pipe.log", "not a regular file"),
        ("folder.log", "not a regular file"),
    ] {
        let error = tail(&at(name), None, 10, 100).unwrap_err();
        assert_eq!(error.to_string(), reason, "{name}");
    }
    // Nor in the place of the former file.
    std::fs::write(at("rolled.log"), "new\n").unwrap();
    let found = tail(&at("rolled.log"), Some(11), 10, 100).unwrap();
    assert_eq!(found.lines, ["new"]);
}
