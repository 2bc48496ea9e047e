//! `openclaw reset` and `openclaw uninstall`.

mod kept;
mod named;

use std::os::unix::fs::symlink;

use serde_json::json;

use crate::place::Place;

/// A home with a gateway that ran, and with the states of two other profiles beside it.
fn lived_in() -> Place {
    let place = Place::with_gateway(&json!({ "auth": { "token": "the-token-0123456789" } }));
    place.gateway(&[]).stop();
    place.write(".openclaw/workspace/notes.md", "mine");
    place.write(".openclaw/workspace-rescue/notes.md", "theirs");
    place.write(".openclaw-rescue/openclaw.json", "{}");
    place.write(".openclaw-dev/openclaw.json", "{}");
    place.write("precious/file", "");
    symlink(place.path("precious"), place.path(".openclaw/link")).expect("a link");
    place
}

fn others_are_untouched(place: &Place) {
    for file in [
        ".openclaw/workspace-rescue/notes.md",
        ".openclaw-rescue/openclaw.json",
        ".openclaw-dev/openclaw.json",
        "precious/file",
    ] {
        assert!(place.path(file).exists(), "{file}");
    }
}

#[test]
fn what_is_not_said_is_asked_for() {
    let place = Place::new();
    for (line, text) in [
        (
            &["reset"][..],
            "Non-interactive mode requires --yes.\nFix: add --yes; to see first what would be done, add --dry-run instead\n",
        ),
        (
            &["reset", "--yes"],
            "Non-interactive mode requires --scope.\nFix: --scope config, or --scope config+creds+sessions, or --scope full\n",
        ),
        (
            &["reset", "--yes", "--scope", "all"],
            "Invalid --scope. Expected \"config\", \"config+creds+sessions\", or \"full\".\n",
        ),
        (
            &["uninstall"],
            "Non-interactive mode requires --yes.\nFix: add --yes; to see first what would be done, add --dry-run instead\n",
        ),
        (
            &["uninstall", "--yes"],
            "Non-interactive mode requires explicit scopes (use --all).\n",
        ),
    ] {
        assert_eq!(place.run(line).fails(1).err, text, "{line:?}");
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    let place = lived_in();
    let ran = place.run(&["reset", "--scope", "full", "--dry-run"]).ok();
    assert!(
        ran.out.starts_with(
            "[dry-run] stop gateway service\n[dry-run] remove ~/.openclaw/openclaw.json\n"
        ),
        "{ran:?}"
    );
    assert!(
        ran.out
            .contains("[dry-run] remove ~/.openclaw except ~/.openclaw/workspace-rescue\n"),
        "{ran:?}"
    );
    let ran = place.run(&["uninstall", "--all", "--dry-run"]).ok();
    assert!(
        ran.out.starts_with("[dry-run] remove gateway service\n"),
        "{ran:?}"
    );
    assert!(place.path(".openclaw/openclaw.json").exists());
    assert!(place.path(".openclaw/gateway.sqlite").exists());
}

#[test]
fn a_config_reset_can_be_undone() {
    let place = lived_in();
    let before = place.read(".openclaw/openclaw.json");
    let ran = place.run(&["reset", "--scope", "config", "--yes"]).ok();
    assert!(
        ran.out.starts_with("Removed ~/.openclaw/openclaw.json\n"),
        "{ran:?}"
    );
    assert!(!place.path(".openclaw/openclaw.json").exists());
    assert!(!place.path(".openclaw/openclaw.json.last-good").exists());
    assert!(place.path(".openclaw/gateway.sqlite").exists());
    place.run(&["config", "rollback"]).ok();
    assert_eq!(place.read(".openclaw/openclaw.json"), before);
}

#[test]
fn u37_a_reset_ends_and_removes_what_is_of_this_profile_alone() {
    let place = lived_in();
    let rescue = ["--profile", "rescue"];
    place.write(
        ".openclaw-rescue/openclaw.json",
        &json!({ "logging": { "file": place.path("rescue.log") } }).to_string(),
    );
    let other = place.gateway(&rescue);
    let own = place.gateway(&[]);
    // A device is paired, and this machine was a node of some gateway.
    place
        .run(&[
            "health",
            "--url",
            &own.url(),
            "--token",
            "the-token-0123456789",
        ])
        .ok();
    place.write(".openclaw/node.json", "{}");
    place.write(".openclaw/node.env", "OPENCLAW_GATEWAY_TOKEN=x");
    let ran = place
        .run(&["reset", "--scope", "config+creds+sessions", "--yes"])
        .ok();
    assert!(ran.out.contains("Stopped the gateway (pid "), "{ran:?}");
    for gone in [
        "openclaw.json",
        "openclaw.json.last-good",
        "openclaw.json.bak",
        "node.json",
        "node.env",
        "identity/device.json",
    ] {
        assert!(!place.path(&format!(".openclaw/{gone}")).exists(), "{gone}");
    }
    let left = std::fs::read_dir(place.path(".openclaw")).expect("a directory");
    let of_database = left
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a name")
        })
        .filter(|name| name.starts_with("gateway.sqlite"));
    assert_eq!(of_database.collect::<Vec<_>>(), Vec::<String>::new());
    assert!(place.path(".openclaw/workspace/notes.md").exists());
    drop(own);
    // Out of the way, the next start is a first one.
    place.write(".openclaw/openclaw.json", "{}");
    let ran = place
        .run(&["reset", "--scope", "full", "--yes", "--json"])
        .ok();
    assert_eq!(ran.json()["ok"], true);
    assert!(!place.path(".openclaw/workspace").exists());
    assert!(!place.path(".openclaw/link").exists());
    others_are_untouched(&place);
    place
        .run(&[
            "--profile",
            "rescue",
            "gateway",
            "call",
            "health",
            "--url",
            &other.url(),
        ])
        .fails(1);
    place
        .run(&["--profile", "rescue", "gateway", "health"])
        .ok();
    other.stop();
}

