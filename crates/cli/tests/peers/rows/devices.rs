//! Pairing: a machine asks, the operator approves, and takes it back.

use serde_json::Value;

use super::{expect, items, text};
use crate::relay::CLIENT_ADDRESS;
use crate::stage::Stage;

pub(crate) fn list(stage: &mut Stage) -> Result<(), String> {
    let list = stage.operator.json(&["devices", "list", "--json"])?;
    let request = pending(&list, "node")?;
    expect(
        text(request, "remoteIp") == CLIENT_ADDRESS,
        "the address of the node",
        request,
    )
}

pub(crate) fn approve_node(stage: &mut Stage) -> Result<(), String> {
    approve(stage, "node")
}

pub(crate) fn approve_guest(stage: &mut Stage) -> Result<(), String> {
    approve(stage, "operator")
}

fn approve(stage: &Stage, role: &str) -> Result<(), String> {
    let list = stage.operator.json(&["devices", "list", "--json"])?;
    let request = text(pending(&list, role)?, "requestId");
    let approved = stage.operator.run(&["devices", "approve", request]);
    if approved.succeeded() && approved.stdout.contains("Approved") {
        Ok(())
    } else {
        Err(approved.report())
    }
}

fn pending<'a>(list: &'a Value, role: &str) -> Result<&'a Value, String> {
    items(list, "pending")
        .iter()
        .find(|request| text(request, "role") == role)
        .ok_or_else(|| format!("no pending request for the role {role} in {list}"))
}

pub(crate) fn guest_must_pair(stage: &mut Stage) -> Result<(), String> {
    let refused = stage.guest().run(&["nodes", "status", "--json"]);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    // The release of September puts it as an upgrade, because the machine is known as a node.
    let told = said.contains("pairing required") || said.contains("role upgrade pending approval");
    if !refused.succeeded() && told {
        Ok(())
    } else {
        Err(refused.report())
    }
}

pub(crate) fn guest_gets_in(stage: &mut Stage) -> Result<(), String> {
    let nodes = stage.guest().json(&["nodes", "status", "--json"])?;
    expect(items(&nodes, "nodes").len() == 1, "the one node", &nodes)
}

pub(crate) fn revoke(stage: &mut Stage) -> Result<(), String> {
    let list = stage.operator.json(&["devices", "list", "--json"])?;
    let guest = items(&list, "paired")
        .iter()
        .find(|device| text(device, "remoteIp") == CLIENT_ADDRESS)
        .ok_or_else(|| format!("the second machine is not in {list}"))?;
    let device = text(guest, "deviceId");
    let revoked = stage.operator.run(&[
        "devices", "revoke", "--device", device, "--role", "operator", "--json",
    ]);
    if revoked.succeeded() && revoked.stdout.contains("revokedAtMs") {
        Ok(())
    } else {
        Err(revoked.report())
    }
}

pub(crate) fn guest_is_refused(stage: &mut Stage) -> Result<(), String> {
    let refused = stage.guest().run(&["nodes", "status", "--json"]);
    if refused.succeeded() {
        Err(refused.report())
    } else {
        Ok(())
    }
}
