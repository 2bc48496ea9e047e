//! `openclaw migrate`: what an earlier program left is taken over, and can be given back.

mod hostile;
mod undo;

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::place::Place;

const KEY: &str = "MCowBQYDK2VwAyEA";

/// Every file below a folder, with its content.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.is_file() {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

fn earlier(place: &Place, dir: &str) {
    let device = |id: &str| {
        json!({ "deviceId": id, "publicKey": format!("{KEY}{id}"), "displayName": format!("phone {id}"),
            "role": "operator", "roles": ["operator"], "scopes": ["operator.read"],
            "tokens": { "operator": { "token": format!("tok-{id}"), "role": "operator", "scopes": ["operator.read"], "createdAtMs": 1 } },
            "createdAtMs": 1, "approvedAtMs": 2 })
    };
    place.write(
        &format!("{dir}/openclaw.json"),
        "{\n  // mine\n  gateway: { port: 4321, auth: { token: \"the-token-of-before\" } },\n  agents: { list: [] },\n}\n",
    );
    place.write(
        &format!("{dir}/devices/paired.json"),
        &json!({ "d1": device("d1"), "d2": device("d2") }).to_string(),
    );
    place.write(
        &format!("{dir}/nodes/paired.json"),
        &json!({ "n1": { "nodeId": "n1", "displayName": "attic", "platform": "linux", "token": "node-token", "createdAtMs": 1, "approvedAtMs": 1 } }).to_string(),
    );
    place.write(
        &format!("{dir}/exec-approvals.json"),
        &json!({ "version": 1, "agents": { "main": { "allowlist": [{ "pattern": "/bin/ls" }] } } })
            .to_string(),
    );
    place.write(
        &format!("{dir}/node.json"),
        &json!({ "version": 1, "nodeId": "n1", "displayName": "attic" }).to_string(),
    );
    place.write(&format!("{dir}/.env"), "OPENCLAW_SSH_PORT=2222\n");
}

#[test]
fn a_folder_in_place_is_taken_over_and_given_back() {
    let place = Place::new();
    earlier(&place, ".openclaw");
    let before = files(&place.path(".openclaw"));

    let shown = place.run(&["migrate", "--dry-run"]).ok();
    for text in [
        "From: ~/.openclaw\n",
        "~/.openclaw/openclaw.json: gateway; kept and not used here: agents",
        "devices    2 paired",
        "nodes      1 paired",
        "approvals  1 allowed programs",
        "node host  attic",
        "Nothing was changed (--dry-run).",
    ] {
        assert!(shown.out.contains(text), "{text}: {shown:?}");
    }
    assert_eq!(
        files(&place.path(".openclaw")),
        before,
        "a look changes nothing"
    );
    let unasked = place.run(&["migrate"]).fails(1);
    assert!(unasked.err.contains("pass --yes"), "{unasked:?}");

    let done = place.run(&["migrate", "--yes"]).ok();
    assert!(done.out.contains("Carried over: 3 pairings"), "{done:?}");
    let listed = place.run(&["devices", "list", "--json"]).ok().json();
    assert_eq!(listed["paired"].as_array().unwrap().len(), 2, "{listed}");
    let again = place.run(&["migrate", "--yes"]).fails(1);
    assert!(again.err.contains("openclaw migrate --undo"), "{again:?}");

    // Life goes on: the config changes, then the person goes back.
    place.run(&["config", "set", "gateway.port", "5000"]).ok();
    let back = place.run(&["migrate", "--undo"]).ok();
    assert!(
        back.out.contains("Restored ~/.openclaw/openclaw.json"),
        "{back:?}"
    );
    assert!(back.out.contains("Kept what was changed since"), "{back:?}");
    let after = files(&place.path(".openclaw"));
    for (name, content) in &before {
        let now = after.iter().find(|(other, _)| other == name);
        assert_eq!(now.map(|(_, now)| now), Some(content), "{name}");
    }
    let nothing = place.run(&["migrate", "--undo"]).fails(1);
    assert!(
        nothing.err.contains("no migration to take back"),
        "{nothing:?}"
    );
    place.run(&["migrate", "--yes"]).ok();
}

