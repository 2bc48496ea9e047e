//! What a removal must leave, whatever the environment says.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::lived_in;
use crate::place::Place;
use crate::terminal::Terminal;

const FULL: [&str; 4] = ["reset", "--scope", "full", "--yes"];
const CREDENTIALS: [&str; 4] = ["reset", "--scope", "config+creds+sessions", "--yes"];
const STATE: [&str; 4] = ["uninstall", "--state", "--yes", "--non-interactive"];

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(path)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

#[test]
fn u07_a_directory_is_no_config_file() {
    for line in [&STATE[..], &CREDENTIALS, &FULL] {
        let mut place = lived_in();
        place.write(".config/app/settings", "mine");
        let folder = place.path(".config").display().to_string();
        place.set_env("OPENCLAW_CONFIG_PATH", &folder);
        let ran = place.run(line).fails(1);
        assert!(
            ran.err
                .contains(&format!("Refusing to remove unsafe path: {folder}\n")),
            "{ran:?}"
        );
        assert!(
            ran.err
                .contains("It is a directory where a file was expected; nothing was changed."),
            "{ran:?}"
        );
        assert_eq!(place.read(".config/app/settings"), "mine");
        assert!(place.path(".openclaw/gateway.sqlite").exists());
    }
}

#[test]
fn the_workspace_stays_by_whatever_name_it_is_reached() {
    let mut place = lived_in();
    symlink(".openclaw", place.path("oc")).expect("a link");
    let workspace = place.path("oc/workspace").display().to_string();
    place.set_env("OPENCLAW_WORKSPACE_DIR", &workspace);
    let ran = place.run(&STATE).ok();
    assert!(
        ran.out
            .ends_with("Tip: workspaces were preserved. Re-run with --workspace to remove them.\n"),
        "{ran:?}"
    );
    assert_eq!(place.read(".openclaw/workspace/notes.md"), "mine");
    assert_eq!(
        names(&place.path(".openclaw")),
        ["workspace", "workspace-rescue"]
    );
    // It is the usual one, whatever its name.
    place
        .run(&["uninstall", "--workspace", "--yes", "--non-interactive"])
        .ok();
    assert!(!place.path(".openclaw/workspace").exists());
    // Nothing is said to be preserved that is not there.
    let ran = place.run(&STATE).ok();
    assert!(!ran.out.contains("preserved"), "{ran:?}");
}

#[test]
fn a_workspace_that_was_chosen_is_removed_by_hand_only() {
    let mut place = lived_in();
    place.write("my code/main.rs", "mine");
    let workspace = place.path("my code").display().to_string();
    place.set_env("OPENCLAW_WORKSPACE_DIR", &workspace);
    let all = ["uninstall", "--all", "--yes"];
    let dry = ["uninstall", "--workspace", "--dry-run"];
    for line in [&FULL[..], &all, &dry] {
        let ran = place.run(line).fails(1);
        assert!(
            ran.err
                .starts_with(&format!("Refusing to remove unsafe path: {workspace}\n")),
            "{ran:?}"
        );
        assert!(
            ran.err.contains(&format!(
                "Fix: remove it yourself (rm -r '{workspace}'), or everything but it: openclaw uninstall --state"
            )),
            "{ran:?}"
        );
    }
    assert!(place.path(".openclaw/gateway.sqlite").exists());
    let ran = place.run(&STATE).ok();
    assert!(
        ran.out
            .contains("Tip: the workspace ~/my code was preserved."),
        "{ran:?}"
    );
    assert_eq!(place.read("my code/main.rs"), "mine");
    place.set_env("OPENCLAW_WORKSPACE_DIR", "/usr/lib");
    place.run(&dry).fails(1);
}

#[test]
fn the_usual_workspace_of_another_state_directory_stays() {
    let mut place = lived_in();
    place.write("srv/oc/openclaw.json", "{}");
    let state = place.path("srv/oc").display().to_string();
    place.set_env("OPENCLAW_STATE_DIR", &state);
    let ran = place.run(&FULL).fails(1);
    assert!(
        ran.err
            .contains("It is the workspace of another state directory, too; nothing was changed."),
        "{ran:?}"
    );
    assert_eq!(place.read(".openclaw/workspace/notes.md"), "mine");
    assert!(place.path("srv/oc/openclaw.json").exists());
}

