//! Secrets that the environment gives in a way that they cannot be had, or that others can get at.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::place::{Place, free_port};

const SECRET: &str = "a-token-from-a-file-0123456789abcdef";

/// A home whose token is in a file of this mode.
fn with_file(mode: u32) -> Place {
    let mut place = Place::with_gateway(&json!({ "mode": "local", "port": free_port() }));
    place.write("secret", SECRET);
    let path = place.path("secret");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    place.set_env("OPENCLAW_GATEWAY_TOKEN_FILE", &path.display().to_string());
    place
}

fn finding<'a>(doctor: &'a Value, id: &str) -> Option<&'a Value> {
    fn search<'a>(value: &'a Value, id: &str) -> Option<&'a Value> {
        match value {
            Value::Object(object) if object.get("id").is_some_and(|found| found == id) => {
                Some(value)
            }
            Value::Object(object) => object.values().find_map(|below| search(below, id)),
            Value::Array(list) => list.iter().find_map(|below| search(below, id)),
            _ => None,
        }
    }
    search(doctor, id)
}

#[test]
fn u18_a_pipe_in_the_place_of_a_secret_file_keeps_no_command_waiting() {
    let mut place = Place::with_gateway(&json!({ "mode": "local", "port": free_port() }));
    let pipe = place.path("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    place.set_env("OPENCLAW_GATEWAY_TOKEN_FILE", &pipe.display().to_string());
    // What needs no credential goes on; the problem is told where one looks for problems.
    place.run(&["--help"]).ok();
    assert_eq!(
        place.run(&["config", "get", "gateway.mode"]).ok().out,
        "local\n"
    );
    let told = format!(
        "OPENCLAW_GATEWAY_TOKEN_FILE={}: a pipe, not a file",
        pipe.display()
    );
    let status = place.run(&["gateway", "status", "--no-probe"]).ok();
    assert!(
        status
            .out
            .contains(&format!("Auth note: {told}; name a file")),
        "{status:?}"
    );
    let doctor = place.run(&["doctor", "--json"]).json();
    let found = finding(&doctor, "env_secret_unusable").unwrap_or_else(|| panic!("{doctor}"));
    assert!(found.to_string().contains("a pipe, not a file"), "{found}");
    // What needs it refuses, and nothing is made in its place.
    for line in [&["gateway", "run"][..], &["health"], &["up"]] {
        let refused = place.run(line).fails(78);
        assert!(
            refused.err.contains(&told) && refused.err.contains("Fix: name a file"),
            "{line:?}: {refused:?}"
        );
    }
    assert!(!place.read(".openclaw/openclaw.json").contains("token"));
}

#[test]
fn u18_a_pipe_of_the_shell_is_read_to_its_end() {
    let place = Place::with_gateway(&json!({ "mode": "local" }));
    let program = env!("CARGO_BIN_EXE_openclaw");
    let script = format!(
        "printf %s {SECRET} | OPENCLAW_GATEWAY_TOKEN_FILE=/dev/fd/0 {program} gateway status --no-probe"
    );
    let mut ran = place.start_program("/bin/sh", &["-c", &script]);
    ran.wait_for("secret from: env OPENCLAW_GATEWAY_TOKEN_FILE");
    let (status, lines) = ran.wait();
    assert!(status.success(), "{lines:?}");
    assert!(!lines.join("\n").contains("Auth note"), "{lines:?}");
}

#[test]
fn u02_the_variable_that_names_the_file_is_the_source_and_who_may_read_it_is_told() {
    let place = with_file(0o666);
    let status = place.run(&["gateway", "status", "--no-probe"]).ok();
    assert!(
        status
            .out
            .contains("secret from: env OPENCLAW_GATEWAY_TOKEN_FILE"),
        "{status:?}"
    );
    let path = place.path("secret").display().to_string();
    let told =
        format!("OPENCLAW_GATEWAY_TOKEN_FILE={path}: other users may change the file (mode 666)");
    assert!(
        status.out.contains(&format!("{told}; chmod 600 {path}")),
        "{status:?}"
    );
    let doctor = place.run(&["doctor", "--json"]).json();
    let found = finding(&doctor, "env_secret_open").unwrap_or_else(|| panic!("{doctor}"));
    assert!(found.to_string().contains("chmod 600"), "{found}");

    let private = with_file(0o600);
    let status = private.run(&["gateway", "status", "--no-probe"]).ok();
    assert!(!status.out.contains("Auth note"), "{status:?}");
}

#[test]
fn u02_a_token_that_is_no_text_is_refused_and_no_other_is_made() {
    let place = Place::with_gateway(&json!({ "mode": "local", "port": free_port() }));
    for name in ["OPENCLAW_GATEWAY_TOKEN", "CLAWDBOT_GATEWAY_TOKEN"] {
        let output = place
            .command(&["gateway", "run"])
            .env(name, OsStr::from_bytes(b"to\xffken"))
            .output()
            .unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{err}");
        assert!(err.contains(&format!("{name} is not UTF-8")), "{err}");
        assert!(err.contains("Fix: "), "{err}");
    }
    assert!(!place.read(".openclaw/openclaw.json").contains("token"));
}

#[test]
fn u11_a_token_of_one_character_is_for_this_machine_only() {
    let mut place = Place::with_gateway(&json!({ "mode": "local", "port": free_port() }));
    place.set_env("OPENCLAW_GATEWAY_TOKEN", "x");
    let refused = place.run(&["gateway", "run", "--bind", "lan"]).fails(78);
    assert!(
        refused
            .err
            .contains("refusing to bind to lan with a weak token (shorter than 6 characters)")
            && refused.err.contains("openssl rand -hex 32"),
        "{refused:?}"
    );
    let gateway = place.gateway(&["--bind", "loopback"]);
    place.run(&["health"]).ok();
    assert!(gateway.stop().success());
    place.set_env("OPENCLAW_GATEWAY_TOKEN", "abc123");
    place.set_env("OPENCLAW_GATEWAY_BIND", "lan");
    let status = place.run(&["gateway", "status", "--no-probe"]).ok();
    assert!(
        status
            .out
            .contains("its token can be guessed (shorter than 16 characters)"),
        "{status:?}"
    );
}

#[test]
fn u02_an_install_that_installs_nothing_writes_nothing() {
    let place = Place::new()
        .with_env("PATH", "/nonexistent")
        .with_env("OPENCLAW_GATEWAY_TOKEN", SECRET)
        .with_env("OPENCLAW_GATEWAY_BIND", "loopback");
    let ran = place
        .run(&["gateway", "install", "--port", "18999"])
        .fails(1);
    assert!(ran.out.contains("nothing was installed"), "{ran:?}");
    assert!(
        ran.out.contains("\n  openclaw gateway run --port 18999\n"),
        "{ran:?}"
    );
    assert!(!ran.err.contains("Wrote"), "{ran:?}");
    assert!(!place.path(".openclaw/openclaw.json").exists());
}
