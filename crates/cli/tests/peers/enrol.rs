//! Upstream's node host comes in with our setup code and with our join link, and needs nobody's approval.

use std::time::Duration;

use serde_json::{Value, json};

use crate::peer::{Machine, Maker, Release, Running, free_port, installed, until};

/// For a node host of upstream to start and connect, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

struct Ours {
    machine: Machine,
    _running: Running,
}

impl Ours {
    fn start() -> Self {
        let config = json!({
            "gateway": { "mode": "local", "port": free_port(), "auth": { "mode": "token", "token": "peers-shared-secret" } },
        });
        let machine = Machine::new(Maker::Ours, &config);
        let running = machine.start(&["gateway", "run"]);
        let listens = until(PATIENCE, || running.said().contains("://127.0.0.1:"));
        assert!(listens, "{}", running.said());
        Self {
            machine,
            _running: running,
        }
    }

    fn nodes(&self) -> Vec<Value> {
        let list = self
            .machine
            .json(&["nodes", "status", "--json"])
            .unwrap_or_default();
        list["nodes"].as_array().cloned().unwrap_or_default()
    }
}

fn comes_in(ours: &Ours, line: &[&str], name: &str) {
    let theirs = Machine::new(
        Maker::Upstream(Release::September),
        &json!({ "plugins": { "enabled": false } }),
    );
    let line = [line, &["--display-name", name]].concat();
    let node = theirs.start(&line);
    let mut seen = Value::Null;
    let in_time = until(PATIENCE, || {
        let nodes = ours.nodes();
        seen = nodes
            .into_iter()
            .find(|node| node["displayName"] == name)
            .unwrap_or_default();
        seen["connected"] == true
    });
    assert!(in_time, "{seen}\n{}", node.said());
    let commands = seen["commands"].as_array().cloned().unwrap_or_default();
    assert!(
        commands.contains(&json!("system.run")),
        "approved in the same step: {seen}"
    );
    let devices = ours
        .machine
        .json(&["devices", "list", "--json"])
        .expect("our own list");
    let device = devices["paired"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["deviceId"] == seen["nodeId"]));
    assert_eq!(
        device.map(|device| &device["approvedVia"]),
        Some(&json!("bootstrap")),
        "{devices}"
    );
}

#[test]
fn u24_upstream_s_node_host_of_2026_9_6_enrols_itself() {
    if installed().is_none() {
        eprintln!("not run: the upstream releases are not installed; run: cargo xtask peers");
        return;
    }
    let ours = Ours::start();
    let code = ours
        .machine
        .json(&["qr", "--node", "--force", "--json"])
        .expect("a setup code");
    let code = format!(
        "oc-pair://{}",
        code["setupCode"].as_str().unwrap_or_default()
    );
    comes_in(&ours, &["node", "run", "--pair", &code], "by-setup-code");
    let link = ours
        .machine
        .json(&["devices", "join-code", "--force", "--json"])
        .expect("a join link");
    let link = link["joinUrl"].as_str().unwrap_or_default().to_owned();
    comes_in(&ours, &["connect", &link], "by-join-link");
}
