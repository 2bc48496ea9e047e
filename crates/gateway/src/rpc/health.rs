//! `health`, `status`, heartbeats, wake words, and what this machine is.

use std::sync::OnceLock;

use openclaw_protocol::error::WireError;
use openclaw_protocol::event;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::core::Core;
use crate::machine;
use crate::records::Change;
use crate::rpc::context::{Call, Ctx, Payload, RpcResult, parse};
use crate::rpc::router::Methods;
use crate::system::SystemState;

pub(super) fn register(methods: &mut Methods) {
    methods.now("health", health);
    methods.now("status", status);
    methods.now("last-heartbeat", |_, _| Ok(Payload::Static("null")));
    methods.now("set-heartbeats", set_heartbeats);
    methods.now("wake", wake);
    methods.now("voicewake.get", |ctx, _| {
        Ok(Payload::Text(ctx.core.system.voicewake_json()))
    });
    methods.later("voicewake.set", crate::later!(voicewake_set));
    methods.now("talk.mode", talk_mode);
    methods.later("system.info", crate::later!(system_info));
    methods.now("diagnostics.stability", stability);
    methods.later("gateway.auth.unlock", crate::later!(unlock));
}

/// Age at which a snapshot is taken anew.
const HEALTH_MAX_AGE_MS: i64 = 60_000;

fn health(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    let probe =
        serde_json::from_str::<Value>(params).is_ok_and(|params| params["probe"] == json!(true));
    let core = ctx.core;
    let now_ms = core.now_ms();
    let cached = core.system.health_json();
    let taken_at = serde_json::from_str::<Value>(&cached)
        .ok()
        .and_then(|health| health["ts"].as_i64())
        .unwrap_or(0);
    if !probe && now_ms - taken_at < HEALTH_MAX_AGE_MS {
        return Ok(Payload::Shared(cached));
    }
    Ok(Payload::Shared(refresh(core)))
}

/// Takes the snapshot anew and tells everyone.
pub(crate) fn refresh(core: &Core) -> std::sync::Arc<str> {
    let fresh = core
        .system
        .refresh_health(&core.server.state_dir, core.now_ms());
    let spec = event::find("health").expect("health is in the protocol's list of events");
    core.hub.broadcast(spec, &fresh, Some(core.state_version()));
    fresh
}

fn status(ctx: &Ctx<'_>, _params: &str) -> RpcResult {
    let core = ctx.core;
    let sessions = core
        .server
        .state_dir
        .join("agents/main/sessions/sessions.json");
    let snapshot = core.snapshot();
    Ok(Payload::of(&json!({
        "runtimeVersion": core.server.version,
        "heartbeat": {
            "defaultAgentId": "main",
            "agents": [{ "agentId": "main", "enabled": false, "every": "30m", "everyMs": 1_800_000 }],
        },
        "channelSummary": [],
        "queuedSystemEvents": core.system.queued_events(),
        "sessions": {
            "paths": [sessions],
            "count": 0,
            "defaults": { "model": null, "contextTokens": null },
            "recent": [],
            "byAgent": [{ "agentId": "main", "path": sessions, "count": 0, "recent": [] }],
        },
        "gateway": {
            "connections": core.hub.len(),
            "nodes": core.nodes.all().len(),
            "invocations": core.invokes.len(),
            "degraded": core.degraded,
            "uptimeMs": core.now_ms() - core.server.started_at_ms,
            "config": {
                "valid": snapshot.valid,
                "degraded": snapshot.is_degraded(),
                "issues": snapshot.issues,
                "warnings": snapshot.warnings,
            },
        },
    })))
}

fn set_heartbeats(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    let enabled = serde_json::from_str::<Value>(params)
        .ok()
        .and_then(|params| params["enabled"].as_bool());
    let enabled = enabled.ok_or_else(|| {
        WireError::invalid("invalid set-heartbeats params: enabled (boolean) required")
    })?;
    ctx.core.system.set_heartbeats(enabled);
    Ok(Payload::of(&json!({ "ok": true, "enabled": enabled })))
}

#[derive(Deserialize)]
struct Wake {
    mode: String,
    text: String,
}

