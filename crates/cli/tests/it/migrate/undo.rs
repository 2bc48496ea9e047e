//! Taking a migration back, also when it was cut off, in a copy, and with a database that was there before.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{earlier, files};
use crate::place::Place;

/// Every file of the state directory that is no database, lock or copy.
fn kept(place: &Place) -> Vec<(String, Vec<u8>)> {
    let ours = ["gateway.sqlite", "gateway.lock", ".undone-"];
    let of_config = |name: &str| name.starts_with("openclaw.json.") && !name.contains(".before-");
    let mut found = files(&place.path(".openclaw"));
    found.retain(|(name, _)| !of_config(name) && !ours.iter().any(|part| name.contains(part)));
    found
}

fn paired(place: &Place) -> usize {
    let listed = place.run(&["devices", "list", "--json"]).ok().json();
    listed["paired"].as_array().unwrap().len()
}

#[test]
fn imported_pairings_leave_a_database_that_was_there_before() {
    let place = Place::with_gateway(&json!({ "auth": { "token": "a-token-for-this-test-only" } }));
    place.gateway(&[]).stop();
    earlier(&place, "old");
    let line = ["migrate", "--from", "old", "--yes"];
    let done = place.run(&line).ok();
    assert!(done.out.contains("Carried over: 3 pairings"), "{done:?}");
    assert_eq!(paired(&place), 2);

    let back = place.run(&["migrate", "--undo"]).ok();
    assert!(back.out.contains("Removed 3 imported pairings"), "{back:?}");
    assert_eq!(paired(&place), 0);
    place.gateway(&[]).stop();
    assert_eq!(paired(&place), 0, "a start brings nothing back");

    let again = place.run(&line).ok();
    assert!(again.out.contains("Carried over: 3 pairings"), "{again:?}");
    assert_eq!(paired(&place), 2);
}

#[test]
fn u07_an_undo_leaves_no_last_good_config_of_the_migrated_gateway() {
    let place = Place::new();
    earlier(&place, "old");
    place.write(
        ".openclaw/openclaw.json",
        "{ gateway: { mode: 'local', auth: { token: 'before-0123456789abcdef0123456789' } } }",
    );
    place.run(&["migrate", "--from", "old", "--yes"]).ok();
    assert!(place.gateway(&[]).stop().success());
    assert!(place.path(".openclaw/openclaw.json.last-good").exists());
    place.run(&["migrate", "--undo"]).ok();
    place.write(".openclaw/openclaw.json", "{ damaged");
    let shown = place.run(&["config", "get", "gateway.auth.token"]);
    let last_good = place.path(".openclaw/openclaw.json.last-good");
    assert!(!last_good.exists(), "{shown:?}");
}

