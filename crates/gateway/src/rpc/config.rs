//! `config.get|set|patch|apply|schema`: the config file, never its secrets, always against a base hash.

use openclaw_config::edit::{Base, ConfigEditor, EditError, Edited};
use openclaw_config::load::load;
use openclaw_config::redact::{redact, redact_snapshot};
use openclaw_config::store::StoreError;
use openclaw_config::{Issue, json_schema};
use openclaw_protocol::error::WireError;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::core::Core;
use crate::records::Change;
use crate::rpc::context::{Call, Payload, RpcResult, parse_checked};
use crate::rpc::router::Methods;
use crate::tasks;

pub(super) fn register(methods: &mut Methods) {
    methods.later("config.get", crate::later!(get));
    methods.later("config.set", crate::later!(set));
    methods.later("config.patch", crate::later!(patch));
    methods.later("config.apply", crate::later!(apply));
    methods.now("config.schema", |ctx, _| {
        Ok(Payload::Text(schema(ctx.core)))
    });
}

fn failed() -> WireError {
    WireError::unavailable("the config file could not be handled; see openclaw logs")
}

async fn get(call: Call) -> RpcResult {
    let core = call.core;
    let answer = tasks::blocking("config get", move || {
        let (paths, env) = (&core.server.paths, core.snapshot().env.clone());
        let snapshot = load(paths, &env);
        let shown = redact_snapshot(&snapshot);
        json!({
            "path": snapshot.path,
            "exists": snapshot.exists,
            "raw": shown.raw,
            "parsed": shown.parsed,
            "valid": snapshot.valid,
            "config": shown.config,
            "hash": snapshot.hash,
            "issues": snapshot.issues,
            "warnings": snapshot.warnings,
            "legacyIssues": snapshot.legacy_issues,
        })
    });
    Ok(Payload::of(&answer.await.ok_or_else(failed)?))
}

/// The schema with the time it was asked for.
fn schema(core: &Core) -> String {
    let version = serde_json::to_string(&core.server.version).expect("a string always encodes");
    format!(
        r#"{{"schema":{},"uiHints":{},"version":{version},"generatedAt":"{}"}}"#,
        json_schema::schema_text(),
        json_schema::ui_hints_text(),
        jiff::Timestamp::now(),
    )
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Write {
    raw: String,
    base_hash: Option<String>,
    note: Option<String>,
}

#[derive(Clone, Copy)]
enum How {
    Replace,
    Patch,
}

async fn set(call: Call) -> RpcResult {
    write(call, How::Replace).await
}

async fn apply(call: Call) -> RpcResult {
    write(call, How::Replace).await
}

async fn patch(call: Call) -> RpcResult {
    write(call, How::Patch).await
}

async fn write(call: Call, how: How) -> RpcResult {
    let params: Write = parse_checked(call.method, &call.params)?;
    let core = &call.core;
    let (paths, env) = (core.server.paths.clone(), core.snapshot().env.clone());
    let version = core.server.version.clone();
    let work = tasks::blocking("config write", move || {
        let editor = ConfigEditor::new(&paths, &env).with_version(version);
        let base = Base::Hash(params.base_hash.as_deref());
        let edited = match how {
            How::Replace => editor.replace(base, &params.raw),
            How::Patch => editor.patch(base, &params.raw),
        }?;
        Ok::<_, EditError>((edited, redact(&load(&paths, &env).resolved), params.note))
    });
    let (edited, config, note) = work.await.ok_or_else(failed)?.map_err(wire)?;
    let Edited {
        hash,
        changed,
        warnings,
    } = edited;
    if changed {
        let details = json!({ "method": call.method, "hash": hash, "note": note });
        let line = call.audit("config.write", None, details);
        core.commit(vec![Change::Audit(Box::new(line))]).await?;
        // The watcher would notice by itself; asking makes the change live before the answer is read.
        core.server.reload.now();
    }
    let mut answer = json!({
        "ok": true,
        "path": core.server.config_path,
        "config": config,
        "hash": hash,
        "changed": changed,
        "warnings": warnings,
    });
    if call.method != "config.set" {
        // Everything that can change while running has changed; nothing is restarted behind the caller's back.
        answer["restart"] = Value::Null;
        answer["sentinel"] = Value::Null;
    }
    Ok(Payload::of(&answer))
}

fn wire(error: EditError) -> WireError {
    let issues = |issues: &[Issue]| json!({ "issues": issues });
    match error {
        EditError::Invalid(found) => {
            WireError::invalid("invalid config").with_details(issues(&found))
        }
        EditError::Unreadable(_) => WireError::invalid("invalid config; fix before patching"),
        EditError::Store(StoreError::BaseHashRequired) => {
            WireError::invalid("config base hash required; re-run config.get and retry")
        }
        EditError::Store(StoreError::Changed) => {
            WireError::invalid("config changed since last load; re-run config.get and retry")
        }
        EditError::Store(error) => WireError::unavailable(error.to_string()),
        other => WireError::invalid(other.to_string()),
    }
}
