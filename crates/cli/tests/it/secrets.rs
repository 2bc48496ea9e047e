//! No live secret in anything that is written down or printed unasked.

use std::fs;

use serde_json::json;

use crate::place::Place;

#[test]
fn u30_no_secret_is_logged() {
    let (token, password) = ("live-token-zq81-secret", "live-password-zq81-secret");
    let place = Place::with_gateway(
        &json!({ "auth": { "token": token, "password": password, "mode": "token" } }),
    )
    .with_env("OPENCLAW_LOG_LEVEL", "trace");
    let gateway = place.gateway(&["--verbose", "--ws-log", "full"]);
    let port = gateway.port.to_string();
    for line in [
        &["gateway", "health", "--token", token][..],
        &["gateway", "health", "--token", "live-wrong-token-zq81"],
        &["status", "--all"],
        &["gateway", "status", "--deep"],
        &["dashboard", "--no-open"],
        &["gateway", "call", "config.get"],
        &["logs"],
        &["audit", "list"],
        &["devices", "list", "--json"],
    ] {
        let ran = place.run(line);
        for secret in [token, password] {
            assert!(
                !ran.out.contains(secret) && !ran.err.contains(secret),
                "{line:?} {ran:?}"
            );
        }
    }
    let mut node = place.start(&["node", "run", "--host", "127.0.0.1", "--port", &port]);
    node.wait_for("connected");
    let told = node.terminate().1.join("\n");
    let (_, lines) = gateway.running.terminate();
    let log = fs::read_to_string(place.log()).unwrap();
    let device_auth = place.read(".openclaw/identity/device-auth.json");
    let device_tokens: Vec<&str> = device_auth
        .split('"')
        .filter(|text| text.len() == 43 && !text.contains(' '))
        .collect();
    assert!(!device_tokens.is_empty(), "{device_auth}");
    for secret in [token, password, "live-wrong-token-zq81"]
        .into_iter()
        .chain(device_tokens)
    {
        for (name, text) in [
            ("log", &log),
            ("console", &lines.join("\n")),
            ("node", &told),
        ] {
            assert!(!text.contains(secret), "{secret} in the {name}");
        }
    }
}