fn wake(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    let Wake { mode, text } = parse("wake", params)?;
    if !matches!(mode.as_str(), "now" | "next-heartbeat") {
        return Err(WireError::invalid("mode must be now or next-heartbeat"));
    }
    if text.trim().is_empty() {
        return Err(WireError::invalid("text required"));
    }
    ctx.core.system.queue_event(text.trim());
    Ok(Payload::Static(r#"{"ok":true}"#))
}

async fn voicewake_set(call: Call) -> RpcResult {
    let params: Value = call.params()?;
    let triggers = params["triggers"]
        .as_array()
        .ok_or_else(|| WireError::invalid("voicewake.set requires triggers: string[]"))?;
    let words = triggers
        .iter()
        .filter_map(|word| word.as_str().map(str::to_owned))
        .collect();
    let core = &call.core;
    let kept = core.system.set_wake_words(words);
    let value = serde_json::to_string(&kept).expect("a list of strings always encodes");
    core.commit(vec![Change::PutValue {
        key: "voicewake.triggers",
        value,
    }])
    .await?;
    let payload = json!({ "triggers": kept });
    core.broadcast("voicewake.changed", &payload);
    Ok(Payload::of(&payload))
}

fn talk_mode(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    #[derive(Deserialize)]
    struct Params {
        enabled: bool,
        phase: Option<String>,
    }
    let Params { enabled, phase } = parse("talk.mode", params)?;
    let payload = json!({ "enabled": enabled, "phase": phase, "ts": ctx.core.now_ms() });
    ctx.core.broadcast("talk.mode", &payload);
    Ok(Payload::of(&payload))
}

async fn system_info(call: Call) -> RpcResult {
    static FIXED: OnceLock<machine::Fixed> = OnceLock::new();
    let fixed = FIXED.get_or_init(machine::Fixed::read);
    let now = machine::Now::read();
    let core = &call.core;
    let mut info = json!({
        "machineName": core.server.host,
        "hostname": core.server.host,
        "platform": std::env::consts::OS,
        "release": fixed.release,
        "arch": std::env::consts::ARCH,
        "osLabel": fixed.os_label,
        "port": core.port(),
        "nodeVersion": "",
        "pid": std::process::id(),
        "processInstanceId": core.server.boot_id,
        "uptimeMs": core.now_ms() - core.server.started_at_ms,
        "cpuCount": fixed.cpu_count,
        "cpuModel": fixed.cpu_model,
        "loadAverage": now.load_average,
        "memoryTotalBytes": now.memory_total,
        "memoryFreeBytes": now.memory_free,
    });
    for (key, value) in core.system.vitals.read().await {
        info[key] = value;
    }
    let state_dir = &core.server.state_dir;
    if let Some(space) = machine::space(state_dir) {
        info["diskTotalBytes"] = json!(space.total);
        info["diskAvailableBytes"] = json!(space.available);
        info["diskPath"] = json!(state_dir);
    }
    Ok(Payload::of(&info))
}

fn stability(ctx: &Ctx<'_>, params: &str) -> RpcResult {
    #[derive(Deserialize, Default)]
    #[serde(rename_all = "camelCase", default)]
    struct Params {
        limit: Option<usize>,
        r#type: Option<String>,
        since_seq: Option<u64>,
    }
    let params: Params = parse("diagnostics.stability", params)?;
    let records = ctx.core.system.records(
        params.since_seq.unwrap_or(0),
        params.r#type.as_deref(),
        params
            .limit
            .unwrap_or(50)
            .clamp(1, SystemState::record_capacity()),
    );
    let mut by_type = serde_json::Map::new();
    let events: Vec<Value> = records
        .iter()
        .map(|record| {
            let count = by_type.entry(record.kind).or_insert(json!(0));
            *count = json!(count.as_u64().unwrap_or(0) + 1);
            json!({ "seq": record.seq, "ts": record.ts, "type": record.kind, "details": record.details })
        })
        .collect();
    Ok(Payload::of(&json!({
        "generatedAt": ctx.core.now_ms(),
        "capacity": SystemState::record_capacity(),
        "count": events.len(),
        "dropped": 0,
        "firstSeq": records.first().map(|record| record.seq),
        "lastSeq": records.last().map(|record| record.seq),
        "events": events,
        "summary": { "byType": by_type, "slowConsumersClosed": ctx.core.system.slow_closes() },
    })))
}

async fn unlock(call: Call) -> RpcResult {
    #[derive(Deserialize)]
    struct Params {
        ip: Option<String>,
    }
    let Params { ip } = call.params()?;
    let address = match ip.as_deref().map(str::trim).filter(|ip| !ip.is_empty()) {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| {
            WireError::invalid(format!(
                "not an IP address: {text}; give an address like 192.0.2.7, or none for all"
            ))
        })?),
    };
    let now_ms = call.core.now_ms();
    let unlocked = call.core.limiter.lock().unlock(address, now_ms)
        + call.core.setup_limiter.lock().unlock(address, now_ms);
    let line = call.audit(
        "auth.unlock",
        ip.as_deref(),
        json!({ "unlocked": unlocked }),
    );
    call.core
        .commit(vec![Change::Audit(Box::new(line))])
        .await?;
    Ok(Payload::of(&json!({ "ok": true, "unlocked": unlocked })))
}
