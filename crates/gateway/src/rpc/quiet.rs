//! Methods of subsystems that this gateway does not have: agents, chat, channels, cron, skills, models, speech.
//!
//! Clients call many of them when they start. A question gets the true answer of an empty system; an action is refused
//! and says why. Nothing here pretends to have done something.

use openclaw_protocol::error::WireError;
use serde_json::{Value, json};

use crate::rpc::context::{Ctx, Payload, RpcResult};
use crate::rpc::router::Methods;

pub(super) fn register(methods: &mut Methods) {
    for (name, handler) in QUESTIONS {
        methods.now(name, *handler);
    }
    for name in ACTIONS {
        methods.now(name, |_, _| Err(not_here()));
    }
    for name in ["wizard.next", "wizard.cancel", "wizard.status"] {
        methods.now(name, |_, _| Err(WireError::invalid("wizard not found")));
    }
    for name in ["web.login.start", "web.login.wait"] {
        methods.now(name, |_, _| {
            Err(WireError::invalid("web login provider is not available"))
        });
    }
    methods.now("connect", |_, _| {
        Err(WireError::invalid(
            "connect is only valid as the first request",
        ))
    });
}

fn not_here() -> WireError {
    WireError::unavailable(
        "this gateway runs no agents, channels or skills; it connects devices and nodes. Use a gateway that has them.",
    )
    .with_details(json!({ "code": "NOT_AVAILABLE_HERE" }))
}

/// What would do something, and cannot be done here.
const ACTIONS: &[&str] = &[
    "channels.logout",
    "tts.enable",
    "tts.disable",
    "tts.convert",
    "tts.setProvider",
    "wizard.start",
    "skills.install",
    "skills.update",
    "update.run",
    "sessions.patch",
    "sessions.reset",
    "sessions.delete",
    "sessions.compact",
    "sessions.resolve",
    "cron.add",
    "cron.update",
    "cron.remove",
    "cron.run",
    "send",
    "agent",
    "browser.request",
    "chat.send",
    "chat.inject",
];

type Question = (&'static str, fn(&Ctx<'_>, &str) -> RpcResult);

fn param(params: &str, key: &str) -> Value {
    serde_json::from_str::<Value>(params)
        .ok()
        .and_then(|params| params.get(key).cloned())
        .unwrap_or(Value::Null)
}

