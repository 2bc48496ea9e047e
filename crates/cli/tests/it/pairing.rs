//! Letting others in: codes, words, approvals, over a way in that is not local.

use serde_json::{Value, json};

use crate::place::{Gateway, Place, Running};
use crate::relay;

const TOKEN: &str = "shared-token-0123456789";

fn gateway() -> (Place, Gateway) {
    let place = Place::with_gateway(
        &json!({ "auth": { "token": TOKEN }, "trustedProxies": ["127.0.0.1"] }),
    );
    let gateway = place.gateway(&[]);
    (place, gateway)
}

/// A client elsewhere, in remote mode.
fn client(gateway: &Gateway) -> Place {
    let port = relay::start(gateway.port);
    let client = Place::new();
    for (path, value) in [
        ("gateway.mode", "remote"),
        ("gateway.remote.url", &format!("ws://127.0.0.1:{port}")),
        ("gateway.remote.token", TOKEN),
    ] {
        client.run(&["config", "set", path, value]).ok();
    }
    client
}

fn pending(place: &Place) -> Vec<Value> {
    let list = place.run(&["pairing", "list", "--json"]).ok().json();
    list["requests"].as_array().unwrap().clone()
}

#[test]
fn u01_a_refused_client_names_the_code_that_lets_it_in() {
    let (place, gateway) = gateway();
    let client = client(&gateway);
    let refused = client.run(&["health"]).fails(1);
    assert!(
        refused
            .err
            .contains("gateway closed (1008): pairing required"),
        "{refused:?}"
    );
    let waiting = pending(&place);
    let code = waiting[0]["code"].as_str().unwrap();
    let line = format!(
        "pairing required: approve on the gateway host with: openclaw pairing approve {code}\n"
    );
    assert!(refused.err.contains(&line), "{refused:?}");
    let words = client.run(&["node", "identity", "--json"]).ok().json();
    let words = words["fingerprint"].as_str().unwrap();
    assert!(
        refused.err.contains(&format!("This device: {words}\n")),
        "{refused:?}"
    );

    // It is reached all the same.
    let logs = client.run(&["logs"]).fails(1);
    assert!(
        logs.err
            .starts_with("Gateway reached, but it does not let this command in.\n"),
        "{logs:?}"
    );

    // The same words where it is approved.
    let approved = place
        .run(&["pairing", "approve", &code.to_lowercase()])
        .ok();
    assert!(
        approved.err.contains(&format!("Words: {words}\n")),
        "{approved:?}"
    );
    assert!(approved.out.starts_with("Approved "), "{approved:?}");
    for line in [
        &["health"][..],
        &["devices", "list"],
        &["nodes", "status"],
        &["audit", "verify"],
    ] {
        client.run(line).ok();
    }
    assert!(pending(&place).is_empty());
    // From now on without the shared token.
    client
        .run(&["config", "unset", "gateway.remote.token"])
        .ok();
    client.run(&["health"]).ok();
    let status = client.run(&["gateway", "status"]).ok();
    assert!(
        status
            .out
            .contains("Credential: none; let in by the token of this device\n"),
        "{status:?}"
    );
}

#[test]
fn u15_requests_are_approved_by_whatever_is_at_hand() {
    let (place, gateway) = gateway();
    for query in ["code", "request", "prefix", "device", "latest"] {
        let client = client(&gateway);
        client.run(&["health"]).fails(1);
        let waiting = pending(&place);
        assert_eq!(waiting.len(), 1, "{waiting:?}");
        let text = |name: &str| waiting[0][name].as_str().unwrap().to_owned();
        let device = text("id");
        let word = match query {
            "code" => text("code"),
            "request" => text("requestId"),
            "prefix" => text("requestId")[..8].to_owned(),
            "device" => device.clone(),
            _ => "--latest".to_owned(),
        };
        let ran = place.run(&["devices", "approve", &word]).ok();
        assert!(
            ran.out.starts_with(&format!("Approved {device}")),
            "{query}: {ran:?}"
        );
        client.run(&["health"]).ok();
    }
}

