//! A node that comes from elsewhere, from its first knock to a command that it runs.

use std::time::Duration;

use serde_json::{Value, json};

use super::{expect, items, text};
use crate::peer::{Maker, Release, until};
use crate::relay::CLIENT_ADDRESS;
use crate::stage::{NODE_NAME, Stage};

/// For a node to connect, or to try again: its own back-off is up to 30 s.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn asks_to_pair(stage: &mut Stage) -> Result<(), String> {
    stage.start_node();
    let told = until(PATIENCE, || stage.node_said().contains("pairing required"));
    if told {
        Ok(())
    } else {
        Err(format!(
            "the node was not told to pair: {}",
            stage.node_said()
        ))
    }
}

/// Waits for a node in the list that is as wanted. A node that gives up is started again, and that counts as a failure.
fn wait_for_node(stage: &mut Stage, what: &str, wanted: fn(&Value) -> bool) -> Result<(), String> {
    let mut started_again = false;
    let mut seen = Err("the node was never looked for".to_owned());
    let found = until(PATIENCE, || {
        seen = entry(stage);
        let found = seen.as_ref().is_ok_and(wanted);
        if !found && stage.node_has_given_up() {
            started_again = true;
            stage.start_node();
        }
        found
    });
    if !found {
        Err(format!("no node that is {what}: {seen:?}"))
    } else if started_again {
        Err(format!(
            "the node was {what} only after it was started again"
        ))
    } else {
        Ok(())
    }
}

fn is_connected(node: &Value) -> bool {
    node["connected"] == true
}

fn runs_commands(node: &Value) -> bool {
    is_connected(node) && offers(node, "system.run")
}

pub(crate) fn connects(stage: &mut Stage) -> Result<(), String> {
    wait_for_node(stage, "connected", is_connected)
}

/// Returns the id of the node, which it keeps for good.
fn node_id(stage: &mut Stage) -> Result<String, String> {
    if stage.node_id.is_none() {
        stage.node_id = Some(text(&entry(stage)?, "nodeId").to_owned());
    }
    stage
        .node_id
        .clone()
        .ok_or_else(|| "the node has no id".to_owned())
}

fn entry(stage: &Stage) -> Result<Value, String> {
    let list = stage.operator.json(&["nodes", "status", "--json"])?;
    let node = items(&list, "nodes")
        .iter()
        .find(|node| text(node, "displayName") == NODE_NAME);
    node.cloned()
        .ok_or_else(|| format!("{NODE_NAME} is not in {list}"))
}

/// The second step of protocol 4; a gateway of protocol 3 has nothing to approve.
pub(crate) fn approve_commands(stage: &mut Stage) -> Result<(), String> {
    let requests = stage.operator.json(&["nodes", "pending", "--json"])?;
    if let Some(request) = items(&requests, "pending").first() {
        let id = text(request, "requestId").to_owned();
        let approved = stage.operator.json(&["nodes", "approve", &id, "--json"])?;
        expect(
            approved["requestId"] == id.as_str(),
            "the approved request",
            &approved,
        )?;
    }
    wait_for_node(stage, "allowed to run commands", runs_commands)
}

fn offers(node: &Value, command: &str) -> bool {
    items(node, "commands")
        .iter()
        .any(|offered| offered == command)
}

pub(crate) fn status(stage: &mut Stage) -> Result<(), String> {
    let node = entry(stage)?;
    let complete =
        node["paired"] == true && node["connected"] == true && !text(&node, "nodeId").is_empty();
    expect(complete, "a paired, connected node", &node)?;
    expect(
        text(&node, "platform") == "linux" || text(&node, "platform") == "darwin",
        "its platform",
        &node,
    )?;
    let shown = stage.operator.run(&["nodes", "status"]);
    if shown.succeeded() && shown.stdout.contains("Known: 1 · Paired: 1 · Connected: 1") {
        Ok(())
    } else {
        Err(shown.report())
    }
}