#[test]
fn every_path_is_shown_before_the_question() {
    let place = lived_in();
    for line in [
        &["reset", "--scope", "full"][..],
        &["uninstall", "--state", "--workspace"],
    ] {
        let mut terminal = Terminal::start(place.command(line));
        terminal.answer("[y/N] ", "n\n");
        let (code, text) = terminal.end();
        assert_eq!(code, Some(0), "{text}");
        let shown = text
            .split_once("This will be removed:\n")
            .and_then(|(_, rest)| rest.split_once("Proceed"))
            .unwrap_or_else(|| panic!("{text}"))
            .0;
        for path in [
            "  ~/.openclaw/openclaw.json\n",
            "  ~/.openclaw except ~/.openclaw/workspace-rescue\n",
            "  ~/.openclaw/workspace\n",
        ] {
            assert!(shown.contains(path), "{path}: {text}");
        }
    }
    assert!(place.path(".openclaw/workspace/notes.md").exists());
}

#[test]
fn what_is_mounted_stays() {
    let mut place = lived_in();
    place.write("code/main.rs", "mine");
    place.write("code/deep/lib.rs", "mine");
    place.write(".openclaw/media/deep/none", "");
    place.set_env("OPENCLAW_IN_CONTAINER", "0");
    let own = place.command(&STATE);
    let mount = |script: &str| {
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--mount", "sh", "-c", script, "sh"])
            .args([place.path("code"), place.path(".openclaw/media")])
            .arg(own.get_program())
            .args(own.get_args())
            .env_clear()
            .envs(
                own.get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .current_dir(place.path(""))
            .stdin(Stdio::null());
        command.output()
    };
    let works = mount("mount --bind \"$1\" \"$2\"");
    if !works.is_ok_and(|output| output.status.success()) {
        // Not every system lets its users mount; the reading of the table has a test of its own.
        return;
    }
    let script = "mount --bind \"$1\" \"$2\" && shift 2 && exec \"$@\"";
    let output = mount(script).expect("unshare");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    assert!(
        text.contains("Kept ~/.openclaw/media: something is mounted there"),
        "{output:?}"
    );
    assert_eq!(place.read("code/main.rs"), "mine");
    assert_eq!(place.read("code/deep/lib.rs"), "mine");
    assert!(!place.path(".openclaw/gateway.sqlite").exists());
}

#[test]
fn u37_the_state_of_another_gateway_below_stays() {
    let mut place = Place::new();
    let log = |name: &str| json!({ "logging": { "file": place.path(name) } }).to_string();
    place.write("srv/oc/openclaw.json", &log("outer.log"));
    place.write("srv/oc/b/openclaw.json", &log("inner.log"));
    place.write("srv/oc/notes.md", "mine");
    let at = |place: &Place, name: &str| place.path(name).display().to_string();
    let (outer, inner) = (at(&place, "srv/oc"), at(&place, "srv/oc/b"));
    place.set_env("OPENCLAW_STATE_DIR", &outer);
    place.gateway(&[]).stop();
    place.set_env("OPENCLAW_STATE_DIR", &inner);
    let running = place.gateway(&[]);
    place.set_env("OPENCLAW_STATE_DIR", &outer);
    let ran = place.run(&STATE).ok();
    assert!(
        ran.out.contains(
            "Removed what openclaw wrote in ~/srv/oc; this stays: ~/srv/oc/b, ~/srv/oc/notes.md\n"
        ),
        "{ran:?}"
    );
    assert_eq!(names(&place.path("srv/oc")), ["b", "notes.md"]);
    assert!(place.path("srv/oc/b/gateway.sqlite").exists());
    place.set_env("OPENCLAW_STATE_DIR", &inner);
    place.run(&["gateway", "health"]).ok();
    running.stop();
    // Nothing but our names was there.
    place.run(&STATE).ok();
    assert!(!place.path("srv/oc/b").exists());
}

#[test]
fn u37_nothing_goes_while_another_gateway_runs_within() {
    let mut place = lived_in();
    let inner = place.path(".openclaw/b").display().to_string();
    place.write(
        ".openclaw/b/openclaw.json",
        &json!({ "logging": { "file": place.path("inner.log") } }).to_string(),
    );
    place.set_env("OPENCLAW_STATE_DIR", &inner);
    let running = place.gateway(&[]);
    place.set_env("OPENCLAW_STATE_DIR", "");
    let ran = place.run(&STATE).fails(1);
    assert!(
        ran.err
            .contains(&format!("another program runs on {inner} (pid ")),
        "{ran:?}"
    );
    assert!(
        ran.err.contains(&format!(
            "Stop it first: OPENCLAW_STATE_DIR={inner} openclaw gateway stop"
        )),
        "{ran:?}"
    );
    assert!(place.path(".openclaw/openclaw.json").exists());
    running.stop();
    let ran = place.run(&STATE).ok();
    assert!(
        ran.out
            .contains("Kept ~/.openclaw/b: it is another state directory"),
        "{ran:?}"
    );
    assert!(place.path(".openclaw/b/gateway.sqlite").exists());
    assert!(!place.path(".openclaw/gateway.sqlite").exists());
}

#[test]
fn of_a_directory_that_holds_other_things_only_ours_goes() {
    for line in [&STATE[..], &CREDENTIALS] {
        let mut place = Place::new();
        let mine = [
            "code/src/main.rs",
            "code/.env",
            "code/devices/driver.c",
            "code/gateway/main.go",
            "code/agents/one/sessions/store.py",
        ];
        for file in mine {
            place.write(file, "mine");
        }
        for file in [
            "code/openclaw.json",
            "code/devices/paired.json",
            "code/agents/one/sessions/1.jsonl",
        ] {
            place.write(file, "{}");
        }
        let state = place.path("code").display().to_string();
        place.set_env("OPENCLAW_STATE_DIR", &state);
        place.run(line).ok();
        for file in mine {
            assert_eq!(place.read(file), "mine", "{file}");
        }
        assert_eq!(names(&place.path("code/devices")), ["driver.c"]);
        assert_eq!(names(&place.path("code/agents/one/sessions")), ["store.py"]);
        assert!(!place.path("code/openclaw.json").exists());
    }
}

#[test]
fn what_the_config_names_for_people_stays() {
    for key in ["agents.defaults.workspace", "canvasHost.root"] {
        let place = lived_in();
        place.write(".openclaw/mypages/book.md", "mine");
        place
            .run(&["config", "set", key, "~/.openclaw/mypages"])
            .ok();
        let ran = place.run(&STATE).ok();
        assert_eq!(place.read(".openclaw/mypages/book.md"), "mine", "{ran:?}");
        assert!(ran.out.contains("mypages"), "{ran:?}");
    }
}

#[test]
fn nothing_goes_through_a_link_to_a_directory() {
    let place = lived_in();
    place.run(&["health"]);
    let identity = place.path(".openclaw/identity");
    fs::rename(&identity, place.path("keys")).expect("keys of this machine");
    symlink(place.path("keys"), &identity).expect("a link");
    let ran = place.run(&CREDENTIALS).fails(1);
    assert!(ran.err.contains("through a link to a directory"), "{ran:?}");
    assert!(place.path("keys/device.json").exists());
}

#[test]
fn files_that_were_set_aside_go_with_the_credentials() {
    let place = lived_in();
    place.write(".openclaw/openclaw.json.damaged-1700000000000", "a token");
    place.write(".openclaw/openclaw.json.damaged-by-me", "mine");
    place.run(&CREDENTIALS).ok();
    assert!(
        !place
            .path(".openclaw/openclaw.json.damaged-1700000000000")
            .exists()
    );
    assert!(place.path(".openclaw/openclaw.json.damaged-by-me").exists());
}

#[test]
fn of_a_linked_config_the_link_goes() {
    let config = ["reset", "--scope", "config", "--yes"];
    for line in [&FULL[..], &CREDENTIALS, &STATE, &config] {
        let place = lived_in();
        let text = place.read(".openclaw/openclaw.json");
        place.write("dotfiles/openclaw.json", &text);
        let link = place.path(".openclaw/openclaw.json");
        fs::remove_file(&link).expect("a config");
        symlink(place.path("dotfiles/openclaw.json"), &link).expect("a link");
        let ran = place.run(line).ok();
        assert!(
            ran.out.contains(
                "Kept ~/dotfiles/openclaw.json: ~/.openclaw/openclaw.json is only a link to it\n"
            ),
            "{ran:?}"
        );
        assert!(!link.exists() && !link.is_symlink(), "{line:?}");
        assert_eq!(place.read("dotfiles/openclaw.json"), text);
        if line == config {
            place.run(&["config", "rollback"]).ok();
            assert_eq!(place.read(".openclaw/openclaw.json"), text);
            assert!(!link.is_symlink());
        }
    }
}
