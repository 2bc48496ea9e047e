//! Tailscale, with a stand-in daemon that keeps real routes and really forwards.

mod faults;
mod identity;
mod routes;

use std::net::SocketAddr;
use std::time::Duration;

use openclaw_gateway::subsystems::SubsystemState;
use openclaw_testkit::gateway::TOKEN;
use openclaw_testkit::tailscale::{HOST, StandIn};
use openclaw_testkit::{TestGateway, TestGatewayBuilder, Wire};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

/// A gateway whose Tailscale is the stand-in; `tailscale` is the section of that name.
fn builder(stand_in: &StandIn, tailscale: &Value) -> TestGatewayBuilder {
    TestGateway::builder()
        .gateway("tailscale", tailscale.clone())
        .env(
            "OPENCLAW_TAILSCALE_SOCKET",
            stand_in.socket().to_str().unwrap(),
        )
        .env("PATH", stand_in.bin().to_str().unwrap())
}

fn config(gateway: &Value) -> Value {
    let mut config =
        json!({ "gateway": { "mode": "local", "auth": { "mode": "token", "token": TOKEN } } });
    for (key, value) in gateway.as_object().unwrap() {
        config["gateway"][key] = value.clone();
    }
    config
}

/// Waits until the part has told a state that is wanted.
async fn until(gateway: &TestGateway, wanted: impl Fn(&SubsystemState) -> bool) -> SubsystemState {
    let subsystems = &gateway.gateway.core().subsystems;
    let mut changes = subsystems.changes();
    let reached = async {
        loop {
            if let Some(state) = subsystems.get("tailscale").filter(|state| wanted(state)) {
                return state;
            }
            changes.changed().await.unwrap();
        }
    };
    let state = tokio::time::timeout(Duration::from_secs(25), reached).await;
    state.unwrap_or_else(|_| panic!("tailscale stays {:?}", subsystems.get("tailscale")))
}

async fn until_up(gateway: &TestGateway) -> String {
    match until(gateway, |state| matches!(state, SubsystemState::Up { .. })).await {
        SubsystemState::Up { detail } => detail,
        other => panic!("{other:?}"),
    }
}

/// Reason and fix of the trouble that is told next.
async fn until_degraded(gateway: &TestGateway, reason: &str) -> (String, String) {
    let state = until(
        gateway,
        |state| matches!(state, SubsystemState::Degraded { reason: told, .. } if told.contains(reason)),
    );
    match state.await {
        SubsystemState::Degraded { reason, fix, .. } => (reason, fix),
        other => panic!("{other:?}"),
    }
}

async fn until_off(gateway: &TestGateway) {
    until(gateway, |state| *state == SubsystemState::Off).await;
}

/// The gateway serves its owner as if nothing were wrong.
async fn serves_locally(gateway: &TestGateway) {
    let mut operator = gateway.operator(&["operator.read"]).await;
    operator.ok("health", json!({})).await;
}

/// Where our route leads, by the stand-in.
fn proxy(stand_in: &StandIn, port: u16) -> Option<String> {
    let routes = stand_in.machine().routes;
    let handlers = routes
        .get("Web")?
        .get(format!("{HOST}:{port}"))?
        .get("Handlers")?;
    Some(handlers.get("/")?.get("Proxy")?.as_str()?.to_owned())
}

fn ingress(stand_in: &StandIn) -> SocketAddr {
    let proxy = proxy(stand_in, 443).unwrap();
    proxy.strip_prefix("http://").unwrap().parse().unwrap()
}

async fn visit(front: SocketAddr, headers: &[(&str, &str)]) -> Wire {
    Wire::open_as(front, HOST, headers).await.unwrap()
}
