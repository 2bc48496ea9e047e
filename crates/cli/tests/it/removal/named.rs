//! Folders that a config names for a person stay, also when the config cannot be read.

use std::process::Command;

use serde_json::json;

use crate::place::Place;

const STATE: [&str; 4] = ["uninstall", "--state", "--yes", "--non-interactive"];
const FULL: [&str; 4] = ["reset", "--scope", "full", "--yes"];
const CONFIG: [&str; 4] = ["reset", "--scope", "config", "--yes"];

const CONFIG_FILE: &str = ".openclaw/openclaw.json";
const DIARY: &str = ".openclaw/notes/diary.md";
const SECTION: &str = "agents:{defaults:{workspace:'~/.openclaw/notes'}}";

/// A home in which somebody keeps a diary in the state directory.
fn with_diary(config: &str) -> Place {
    let place = Place::new();
    place.write(DIARY, "mine");
    place.write(".openclaw/gateway.sqlite", "");
    place.write(".openclaw/identity/device.json", "{}");
    place.write(CONFIG_FILE, config);
    place
}

fn is_kept(place: &Place, what: &str) {
    let dry = place.run(&["uninstall", "--state", "--dry-run"]).ok();
    assert!(dry.out.contains("~/.openclaw/notes"), "{what}: {dry:?}");
    for line in [&FULL[..], &STATE] {
        let ran = place.run(line).ok();
        assert_eq!(place.read(DIARY), "mine", "{what}: {ran:?}");
    }
    assert!(!place.path(".openclaw/gateway.sqlite").exists(), "{what}");
    assert!(!place.path(".openclaw/identity").exists(), "{what}");
}

#[test]
fn what_a_config_that_cannot_be_read_names_stays() {
    for config in [
        format!("{{{SECTION} gateway:{{}}}}"),
        "{$include:'more.json5'}".to_owned(),
        "{agents:{$include:'more.json5'}}".to_owned(),
        "{agent:{workspace:'~/.openclaw/notes'}}".to_owned(),
        "{agents:{defaults:{workspace:'${WSDIR}/notes'}}}".to_owned(),
        "{agents:{list:{main:{workspace:'~/.openclaw/notes'}}}}".to_owned(),
        "{agents:{defaults:{workspace:'.openclaw/notes'}}}".to_owned(),
        "{agents:'notes'}".to_owned(),
        "{routing:{agents:{main:{workspace:'~/.openclaw/notes'}}}}".to_owned(),
        "{gateway:{controlUi:{root:'notes'}}}".to_owned(),
        "{gateway:{tls:{keyPath:'~/.openclaw/notes/diary.md'}}}".to_owned(),
        "{skills:{load:{extraDirs:['~/.openclaw/notes']}}}".to_owned(),
    ] {
        let place = with_diary(&config);
        place.write(
            ".openclaw/more.json5",
            "{agents:{defaults:{workspace:'~/.openclaw/notes'}} gateway:{}}",
        );
        is_kept(&place, &config);
    }
}

#[test]
fn u37_a_workspace_of_another_profile_stays() {
    let place = with_diary("{gateway:{mode:'local'}}");
    place.write(
        ".openclaw-rescue/openclaw.json",
        "{agents:{list:[{id:'main',workspace:'~/.openclaw/notes'}]}}",
    );
    is_kept(&place, "a workspace of another profile");
}

#[test]
fn what_is_left_unread_is_told_with_what_to_do() {
    let place = with_diary(&format!("{{{SECTION} gateway:{{}}}}"));
    let ran = place.run(&STATE).ok();
    assert!(
        ran.out.contains(
            "Removed what openclaw wrote in ~/.openclaw; this stays: ~/.openclaw/notes\n"
        ),
        "{ran:?}"
    );
    let told = format!(
        "Kept the rest of ~/.openclaw: ~/.openclaw/openclaw.json has an error, so which folders in it hold files of yours is not known; look at what stays, then remove it yourself: rm -r {}\n",
        place.path(".openclaw").display()
    );
    assert!(ran.out.contains(&told), "{ran:?}");
}

#[test]
fn a_pipe_in_the_place_of_the_config_tells_nothing() {
    let place = with_diary("{}");
    let config = place.path(CONFIG_FILE);
    std::fs::remove_file(&config).expect("a config");
    let made = Command::new("mkfifo").arg(&config).status();
    assert!(made.expect("mkfifo").success());
    is_kept(&place, "a pipe");
}

#[test]
fn what_a_config_named_before_it_was_reset_stays() {
    let place = with_diary(&format!("{{{SECTION}}}"));
    place.run(&CONFIG).ok();
    assert!(!place.path(CONFIG_FILE).exists());
    is_kept(&place, "a reset");
    let place = with_diary(&format!("{{{SECTION}}}"));
    place
        .run(&["reset", "--scope", "config+creds+sessions", "--yes"])
        .ok();
    let ran = place.run(&STATE).ok();
    assert_eq!(place.read(DIARY), "mine", "{ran:?}");
}

#[test]
fn a_folder_that_an_older_config_named_stays() {
    let place = with_diary(&format!("{{{SECTION}}}"));
    place
        .run(&["config", "set", "agents.defaults.workspace", "~/other"])
        .ok();
    is_kept(&place, "an older config");
}

#[test]
fn a_directory_goes_by_what_is_in_it() {
    let mut place = Place::new();
    let mine = [
        "code/gateway.sqlite.new/main.rs",
        "code/gateway.sqlite/main.rs",
        "code/gateway.sqlite.damaged-then/main.rs",
        "code/edit-notebook-with-plan-sand-morenotesfor/main.rs",
        "code/identity/device.json/main.rs",
        "code/dns/zone.db",
        "code/logs/gateway-design.log",
        "code/logs/openclaw-plan.log",
    ];
    for file in mine {
        place.write(file, "mine");
    }
    let ours = [
        "code/openclaw.json",
        "code/dns/gateways.example.com.db",
        "code/logs/openclaw-2026-11-27.log",
        "code/edit-0b1f6d3e-1111-4111-8111-111111111111/openclaw.json",
    ];
    for file in ours {
        place.write(file, "; openclaw-content-hash: 0\n");
    }
    place.write("code/openclaw.json", &json!({}).to_string());
    let state = place.path("code").display().to_string();
    place.set_env("OPENCLAW_STATE_DIR", &state);
    let ran = place.run(&STATE).ok();
    for file in mine {
        assert_eq!(place.read(file), "mine", "{file}: {ran:?}");
    }
    for file in ours {
        assert!(!place.path(file).exists(), "{file}: {ran:?}");
    }
}

#[test]
fn what_was_not_removed_is_not_said_to_be_gone() {
    let place = with_diary("{}");
    std::fs::remove_dir_all(place.path(".openclaw/notes")).expect("notes");
    place.write(".openclaw/backup/old/gateway.lock", "");
    let ran = place.run(&STATE).ok();
    assert!(
        ran.out.contains(
            "Removed what was in ~/.openclaw; this stays: ~/.openclaw/backup/old\nKept ~/.openclaw/backup/old: it is another state directory"
        ),
        "{ran:?}"
    );
}
