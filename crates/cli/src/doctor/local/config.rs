//! Environment and config file.

use openclaw_config::edit::ConfigEditor;
use openclaw_config::env::{NAMES, SecretNote};
use openclaw_config::load::Snapshot;
use openclaw_config::resolve::{GatewayFlags, resolve_gateway};
use openclaw_config::schema::{AuthMode, GatewayMode, Transport};
use openclaw_config::store::ConfigStore;
use openclaw_config::{Env, Profile, env};
use openclaw_gateway::lock::peek;
use serde_json::{Map, Value, json};

use super::{Level, Note, Repair};
use crate::context::{Context, problem};
use crate::error::CommandError;
use crate::service::nearby::start_command;
use crate::ui::format::now_ms;

/// How a warning about an unknown key begins.
const UNKNOWN: &str = "Unrecognized key";
/// Beginnings of names that earlier programs read.
const FORMER: [&str; 2] = ["CLAWDBOT_", "MOLTBOT_"];

pub(super) fn look(context: &Context) -> Result<Vec<Note>, CommandError> {
    let snapshot = context.snapshot();
    let profile = &context.paths().profile;
    let mut notes: Vec<Note> = environment(context.process_env()).into_iter().collect();
    notes.extend(secrets(context.process_env()));
    let shown = context.paths().display_home(&snapshot.path);
    let has_backup = !ConfigStore::new(context.paths()).backups().is_empty();
    let back = last_good(context, &shown);
    notes.extend(file(snapshot, profile, &shown, has_backup, back.as_ref()));
    let running = peek(&context.paths().lock_file, now_ms())
        .ok()
        .flatten()
        .is_some();
    notes.extend(mode(context, running)?);
    notes.extend(auth(context)?);
    Ok(notes)
}

/// Names of the environment that are of an earlier program.
fn environment(env: &Env) -> Option<Note> {
    let mut found: Vec<String> = NAMES
        .iter()
        .filter_map(|known| {
            let legacy = known
                .legacy
                .filter(|legacy| env.get_process(legacy).is_some())?;
            let used = if env.get_process(known.name).is_some() {
                "which is set too and takes precedence"
            } else {
                "and is still read"
            };
            Some(format!("{legacy} is now {}, {used}", known.name))
        })
        .collect();
    // Those that nothing reads any more; only names that had the same word behind another beginning.
    let forgotten = NAMES.iter().flat_map(|known| {
        let word = known.name.strip_prefix("OPENCLAW_").unwrap_or(known.name);
        FORMER
            .iter()
            .map(move |former| format!("{former}{word}"))
            .filter(move |name| {
                known.legacy != Some(name.as_str()) && env.get_process(name).is_some()
            })
            .map(move |name| format!("{name} is no longer read; use {}", known.name))
    });
    found.extend(forgotten);
    (!found.is_empty()).then(|| {
        Note::new(
            "env_legacy",
            "Environment",
            Level::Warning,
            format!(
                "Deprecated environment variables are set: {}.",
                found.join("; ")
            ),
        )
        .fix("rename them where they are set: your shell's profile, the service, the container")
    })
}

/// The way back to a config that was right, when the file is damaged and no other file is.
fn last_good(context: &Context, shown: &str) -> Option<Repair> {
    let snapshot = context.snapshot();
    // A file that cannot be parsed does not tell which files it includes; going back would put their content into it.
    let includes = snapshot
        .raw
        .as_deref()
        .is_some_and(|raw| raw.contains("$include"));
    let is_ours =
        snapshot.include_files.is_empty() && !includes && !context.env().config_read_only();
    // The older secret would open the gateway for good, and its owner has chosen another.
    let brings_back_a_secret = snapshot.older_secret.is_some();
    if snapshot.issues.is_empty() || !snapshot.exists || !is_ours || brings_back_a_secret {
        return None;
    }
    let editor = ConfigEditor::new(context.paths(), context.process_env());
    editor.good_text()?;
    Some(Repair::LastGood(shown.to_owned()))
}

/// Secrets of the environment that cannot be had, or that others can get at.
fn secrets(env: &Env) -> impl Iterator<Item = Note> {
    let note = |id, level, found: &SecretNote| {
        Note::new(id, "Environment", level, format!("{found}.")).fix(found.fix.clone())
    };
    let problems = env.secret_problems().iter();
    let warnings = env.secret_warnings().iter();
    problems
        .map(move |found| note("env_secret_unusable", Level::Critical, found))
        .chain(warnings.map(move |found| note("env_secret_open", Level::Warning, found)))
}