#[test]
fn u37_an_uninstall_keeps_the_workspace_unless_it_is_named() {
    let place = lived_in();
    let ran = place.run(&["uninstall", "--state", "--yes"]).ok();
    assert!(
        ran.out
            .ends_with("Tip: workspaces were preserved. Re-run with --workspace to remove them.\n"),
        "{ran:?}"
    );
    assert!(ran.out.contains("CLI still installed: "), "{ran:?}");
    let mut left: Vec<_> = std::fs::read_dir(place.path(".openclaw"))
        .expect("the state directory")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["workspace", "workspace-rescue"]);
    place.run(&["uninstall", "--all", "--yes"]).ok();
    assert!(!place.path(".openclaw/workspace").exists());
    others_are_untouched(&place);
}

#[test]
fn paths_that_hold_more_than_ours_are_refused() {
    for (variable, value) in [
        ("OPENCLAW_STATE_DIR", "/"),
        ("OPENCLAW_STATE_DIR", "."),
        ("OPENCLAW_STATE_DIR", "precious"),
        ("OPENCLAW_WORKSPACE_DIR", "/etc"),
        ("OPENCLAW_WORKSPACE_DIR", "."),
        ("OPENCLAW_WORKSPACE_DIR", ".openclaw-rescue"),
    ] {
        let mut place = lived_in();
        let path = if value.starts_with('/') {
            value.to_owned()
        } else {
            place
                .path(value)
                .display()
                .to_string()
                .trim_end_matches("/.")
                .to_owned()
        };
        place.set_env(variable, &path);
        let ran = place.run(&["reset", "--scope", "full", "--yes"]).fails(1);
        assert!(
            ran.err
                .starts_with(&format!("Refusing to remove unsafe path: {path}")),
            "{ran:?}"
        );
        assert!(place.path(".openclaw/openclaw.json").exists());
        others_are_untouched(&place);
    }
}