#[test]
fn an_undo_that_was_cut_off_at_any_step_is_finished_by_the_next() {
    // One step more each time; at the end only the record is left, as when the last removal did not happen.
    for steps in 0.. {
        let place = Place::new();
        earlier(&place, "old");
        place.write(".openclaw/openclaw.json", "{ gateway: { port: 1234 } }");
        place.write(".openclaw/node.json", r#"{ "nodeId": "mine" }"#);
        let before = kept(&place);
        place.run(&["migrate", "--from", "old", "--yes"]).ok();
        place.run(&["config", "set", "gateway.port", "5000"]).ok();

        let record: Value = serde_json::from_str(&place.read(".openclaw/migration.json")).unwrap();
        let written = record["files"].as_array().unwrap();
        let state = place.path(".openclaw");
        let mut left = steps;
        let mut step = |act: &dyn Fn()| {
            if left > 0 {
                left -= 1;
                act();
            }
        };
        for file in written.iter().rev() {
            let path = state.join(file["path"].as_str().unwrap());
            if file["path"] == "openclaw.json" {
                let aside = state.join("openclaw.json.undone-1");
                step(&|| fs::rename(&path, &aside).unwrap());
            }
            match file["before"].as_str() {
                Some(copy) => step(&|| fs::rename(state.join(copy), &path).unwrap()),
                None => step(&|| fs::remove_file(&path).unwrap()),
            }
        }

        place.run(&["migrate", "--undo"]).ok();
        assert_eq!(kept(&place), before, "after {steps} steps");
        let nothing = place.run(&["migrate", "--undo"]).fails(1);
        assert!(
            nothing.err.contains("no migration to take back"),
            "{nothing:?}"
        );
        if left > 0 {
            assert!(steps > written.len());
            return;
        }
    }
}

#[test]
fn a_copy_of_the_state_directory_does_not_lead_back_to_the_original() {
    let place = Place::new();
    earlier(&place, ".openclaw");
    place.run(&["migrate", "--yes"]).ok();
    let copy = |from: &Path, to: &Path| {
        let copied = Command::new("cp").arg("-a").args([from, to]).status();
        assert!(copied.unwrap().success());
    };
    copy(&place.path(".openclaw"), &place.path(".openclaw-test"));
    place.write(
        ".openclaw-test/openclaw.json",
        "{ gateway: { port: 7000 } }",
    );
    let original = files(&place.path(".openclaw"));
    let back = place.run(&["--profile", "test", "migrate", "--undo"]).ok();
    assert!(
        back.out.contains("Restored ~/.openclaw-test/openclaw.json"),
        "{back:?}"
    );
    assert_eq!(files(&place.path(".openclaw")), original);

    // A record of before paths were relative, or one that somebody changed.
    copy(&place.path(".openclaw"), &place.path(".openclaw-other"));
    for path in [
        place.path(".openclaw/openclaw.json").display().to_string(),
        "../.openclaw/openclaw.json".to_owned(),
    ] {
        let record = json!({ "version": 1, "atMs": 1, "from": "/old", "databaseCreated": false,
            "files": [{ "path": path, "before": null, "hash": "00" }] });
        place.write(".openclaw-other/migration.json", &record.to_string());
        let other = files(&place.path(".openclaw-other"));
        let ran = place
            .run(&["--profile", "other", "migrate", "--undo"])
            .fails(1);
        assert!(
            ran.err.contains("outside of the state directory"),
            "{ran:?}"
        );
        assert!(ran.err.contains("Fix: move that file away"), "{ran:?}");
        assert_eq!(files(&place.path(".openclaw")), original);
        assert_eq!(files(&place.path(".openclaw-other")), other);
    }
}

#[test]
fn nothing_is_touched_before_the_lock_is_held() {
    let place = Place::with_gateway(&json!({ "auth": { "token": "a-token-for-this-test-only" } }));
    earlier(&place, "old");
    let gateway = place.gateway(&[]);
    // The first start completes it.
    let config = place.read(".openclaw/openclaw.json");
    let ran = place.run(&["migrate", "--from", "old", "--yes"]).fails(1);
    assert!(ran.err.contains("openclaw gateway stop"), "{ran:?}");
    assert!(ran.err.contains("Nothing was changed."), "{ran:?}");
    assert_eq!(place.read(".openclaw/openclaw.json"), config);
    assert!(!place.path(".openclaw/node.json").exists());
    let names: Vec<String> = files(&place.path(".openclaw"))
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert!(
        !names.iter().any(|name| name.contains("migration")),
        "{names:?}"
    );
    gateway.stop();
}

#[test]
fn of_two_migrations_at_once_one_is_done_and_the_other_changes_nothing() {
    let place = Place::new();
    earlier(&place, "old");
    place.write(".openclaw/openclaw.json", "{ gateway: { port: 1234 } }");
    let line = ["migrate", "--from", "old", "--yes"];
    let both = [place.start(&line), place.start(&line)];
    let mut codes = both.map(|running| running.wait().0.code());
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(1)]);
    assert_eq!(
        place.read(".openclaw/openclaw.json"),
        place.read("old/openclaw.json")
    );
    assert_eq!(paired(&place), 2);
    place.run(&["migrate", "--undo"]).ok();
    assert_eq!(
        place.read(".openclaw/openclaw.json"),
        "{ gateway: { port: 1234 } }"
    );
}