pub(crate) fn describe(stage: &mut Stage) -> Result<(), String> {
    let node = stage
        .operator
        .json(&["nodes", "describe", "--node", NODE_NAME, "--json"])?;
    expect(
        offers(&node, "system.which") && node["connected"] == true,
        "the commands of a connected node",
        &node,
    )
}

pub(crate) fn rename(stage: &mut Stage) -> Result<(), String> {
    let id = node_id(stage)?;
    let rename = |name: &str| {
        stage
            .operator
            .json(&["nodes", "rename", "--node", &id, "--name", name, "--json"])
    };
    let renamed = rename("other-name")?;
    expect(
        renamed["displayName"] == "other-name",
        "the new name",
        &renamed,
    )?;
    // The rows after this one know the node by its first name.
    rename(NODE_NAME).map(drop)
}

pub(crate) fn invoke(stage: &mut Stage) -> Result<(), String> {
    let params = json!({ "bins": ["sh", "no-such-program"] }).to_string();
    let arguments = [
        "nodes",
        "invoke",
        "--node",
        NODE_NAME,
        "--command",
        "system.which",
        "--params",
        &params,
        "--json",
    ];
    let answer = stage.operator.json(&arguments)?;
    let found = &answer["payload"]["bins"];
    let complete =
        answer["ok"] == true && found["sh"].is_string() && found["no-such-program"].is_null();
    expect(complete, "where the shell is", &answer)
}

pub(crate) fn run(stage: &mut Stage) -> Result<(), String> {
    // The release of September sends shell commands through the raw call only.
    if stage.operator.maker() == Maker::Upstream(Release::September) {
        let answer = call_system_run(stage, &["echo", "one two"])?;
        return expect(
            answer["payload"]["stdout"] == "one two\n",
            "the output of the command",
            &answer,
        );
    }
    let ran = stage
        .operator
        .run(&["nodes", "run", "--node", NODE_NAME, "--", "echo", "one two"]);
    if ran.succeeded() && ran.stdout == "one two\n" {
        Ok(())
    } else {
        Err(ran.report())
    }
}

pub(crate) fn failing_command(stage: &mut Stage) -> Result<(), String> {
    let answer = call_system_run(stage, &["sh", "-c", "echo why >&2; exit 7"])?;
    let payload = &answer["payload"];
    let complete =
        payload["exitCode"] == 7 && payload["success"] == false && payload["stderr"] == "why\n";
    expect(complete, "exit code 7 and the reason", &answer)
}

fn call_system_run(stage: &mut Stage, command: &[&str]) -> Result<Value, String> {
    let id = node_id(stage)?;
    let params = json!({
        "nodeId": id,
        "command": "system.run",
        "params": { "command": command },
        "timeoutMs": 15_000,
        "idempotencyKey": command.join(" "),
    });
    stage.operator.json(&[
        "gateway",
        "call",
        "node.invoke",
        "--json",
        "--params",
        &params.to_string(),
    ])
}

pub(crate) fn approvals_get(stage: &mut Stage) -> Result<(), String> {
    let approvals = stage
        .operator
        .json(&["approvals", "get", "--node", NODE_NAME, "--json"])?;
    let defaults = &approvals["file"]["defaults"];
    expect(
        defaults["security"] == "full" && approvals["hash"].is_string(),
        "the node's own policy",
        &approvals,
    )
}

pub(crate) fn presence(stage: &mut Stage) -> Result<(), String> {
    let presence = stage.operator.json(&["system", "presence", "--json"])?;
    let node = items(&presence, "presence")
        .iter()
        .find(|entry| text(entry, "mode") == "node");
    let node = node.ok_or_else(|| format!("no node in {presence}"))?;
    expect(
        text(node, "host") == NODE_NAME && text(node, "ip") == CLIENT_ADDRESS,
        "name and address",
        node,
    )
}

pub(crate) fn comes_back(stage: &mut Stage) -> Result<(), String> {
    stage.restart_gateway()?;
    wait_for_node(stage, "back", runs_commands)
}