macro_rules! constant {
    ($name:literal, $text:literal) => {
        (
            $name,
            (|_, _| Ok(Payload::Static($text))) as fn(&Ctx<'_>, &str) -> RpcResult,
        )
    };
}

macro_rules! computed {
    ($name:literal, $ctx:ident, $params:ident, $value:expr) => {
        (
            $name,
            (|$ctx, $params| Ok(Payload::of(&$value))) as fn(&Ctx<'_>, &str) -> RpcResult,
        )
    };
}

/// What an empty system answers.
const QUESTIONS: &[Question] = &[
    computed!(
        "channels.status",
        ctx,
        _params,
        json!({
            "ts": ctx.core.now_ms(),
            "channelOrder": [], "channelLabels": {}, "channelDetailLabels": {}, "channelSystemImages": {},
            "channelMeta": [], "channels": {}, "channelAccounts": {}, "channelDefaultAccountId": {},
        })
    ),
    computed!(
        "usage.status",
        ctx,
        _params,
        json!({ "updatedAt": ctx.core.now_ms(), "providers": [] })
    ),
    computed!(
        "usage.cost",
        ctx,
        _params,
        json!({
            "updatedAt": ctx.core.now_ms(), "days": 30, "daily": [],
            "totals": {
                "input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0,
                "totalTokens": 0, "totalCost": 0, "missingCostEntries": 0,
            },
        })
    ),
    constant!(
        "tts.status",
        r#"{"enabled":false,"auto":"off","provider":null,"providers":[]}"#
    ),
    constant!("tts.providers", r#"{"providers":[],"active":null}"#),
    constant!("models.list", r#"{"models":[]}"#),
    computed!(
        "models.authStatus",
        ctx,
        _params,
        json!({ "ts": ctx.core.now_ms(), "providers": [] })
    ),
    constant!(
        "agents.list",
        r#"{"defaultId":"main","mainKey":"main","scope":"per-sender","agents":[{"id":"main"}]}"#
    ),
    computed!("agent.identity.get", ctx, params, {
        let assistant = &ctx.core.snapshot().settings.ui.assistant;
        let agent_id = param(params, "agentId");
        json!({
            "agentId": if agent_id.is_string() { agent_id } else { json!("main") },
            "name": assistant.name.as_deref().unwrap_or("Assistant"),
            "avatar": assistant.avatar.as_deref().unwrap_or("A"),
        })
    }),
    computed!(
        "agent.wait",
        _ctx,
        params,
        json!({ "runId": param(params, "runId"), "status": "timeout" })
    ),
    computed!(
        "skills.status",
        ctx,
        _params,
        json!({
            "workspaceDir": ctx.core.server.paths.workspace_dir,
            "managedSkillsDir": ctx.core.server.state_dir.join("skills"),
            "skills": [],
        })
    ),
    computed!(
        "sessions.list",
        ctx,
        _params,
        json!({
            "ts": ctx.core.now_ms(), "path": "(multiple)", "count": 0, "totalCount": 0,
            "defaults": { "modelProvider": null, "model": null, "contextTokens": null },
            "sessions": [], "hasMore": false, "nextOffset": null,
        })
    ),
    computed!("sessions.preview", ctx, params, {
        let keys = param(params, "keys")
            .as_array()
            .cloned()
            .unwrap_or_default();
        let previews: Vec<Value> = keys
            .into_iter()
            .map(|key| json!({ "key": key, "status": "missing", "items": [] }))
            .collect();
        json!({ "ts": ctx.core.now_ms(), "previews": previews })
    }),
    constant!("sessions.subscribe", r#"{"subscribed":true}"#),
    computed!(
        "sessions.messages.subscribe",
        _ctx,
        params,
        json!({ "subscribed": true, "key": param(params, "key") })
    ),
    computed!(
        "sessions.messages.unsubscribe",
        _ctx,
        params,
        json!({ "subscribed": false, "key": param(params, "key") })
    ),
    constant!("sessions.describe", r#"{"session":null}"#),
    constant!("sessions.branches.list", r#"{"branches":[]}"#),
    constant!("sessions.companion.state", r#"{"exchanges":[]}"#),
    constant!("sessions.groups.list", r#"{"groups":[],"sectionOrder":[]}"#),
    constant!("sessions.groups.defaults", r#"{"defaults":[]}"#),
    constant!("sessions.observer.visibility", r#"{"ok":true}"#),
    constant!("sessions.viewers.set", r#"{"ok":true,"viewers":[]}"#),
    constant!("sessions.catalog.list", r#"{"catalogs":[]}"#),
    computed!(
        "chat.history",
        _ctx,
        params,
        json!({
            "sessionKey": param(params, "sessionKey"), "messages": [], "thinkingLevel": "low",
        })
    ),
    computed!(
        "chat.startup",
        _ctx,
        params,
        json!({ "sessionKey": param(params, "sessionKey"), "messages": [] })
    ),
    constant!("chat.metadata", r#"{"commands":[],"models":[]}"#),
    constant!("chat.abort", r#"{"ok":true,"aborted":false,"runIds":[]}"#),
    computed!(
        "cron.status",
        ctx,
        _params,
        json!({
            "enabled": false, "storePath": ctx.core.server.state_dir.join("cron/jobs.json"), "jobs": 0, "nextWakeAtMs": null,
        })
    ),
    constant!(
        "cron.list",
        r#"{"jobs":[],"total":0,"offset":0,"limit":50,"hasMore":false,"nextOffset":null}"#
    ),
    constant!("cron.runs", r#"{"entries":[]}"#),
    computed!(
        "diagnostics.lanes",
        ctx,
        _params,
        json!({ "ts": ctx.core.now_ms(), "lanes": [], "dynamic": null })
    ),
    constant!(
        "themes.list",
        r#"{"current":{"id":"claw","mode":"system","scope":"gateway","overrides":{}},"theme":{"id":"claw","name":"Claw","source":"builtin","modes":["dark","light"]},"themes":[]}"#
    ),
    constant!(
        "update.status",
        r#"{"sentinel":null,"updateAvailable":null}"#
    ),
    constant!("question.list", r#"{"questions":[]}"#),
    constant!(
        "talk.catalog",
        r#"{"modes":[],"transports":[],"brains":[],"speech":{"providers":[]},"transcription":{"providers":[]},"realtime":{"providers":[]}}"#
    ),
    constant!("tasks.list", r#"{"tasks":[]}"#),
    constant!("progressCard.get", r#"{"card":null}"#),
    constant!("users.prefs.get", r#"{"status":"ok","entries":{}}"#),
    constant!(
        "plugins.controlUi.list",
        r#"{"revision":"0","plugins":[],"diagnostics":[]}"#
    ),
    constant!("plugin.surface.refresh", r#"{"surfaces":{}}"#),
    constant!(
        "controlUi.sessionPullRequests.subscribe",
        r#"{"subscribed":false}"#
    ),
    constant!("board.get", r#"{"board":null}"#),
    constant!("mentions.list", r#"{"mentions":[]}"#),
    constant!("projects.list", r#"{"projects":[]}"#),
];
