//! `openclaw config`, and what a broken config does.

use serde_json::json;

use crate::place::{Place, mode};

#[test]
fn values_are_set_read_and_removed() {
    let place = Place::new();
    let updated = place.run(&["config", "set", "gateway.mode", "remote"]).ok();
    assert_eq!(
        updated.out,
        "Updated gateway.mode. Restart the gateway to apply.\n"
    );
    place
        .run(&["config", "set", "gateway.remote.url", "ws://host:18789"])
        .ok();
    place
        .run(&["config", "set", "gateway.remote.token", "tok"])
        .ok();
    assert_eq!(mode(&place.path(".openclaw/openclaw.json")), 0o600);
    for (path, text) in [
        ("gateway.mode", "remote\n"),
        ("gateway.remote.token", "tok\n"),
        (
            "gateway.remote",
            "{\n  \"url\": \"ws://host:18789\",\n  \"token\": \"tok\"\n}\n",
        ),
    ] {
        assert_eq!(place.run(&["config", "get", path]).ok().out, text, "{path}");
    }
    assert_eq!(
        place
            .run(&["config", "get", "gateway.mode", "--json"])
            .ok()
            .json(),
        "remote"
    );
    place.run(&["config", "set", "gateway.port", "28901"]).ok();
    assert_eq!(
        place.run(&["config", "get", "gateway.port"]).ok().out,
        "28901\n"
    );
    let removed = place.run(&["config", "unset", "gateway.port"]).ok();
    assert_eq!(
        removed.out,
        "Removed gateway.port. A running gateway applies it by itself.\n"
    );
    for line in [
        &["config", "get", "gateway.port"][..],
        &["config", "unset", "gateway.port"],
    ] {
        let ran = place.run(line).fails(1);
        assert_eq!(ran.err, "Config path not found: gateway.port\n", "{line:?}");
    }
}

#[test]
fn wrong_paths_and_values_write_nothing() {
    let place = Place::new();
    for (line, text) in [
        (&["config", "get", ""][..], "Error: Path is empty.\n"),
        (
            &["config", "get", "a["],
            "Error: Invalid path (missing \"]\"): a[\n",
        ),
        (
            &["config", "get", "a[]"],
            "Error: Invalid path (empty \"[]\"): a[]\n",
        ),
        (
            &["config", "set", "gateway.port", "abc"],
            "Error: Config validation failed: gateway.port: Invalid input: expected number, received string\n",
        ),
    ] {
        assert_eq!(place.run(line).fails(1).err, text, "{line:?}");
    }
    let ran = place
        .run(&["config", "set", "gateway.bind", "lann"])
        .fails(1);
    assert!(ran.err.contains("did you mean \"lan\"?"), "{ran:?}");
    assert!(!place.path(".openclaw/openclaw.json").exists());
}

#[test]
fn u07_e_comments_and_unknown_keys_survive_a_change() {
    let place = Place::new();
    place.write(
        ".openclaw/openclaw.json",
        "// mine\n{\n  gateway: { port: 1234, /* why */ bind: 'loopback', later: true },\n}\n",
    );
    let ran = place.run(&["config", "set", "gateway.port", "4321"]).ok();
    assert!(ran.err.contains("Unrecognized key: \"later\""), "{ran:?}");
    let text = place.read(".openclaw/openclaw.json");
    for kept in ["// mine", "/* why */", "later: true", "4321"] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
}

#[test]
fn u07_c_a_change_can_be_rolled_back() {
    let place = Place::new();
    place.run(&["config", "set", "gateway.port", "1111"]).ok();
    place.run(&["config", "set", "gateway.port", "2222"]).ok();
    place.run(&["config", "rollback"]).ok();
    assert_eq!(
        place.run(&["config", "get", "gateway.port"]).ok().out,
        "1111\n"
    );
    let list = place
        .run(&["config", "rollback", "--list", "--json"])
        .ok()
        .json();
    assert_eq!(list["backups"][0]["index"], 0);
    place.run(&["config", "rollback", "--to", "4"]).fails(1);
}

