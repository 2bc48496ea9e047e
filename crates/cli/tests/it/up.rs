//! From nothing to a running gateway in one step.

use serde_json::Value;

use crate::place::{Place, free_port, mode};

#[test]
fn up_creates_what_is_missing_and_serves_this_machine() {
    let place = Place::new();
    place.write(
        ".openclaw/openclaw.json",
        &format!("{{ logging: {{ file: {:?} }} }}", place.log()),
    );
    let port = free_port().to_string();
    let mut up = place.start(&["up", "--port", &port, "--display-name", "here"]);
    up.wait_for("OpenClaw is up (pid ");
    up.wait_for(&format!("Dashboard: http://127.0.0.1:{port}/"));
    up.wait_for(&format!("ssh -N -L {port}:127.0.0.1:{port} "));
    up.wait_for(&format!("openclaw node run --host 127.0.0.1 --port {port}"));
    up.wait_for(&format!(
        "openclaw config set gateway.remote.url ws://127.0.0.1:{port}"
    ));
    up.wait_for("Stop with Ctrl-C.");
    assert_eq!(mode(&place.path(".openclaw/openclaw.json")), 0o600);
    let token = place.run(&["config", "get", "gateway.auth.token"]).ok().out;
    wait_for_node(&place);
    let ran = place.run(&[
        "nodes",
        "invoke",
        "--node",
        "here",
        "--command",
        "system.which",
        "--params",
        r#"{"bins":["sh"]}"#,
    ]);
    assert!(ran.ok().json()["payload"]["bins"]["sh"].is_string());

    let again = place.run(&["up", "--port", &port]).ok();
    assert!(
        again
            .out
            .starts_with(&format!("A gateway already runs: pid {}, ", up.pid())),
        "{again:?}"
    );
    assert!(!again.out.contains(token.trim_end()));

    up.signal("INT");
    let (status, lines) = up.wait();
    assert_eq!(status.code(), Some(0), "{lines:?}");
    assert!(!lines.join("\n").contains(token.trim_end()), "{lines:?}");

    // A second run uses what is there.
    let mut up = place.start(&["up", "--port", &port, "--json"]);
    let line = up.wait_for("\"ok\":true");
    let told: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(told["created"], serde_json::json!([]));
    assert_eq!(told["node"], "here");
    assert_eq!(
        place.run(&["config", "get", "gateway.auth.token"]).ok().out,
        token
    );
}

/// The node connects a moment after the gateway listens; the log says when.
fn wait_for_node(place: &Place) {
    let mut follower = place.start(&["logs", "--follow", "--interval", "20"]);
    follower.wait_for("node host connected to ");
}

#[test]
fn up_leaves_a_machine_of_another_gateway_alone() {
    let place = Place::with_gateway(
        &serde_json::json!({ "mode": "remote", "remote": { "url": "ws://gw:1" } }),
    );
    let ran = place.run(&["up"]).fails(78);
    assert!(
        ran.err.contains("gateway.mode=local (current: remote)"),
        "{ran:?}"
    );
}

#[test]
fn the_node_of_up_ends_with_its_gateway_alone() {
    let place = crate::service::beside_systemd(Place::new());
    place.write(
        ".openclaw/openclaw.json",
        &format!("{{ logging: {{ file: {:?} }} }}", place.log()),
    );
    let port = free_port().to_string();
    let mut up = place.start(&["up", "--port", &port]);
    up.wait_for("Stop with Ctrl-C.");
    wait_for_node(&place);
    for line in [
        &["node", "stop"][..],
        &["node", "restart"],
        &["node", "install", "--force"],
    ] {
        let ran = place.run(line).fails(1);
        assert!(
            ran.err.contains(&format!(
                "this node is part of the gateway that `openclaw up` runs (pid {}); nothing was changed\n\
                 To stop both: openclaw gateway stop\n",
                up.pid()
            )) && ran.err.contains("openclaw up --no-node\n"),
            "{line:?}: {ran:?}"
        );
        place.run(&["health"]).ok();
    }
    assert!(!place.path(".config").exists());
    place.run(&["gateway", "stop"]).ok();
    let (status, lines) = up.wait();
    assert!(status.success(), "{lines:?}");
}
