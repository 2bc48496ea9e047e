//! Answers against the types of the protocol crate, from which the Control UI's own types are made: nothing is in an answer
//! that its type does not say, and nothing is lost on the way through the type.

use openclaw_protocol::device::ProofVersion;
use openclaw_protocol::methods::device::{DevicePairApproved, DevicePairList};
use openclaw_protocol::methods::node::{NodeDescription, NodeList, NodePairList};
use openclaw_protocol::methods::remote::RemoteStatus;
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::{node_params, operator_params};
use openclaw_testkit::{TestDevice, TestGateway};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub(super) fn assert_shape<T: Serialize + DeserializeOwned>(what: &str, value: &Value) -> T {
    let typed: T = serde_json::from_value(value.clone())
        .unwrap_or_else(|error| panic!("{what}: {error}\n{value:#}"));
    let back = serde_json::to_value(&typed).unwrap();
    assert_eq!(&back, value, "{what}");
    typed
}

#[tokio::test]
async fn answers_are_what_their_types_say() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    // Waiting: a browser, a node from elsewhere, and a paired node that wants more than it has.
    let waiting = [
        operator_params(Some(TOKEN), &["operator.admin"]),
        node_params(Some(TOKEN), "Far", &["system.run", "system.which"]),
    ];
    for params in waiting {
        let mut wire = gateway.remote_wire().await;
        let refused = wire
            .connect(params, Some((&TestDevice::new(), ProofVersion::V3)))
            .await
            .unwrap();
        assert!(
            refused["error"]["details"]["expiresAtMs"].is_i64(),
            "{refused}"
        );
    }
    let device = TestDevice::new();
    drop(gateway.node(&device, "Shed", &["system.which"]).await);
    let mut node = gateway.remote_wire().await;
    let wider = node_params(Some(TOKEN), "Shed", &["system.which", "system.run"]);
    node.hello(wider, Some(&device)).await;
    owner.event("node.pair.requested").await;

    let status = owner.ok("remote.status", json!({})).await;
    let status = assert_shape::<RemoteStatus>("remote.status", &status);
    assert_eq!(status.addresses, None);
    assert_eq!(status.auth.token_bits, Some(27 * 4));
    assert!(status.config_path.ends_with("openclaw.json"));
    let asked = owner
        .ok("remote.status", json!({ "addresses": true }))
        .await;
    let asked = assert_shape::<RemoteStatus>("remote.status", &asked);
    assert!(asked.addresses.is_some());

    let list = owner.ok("device.pair.list", json!({})).await;
    let list = assert_shape::<DevicePairList>("device.pair.list", &list);
    assert_eq!(list.pending.len(), 2);
    let far = list
        .pending
        .iter()
        .find(|request| request.role == "node")
        .unwrap();
    let surface = far.node_surface.as_ref().unwrap();
    assert_eq!(
        surface.surface.commands.as_deref().unwrap(),
        ["system.run", "system.which"]
    );
    assert_eq!(far.expires_at_ms, Some(far.ts + 300_000));
    let shed = &list.paired[0];
    assert_eq!(shed.connected, Some(true));
    assert!(shed.last_seen_at_ms.is_some());
    assert!(shed.pending_node_surface.is_some());

    let nodes = owner.ok("node.list", json!({})).await;
    let nodes = assert_shape::<NodeList>("node.list", &nodes);
    let shed = &nodes.nodes[0];
    assert!(shed.connected && shed.connected_at_ms.is_some() && shed.last_seen_at_ms.is_some());
    let waits = shed.pending_surface.as_ref().unwrap();
    assert_eq!(waits.code.as_deref().map(str::len), Some(8));
    let described = owner
        .ok("node.describe", json!({ "nodeId": device.id() }))
        .await;
    let described = assert_shape::<NodeDescription>("node.describe", &described);
    assert_eq!(described.node.pending_commands.unwrap(), ["system.run"]);
    let pairing = owner.ok("node.pair.list", json!({})).await;
    let pairing = assert_shape::<NodePairList>("node.pair.list", &pairing);
    assert_eq!(pairing.pending.len(), 1);
    assert_eq!(
        pairing.pending[0]
            .surface
            .commands
            .as_deref()
            .unwrap()
            .len(),
        2
    );
    let approved = owner
        .ok(
            "device.pair.approve",
            json!({ "requestId": list.pending[1].request_id }),
        )
        .await;
    assert_shape::<DevicePairApproved>("device.pair.approve", &approved);
}
