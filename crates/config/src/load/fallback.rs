//! Replaces unusable sections by what they held when they were last valid.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Prepared, Snapshot, prepare};
use crate::env::Env;
use crate::paths::Paths;
use crate::store::ConfigStore;
use crate::text;
use crate::validate::{Issue, ROOT};

/// What decides together who can reach the gateway, and with what. A new bind never comes with an older credential, nor the
/// other way round.
const EXPOSURE: [&str; 9] = [
    "gateway.allowRealIpFallback",
    "gateway.auth",
    "gateway.bind",
    "gateway.controlUi",
    "gateway.customBindHost",
    "gateway.proxy",
    "gateway.tailscale",
    "gateway.tls",
    "gateway.trustedProxies",
];

/// A config that was valid before, with the sections of it that still are.
pub(super) struct LastGood {
    resolved: Value,
    unusable: BTreeSet<String>,
}

impl LastGood {
    /// Its content.
    pub(super) fn resolved(&self) -> &Value {
        &self.resolved
    }

    /// What this process used before, else the last-known-good file.
    pub(super) fn find(paths: &Paths, env: &Env, previous: Option<&Snapshot>) -> Option<Self> {
        if let Some(previous) = previous {
            let unusable = previous.defaulted.iter().cloned().collect();
            return Some(Self {
                resolved: previous.resolved.clone(),
                unusable,
            });
        }
        let raw = ConfigStore::new(paths).last_good()?;
        let Prepared {
            resolved,
            issues,
            missing,
            ..
        } = prepare(text::parse(&raw).ok()?, paths, env);
        let unusable: BTreeSet<String> =
            issues.iter().chain(&missing).map(Issue::section).collect();
        (!unusable.contains(ROOT)).then_some(Self { resolved, unusable })
    }
}

/// Replaces the sections that `issues` name; returns those that fell back and those that only have
/// defaults left.
pub(super) fn apply(
    resolved: &mut Value,
    issues: &[Issue],
    good: Option<&LastGood>,
) -> (Vec<String>, Vec<String>) {
    let mut bad: BTreeSet<String> = issues.iter().map(Issue::section).collect();
    if bad.contains(ROOT) {
        *resolved = good.map_or_else(|| Value::Object(Map::new()), |good| good.resolved.clone());
        return if good.is_some() {
            (vec![ROOT.to_owned()], vec![])
        } else {
            (vec![], vec![ROOT.to_owned()])
        };
    }
    let exposure = EXPOSURE.iter().copied();
    if let Some(good) = good.filter(|_| exposure.clone().any(|section| bad.contains(section))) {
        bad.extend(
            exposure
                .filter(|section| get(&good.resolved, section) != get(resolved, section))
                .map(str::to_owned),
        );
    }
    let (mut fell_back, mut defaulted) = (Vec::new(), Vec::new());
    for section in bad {
        let usable = good.filter(|good| !good.unusable.contains(&section));
        let old = usable.and_then(|good| get(&good.resolved, &section).cloned());
        put(resolved, &section, old);
        if usable.is_some() {
            &mut fell_back
        } else {
            &mut defaulted
        }
        .push(section);
    }
    (fell_back, defaulted)
}

/// Makes a gateway whose settings are partly defaults reachable from this machine alone, and keeps what `parsed` forbids.
pub(super) fn narrow(resolved: &mut Value, parsed: &Value, defaulted: &[String]) {
    if !resolved.get("gateway").is_some_and(Value::is_object) {
        put(resolved, "gateway", Some(json!({})));
    }
    put(resolved, "gateway.bind", Some(json!("loopback")));
    for section in [
        "customBindHost",
        "metrics",
        "proxy",
        "tailscale",
        "trustedProxies",
    ] {
        put(resolved, &format!("gateway.{section}"), None);
    }
    if defaulted.iter().any(|section| section == "gateway.nodes") {
        let texts = |pointer: &str| {
            let list = parsed.pointer(pointer).and_then(Value::as_array);
            list.into_iter().flatten().filter(|entry| entry.is_string())
        };
        let denied: Vec<&Value> = texts("/gateway/nodes/denyCommands")
            .chain(texts("/gateway/nodes/commands/deny"))
            .collect();
        let nodes = json!({ "denyCommands": denied, "pairing": { "autoApproveLocal": false } });
        put(resolved, "gateway.nodes", Some(nodes));
    }
}

fn get<'a>(value: &'a Value, section: &str) -> Option<&'a Value> {
    section
        .split('.')
        .try_fold(value, |value, key| value.get(key))
}

fn put(value: &mut Value, section: &str, content: Option<Value>) {
    let (parent, key) = match section.split_once('.') {
        Some((top, key)) => (value.get_mut(top), key),
        None => (Some(value), section),
    };
    let Some(Value::Object(parent)) = parent else {
        return;
    };
    match content {
        Some(content) => drop(parent.insert(key.to_owned(), content)),
        None => drop(parent.shift_remove(key)),
    }
}