#[test]
fn u07_a_broken_config_is_explained_once_and_stops_only_what_needs_it() {
    let place = Place::new().with_env("OPENCLAW_GATEWAY_PORT", "1");
    place.write(".openclaw/openclaw.json", "{ gateway: { port: 'x' } }");
    let ran = place.run(&["devices", "list"]).fails(1);
    assert_eq!(ran.out, "");
    assert!(
        ran.err
            .starts_with("Config invalid\nFile: ~/.openclaw/openclaw.json\nProblem:\n"),
        "{ran:?}"
    );
    assert!(
        ran.err
            .contains("gateway.port: Invalid input: expected number, received string"),
        "{ran:?}"
    );
    assert!(
        ran.err.ends_with("Run: openclaw config validate\n"),
        "{ran:?}"
    );
    assert_eq!(ran.err.matches("Config invalid").count(), 1);
    place.run(&["status"]).ok();
    place.run(&["gateway", "status"]).ok();
    place.run(&["config", "validate"]).fails(1);
    let report = place.run(&["status", "--json"]).ok();
    assert!(report.json().is_object());
}

#[test]
fn u07_b_the_last_good_values_go_on() {
    let place = Place::with_gateway(&json!({ "auth": { "token": "good-token-1234" }, "port": 1 }));
    // A gateway remembers what it started with.
    let gateway = place.gateway(&[]);
    gateway.stop();
    place.configure(&json!({ "auth": { "token": 7 }, "port": 1 }));
    let ran = place.run(&["gateway", "health"]).fails(1);
    assert!(
        ran.err
            .contains("Note: last good values in use for gateway.auth"),
        "{ran:?}"
    );
    assert!(ran.err.contains("gateway closed (1006"), "{ran:?}");
}

#[test]
fn x6_a_change_that_waits_is_kept_or_undone_from_the_command_line() {
    let place = Place::with_gateway(&json!({}));
    let _gateway = place.gateway(&[]);
    let file = place.path(".openclaw/openclaw.json");
    let change = |origin: &str| {
        let held = place
            .run(&["gateway", "call", "config.get", "--json"])
            .ok()
            .json();
        let patch = json!({ "gateway": { "controlUi": { "allowedOrigins": [origin] } } });
        let params = json!({
            "raw": patch.to_string(), "baseHash": held["hash"], "confirmWithinMs": 600_000,
        });
        place
            .run(&[
                "gateway",
                "call",
                "config.patch",
                "--params",
                &params.to_string(),
            ])
            .ok();
    };
    let none = place.run(&["config", "confirm"]).fails(1);
    assert!(none.err.contains("No config change waits"), "{none:?}");
    change("https://a.example");
    let kept = place.run(&["config", "confirm"]).ok();
    assert!(
        kept.out
            .starts_with("gateway.controlUi.allowedOrigins, changed by "),
        "{kept:?}"
    );
    assert!(kept.out.ends_with("The change stays.\n"), "{kept:?}");
    let before = std::fs::read_to_string(&file).expect("config");
    change("https://b.example");
    assert_ne!(std::fs::read_to_string(&file).expect("config"), before);
    let undone = place
        .run(&["config", "confirm", "--undo", "--json"])
        .ok()
        .json();
    assert_eq!(undone["outcome"], "reverted");
    assert_eq!(std::fs::read_to_string(&file).expect("config"), before);
}

