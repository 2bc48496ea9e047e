//! `environments.*`: the machines that this gateway reaches, as protocol 4 lists them: itself and its nodes.

use std::collections::BTreeSet;

use openclaw_protocol::error::WireError;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::core::Core;
use crate::rpc::context::{Ctx, Payload, RpcResult, parse};
use crate::rpc::node;
use crate::rpc::router::Methods;

/// Most commands that one entry may name.
const MAX_COMMANDS: usize = 128;

pub(super) fn register(methods: &mut Methods) {
    methods.now("environments.list", list);
    methods.now("environments.status", status);
}

fn list(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    #[derive(Deserialize)]
    struct Params {
        projection: Option<String>,
    }
    let Params { projection } = parse("environments.list", params)?;
    // Profiles say how to make machines; this gateway makes none.
    let environments = match projection.as_deref() {
        Some("profiles") => Vec::new(),
        _ => all(ctx.core),
    };
    Ok(Payload::of(&json!({ "environments": environments })))
}

fn status(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Params {
        environment_id: String,
    }
    let Params { environment_id } = parse("environments.status", params)?;
    all(ctx.core)
        .into_iter()
        .find(|environment| environment["id"] == environment_id.as_str())
        .map(|environment| Payload::of(&environment))
        .ok_or_else(|| WireError::invalid("unknown environmentId"))
}

fn all(core: &Core) -> Vec<Value> {
    let gateway = json!({
        "id": "gateway",
        "type": "local",
        "label": core.server.host,
        "status": "available",
        "platform": std::env::consts::OS,
        "sessionHost": false,
        "trust": "persistent",
    });
    let nodes = node::entries(core);
    std::iter::once(gateway)
        .chain(nodes.iter().map(of_node))
        .collect()
}

/// What a list of nodes says about one, in the words of this list.
fn of_node(node: &Value) -> Value {
    let id = node["nodeId"].as_str().unwrap_or_default();
    let connected = node["connected"] == true;
    let texts = |key: &str| {
        node[key]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    };
    let mut environment = json!({
        "id": format!("node:{id}"),
        "type": "node",
        "label": node["displayName"].as_str().unwrap_or(id),
        "status": if connected { "available" } else { "unavailable" },
        "sessionHost": false,
        "trust": "persistent",
    });
    for key in [
        "platform",
        "lastConnectedAtMs",
        "lastSeenAtMs",
        "lastSeenReason",
    ] {
        if let Some(value) = node.get(key) {
            environment[key] = value.clone();
        }
    }
    let capabilities: BTreeSet<&str> = texts("caps").chain(texts("commands")).collect();
    if !capabilities.is_empty() {
        environment["capabilities"] = json!(capabilities);
    }
    let commands: BTreeSet<&str> = texts("commands").collect();
    if !commands.is_empty() {
        environment["invocableCommands"] = commands.into_iter().take(MAX_COMMANDS).collect();
    }
    environment
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connected_node() {
        let told = of_node(&json!({
            "nodeId": "n1", "displayName": "Attic", "connected": true, "platform": "linux",
            "caps": ["system"], "commands": ["system.run", "system.which"], "lastConnectedAtMs": 5,
        }));
        assert_eq!(
            told,
            json!({
                "id": "node:n1", "type": "node", "label": "Attic", "status": "available", "sessionHost": false,
                "trust": "persistent", "platform": "linux", "lastConnectedAtMs": 5,
                "capabilities": ["system", "system.run", "system.which"],
                "invocableCommands": ["system.run", "system.which"],
            })
        );
    }

    #[test]
    fn a_node_that_is_away() {
        let told =
            of_node(&json!({ "nodeId": "n1", "connected": false, "caps": [], "commands": [] }));
        assert_eq!(
            told,
            json!({
                "id": "node:n1", "type": "node", "label": "n1", "status": "unavailable", "sessionHost": false,
                "trust": "persistent",
            })
        );
    }
}
