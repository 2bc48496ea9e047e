//! Replaces unusable sections by what they held when they were last valid.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::rotation::{self, Rotated, Rotation};
use super::{Prepared, Snapshot, prepare};
use crate::env::Env;
use crate::paths::Paths;
use crate::store::ConfigStore;
use crate::text;
use crate::validate::{Issue, ROOT};

/// What decides together who can reach the gateway, and with what. A new bind never comes with an older credential, nor the
/// other way round.
pub(super) const EXPOSURE: [&str; 9] = [
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

/// Values that open nothing. Whoever writes one wants something closed, and a mistake elsewhere in the file does not open it.
const CLOSED: [(&str, Closed); 3] = [
    ("gateway.bind", Closed::Word("loopback")),
    ("gateway.tailscale.mode", Closed::Word("off")),
    ("gateway.auth.allowDeviceless", Closed::No),
];

/// A value of [`CLOSED`].
#[derive(Clone, Copy)]
enum Closed {
    Word(&'static str),
    No,
}

impl Closed {
    fn to_value(self) -> Value {
        match self {
            Self::Word(word) => json!(word),
            Self::No => json!(false),
        }
    }
}

/// The section that says what clients show.
pub(super) const AUTH: &str = "gateway.auth";

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
        // One that began without a usable file has nothing good to go back to.
        let previous =
            previous.filter(|previous| !previous.defaulted.iter().any(|name| name == ROOT));
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

/// What became of the sections that cannot be used.
#[derive(Debug, Default)]
pub(super) struct Fallback {
    /// These hold what they held.
    pub(super) fell_back: Vec<String>,
    /// These only have defaults left.
    pub(super) defaulted: Vec<String>,
    /// Key of a secret that the file replaces and that goes on to count.
    pub(super) older_secret: Option<&'static str>,
    /// What of `gateway.auth` counts as the file says.
    pub(super) rotated: Option<Rotated>,
}

/// Replaces the sections that `issues` name.
pub(super) fn apply(resolved: &mut Value, issues: &[Issue], good: Option<&LastGood>) -> Fallback {
    let mut bad: BTreeSet<String> = issues.iter().map(Issue::section).collect();
    if bad.contains(ROOT) {
        *resolved = good.map_or_else(|| Value::Object(Map::new()), |good| good.resolved.clone());
        let mut fallback = Fallback::default();
        let Some(good) = good else {
            fallback.defaulted.push(ROOT.to_owned());
            return fallback;
        };
        fallback.fell_back.push(ROOT.to_owned());
        // One section that is of no use any more does not cost the others.
        for section in &good.unusable {
            put(resolved, section, None);
            fallback.defaulted.push(section.clone());
        }
        return fallback;
    }
    let auth_is_usable = !bad.contains(AUTH);
    let auth_of_file = get(resolved, AUTH).cloned();
    let exposure = EXPOSURE.iter().copied();
    if let Some(good) = good.filter(|_| exposure.clone().any(|section| bad.contains(section))) {
        bad.extend(
            exposure
                .filter(|section| get(&good.resolved, section) != get(resolved, section))
                .map(str::to_owned),
        );
    }
    let closed: Vec<(&str, Value)> = CLOSED
        .into_iter()
        .map(|(key, value)| (key, value.to_value()))
        .filter(|(key, value)| !is_within(key, issues) && get(resolved, key) == Some(value))
        .collect();
    let mut fallback = Fallback::default();
    for section in bad {
        let usable = good.filter(|good| !good.unusable.contains(&section));
        let old = usable.and_then(|good| get(&good.resolved, &section).cloned());
        put(resolved, &section, old);
        if usable.is_some() {
            &mut fallback.fell_back
        } else {
            &mut fallback.defaulted
        }
        .push(section);
    }
    if fallback.fell_back.iter().any(|section| section == AUTH) {
        match rotation::compare(get(resolved, AUTH), auth_of_file.as_ref(), auth_is_usable) {
            Rotation::None => {}
            Rotation::Left(key) => fallback.older_secret = Some(key),
            Rotation::Taken(auth, rotated) => {
                fallback.rotated = Some(rotated);
                if auth_of_file.as_ref() == Some(&auth) {
                    fallback.fell_back.retain(|section| section != AUTH);
                }
                put(resolved, AUTH, Some(auth));
            }
        }
    } else if auth_is_usable
        && get(resolved, AUTH) == auth_of_file.as_ref()
        && good.is_some_and(|good| get(&good.resolved, AUTH) != auth_of_file.as_ref())
    {
        // It counts as the file says; what was good before has to learn of it.
        fallback.rotated = Some(Rotated::Exposure);
    }
    for (key, value) in closed {
        put_below(resolved, key, value);
    }
    fallback
}

/// Whether something is wrong with this key itself.
fn is_within(key: &str, issues: &[Issue]) -> bool {
    issues.iter().any(|issue| issue.path == key)
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

pub(super) fn get<'a>(value: &'a Value, section: &str) -> Option<&'a Value> {
    section
        .split('.')
        .try_fold(value, |value, key| value.get(key))
}

/// Sets a key at any depth below objects that are there, or makes them.
pub(super) fn put_below(value: &mut Value, key: &str, content: Value) {
    let mut place = value;
    for part in key.split('.') {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[part];
    }
    *place = content;
}

pub(super) fn put(value: &mut Value, section: &str, content: Option<Value>) {
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