#[test]
fn x6_a_gateway_that_a_waiting_change_keeps_from_starting_takes_it_back() {
    let place =
        Place::with_gateway(&json!({ "auth": { "token": "the-owner-s-token-0123456789" } }));
    let file = place.path(".openclaw/openclaw.json");
    for change in [
        json!({ "gateway": { "mode": "remote", "remote": { "url": "wss://x.example" } } }),
        json!({ "gateway": { "auth": { "token": "${NOT_SET_ANYWHERE}" } } }),
    ] {
        let gateway = place.gateway(&[]);
        let held = place
            .run(&["gateway", "call", "config.get", "--json"])
            .ok()
            .json();
        let before = std::fs::read_to_string(&file).expect("config");
        let params = json!({
            "raw": change.to_string(), "baseHash": held["hash"], "confirmWithinMs": 600_000,
        });
        let params = params.to_string();
        place
            .run(&["gateway", "call", "config.patch", "--params", &params])
            .ok();
        assert_ne!(std::fs::read_to_string(&file).expect("config"), before);
        // As a power cut: dropping kills.
        drop(gateway);

        let gateway = place.gateway(&[]);
        assert_eq!(
            std::fs::read_to_string(&file).expect("config"),
            before,
            "{change}"
        );
        let url = gateway.url();
        let status = place
            .run(&[
                "gateway",
                "call",
                "remote.status",
                "--json",
                "--url",
                &url,
                "--token",
                "the-owner-s-token-0123456789",
            ])
            .ok()
            .json();
        assert_eq!(status["lastConfirm"]["outcome"], "reverted", "{change}");
        gateway.stop();
    }
}

#[test]
fn x6_a_mistyped_flag_takes_no_change_back() {
    let place = Place::with_gateway(&json!({}));
    let gateway = place.gateway(&[]);
    let held = place
        .run(&["gateway", "call", "config.get", "--json"])
        .ok()
        .json();
    let params = json!({
        "raw": json!({ "gateway": { "controlUi": { "basePath": "/panel" } } }).to_string(),
        "baseHash": held["hash"], "confirmWithinMs": 600_000,
    });
    let params = params.to_string();
    place
        .run(&["gateway", "call", "config.patch", "--params", &params])
        .ok();
    drop(gateway);
    let written = place.read(".openclaw/openclaw.json");
    place
        .run(&["gateway", "run", "--port", "0", "--bind", "nonsense:"])
        .fails(1);
    assert_eq!(place.read(".openclaw/openclaw.json"), written);
    let _gateway = place.gateway(&[]);
    place.run(&["config", "confirm"]).ok();
}

#[test]
fn u07_a_damaged_file_starts_a_gateway_that_says_why() {
    let token = "the-owner-s-token-0123456789";
    let place = Place::with_gateway(&json!({ "auth": { "token": token }, "bind": "loopback" }));
    place.gateway(&[]).stop();
    let good = place.read(".openclaw/openclaw.json");
    for damaged in [
        &good[..good.len() / 2],
        "",
        "\u{0}\u{0}\u{0}",
        "[]",
        &good.replace("\"token\"", "\"tokn\""),
        &good.replace("\"loopback\"", "\"lann\""),
    ] {
        place.write(".openclaw/openclaw.json", damaged);
        std::fs::remove_file(place.log()).ok();
        let gateway = place.gateway(&[]);
        // Who could sign in before, still can.
        let url = gateway.url();
        let status = place
            .run(&[
                "gateway", "call", "status", "--json", "--url", &url, "--token", token,
            ])
            .ok()
            .json();
        let config = &status["gateway"]["config"];
        assert_eq!(
            (&config["valid"], &config["degraded"]),
            (&json!(false), &json!(true))
        );
        let reason = config["issues"][0]["message"].as_str().expect("a reason");
        assert!(
            place
                .read("gateway.log")
                .contains("the config file is not used as it is")
        );
        let shown = place.run(&["status"]).ok();
        assert!(shown.err.contains(reason), "{reason}: {shown:?}");
        // A file that is wrong is left to its owner.
        assert_eq!(place.read(".openclaw/openclaw.json"), damaged);
        gateway.stop();
    }
}

