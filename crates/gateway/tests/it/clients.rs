//! `clients.*`: who is connected, as the table of connections says.

use openclaw_protocol::methods::clients::{ClientEntry, ClientsList};
use openclaw_protocol::methods::remote::Via;
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::wire::operator_params;
use openclaw_testkit::{TestDevice, TestGateway, Wire};
use serde_json::json;

async fn clients(wire: &mut Wire) -> Vec<ClientEntry> {
    let answer = wire.ok("clients.list", json!({})).await;
    let list: ClientsList = serde_json::from_value(answer.clone()).unwrap();
    assert_eq!(serde_json::to_value(&list).unwrap(), answer);
    list.clients
}

#[tokio::test]
async fn x8_every_live_connection_is_listed_and_can_be_ended() {
    let gateway = TestGateway::start().await;
    let mut owner = gateway.owner().await;
    let device = TestDevice::new();
    let mut node = gateway.node(&device, "Shed", &["system.which"]).await;
    let mut page = gateway.operator(&["operator.read"]).await;
    owner.event("clients.changed").await;

    let list = clients(&mut owner).await;
    let shown: Vec<_> = list
        .iter()
        .map(|entry| {
            (
                entry.name.as_str(),
                entry.role.as_str(),
                entry.via,
                entry.you,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("cli", "operator", Via::Control, true),
            ("Shed", "node", Via::Loopback, false),
            ("cli", "operator", Via::Loopback, false),
        ]
    );
    assert_eq!(list[1].device_id, Some(device.id()));
    assert_eq!(list[2].scopes, ["operator.read"]);
    assert!(
        list.iter()
            .all(|entry| entry.local && entry.secure == Some(true))
    );
    assert!(
        list.iter()
            .all(|entry| entry.last_activity_ms >= entry.connected_at_ms)
    );

    let own = owner
        .err("clients.disconnect", json!({ "connId": list[0].conn_id }))
        .await;
    assert!(
        own["message"]
            .as_str()
            .unwrap()
            .contains("your own connection")
    );
    let refused = page
        .err("clients.disconnect", json!({ "connId": list[1].conn_id }))
        .await;
    assert_eq!(refused["details"]["missingScope"], "operator.admin");
    owner
        .ok("clients.disconnect", json!({ "connId": list[1].conn_id }))
        .await;
    let (_, ended) = node.until_end().await;
    assert_eq!(
        (ended.code, ended.reason.as_str()),
        (1008, "disconnected by operator")
    );
    while clients(&mut owner).await.len() > 2 {
        owner.event("clients.changed").await;
    }
    let gone = owner
        .err("clients.disconnect", json!({ "connId": list[1].conn_id }))
        .await;
    assert!(
        gone["message"]
            .as_str()
            .unwrap()
            .starts_with("unknown connId")
    );
    let log = owner
        .ok("audit.list", json!({ "kind": "client.disconnect" }))
        .await;
    assert_eq!(log["entries"][0]["subject"], list[1].conn_id.as_str());
}

#[tokio::test]
async fn x8_a_forwarded_client_is_not_local_and_protocol_3_hears_no_new_events() {
    let gateway = TestGateway::start().await;
    let device = TestDevice::new();
    let mut params = operator_params(Some(TOKEN), &["operator.read"]);
    params["maxProtocol"] = json!(3);
    let mut old = gateway.wire().await.recording();
    old.hello(params, Some(&device)).await;
    let mut far = gateway.remote_wire().await;
    far.hello(
        operator_params(Some(TOKEN), &["operator.read"]),
        Some(&device),
    )
    .await;
    let mut owner = gateway.owner().await;
    owner.event("clients.changed").await;
    let list = clients(&mut old).await;
    let entry = list.iter().find(|entry| !entry.local).unwrap();
    assert_eq!((entry.via, entry.secure), (Via::Proxy, None));
    // Of two connections of the same device the second takes nothing from the first.
    assert_eq!(
        list.iter()
            .filter(|entry| entry.device_id == Some(device.id()))
            .count(),
        2
    );
    let names: Vec<_> = old
        .recorded()
        .iter()
        .filter_map(|frame| frame["event"].as_str().map(str::to_owned))
        .collect();
    assert!(!names.contains(&"clients.changed".to_owned()), "{names:?}");
}