#[test]
fn a_folder_elsewhere_is_copied_and_never_touched() {
    let place = Place::new();
    earlier(&place, "old");
    place.write(".openclaw/openclaw.json", "{ gateway: { port: 1234 } }");
    let old = files(&place.path("old"));
    let from = place.path("old").display().to_string();
    let told = place
        .run(&["migrate", "--from", &from, "--yes", "--json"])
        .ok()
        .json();
    assert_eq!(told["imported"], 3, "{told}");
    assert_eq!(files(&place.path("old")), old);
    assert_eq!(
        place.run(&["config", "get", "gateway.port"]).ok().out,
        "4321\n"
    );
    assert_eq!(place.read(".openclaw/.env"), "OPENCLAW_SSH_PORT=2222\n");
    place.run(&["migrate", "--undo"]).ok();
    assert_eq!(
        place.read(".openclaw/openclaw.json"),
        "{ gateway: { port: 1234 } }"
    );
    assert!(!place.path(".openclaw/.env").exists());
    assert!(!place.path(".openclaw/node.json").exists());
    assert_eq!(files(&place.path("old")), old);
}

#[test]
fn what_cannot_be_read_is_named_and_stops_nothing_else() {
    let place = Place::new();
    earlier(&place, ".openclaw");
    place.write(".openclaw/devices/paired.json", "{ cut off");
    place.write(".openclaw/identity/device.json", "{}");
    let done = place.run(&["migrate", "--yes"]).ok();
    assert!(
        done.err.contains("devices/paired.json cannot be read"),
        "{done:?}"
    );
    assert!(
        done.err.contains("identity/device.json cannot be used"),
        "{done:?}"
    );
    assert!(done.out.contains("Carried over: 1 pairings"), "{done:?}");

    let empty = Place::new();
    fs::create_dir(empty.path("nothing")).unwrap();
    let from = empty.path("nothing").display().to_string();
    let ran = empty.run(&["migrate", "--from", &from]).fails(1);
    assert!(
        ran.err.contains("no data of an earlier program in "),
        "{ran:?}"
    );
    let ran = empty.run(&["migrate", "--from", "/no/such/place"]).fails(1);
    assert!(ran.err.contains("is no directory"), "{ran:?}");
}

#[test]
fn a_running_gateway_is_not_migrated_under_its_feet() {
    let place = Place::with_gateway(&json!({ "auth": { "token": "a-token-for-this-test-only" } }));
    let gateway = place.gateway(&[]);
    place.write(".openclaw/clawdbot.json", "{}");
    let shown = place.run(&["migrate", "--dry-run"]).ok();
    assert!(
        shown.err.contains("the gateway of this profile runs"),
        "{shown:?}"
    );
    assert!(!shown.err.contains("earlier gateway"), "{shown:?}");
    let ran = place.run(&["migrate", "--yes"]).fails(1);
    assert!(ran.err.contains("openclaw gateway stop"), "{ran:?}");
    assert!(!place.path(".openclaw/migration.json").exists());
    drop(gateway);

    place.write(".openclaw-work/clawdbot.json", "{}");
    let gateway = place.gateway(&["--profile", "work"]);
    let ran = place
        .run(&["--profile", "work", "migrate", "--yes"])
        .fails(1);
    assert!(
        ran.err.contains("openclaw --profile work gateway stop"),
        "{ran:?}"
    );
    drop(gateway);
}

#[test]
fn what_this_program_keeps_is_not_taken_for_the_earlier_one() {
    let place = Place::with_gateway(&json!({ "auth": { "token": "a-token-for-this-test-only" } }));
    place.gateway(&[]).stop();
    place.run(&["node", "identity"]).ok();
    assert!(place.path(".openclaw/identity/device.json").exists());
    fs::create_dir(place.path("empty")).unwrap();
    let empty = place.path("empty").display().to_string();
    for line in [
        &["migrate", "--yes"][..],
        &["migrate", "--from", &empty, "--yes"],
    ] {
        let ran = place.run(line).fails(1);
        assert!(
            ran.err.contains("no data of an earlier program in "),
            "{line:?} {ran:?}"
        );
    }
}
