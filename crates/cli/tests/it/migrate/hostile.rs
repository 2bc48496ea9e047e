//! Folders that are not what they seem: nothing waits, nothing is forged, and a failure leaves everything as it was.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::json;

use super::{earlier, files};
use crate::place::Place;

const LINE: [&str; 4] = ["migrate", "--from", "old", "--yes"];

#[test]
fn pipes_huge_files_and_deep_nesting_are_named_and_passed_over() {
    let place = Place::new();
    earlier(&place, "old");
    fs::create_dir(place.path("old/identity")).unwrap();
    for name in [
        "openclaw.json",
        "identity/device.json",
        "exec-approvals.json",
        "devices/paired.json",
        ".env",
    ] {
        let file = place.path("old").join(name);
        if file.exists() {
            fs::remove_file(&file).unwrap();
        }
        let made = Command::new("mkfifo").arg(&file).status();
        assert!(made.unwrap().success());
    }
    let huge = fs::OpenOptions::new()
        .write(true)
        .open(place.path("old/node.json"))
        .unwrap();
    huge.set_len(17 << 20).unwrap();
    let done = place.run(&LINE).ok();
    for text in [
        "openclaw.json cannot be read: not a regular file",
        "identity/device.json cannot be read: not a regular file",
        "exec-approvals.json cannot be read: not a regular file",
        "devices/paired.json cannot be read: not a regular file",
        ".env cannot be read: not a regular file",
        "node.json cannot be read: larger than 16 MiB",
    ] {
        assert!(done.err.contains(text), "{text}: {done:?}");
    }
    assert!(done.out.contains("Carried over: 1 pairings"), "{done:?}");

    let place = Place::new();
    earlier(&place, "old");
    let deep = "[".repeat(100_000);
    for name in [
        "openclaw.json",
        "node.json",
        "exec-approvals.json",
        "devices/paired.json",
    ] {
        place.write(&format!("old/{name}"), &deep);
    }
    let done = place.run(&LINE).ok();
    assert!(done.err.contains("node.json cannot be read"), "{done:?}");
    assert!(done.out.contains("Carried over: 1 pairings"), "{done:?}");
}

#[test]
fn a_pipe_at_the_own_key_is_refused() {
    let place = Place::new();
    earlier(&place, ".openclaw");
    fs::create_dir(place.path(".openclaw/identity")).unwrap();
    let made = Command::new("mkfifo")
        .arg(place.path(".openclaw/identity/device.json"))
        .status();
    assert!(made.unwrap().success());
    let shown = place.run(&["migrate", "--dry-run"]).ok();
    assert!(
        shown
            .err
            .contains("identity/device.json cannot be read: not a regular file"),
        "{shown:?}"
    );
}

#[test]
fn names_cannot_forge_lines() {
    let place = Place::new();
    earlier(&place, "old");
    let name = "attic\nWarning: all is well\u{1b}[2J";
    place.write("old/node.json", &json!({ "displayName": name }).to_string());
    place.write(
        "old/nodes/pending.json",
        &json!({ "n\nWarning: all is well": {} }).to_string(),
    );
    let done = place.run(&LINE).ok();
    let forged = |text: &str| text.lines().any(|line| line.starts_with("Warning: all"));
    assert!(!forged(&done.out) && !forged(&done.err), "{done:?}");
    assert!(
        done.out.contains(r"attic\nWarning: all is well\u001b[2J"),
        "{done:?}"
    );
}

#[test]
fn a_failure_in_between_leaves_everything_as_before() {
    let place = Place::new();
    earlier(&place, "old");
    place.write(".openclaw/openclaw.json", "{ gateway: { port: 1234 } }");
    // A file where a folder has to be.
    place.write(".openclaw/nodes", "mine");
    let before = files(&place.path(".openclaw"));
    let ran = place.run(&LINE).fails(1);
    assert!(ran.err.contains("Nothing was changed."), "{ran:?}");
    let mut after = files(&place.path(".openclaw"));
    after.retain(|(name, _)| name != "gateway.lock");
    assert_eq!(after, before);
    assert!(!place.path(".openclaw/devices").exists());
}

#[test]
fn links_out_of_the_state_directory_are_not_followed() {
    let place = Place::new();
    earlier(&place, "old");
    place.write("shared/paired.json", "theirs");
    place.write("dotfiles/openclaw.json", "{ gateway: { port: 1234 } }");
    fs::create_dir(place.path(".openclaw")).unwrap();
    let link = place.path(".openclaw/openclaw.json");
    symlink("../dotfiles/openclaw.json", &link).unwrap();
    symlink(place.path("shared"), place.path(".openclaw/devices")).unwrap();
    let ran = place.run(&LINE).fails(1);
    assert!(
        ran.err.contains("outside of the state directory"),
        "{ran:?}"
    );
    assert!(ran.err.contains("Fix: replace the link"), "{ran:?}");
    assert_eq!(place.read("shared/paired.json"), "theirs");
    assert!(!place.path(".openclaw/migration.json").exists());

    // A link in the place of a file is replaced, and comes back.
    fs::remove_file(place.path(".openclaw/devices")).unwrap();
    place.run(&LINE).ok();
    assert_eq!(
        place.read("dotfiles/openclaw.json"),
        "{ gateway: { port: 1234 } }"
    );
    assert!(!link.is_symlink());
    place.run(&["migrate", "--undo"]).ok();
    assert_eq!(
        fs::read_link(&link).unwrap().to_str(),
        Some("../dotfiles/openclaw.json")
    );
    assert!(!place.path(".openclaw/devices").exists());
}

#[test]
fn the_key_of_the_own_default_profile_is_not_taken_for_another() {
    let place = Place::with_gateway(&json!({ "auth": { "token": "a-token-for-this-test-only" } }));
    earlier(&place, "old");
    place.run(&["node", "identity"]).ok();
    let key = place.read(".openclaw/identity/device.json");
    assert!(!key.is_empty());

    // Left by the earlier program, which had one key for all profiles.
    let line = ["--profile", "first", "migrate", "--from", "old", "--yes"];
    place.run(&line).ok();
    assert_eq!(place.read(".openclaw-first/identity/device.json"), key);

    place.gateway(&[]).stop();
    let line = ["--profile", "second", "migrate", "--from", "old", "--yes"];
    place.run(&line).ok();
    assert!(!place.path(".openclaw-second/identity/device.json").exists());
}
