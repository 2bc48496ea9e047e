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