#[test]
fn u07_a_file_that_was_never_right_starts_a_gateway_for_this_machine() {
    let place = Place::new();
    let text = format!(
        "{{ gateway: {{ bind: 'lan', auth: {{ mode: 'nonne' }} }}, logging: {{ file: '{}' }} }}",
        place.log().display()
    );
    place.write(".openclaw/openclaw.json", &text);
    let mut gateway = place.gateway(&[]);
    // Nobody gets in without the token of this run, and only the owner's socket needs none.
    let url = gateway.url();
    place
        .run(&[
            "gateway",
            "call",
            "status",
            "--url",
            &url,
            "--token",
            "a-guessed-token",
        ])
        .fails(1);
    let ran = place.run(&["gateway", "status", "--json"]).ok();
    assert!(
        ran.err.contains("gateway.auth.mode: Invalid input"),
        "{ran:?}"
    );
    assert_eq!(place.read(".openclaw/openclaw.json"), text);
    // Corrected, it is taken over by the running gateway: its token, too.
    let token = "a-token-of-the-corrected-file";
    place.write(
        ".openclaw/openclaw.json",
        &text
            .replace("mode: 'nonne'", &format!("token: '{token}'"))
            .replace("bind: 'lan', ", ""),
    );
    gateway.running.wait_for("config applied");
    place
        .run(&["gateway", "call", "status", "--url", &url, "--token", token])
        .ok();
    gateway.stop();
}

#[test]
fn u07_what_is_no_file_does_not_hang_the_start() {
    for make in ["pipe", "directory"] {
        let place = Place::new();
        let file = place.path(".openclaw/openclaw.json");
        std::fs::create_dir_all(file.parent().expect("a parent")).expect("the state directory");
        if make == "pipe" {
            let made = std::process::Command::new("mkfifo").arg(&file).status();
            assert!(made.expect("mkfifo").success());
        } else {
            std::fs::create_dir(&file).expect("a directory");
        }
        let ran = place.run(&["config", "validate"]).fails(1);
        assert!(
            ran.out.contains("not a regular file; move it away"),
            "{make}: {ran:?}"
        );
        let ran = place
            .run(&["config", "set", "gateway.port", "4000"])
            .fails(1);
        assert!(
            ran.err.contains("not a regular file; move it away"),
            "{make}: {ran:?}"
        );
        let gateway = place.gateway(&[]);
        gateway.stop();
    }
}

#[test]
fn a_state_directory_that_cannot_be_used_says_which_and_why() {
    let place = Place::new();
    std::os::unix::fs::symlink("nowhere", place.path(".openclaw")).expect("a link");
    for line in [
        &["config", "set", "gateway.port", "4000"][..],
        &["gateway", "run"],
    ] {
        let ran = place.run(line);
        assert_ne!(ran.code, Some(0), "{ran:?}");
        assert!(ran.err.contains("is a link that leads nowhere"), "{ran:?}");
    }
}

#[test]
fn changes_say_what_has_to_happen_for_them_to_count() {
    let place = Place::new();
    for (path, value, text) in [
        ("gateway.mode", "local", "Restart the gateway to apply."),
        (
            "gateway.tailscale.resetOnExit",
            "true",
            "A running gateway applies it by itself.",
        ),
        (
            "gateway.remote.url",
            "ws://host:18789",
            "The next command uses it.",
        ),
        (
            "tools.exec.ask",
            "always",
            "Restart the node host to apply.",
        ),
        ("wizard.lastRunAt", "now", "Nothing has to be restarted."),
        (
            "gateway.reload.mode",
            "off",
            "Restart the gateway to apply.",
        ),
    ] {
        let ran = place.run(&["config", "set", path, value]).ok();
        assert_eq!(ran.out, format!("Updated {path}. {text}\n"));
    }
}

#[test]
fn u29_d_a_change_that_a_variable_beats_says_so() {
    let place = Place::new().with_env("OPENCLAW_GATEWAY_PORT", "4001");
    let ran = place.run(&["config", "set", "gateway.port", "4000"]).ok();
    assert!(
        ran.err
            .starts_with("Warning: env OPENCLAW_GATEWAY_PORT beats the file in this shell"),
        "{ran:?}"
    );
    let ran = place.run(&["config", "set", "gateway.bind", "lan"]).ok();
    assert!(!ran.err.contains("beats"), "{ran:?}");
}

