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
    place.run(&["gateway", "run"]).fails(78);
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
    place.write("plain", "");
    let file = place.path(".openclaw/openclaw.json");
    for change in [
        json!({ "gateway": { "mode": "remote", "remote": { "url": "wss://x.example" } } }),
        json!({ "gateway": { "auth": { "token": "${NOT_SET_ANYWHERE}" } } }),
        json!({ "gateway": { "auth": { "token": null } } }),
        json!({ "logging": { "file": place.path("plain/x.log") } }),
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
