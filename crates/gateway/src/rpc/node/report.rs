//! What nodes report: `node.event`, their inventories, and the skill binaries they ask for.

use openclaw_protocol::error::WireError;
use openclaw_protocol::methods::node::INVOKE_PROGRESS;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::rpc::context::{Ctx, Payload, RpcResult, parse, parse_checked};
use crate::rpc::router::Methods;

pub(super) fn register(methods: &mut Methods) {
    methods.now("node.event", event);
    methods.now("node.skills.update", |ctx, params| {
        inventory(ctx, params, "skills")
    });
    methods.now("node.pluginTools.update", |ctx, params| {
        inventory(ctx, params, "tools")
    });
    methods.now("node.runnerInventory.update", runner_inventory);
    // Skills belong to agents, which this gateway does not run.
    methods.now("skills.bins", |_, _| Ok(Payload::Static(r#"{"bins":[]}"#)));
}

#[derive(Deserialize)]
struct EventParams<'a> {
    event: String,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    #[serde(rename = "payloadJSON")]
    payload_json: Option<String>,
}

/// Longest event text queued for operators, in characters.
const MAX_OUTPUT: usize = 2_000;

fn event(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    let report: EventParams<'_> = parse_checked("node.event", params)?;
    let Some(node_id) = ctx.conn.device_id.as_deref() else {
        return Ok(Payload::Static(r#"{"ok":true}"#));
    };
    let text = report
        .payload_json
        .or_else(|| report.payload.map(|raw| raw.get().to_owned()));
    let handled = match report.event.as_str() {
        "node.host.stats" => text
            .filter(|text| text.len() <= 4_096 && is_object(text))
            .map(|stats| {
                ctx.core
                    .nodes
                    .update(node_id, |session| session.host_stats = Some(stats));
            }),
        name @ ("exec.started" | "exec.finished" | "exec.denied") => {
            let payload = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
            payload.map(|payload| exec_event(ctx, node_id, name, &payload))
        }
        "node.presence.alive" | "node.presence.activity" => Some(()),
        _ => None,
    };
    let handled = handled.is_some();
    Ok(Payload::of(&json!({
        "ok": true,
        "event": report.event,
        "handled": handled,
        "reason": if handled { "updated" } else { "ignored" },
    })))
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<serde_json::Map<String, Value>>(text).is_ok()
}

/// Queues the line that operators see in `status`, and audits what ran.
fn exec_event(ctx: &Ctx<'_>, node_id: &str, name: &str, payload: &Value) {
    let field = |key: &str| payload[key].as_str().unwrap_or_default();
    let run = if field("runId").is_empty() {
        String::new()
    } else {
        format!(" id={}", field("runId"))
    };
    let who = format!("(node={node_id}{run}");
    let text = match name {
        "exec.started" => format!("Exec started {who}): {}", field("command")),
        "exec.denied" => format!(
            "Exec denied {who}, {}): {}",
            field("reason"),
            field("command")
        ),
        _ => {
            let how = if payload["timedOut"] == json!(true) {
                "timeout".to_owned()
            } else {
                format!(
                    "code {}",
                    payload["exitCode"]
                        .as_i64()
                        .map_or("?".to_owned(), |code| code.to_string())
                )
            };
            let output: String = field("output").chars().take(MAX_OUTPUT).collect();
            format!("Exec finished {who}, {how})\n{output}")
        }
    };
    ctx.core.system.queue_event(&text);
    let details = json!({
        "event": name,
        "exitCode": payload["exitCode"],
        "timedOut": payload["timedOut"],
        "reason": payload["reason"],
    });
    let line = ctx
        .core
        .audit_event(ctx.conn, "exec", Some(node_id), details);
    ctx.core.audit_lazily(line);
}

/// Acknowledged with what was sent; nothing of it is used by this gateway.
fn inventory(ctx: &Ctx<'_>, params: &str, key: &str) -> RpcResult {
    let sent: serde_json::Map<String, Value> = parse("node inventory", params)?;
    let list = sent.get(key).cloned().unwrap_or_else(|| json!([]));
    let mut answer = json!({ "nodeId": ctx.conn.device_id });
    answer[key] = list;
    Ok(Payload::of(&answer))
}

fn runner_inventory(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase", default)]
    struct Inventory {
        protocol_features: Vec<String>,
    }
    let Some(node_id) = ctx.conn.device_id.as_deref() else {
        return Err(WireError::invalid("device required"));
    };
    // Of all that it may say, this gateway makes use of one thing.
    let told: Inventory = serde_json::from_str(params).unwrap_or_default();
    let streams = told
        .protocol_features
        .iter()
        .any(|name| name == INVOKE_PROGRESS);
    let known = ctx.core.nodes.with(node_id, |session| {
        session.is_some_and(|session| session.streams)
    });
    if streams != known {
        ctx.core
            .nodes
            .update(node_id, |session| session.streams = streams);
    }
    let waiting = ctx
        .core
        .books
        .surfaces
        .lock()
        .pending_of(node_id)
        .map(|request| request.request_id.clone());
    match waiting {
        Some(request_id) => Err(WireError::unavailable(format!(
            "node capability surface is awaiting operator approval; run `openclaw nodes approve {request_id}` \
             (see `openclaw nodes pending`), then this node retries automatically"
        ))),
        None => Ok(Payload::of(&json!({ "nodeId": node_id }))),
    }
}
