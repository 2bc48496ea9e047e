//! `openclaw config edit`, on a terminal that `script` makes.

use std::os::unix::fs::PermissionsExt;

use crate::place::{Place, Ran};

/// Runs the command on a terminal; the editor is a shell script, `answers` is what the person types.
fn edit(place: &Place, editor: &str, answers: &str) -> Ran {
    place.write("editor", &format!("#!/bin/sh\n{editor}\n"));
    let script = place.path("editor");
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&script, executable).expect("the editor");
    let program = env!("CARGO_BIN_EXE_openclaw");
    let mut command = place.command(&[]);
    let environment: Vec<(String, String)> = command
        .get_envs()
        .filter_map(|(name, value)| {
            let text = |text: &std::ffi::OsStr| text.to_str().map(str::to_owned);
            Some((text(name)?, text(value?)?))
        })
        .collect();
    command = std::process::Command::new("script");
    command
        .args(["-qec", &format!("{program} config edit"), "/dev/null"])
        .env_clear()
        .envs(environment)
        .env("EDITOR", &script)
        .current_dir(place.path(""));
    place.write("answers", answers);
    let answers = std::fs::File::open(place.path("answers")).expect("the answers");
    let output = command.stdin(answers).output().expect("script");
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).replace('\r', ""),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

const FILE: &str = ".openclaw/openclaw.json";

fn place() -> Place {
    let place = Place::new();
    place.write(FILE, "// mine\n{ gateway: { port: 4000 } }\n");
    place
}

/// Nothing of the copy stays.
fn tidy(place: &Place) {
    let names = std::fs::read_dir(place.path(".openclaw")).expect("the state directory");
    for entry in names {
        let name = entry.expect("an entry").file_name();
        assert!(
            !name.to_string_lossy().starts_with("edit-"),
            "{}",
            name.display()
        );
    }
}

#[test]
fn the_edited_text_is_checked_and_written() {
    let place = place();
    let ran = edit(
        &place,
        "stat -c %a:%n \"$1\" > mode; stat -c %a \"$(dirname \"$1\")\" >> mode; sed -i s/4000/4001/ \"$1\"",
        "",
    )
    .ok();
    assert!(
        ran.out.contains(
            "Updated ~/.openclaw/openclaw.json: gateway.port. A running gateway applies it by itself."
        ),
        "{ran:?}"
    );
    let text = place.read(FILE);
    assert!(text.contains("// mine") && text.contains("4001"), "{text}");
    let modes = place.read("mode");
    assert!(
        modes.starts_with("600:") && modes.ends_with("700\n"),
        "{modes}"
    );
    tidy(&place);
    let ran = edit(&place, "true", "").ok();
    assert!(ran.out.contains("Nothing changed."), "{ran:?}");
}

#[test]
fn a_mistake_is_explained_and_edited_again_or_dropped() {
    let place = place();
    let before = place.read(FILE);
    // The first time wrong, the second time right.
    let editor = "if [ -e seen ]; then sed -i s/lann/lan/ \"$1\"; else touch seen; sed -i \"s/port: 4000/bind: 'lann'/\" \"$1\"; fi";
    let ran = edit(&place, editor, "y\n").ok();
    assert!(ran.out.contains("gateway.bind: Invalid input"), "{ran:?}");
    assert!(ran.out.contains("did you mean \"lan\"?"), "{ran:?}");
    assert!(place.read(FILE).contains("'lan'"), "{}", place.read(FILE));
    place.write(FILE, &before);
    let ran = edit(&place, "echo '{ gateway: {' > \"$1\"", "n\n").fails(1);
    assert!(ran.out.contains("JSON5"), "{ran:?}");
    assert!(
        ran.out.contains("Dropped; the config file is as it was."),
        "{ran:?}"
    );
    assert_eq!(place.read(FILE), before);
    let ran = edit(&place, "exit 3", "").fails(1);
    assert!(ran.out.contains("ended with exit status: 3"), "{ran:?}");
    assert_eq!(place.read(FILE), before);
    tidy(&place);
}

#[test]
fn somebody_else_s_change_is_not_overwritten_unasked() {
    let place = place();
    let theirs = "{ gateway: { port: 5000 } }\n";
    place.write("theirs", theirs);
    let editor = "cp theirs .openclaw/openclaw.json; sed -i s/4000/4001/ \"$1\"";
    let ran = edit(&place, editor, "n\n").fails(1);
    assert!(
        ran.out
            .contains("somebody else changed the file meanwhile (gateway.port)"),
        "{ran:?}"
    );
    assert_eq!(place.read(FILE), theirs);
}

#[test]
fn without_a_terminal_it_says_what_works_instead() {
    let place = place();
    let ran = place.run(&["config", "edit"]).fails(1);
    assert!(ran.err.contains("no terminal here"), "{ran:?}");
    assert!(
        ran.err.contains("openclaw config set <path> <value>"),
        "{ran:?}"
    );
}

#[test]
fn a_copy_that_a_killed_command_left_is_removed() {
    let place = place();
    let left = ".openclaw/edit-0b1f7a52-3f0e-4d0c-9a55-0123456789ab";
    let leave = || {
        place.write(&format!("{left}/openclaw.json5"), "{ token: 'secret' }");
        place.write(&format!("{left}/.openclaw.json5.swp"), "secret");
    };
    // Only what is one of ours.
    place.write(".openclaw/edit-mine/notes", "kept");
    leave();
    // Another command that edits meanwhile is not disturbed.
    let program = env!("CARGO_BIN_EXE_openclaw");
    let inner = format!(
        "if [ -e nested ]; then exit 0; fi; touch nested; script -qec '{program} config edit' /dev/null < /dev/null; sed -i s/4000/4001/ \"$1\""
    );
    edit(&place, &inner, "").ok();
    assert!(place.path("nested").exists());
    assert!(place.read(FILE).contains("4001"), "{}", place.read(FILE));
    assert!(!place.path(left).exists());
    leave();
    place.gateway(&[]).stop();
    assert!(!place.path(left).exists());
    assert_eq!(place.read(".openclaw/edit-mine/notes"), "kept");
}