#[test]
fn u29_d_values_say_where_they_come_from() {
    let place = Place::new().with_env("OPENCLAW_GATEWAY_PORT", "4001");
    place.run(&["config", "set", "gateway.port", "4000"]).ok();
    let ran = place
        .run(&["config", "get", "gateway.port", "--source"])
        .ok();
    assert_eq!(ran.out, "4001\nSource: env OPENCLAW_GATEWAY_PORT\n");
    let ran = place
        .run(&["config", "get", "gateway.bind", "--source", "--json"])
        .ok();
    assert_eq!(
        ran.json(),
        json!({ "path": "gateway.bind", "value": "loopback", "source": "default" })
    );
    place
        .run(&["config", "get", "gateway.auth.password", "--source"])
        .fails(1);
}

#[test]
fn differences_and_the_schema_are_shown_without_secrets() {
    let place = Place::new();
    let token = "first-secret-token-0123456789";
    place
        .run(&["config", "set", "gateway.auth.token", token])
        .ok();
    place.run(&["config", "set", "gateway.port", "4000"]).ok();
    let ran = place.run(&["config", "diff"]).ok();
    assert_eq!(ran.out, "No difference from the last good config.\n");
    let ran = place.run(&["config", "diff", "--backup", "0"]).ok();
    assert_eq!(ran.out, "+ gateway.port: 4000\n");
    let ran = place.run(&["config", "diff", "--defaults"]).ok();
    assert!(
        ran.out.contains("~ gateway.port: 18789 -> 4000\n"),
        "{ran:?}"
    );
    assert!(
        ran.out.contains("+ gateway.auth.token: ") && !ran.out.contains(token),
        "{ran:?}"
    );
    let text = place
        .read(".openclaw/openclaw.json")
        .replace("4000", "4001");
    place.write(".openclaw/openclaw.json", &text);
    let ran = place.run(&["config", "diff", "--json"]).ok();
    assert_eq!(
        ran.json()["differences"],
        json!([{ "path": "gateway.port", "before": 4000, "after": 4001 }])
    );
    place.run(&["config", "diff", "--backup", "4"]).fails(1);
    let schema = place.run(&["config", "schema"]).ok().json();
    assert_eq!(
        schema["properties"]["gateway"]["properties"]["port"]["type"],
        "integer"
    );
    let ran = place.run(&["config", "--help"]).ok();
    assert!(
        ran.out.contains("edit") && ran.out.contains("diff"),
        "{ran:?}"
    );
}

/// Changes the config of the running gateway, and returns the hash of what is in force then.
fn patch(place: &Place, patch: &serde_json::Value) -> String {
    let held = place
        .run(&["gateway", "call", "config.get", "--json"])
        .ok()
        .json();
    let params = json!({ "raw": patch.to_string(), "baseHash": held["hash"] }).to_string();
    let done = place
        .run(&[
            "gateway",
            "call",
            "config.patch",
            "--json",
            "--params",
            &params,
        ])
        .ok()
        .json();
    assert_eq!(done["changes"]["restart"], json!([]), "{done}");
    done["hash"].as_str().expect("a hash").to_owned()
}

#[test]
fn u22_the_log_follows_its_settings() {
    let place = Place::with_gateway(&json!({}));
    let gateway = place.gateway(&[]);
    let other = place.path("other.log");
    let name = |name: &str| json!({ "ui": { "assistant": { "name": name } } });
    let first = patch(&place, &name("first"));
    patch(&place, &json!({ "logging": { "file": other } }));
    let second = patch(&place, &name("second"));
    patch(&place, &json!({ "logging": { "level": "error" } }));
    let quiet = patch(&place, &name("quiet"));
    patch(&place, &json!({ "logging": { "level": "info" } }));
    let last = patch(&place, &name("last"));
    crate::sshd::until("the last change in the new file", || {
        place.read("other.log").contains(&last)
    });
    let (old, new) = (place.read("gateway.log"), place.read("other.log"));
    assert!(old.contains(&first) && !old.contains(&second), "{old}");
    assert!(new.contains(&second) && !new.contains(&quiet), "{new}");
    // A file that cannot be written leaves the log where it is.
    patch(
        &place,
        &json!({ "logging": { "file": place.path("other.log/no.log") } }),
    );
    crate::sshd::until("the reason", || {
        place
            .read("other.log")
            .contains("the log stays where it is")
    });
    gateway.stop();
}