/// What the file says that cannot be used, is not known, or has another name now.
fn file(
    snapshot: &Snapshot,
    profile: &Profile,
    path: &str,
    has_backup: bool,
    back: Option<&Repair>,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let validate = profile.command("openclaw config validate");
    for issue in &snapshot.issues {
        let fell_back = if snapshot.fell_back.is_empty() {
            ""
        } else {
            " The last good value is used meanwhile."
        };
        let mut note = Note::new(
            "config_invalid",
            "Config",
            Level::Critical,
            format!("{}.{fell_back}", problem(issue)),
        )
        .fix(format!("edit {path}, then check it with: {validate}"));
        note.repair = back.cloned();
        notes.push(note);
    }
    if back.is_some() {
        let fix = profile.command("openclaw doctor --fix");
        notes.push(
            Note::new(
                "config_last_good",
                "Config",
                Level::Info,
                "The last config that was right is kept.",
            )
            .fix(format!("or put it back with: {fix}")),
        );
    }
    if !snapshot.issues.is_empty() && has_backup && back.is_none() {
        let rollback = profile.command("openclaw config rollback");
        notes.push(
            Note::new(
                "config_backups",
                "Config",
                Level::Info,
                "Earlier versions of the file are kept.",
            )
            .fix(format!("or put the newest one back with: {rollback}")),
        );
    }
    let (unknown, others): (Vec<_>, Vec<_>) = snapshot
        .warnings
        .iter()
        .partition(|warning| warning.message.starts_with(UNKNOWN));
    for warning in others {
        if snapshot.legacy_issues.contains(warning) {
            continue;
        }
        notes.push(
            Note::new("config_note", "Config", Level::Warning, problem(warning))
                .fix(format!("edit {path}, then check it with: {validate}")),
        );
    }
    for warning in unknown {
        let key = path_of(&warning.path, &warning.message);
        let unset = profile.command(&format!("openclaw config unset {key}"));
        let note = Note::new(
            "config_unknown_key",
            "Unknown config keys",
            Level::Warning,
            format!("{}; nothing reads it.", problem(warning)),
        )
        .fix(unset.clone());
        // A key inside of a list has no place of its own in a patch.
        notes.push(match patch(&key, &Value::Null) {
            Some(patch) => note.repair(Repair::Config { text: unset, patch }),
            None => note,
        });
    }
    notes.extend(legacy(snapshot, profile));
    notes
}

/// Keys of earlier releases, with the change that moves them.
fn legacy(snapshot: &Snapshot, profile: &Profile) -> Vec<Note> {
    let moved = snapshot.legacy_issues.iter().map(|issue| {
        let mut note = Note::new(
            "config_legacy_key",
            "Legacy config keys detected",
            Level::Warning,
            problem(issue),
        );
        let new = match issue.path.as_str() {
            "gateway.token" => "gateway.auth.token",
            "gateway.password" => "gateway.auth.password",
            _ => return note,
        };
        let at = |path: &str| {
            snapshot
                .parsed
                .pointer(&format!("/{}", path.replace('.', "/")))
        };
        if let Some(value) = at(&issue.path) {
            let mut change = patch(&issue.path, &Value::Null).unwrap_or_default();
            if at(new).is_none()
                && let Some(add) = patch(new, value)
            {
                merge(&mut change, add);
            }
            note = note.repair(Repair::Config {
                text: format!("move {} to {new} in the config", issue.path),
                patch: change,
            });
        }
        let fix = profile.command("openclaw doctor --fix");
        note.fix(format!("move it with: {fix}"))
    });
    moved.collect()
}

