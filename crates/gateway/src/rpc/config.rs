//! `config.get|set|patch|apply|schema`: the config file, never its secrets, always against a base hash.

use std::sync::Arc;
use std::time::Duration;

use openclaw_config::edit::{Base, ConfigEditor, EditError, Edited, changed_keys};
use openclaw_config::load::load;
use openclaw_config::redact::{redact, redact_snapshot};
use openclaw_config::resolve::{Resolved, Source, resolve_gateway};
use openclaw_config::schema::{Applies, applies};
use openclaw_config::store::StoreError;
use openclaw_config::{Issue, Secret, json_schema};
use openclaw_protocol::error::WireError;
use openclaw_protocol::methods::config::{
    CONFIRM_WITHIN_MAX_MS, CONFIRM_WITHIN_MIN_MS, ConfigChangeParams, ConfigChanges,
    ConfigConfirmParams, OverriddenKey, PendingConfirm,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::confirm::{self, By, Record};
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
    methods.later("config.confirm", crate::later!(confirm));
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
            "redacted": true,
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

/// What differs between two texts of the file.
fn differences(before: Option<&str>, after: &str) -> Vec<String> {
    let parse = |text: &str| openclaw_config::text::parse(text).unwrap_or_default();
    changed_keys(&before.map(parse).unwrap_or_default(), &parse(after))
}

/// How long the caller has to confirm, if it wants to be asked.
fn confirm_within(params: &ConfigChangeParams) -> Result<Option<Duration>, WireError> {
    match params.confirm_within_ms {
        Some(ms) if !(CONFIRM_WITHIN_MIN_MS..=CONFIRM_WITHIN_MAX_MS).contains(&ms) => {
            Err(WireError::invalid(format!(
                "confirmWithinMs must be from {CONFIRM_WITHIN_MIN_MS} to {CONFIRM_WITHIN_MAX_MS}"
            )))
        }
        ms => Ok(ms.map(Duration::from_millis)),
    }
}

/// What a write left behind, noted while nobody else could write.
#[derive(Debug, Default)]
struct Noted {
    keys: Vec<String>,
    record: Option<Record>,
}

async fn write(call: Call, how: How) -> RpcResult {
    let params: ConfigChangeParams = parse_checked(call.method, &call.params)?;
    let within = confirm_within(&params)?;
    let core = &call.core;
    let _writing = core.confirms.writing.lock().await;
    core.confirms.refuse_second()?;
    let (paths, env) = (core.server.paths.clone(), core.snapshot().env.clone());
    let version = core.server.version.clone();
    let noted = Arc::new(Mutex::new(Noted::default()));
    let shown = within.map(|within| PendingConfirm {
        id: Uuid::new_v4().to_string(),
        deadline_ms: core
            .now_ms()
            .saturating_add_unsigned(within.as_millis().try_into().unwrap_or(u64::MAX)),
        keys: Vec::new(),
        by: call.conn.label().to_owned(),
    });
    let (note, keeper) = (params.note.clone(), Arc::clone(&noted));
    let work = tasks::blocking("config write", move || {
        let record_paths = paths.clone();
        let editor = ConfigEditor::new(&paths, &env)
            .with_version(version)
            .before_write(move |stored, text| {
                let mut noted = keeper.lock();
                noted.keys = differences(stored.raw.as_deref(), text);
                let Some(shown) = &shown else { return Ok(()) };
                let record = Record {
                    shown: PendingConfirm {
                        keys: noted.keys.clone(),
                        ..shown.clone()
                    },
                    former: stored.raw.clone(),
                    former_hash: stored.hash.clone(),
                    written_hash: openclaw_config::hash::sha256_hex(text.as_bytes()),
                    ended: None,
                };
                record.write(&record_paths)?;
                noted.record = Some(record);
                Ok(())
            });
        let base = Base::Hash(params.base_hash.as_deref());
        let edited = match how {
            How::Replace => editor.replace(base, &params.raw),
            How::Patch => editor.patch(base, &params.raw),
        }?;
        Ok::<_, EditError>((edited, redact(&load(&paths, &env).resolved)))
    });
    let done = work.await.ok_or_else(failed)?;
    let Noted { keys, record } = std::mem::take(&mut *noted.lock());
    let (edited, config) = match done {
        Ok(done) => done,
        Err(error) => {
            if record.is_some() {
                Record::drop_file(&core.server.paths);
            }
            return Err(wire(error));
        }
    };
    let Edited {
        hash,
        changed,
        warnings,
    } = edited;
    let confirm = record.as_ref().map(|record| record.shown.clone());
    if let (Some(record), Some(within)) = (record, within) {
        core.confirms.begin(record, within);
    }
    if changed {
        *core.written_config.lock() = Some(hash.clone());
        // The watcher would notice by itself; asking makes the change live before the answer is read.
        core.server.reload.now();
        let details = json!({
            "method": call.method, "hash": hash, "note": note, "keys": keys,
            "confirmBy": confirm.as_ref().map(|confirm| confirm.deadline_ms),
        });
        let subject = confirm.as_ref().map(|confirm| confirm.id.as_str());
        let line = call.audit("config.write", subject, details);
        // The file is written and in force: that its line is not stored must not look like a change that was not made.
        if let Err(error) = core.commit(vec![Change::Audit(Box::new(line))]).await {
            tracing::error!(error = %error.message, "a config change is missing in the audit log");
        }
    }
    if let Some(confirm) = &confirm {
        core.broadcast_typed("config.confirmPending", confirm);
    }
    let mut answer = json!({
        "ok": true,
        "path": core.server.config_path,
        "config": config,
        "hash": hash,
        "changed": changed,
        "warnings": warnings,
        "changes": changes(core, keys),
    });
    if let Some(confirm) = confirm {
        answer["confirm"] = json!(confirm);
    }
    if call.method != "config.set" {
        // Everything that can change while running has changed; nothing is restarted behind the caller's back.
        answer["restart"] = Value::Null;
        answer["sentinel"] = Value::Null;
    }
    Ok(Payload::of(&answer))
}

/// What of a change is in force now.
fn changes(core: &Core, keys: Vec<String>) -> ConfigChanges {
    let overridden = overridden(core, &keys);
    let is_overridden = |key: &&String| overridden.iter().any(|other| other.key == **key);
    let (restart, live): (Vec<_>, Vec<_>) = keys
        .iter()
        .filter(|key| !is_overridden(key))
        .cloned()
        .partition(|key| matches!(applies(key), Applies::GatewayRestart | Applies::NodeRestart));
    ConfigChanges {
        keys,
        live,
        restart,
        overridden,
    }
}

/// Changed settings that a flag or a variable overrides.
fn overridden(core: &Core, keys: &[String]) -> Vec<OverriddenKey> {
    let snapshot = core.snapshot();
    let profile = &core.server.paths.profile;
    let Ok(plan) = resolve_gateway(
        &core.server.flags,
        &snapshot.env,
        &snapshot.settings,
        profile,
    ) else {
        return Vec::new();
    };
    let secret =
        |secret: &Option<Resolved<Secret>>| secret.as_ref().map(|found| found.source.clone());
    let sources = [
        ("gateway.bind", Some(plan.bind.source.clone())),
        ("gateway.port", Some(plan.port.source.clone())),
        (
            "gateway.customBindHost",
            plan.custom_host.as_ref().map(|host| host.source.clone()),
        ),
        ("gateway.auth.mode", Some(plan.auth.mode.source.clone())),
        ("gateway.auth.token", secret(&plan.auth.token)),
        ("gateway.auth.password", secret(&plan.auth.password)),
        (
            "gateway.tailscale.mode",
            Some(plan.tailscale.mode.source.clone()),
        ),
        ("gateway.tls.mode", Some(plan.tls.mode.source.clone())),
    ];
    sources
        .into_iter()
        .filter(|(key, _)| keys.iter().any(|changed| changed == key))
        .filter_map(|(key, source)| match source? {
            source @ (Source::Flag(_) | Source::Env(_) | Source::EnvFile(_)) => {
                Some(OverriddenKey {
                    key: key.to_owned(),
                    by: source.to_string(),
                })
            }
            Source::Config(_) | Source::Default | Source::Container(_) | Source::Generated => None,
        })
        .collect()
}

async fn confirm(call: Call) -> RpcResult {
    let params: ConfigConfirmParams = parse_checked(call.method, &call.params)?;
    let by = By {
        actor: call.conn.actor(),
        remote_ip: call.conn.facts.remote_ip.clone(),
    };
    let keep = params.keep.unwrap_or(true);
    let ended = confirm::decide(&call.core, &params.id, keep, by).await?;
    Ok(Payload::of(&ended))
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
