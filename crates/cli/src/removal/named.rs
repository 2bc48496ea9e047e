//! Folders that the config names for what people and their agents write: no removal takes them, whatever state the config is in.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use openclaw_config::include;
use openclaw_config::schema::EnvBlock;
use openclaw_config::store::{ConfigStore, read_regular};
use openclaw_config::substitute::{has_reference, substitute};
use openclaw_config::{Env, Paths, text};
use serde_json::Value;

use super::safe;
use crate::context::Context;

/// No config is longer.
const LIMIT: u64 = 16 << 20;
/// Sections that name such folders.
const SECTIONS: [&str; 7] = [
    "agents",
    "agent",
    "routing",
    "canvasHost",
    "skills",
    "gateway.controlUi",
    "gateway.tls",
];
/// Keys of such folders and files outside of agents.
const KEYS: [&str; 5] = [
    "/canvasHost/root",
    "/gateway/controlUi/root",
    "/gateway/tls/certPath",
    "/gateway/tls/keyPath",
    "/gateway/tls/caPath",
];
/// Names of config files, those of older programs included.
const CONFIGS: [&str; 4] = [
    "openclaw.json",
    "clawdbot.json",
    "moltbot.json",
    "moldbot.json",
];

/// What is known of them.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// The folders.
    pub(super) folders: Vec<PathBuf>,
    /// Why there may be more than these, as part of a sentence.
    pub(super) unsure: Option<String>,
}

/// Reads the config and every copy of it: a folder that an older one named still holds what was written there.
pub(super) fn by_config(context: &Context) -> Named {
    let (snapshot, paths) = (context.snapshot(), context.paths());
    let config = paths.display_home(&paths.config_path);
    let mut named = Named::default();
    let mut names = Vec::new();
    let is_clear = [&snapshot.resolved, &snapshot.parsed]
        .map(|value| collect(value, &mut names))
        .iter()
        .all(|is_clear| *is_clear);
    let concerns = |path: &str| {
        let is_within = |section: &str| {
            let rest = path.strip_prefix(section);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        path.is_empty() || path == "gateway" || SECTIONS.iter().any(|section| is_within(section))
    };
    let is_broken = snapshot.issues.iter().any(|issue| concerns(&issue.path));
    if is_broken || !is_clear {
        named.unsure = Some(format!("{config} has an error"));
    } else if let Some(name) = unset(&snapshot.resolved) {
        named.unsure = Some(format!(
            "{config} names {name}, and the variable is not set"
        ));
    }
    let mut is_any_read = snapshot.exists;
    for path in copies(paths) {
        let read = read(&path, &snapshot.env);
        is_any_read |= read.is_some();
        if let Some(value) = read {
            let is_clear = collect(&value, &mut names) && unset(&value).is_none();
            // The newest that is left speaks for a config that is not there.
            if !snapshot.exists && !is_clear {
                named.unsure = Some(format!("{} has an error", paths.display_home(&path)));
            }
        } else if !snapshot.exists {
            named.unsure = Some(format!("{} cannot be read", paths.display_home(&path)));
        }
    }
    // A workspace of another profile may be here, too.
    for other in safe::others(paths) {
        let path = other.join(CONFIGS[0]);
        match read(&path, &snapshot.env) {
            Some(value) if collect(&value, &mut names) && unset(&value).is_none() => {}
            None if path.symlink_metadata().is_err() => {}
            _ => {
                named.unsure = Some(format!(
                    "{} cannot be understood",
                    paths.display_home(&path)
                ));
            }
        }
    }
    if !is_any_read && named.unsure.is_none() {
        named.unsure = Some("there is no config, nor a copy of one".to_owned());
    }
    for name in names {
        // Where a gateway was started decides what a path without a beginning means.
        named.folders.push(context.env().absolute(&name));
        let beside_config = paths.config_path.parent().unwrap_or(&paths.state_dir);
        for base in [&paths.state_dir, &paths.home, beside_config] {
            named.folders.push(base.join(&name));
        }
    }
    named
}

/// Everything beside the config that was a config once.
fn copies(paths: &Paths) -> Vec<PathBuf> {
    let store = ConfigStore::new(paths);
    let backups = store.backups().into_iter().map(|backup| backup.path);
    let others = CONFIGS.map(|name| paths.state_dir.join(name));
    let beside = [&paths.config_path]
        .into_iter()
        .chain(&others)
        .flat_map(|path| super::beside(path))
        .filter(|path| is_text(path));
    let mut files: Vec<PathBuf> = backups
        .chain([paths.last_good_file()])
        .chain(beside)
        .chain(others.iter().cloned())
        .filter(|path| *path != paths.config_path && path.exists())
        .collect();
    files.sort();
    files.dedup();
    files
}

/// A lock is no config, and one that is being written is none yet.
fn is_text(path: &Path) -> bool {
    let extension = path.extension().map(OsString::from);
    !extension.is_some_and(|extension| extension == "lock" || extension == "tmp")
}

/// The config in a file; `None` when it cannot be read as a whole.
fn read(path: &Path, env: &Env) -> Option<Value> {
    let bytes = read_regular(path, LIMIT).ok()?;
    let value = text::parse(std::str::from_utf8(&bytes).ok()?).ok()?;
    let included = include::resolve(value, path, &env.include_roots());
    let mut value = included.value;
    let env = match value.get("env") {
        Some(block) => env.with_config_block(EnvBlock::pairs(block)),
        None => env.clone(),
    };
    substitute(&mut value, &env);
    (included.issues.is_empty() && value.is_object()).then_some(value)
}

/// Adds the folders that a config names; says whether all that could name one was understood.
fn collect(config: &Value, names: &mut Vec<String>) -> bool {
    let mut is_clear = true;
    for value in KEYS.iter().filter_map(|key| config.pointer(key)) {
        is_clear &= add(value, names);
    }
    let folders = config.pointer("/skills/load/extraDirs");
    for folder in folders.and_then(Value::as_array).into_iter().flatten() {
        is_clear &= add(folder, names);
    }
    for section in ["agents", "agent", "routing"] {
        if let Some(value) = config.get(section) {
            is_clear &= value.is_object() && workspaces(value, names);
        }
    }
    let list = config.pointer("/agents/list");
    is_clear && list.is_none_or(|list| list.is_array() || list.is_object())
}

fn workspaces(value: &Value, names: &mut Vec<String>) -> bool {
    let mut is_clear = true;
    match value {
        Value::Array(list) => {
            for entry in list {
                is_clear &= workspaces(entry, names);
            }
        }
        Value::Object(object) => {
            for (key, entry) in object {
                is_clear &= if key == "workspace" && !entry.is_object() {
                    add(entry, names)
                } else {
                    workspaces(entry, names)
                };
            }
        }
        _ => {}
    }
    is_clear
}

fn add(value: &Value, names: &mut Vec<String>) -> bool {
    match value {
        Value::Null => true,
        Value::String(name) => {
            if !name.trim().is_empty() && !names.contains(name) {
                names.push(name.clone());
            }
            true
        }
        _ => false,
    }
}

/// A folder that is named by a variable without a value.
fn unset(config: &Value) -> Option<String> {
    let mut names = Vec::new();
    collect(config, &mut names);
    names.into_iter().find(|name| has_reference(name))
}