/// The whole path of a key: the message names the last part.
fn path_of(path: &str, message: &str) -> String {
    let key = message.split('"').nth(1).unwrap_or_default();
    if path.is_empty() {
        key.to_owned()
    } else if path == key || path.ends_with(&format!(".{key}")) {
        path.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// A merge patch that puts a value at a path of plain names.
fn patch(path: &str, value: &Value) -> Option<Value> {
    if path.is_empty() || path.contains(['[', '"']) {
        return None;
    }
    let mut patch = value.clone();
    for key in path.rsplit('.') {
        if key.is_empty() || key.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        patch = Value::Object(Map::from_iter([(key.to_owned(), patch)]));
    }
    Some(patch)
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

/// Whether a gateway is wanted here, or where it is.
fn mode(context: &Context, running: bool) -> Result<Vec<Note>, CommandError> {
    let gateway = &context.settings()?.gateway;
    let remote = &gateway.remote;
    let mut notes = Vec::new();
    match gateway.mode {
        None if !running => {
            let mut note = Note::new(
                "gateway_mode_unset",
                "Gateway",
                Level::Warning,
                "gateway.mode is unset; nobody has decided yet whether a gateway runs here.",
            )
            .fix(format!(
                "start one in one step: {}",
                start_command(context.env(), context.paths())
            ))
            .fix(format!(
                "or only say so: {}",
                context.command("openclaw config set gateway.mode local")
            ));
            if let Some(of) = crate::host::node_of(context) {
                note = Note::new(
                    "node_only",
                    "Gateway",
                    Level::Info,
                    format!("This machine is a node of {of} and has no gateway of its own."),
                );
            }
            notes.push(note);
        }
        Some(GatewayMode::Remote) => {
            let has_url = remote
                .url
                .as_ref()
                .is_some_and(|url| !url.trim().is_empty());
            let named = context.env().get(env::OPENCLAW_GATEWAY_URL).is_some();
            // One that cannot be used is told above.
            let issues = &context.snapshot().issues;
            let unusable = issues
                .iter()
                .any(|issue| issue.path == "gateway.remote.url");
            if !has_url && !unusable && remote.transport != Some(Transport::Ssh) && !named {
                notes.push(
                    Note::new(
                        "remote_url_missing",
                        "Gateway",
                        Level::Critical,
                        "gateway.mode=remote but gateway.remote.url is missing; commands go to a gateway of this machine.",
                    )
                    .fix(context.command("openclaw config set gateway.remote.url wss://<gateway-host>"))
                    .fix(format!(
                        "or make this machine the gateway: {}",
                        context.command("openclaw config set gateway.mode local")
                    )),
                );
            }
        }
        _ => {}
    }
    Ok(notes)
}

/// Whether a gateway here asks for anything.
fn auth(context: &Context) -> Result<Option<Note>, CommandError> {
    let settings = context.settings()?;
    if settings.gateway.mode != Some(GatewayMode::Local) {
        return Ok(None);
    }
    let flags = GatewayFlags::default();
    let profile = &context.paths().profile;
    let Ok(plan) = resolve_gateway(&flags, context.env(), settings, profile) else {
        return Ok(None);
    };
    let unset = matches!(plan.auth.mode.value, AuthMode::Token | AuthMode::Password)
        && plan
            .auth
            .secret()
            .is_none_or(|secret| secret.value.expose().is_empty());
    let off = plan.auth.mode.value == AuthMode::None;
    if !unset && !off {
        return Ok(None);
    }
    let text = if off {
        "Gateway auth is off: every program and every user of this machine is let in."
    } else {
        "Gateway auth is off or missing a token. Token auth is the default, on loopback, too; the next start on loopback makes one."
    };
    Ok(Some(
        Note::new("gateway_auth_missing", "Gateway auth", Level::Warning, text)
            .fix(context.command("openclaw doctor --generate-gateway-token")),
    ))
}

/// The change that gives the gateway a token.
pub(crate) fn token_patch(token: &str) -> Value {
    json!({ "gateway": { "auth": { "mode": "token", "token": token } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn former_names_of_the_environment_are_told() {
        let env = Env::from_pairs([
            ("CLAWDBOT_GATEWAY_TOKEN", "a"),
            ("MOLTBOT_GATEWAY_PORT", "1"),
            ("OPENCLAW_STATE_DIR", "/s"),
            ("CLAWDBOT_STATE_DIR", "/t"),
        ]);
        let note = environment(&env).unwrap();
        assert_eq!(
            note.text,
            "Deprecated environment variables are set: CLAWDBOT_STATE_DIR is now OPENCLAW_STATE_DIR, which is set too and takes precedence; CLAWDBOT_GATEWAY_TOKEN is now OPENCLAW_GATEWAY_TOKEN, and is still read; MOLTBOT_GATEWAY_PORT is no longer read; use OPENCLAW_GATEWAY_PORT."
        );
        assert_eq!(
            environment(&Env::from_pairs([("OPENCLAW_PROFILE", "a")])),
            None
        );
    }

    #[test]
    fn patches() {
        assert_eq!(
            patch("gateway.colour", &Value::Null),
            Some(json!({"gateway": {"colour": null}}))
        );
        for path in ["", "list.0.name", "a[0]", "a..b"] {
            assert_eq!(patch(path, &Value::Null), None, "{path}");
        }
        let mut both = patch("gateway.token", &Value::Null).unwrap();
        merge(&mut both, patch("gateway.auth.token", &json!("t")).unwrap());
        assert_eq!(
            both,
            json!({"gateway": {"token": null, "auth": {"token": "t"}}})
        );
        for (path, message, expected) in [
            ("gateway", "Unrecognized key: \"colour\"", "gateway.colour"),
            (
                "gateway.colour",
                "Unrecognized key: \"colour\"",
                "gateway.colour",
            ),
            ("", "Unrecognized key: \"colour\"", "colour"),
        ] {
            assert_eq!(path_of(path, message), expected);
        }
    }
}
