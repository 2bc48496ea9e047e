//! `openclaw security audit` and `openclaw doctor`, as a person on the gateway's machine sees them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::place::{Place, mode};

const TOKEN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

#[test]
fn u11_the_audit_fails_on_what_is_critical_and_mends_what_is_safe() {
    let place = Place::with_gateway(
        &json!({ "mode": "local", "auth": { "mode": "token", "token": TOKEN } }),
    );
    let config = place.path(".openclaw/openclaw.json");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
    let found = place.run(&["security", "audit"]).fails(1);
    assert!(
        found
            .out
            .contains("CRITICAL\nfs.config.perms_world_readable"),
        "{}",
        found.out
    );
    assert!(found.out.contains("Fix: chmod 600 "), "{}", found.out);
    assert!(!found.out.contains(TOKEN));
    let mended = place
        .run(&["security", "audit", "--fix", "--json"])
        .ok()
        .json();
    assert_eq!(mended["fix"]["errors"], json!([]));
    assert_eq!(mended["report"]["summary"]["critical"], 0);
    assert_eq!(mode(&config), 0o600);
    place
        .run(&[
            "config",
            "set",
            "gateway.controlUi.allowedOrigins",
            r#"["*"]"#,
        ])
        .ok();
    let found = place.run(&["security", "audit", "--json"]).fails(1).json();
    let first = &found["findings"][0];
    assert_eq!(first["checkId"], "gateway.control_ui.origins_wildcard");
    assert_eq!(first["severity"], "critical");
}

#[test]
fn u29_doctor_walks_to_the_gateway_of_this_machine() {
    let place = Place::with_gateway(
        &json!({ "mode": "local", "auth": { "mode": "token", "token": TOKEN } }),
    );
    let config = place.path(".openclaw/openclaw.json");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o600)).unwrap();
    let stopped = place.run(&["doctor", "--json"]).fails(1).json();
    assert_eq!(stopped["verdict"]["id"], "tcp_refused");
    let gateway = place.gateway(&[]);
    let running = place.run(&["doctor", "--json"]).ok().json();
    assert_eq!(running["verdict"], json!(null));
    let hops = running["hops"].as_array().unwrap();
    assert!(
        hops.iter()
            .all(|hop| hop["state"] == "ok" || hop["state"] == "skipped"),
        "{hops:?}"
    );
    let status = place.run(&["gateway", "status"]).ok();
    assert!(status.out.contains("Parts:\n"), "{}", status.out);
    let deep = place
        .run(&["security", "audit", "--deep", "--json"])
        .ok()
        .json();
    assert_eq!(deep["deep"]["gateway"]["ok"], true);
    gateway.stop();
}

#[test]
fn doctor_shows_what_it_mends_asks_before_it_changes_the_config_and_keeps_a_backup() {
    let place = Place::new();
    let written = r#"{
  // kept
  "gateway": { "mode": "local", "token": "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "colour": "red" },
}"#;
    place.write(".openclaw/openclaw.json", written);
    let config = place.path(".openclaw/openclaw.json");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o644)).unwrap();
    let state = place.path(".openclaw");
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();

    let found = place.run(&["doctor", "--non-interactive"]).fails(1);
    for text in [
        "Unknown config keys\n",
        "openclaw config unset gateway.colour",
        "Legacy config keys detected\n",
        "gateway.token is ignored; use gateway.auth.token instead",
        &format!("chmod 600 {}", config.display()),
        "Run \"openclaw doctor --fix\" to apply changes.",
    ] {
        assert!(found.out.contains(text), "{text:?}: {found:?}");
    }
    assert_eq!(mode(&config), 0o644, "looking changes nothing");

    // Without an answer only modes are mended.
    let harmless = place
        .run(&["doctor", "--fix", "--non-interactive"])
        .fails(1);
    assert!(
        harmless
            .err
            .contains("Left alone: openclaw config unset gateway.colour"),
        "{harmless:?}"
    );
    assert!(harmless.out.contains("Done: chmod 600 "), "{harmless:?}");
    assert_eq!((mode(&config), mode(&state)), (0o600, 0o700));
    assert_eq!(place.read(".openclaw/openclaw.json"), written);

    let mended = place.run(&["doctor", "--repair", "--yes"]).fails(1);
    assert!(mended.err.starts_with("Will be done:\n"), "{mended:?}");
    assert!(
        mended
            .out
            .contains("Updated ~/.openclaw/openclaw.json\nBackup: ~/.openclaw/openclaw.json.bak\n"),
        "{mended:?}"
    );
    let now = place.read(".openclaw/openclaw.json");
    assert!(now.contains("// kept") && !now.contains("colour"), "{now}");
    let token = place.run(&["config", "get", "gateway.auth.token"]).ok().out;
    assert_eq!(token.trim(), "0f1e2d3c4b5a69788796a5b4c3d2e1f0");
    place.run(&["config", "get", "gateway.token"]).fails(1);

    let again = place
        .run(&["doctor", "--fix", "--yes", "--json"])
        .fails(1)
        .json();
    assert_eq!(again["fix"]["changes"], json!([]));
    let made = place
        .run(&["doctor", "--generate-gateway-token", "--json"])
        .fails(1)
        .json();
    assert_eq!(made["fix"]["errors"], json!([]));
    assert_eq!(made["verdict"]["id"], "tcp_refused");
    let new = place.run(&["config", "get", "gateway.auth.token"]).ok().out;
    assert!(new != token && new.trim().len() == 64, "{new}");
    assert!(!made.to_string().contains(new.trim()));
}

