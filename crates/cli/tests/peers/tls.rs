//! Upstream's own probe against our gateway over TLS: the pin decides.

use serde_json::{Value, json};

use crate::peer::{Machine, Maker, Release, free_port, until};

const TOKEN: &str = "peers-shared-secret";

/// Runs upstream's `gateway probe` with this pin; gives what it says about the remote gateway.
fn probe(release: Release, port: u16, pin: &str) -> Value {
    let config = json!({
        "gateway": {
            "mode": "remote",
            "remote": { "url": format!("wss://127.0.0.1:{port}"), "token": TOKEN, "tlsFingerprint": pin },
        },
        "plugins": { "enabled": false },
    });
    let machine = Machine::new(Maker::Upstream(release), &config);
    let finished = machine.run(&["gateway", "probe", "--json"]);
    let report: Value = serde_json::from_str(&finished.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", finished.report()));
    let target = report["targets"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|target| target["id"] == "configRemote")
        .unwrap_or_else(|| panic!("no remote target: {}", finished.report()));
    target.clone()
}

pub(crate) fn check(release: Release) {
    let port = free_port();
    let gateway = Machine::new(
        Maker::Ours,
        &json!({
            "gateway": {
                "mode": "local", "bind": "loopback", "port": port,
                "auth": { "mode": "token", "token": TOKEN },
                "tls": { "enabled": true },
            },
        }),
    );
    let mut running = gateway.start(&["gateway", "run"]);
    let own = || gateway.json(&["gateway", "status", "--json"]).ok();
    let up = until(std::time::Duration::from_secs(30), || {
        running.has_ended() || own().is_some_and(|status| status["rpc"]["ok"] == true)
    });
    assert!(up && !running.has_ended(), "{}", running.said());
    let status = own().expect("it answered a moment ago");
    let pin = status["gateway"]["tlsFingerprint"]
        .as_str()
        .unwrap_or_else(|| panic!("no fingerprint: {status}"))
        .to_owned();
    let seen = probe(release, port, &pin);
    assert_eq!(seen["connect"]["ok"], true, "{seen}");
    assert!(!seen["health"].is_null(), "{seen}");
    let colons: Vec<&str> = (0..32).map(|at| &pin[2 * at..2 * at + 2]).collect();
    let seen = probe(release, port, &colons.join(":").to_uppercase());
    assert_eq!(seen["connect"]["ok"], true, "{seen}");
    let seen = probe(release, port, &"0".repeat(64));
    assert_eq!(seen["connect"]["ok"], false, "{seen}");
}
