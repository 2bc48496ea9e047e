//! Commands of an operator on the gateway's machine.

use super::{expect, items, text};
use crate::stage::Stage;

pub(crate) fn health(stage: &mut Stage) -> Result<(), String> {
    let health = stage.operator.json(&["health", "--json"])?;
    expect(
        health["ok"] == true && health["agents"].is_array(),
        "a healthy gateway with agents",
        &health,
    )
}

pub(crate) fn status(stage: &mut Stage) -> Result<(), String> {
    let status = stage.operator.json(&["status", "--json"])?;
    let gateway = &status["gateway"];
    expect(
        gateway["reachable"] == true && gateway["error"].is_null(),
        "a reachable gateway",
        gateway,
    )?;
    expect(
        status["heartbeat"]["defaultAgentId"].is_string(),
        "the default agent",
        &status,
    )
}

pub(crate) fn gateway_health(stage: &mut Stage) -> Result<(), String> {
    let health = stage.operator.json(&["gateway", "health", "--json"])?;
    expect(health["ok"] == true, "a healthy gateway", &health)
}

pub(crate) fn gateway_call(stage: &mut Stage) -> Result<(), String> {
    let config =
        stage
            .operator
            .json(&["gateway", "call", "config.get", "--json", "--params", "{}"])?;
    expect(
        config["hash"].is_string() && config["valid"] == true,
        "the configuration and its hash",
        &config,
    )?;
    let refused = stage
        .operator
        .run(&["gateway", "call", "no.such.method", "--json"]);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    if refused.succeeded() || !said.contains("unknown method: no.such.method") {
        return Err(format!(
            "expected an unknown method, got: {}",
            refused.report()
        ));
    }
    Ok(())
}

pub(crate) fn gateway_probe(stage: &mut Stage) -> Result<(), String> {
    let probe = stage.owner.json(&["gateway", "probe", "--json"])?;
    expect(probe["ok"] == true, "a reachable gateway", &probe)?;
    let url = format!("ws://127.0.0.1:{}", stage.port());
    let target = items(&probe, "targets")
        .iter()
        .find(|target| text(target, "url") == url);
    let target = target.ok_or_else(|| format!("no target {url} in {probe}"))?;
    expect(target["connect"]["ok"] == true, "a connection", target)?;
    for part in ["health", "summary", "presence", "config", "self"] {
        expect(!target[part].is_null(), part, target)?;
    }
    Ok(())
}

pub(crate) fn gateway_status(stage: &mut Stage) -> Result<(), String> {
    let status = stage.owner.json(&["gateway", "status", "--json"])?;
    expect(status["rpc"]["ok"] == true, "a working connection", &status)
}

pub(crate) fn config_get(stage: &mut Stage) -> Result<(), String> {
    let got = stage.owner.run(&["config", "get", "gateway.port"]);
    if got.succeeded() && got.stdout.trim() == stage.port().to_string() {
        Ok(())
    } else {
        Err(got.report())
    }
}

pub(crate) fn logs(stage: &mut Stage) -> Result<(), String> {
    let logs = stage.operator.run(&["logs", "--limit", "5", "--json"]);
    let is_log = |line: &str| line.starts_with("{\"type\":\"log\"");
    if logs.succeeded()
        && logs.stdout.starts_with("{\"type\":\"meta\"")
        && logs.stdout.lines().any(is_log)
    {
        Ok(())
    } else {
        Err(logs.report())
    }
}

pub(crate) fn system_presence(stage: &mut Stage) -> Result<(), String> {
    let presence = stage.operator.json(&["system", "presence", "--json"])?;
    let has_gateway = items(&presence, "presence")
        .iter()
        .any(|entry| text(entry, "mode") == "gateway");
    expect(has_gateway, "the gateway itself", &presence)
}