#[test]
fn doctor_says_what_stands_in_the_way_of_a_gateway_here() {
    let place = Place::new().with_env("CLAWDBOT_GATEWAY_TOKEN", TOKEN);
    place.write(
        ".config/systemd/user/clawdbot-gateway.service",
        "[Service]\nExecStart=/usr/bin/node /opt/clawdbot/index.js gateway\n",
    );
    place.write(
        ".config/systemd/user/openclaw-gateway.service",
        "[Service]\nExecStart=/nonexistent/openclaw gateway\n",
    );
    let found = place.run(&["doctor"]).fails(1);
    for text in [
        "CLAWDBOT_GATEWAY_TOKEN is now OPENCLAW_GATEWAY_TOKEN, and is still read",
        "gateway.mode is unset; nobody has decided yet whether a gateway runs here.",
        "openclaw config set gateway.mode local",
        "State directory missing (~/.openclaw)",
        "Other gateway-like services detected\n- clawdbot-gateway.service (",
        "the program of the service does not exist: /nonexistent/openclaw",
        "  Fix: openclaw gateway install\n",
    ] {
        assert!(found.out.contains(text), "{text:?}: {found:?}");
    }
    assert!(!found.out.contains(TOKEN));
    let made = place.run(&["doctor", "--fix", "--non-interactive"]);
    assert!(made.out.contains("Done: mkdir -m 700 "), "{made:?}");
    assert_eq!(mode(&place.path(".openclaw")), 0o700);
    // A config that cannot be read stops nobody from finding out why.
    place.write(".openclaw/openclaw.json", "{ gateway: { port: 'high' } }");
    let broken = place.run(&["doctor"]).fails(1);
    assert!(
        broken.out.contains("Config\n- CRITICAL: gateway.port: "),
        "{broken:?}"
    );
    assert!(
        broken.out.contains("openclaw config validate"),
        "{broken:?}"
    );
}

#[test]
fn u07_doctor_puts_the_last_good_config_back_and_says_once_what_is_wrong() {
    let place = Place::new();
    place.run(&["config", "set", "gateway.port", "21111"]).ok();
    for (damaged, problem) in [
        ("{ gateway: { port: 1,", "JSON5 parse failed"),
        ("{ gateway: { port: 'high' } }", "gateway.port: "),
    ] {
        place.write(".openclaw/openclaw.json", damaged);
        let told = place
            .run(&["doctor", "--fix", "--non-interactive"])
            .fails(1);
        let said = format!("{}{}", told.out, told.err);
        assert_eq!(said.matches(problem).count(), 1, "{told:?}");
        assert!(!said.contains("Config invalid"), "{told:?}");
        assert!(
            told.err
                .contains("Left alone: put the last good config back"),
            "{told:?}"
        );
        assert_eq!(place.read(".openclaw/openclaw.json"), damaged);

        let mended = place.run(&["doctor", "--fix", "--yes"]).fails(1);
        assert!(
            mended.out.contains("Done: put the last good config back"),
            "{mended:?}"
        );
        let aside = mended
            .out
            .lines()
            .find_map(|line| line.strip_prefix("Damaged file: ~/"))
            .unwrap();
        assert_eq!(place.read(aside), damaged);
        assert!(!mended.out.contains("CRITICAL: "), "{mended:?}");
        let port = place.run(&["config", "get", "gateway.port"]).ok();
        assert_eq!(port.out, "21111\n");
    }
}

#[test]
fn doctor_does_not_call_all_well_what_it_just_called_critical() {
    let place = Place::with_gateway(
        &json!({ "mode": "local", "auth": { "mode": "token", "token": TOKEN }, "controlUi": { "allowedOrigins": ["*"] } }),
    );
    let gateway = place.gateway(&[]);
    let told = place.run(&["doctor"]).fails(1);
    assert!(told.out.contains("- CRITICAL: "), "{told:?}");
    assert!(
        told.out
            .contains("The way to the gateway is fine; see the findings above.\n"),
        "{told:?}"
    );
    assert!(!told.out.contains("All is well"), "{told:?}");
    gateway.stop();
}

#[test]
fn u07_the_first_line_names_a_config_that_is_not_in_force() {
    let place = Place::with_gateway(
        &json!({ "mode": "local", "auth": { "mode": "token", "token": TOKEN } }),
    );
    let mut gateway = place.gateway(&[]);
    place.write(".openclaw/openclaw.json", "{ gateway: { port: 1,");
    gateway.running.signal("HUP");
    gateway.running.find("config is invalid");
    let told = place.run(&["status", "--json"]).ok().json();
    assert_eq!(told["answer"]["degraded"], json!(["config"]), "{told}");
    let told = place.run(&["status"]).ok();
    let first = told.out.lines().next().unwrap();
    assert!(first.ends_with(" · degraded: config"), "{told:?}");
    gateway.stop();
}