#[test]
fn without_a_request_nothing_is_approved() {
    let (place, gateway) = gateway();
    let ran = place.run(&["devices", "approve"]).fails(1);
    assert_eq!(ran.err, "Error: no pending device requests\n");
    let client = client(&gateway);
    client.run(&["health"]).fails(1);
    let ran = place.run(&["devices", "approve"]).fails(1);
    assert!(
        ran.err.contains("Fix: openclaw devices approve "),
        "{ran:?}"
    );
    let code = pending(&place)[0]["code"].as_str().unwrap().to_owned();
    let ran = place.run(&["devices", "reject", &code]).ok();
    assert!(ran.out.starts_with("Rejected "), "{ran:?}");
    assert!(pending(&place).is_empty());
}

#[test]
fn devices_are_renamed_rotated_revoked_and_removed() {
    let (place, gateway) = gateway();
    let client = client(&gateway);
    client.run(&["health"]).fails(1);
    place.run(&["devices", "approve", "--latest"]).ok();
    client.run(&["health"]).ok();
    let list = place.run(&["devices", "list", "--json"]).ok().json();
    let id = list["paired"][0]["deviceId"].as_str().unwrap().to_owned();
    let short = &id[..8];
    let ran = place.run(&["devices", "rename", short, "Laptop"]).ok();
    assert_eq!(ran.out, format!("Renamed {id} -> Laptop\n"));
    let table = place.run(&["devices", "list"]).ok().out;
    assert!(
        table.contains("Laptop") && table.contains(&id[..12]),
        "{table}"
    );
    let ran = place
        .run(&[
            "devices", "rotate", "--device", "laptop", "--role", "operator",
        ])
        .ok();
    assert_eq!(ran.json()["deviceId"], id);
    let ran = place
        .run(&["devices", "revoke", "--device", &id, "--role", "operator"])
        .ok();
    assert_eq!(ran.json()["role"], "operator");
    let ran = place
        .run(&["devices", "rotate", "--device", &id, "--role", "none"])
        .fails(1);
    assert!(ran.err.starts_with("Error: "), "{ran:?}");
    let ran = place.run(&["devices", "remove", "Laptop"]).ok();
    assert_eq!(ran.out, format!("Removed {id}\n"));
    assert_eq!(
        place.run(&["devices", "list"]).ok().out,
        "No device pairing entries.\n"
    );
    let ran = place.run(&["devices", "clear"]).ok();
    assert_eq!(ran.out, "No device unused for 30d.\n");
}

#[test]
fn a_node_elsewhere_waits_and_is_let_in() {
    let (place, gateway) = gateway();
    let node_place = Place::new().with_env("OPENCLAW_GATEWAY_TOKEN", TOKEN);
    let port = relay::start(gateway.port).to_string();
    let line = [
        "node",
        "run",
        "--host",
        "127.0.0.1",
        "--port",
        &port,
        "--display-name",
        "Build Box",
    ];
    let mut node = node_place.start(&line);
    let told = node
        .wait_for("pairing required: approve on the gateway host with: openclaw pairing approve ");
    let code = told
        .split("approve ")
        .last()
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    let ran = place.run(&["nodes", "approve", &code]).ok();
    assert!(ran.json()["requestId"].is_string(), "{ran:?}");
    node.wait_for("node host connected to ws://127.0.0.1:");
    approve_commands(&place, &mut node);
    let nodes = place.run(&["nodes", "status", "--json"]).ok().json();
    assert_eq!(nodes["nodes"][0]["displayName"], "Build Box");
    assert_eq!(nodes["nodes"][0]["remoteIp"], relay::OUTSIDE);
    let saved: Value = serde_json::from_str(&node_place.read(".openclaw/node.json")).unwrap();
    assert_eq!(saved["gateway"]["port"].to_string(), port);
    let (status, _) = node.terminate();
    assert_eq!(status.code(), Some(0));
}

/// The commands may wait for their own approval.
fn approve_commands(place: &Place, node: &mut Running) {
    for request in pending(place) {
        let code = request["code"].as_str().unwrap().to_owned();
        place.run(&["pairing", "approve", &code]).ok();
        node.wait_for("approved");
    }
}
