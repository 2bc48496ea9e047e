//! From the config file to settings: read, JSON5, `$include`, environment, `${VAR}`, older keys,
//! validation, last-known-good, types.
//!
//! Loading never fails. A section that cannot be used is replaced by its last-known-good content,
//! else by the defaults; the snapshot says so. The sections that decide who can reach the gateway and with what are replaced
//! together, and with defaults in one of them, the gateway is for this machine only: half of a file never opens more than
//! the whole of one did.

mod fallback;
mod remember;
mod rotation;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::env::Env;
use crate::hash::sha256_hex;
use crate::include;
use crate::paths::Paths;
use crate::schema::{EnvBlock, Kind, Settings};
use crate::store::{ConfigStore, StoreError};
use crate::substitute::substitute;
use crate::validate::{Issue, ROOT, concerns_gateway, conflicts, misspelt, tree, validate};
use crate::{dotenv, legacy, text};
use fallback::Fallback;
pub use rotation::Rotated;

/// The config as it was at one moment. Cheap to share, never changed.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The config file.
    pub path: PathBuf,
    /// Whether it exists.
    pub exists: bool,
    /// Its text.
    pub raw: Option<String>,
    /// Its content as written, includes merged in, `${VAR}` untouched.
    pub parsed: Value,
    /// The content in effect: variables filled in, older keys moved, unusable sections replaced.
    pub resolved: Value,
    /// The content in effect as types, defaults filled in.
    pub settings: Arc<Settings>,
    /// True when nothing is wrong.
    pub valid: bool,
    /// Values that cannot be used.
    pub issues: Vec<Issue>,
    /// Unknown keys and the like; they change nothing.
    pub warnings: Vec<Issue>,
    /// Keys of older releases that were found.
    pub legacy_issues: Vec<Issue>,
    /// Lower-case hexadecimal SHA-256 of `raw`, of the empty text when there is no file.
    pub hash: String,
    /// Sections that use their last-known-good content; `<root>` means the whole file.
    pub fell_back: Vec<String>,
    /// Unusable sections without a last-known-good content: they use the defaults.
    pub defaulted: Vec<String>,
    /// What of `gateway.auth` counts as the file says, although other parts of the file cannot be used.
    pub rotated: Option<Rotated>,
    /// Key of a secret that the file replaces and that goes on to count.
    pub older_secret: Option<&'static str>,
    /// The environment with `<state>/.env` and the `env` block below it.
    pub env: Env,
    /// Files that `$include` named.
    pub include_files: Vec<PathBuf>,
}

impl Snapshot {
    /// Issues that leave part of the `gateway` section at its defaults: nobody chose these values. A gateway then
    /// serves this machine only.
    pub fn fatal_issues(&self) -> Vec<&Issue> {
        let defaulted = |issue: &Issue| {
            let section = issue.section();
            self.defaulted
                .iter()
                .any(|name| *name == section || name == ROOT)
        };
        self.issues
            .iter()
            .filter(|issue| issue.concerns_gateway() && defaulted(issue))
            .collect()
    }

    /// True when some section does not use what the file says.
    pub fn is_degraded(&self) -> bool {
        !self.fell_back.is_empty() || !self.defaulted.is_empty()
    }

    /// Keeps this config as the last-known-good one when it is valid.
    pub fn remember_good(&self, paths: &Paths) -> Result<(), StoreError> {
        if let Some(rotated) = self.rotated {
            return self.remember_rotation(paths, rotated);
        }
        if !self.valid || !self.exists {
            return Ok(());
        }
        // As written, with variables unexpanded, so that no secret of the environment is stored.
        ConfigStore::new(paths).remember_good(&text::pretty(&self.parsed))
    }

    /// A secret that was replaced does not come back with the last-known-good config.
    fn remember_rotation(&self, paths: &Paths, rotated: Rotated) -> Result<(), StoreError> {
        let store = ConfigStore::new(paths);
        let Some(good) = store.last_good().and_then(|raw| text::parse(&raw).ok()) else {
            return Ok(());
        };
        let problems = |config: &Value| {
            let prepared = prepare(config.clone(), paths, &self.env);
            prepared.issues.len() + prepared.missing.len()
        };
        let before = problems(&good);
        // What would make it worse is left out, and never more taken than counts.
        let learned = rotated
            .narrowing()
            .filter_map(|part| remember::with_rotation(good.clone(), &self.parsed, part))
            .find(|learned| problems(learned) <= before);
        match learned {
            Some(good) => store.remember_good(&text::pretty(&good)),
            None => Ok(()),
        }
    }
}

/// Loads the config of `paths`. `env` is the process environment; `<state>/.env` and the `env`
/// block of the file are added below it.
pub fn load(paths: &Paths, env: &Env) -> Snapshot {
    load_with(paths, env, None)
}

/// Like [`load`]; unusable sections come from `previous` when there is one, else from the
/// last-known-good file.
pub(crate) fn load_with(paths: &Paths, env: &Env, previous: Option<&Snapshot>) -> Snapshot {
    let mut issues = Vec::new();
    let stored = ConfigStore::new(paths).read();
    let (raw, readable) = match stored {
        Ok(stored) => (stored.raw, true),
        Err(error) => {
            issues.push(Issue::new("", format!("Failed to read config: {error}")));
            (None, false)
        }
    };
    let hash = sha256_hex(raw.as_deref().unwrap_or_default().as_bytes());
    let exists = raw.is_some() || !readable;
    let authored = match raw.as_deref().map(text::parse) {
        None => empty(),
        Some(Ok(value)) => value,
        Some(Err(error)) => {
            issues.push(
                Issue::new("", format!("JSON5 parse failed: {error}"))
                    .with_hint("correct the file, or run: openclaw config rollback"),
            );
            empty()
        }
    };
    // A running gateway does not fall back to the defaults because its file is being replaced.
    let was_there = previous.is_some_and(|previous| previous.exists || previous.is_degraded());
    if !exists && was_there {
        issues.push(
            Issue::new(
                "",
                "the config file is missing; the last good settings stay in use",
            )
            .with_hint("restore the file, or restart to begin with the defaults"),
        );
    }
    let unreadable = !issues.is_empty();
    let (env, dotenv_issue) = dotenv::layer(env, &paths.dot_env_file);
    let mut prepared = prepare(authored, paths, &env);
    prepared.warnings.extend(dotenv_issue);
    let mut fallback = Fallback::default();
    issues.append(&mut prepared.missing);
    issues.append(&mut prepared.issues);
    // A change that brings settings in which cannot be used together is not taken over; at a start, the rest counts.
    let known = previous.is_none_or(|previous| !conflicts(&previous.resolved).is_empty());
    if known {
        &mut prepared.warnings
    } else {
        &mut issues
    }
    .append(&mut prepared.conflicts);
    let good = fallback::LastGood::find(paths, &env, previous);
    if let Some(good) = good.as_ref().filter(|_| !unreadable) {
        issues.extend(misspelt(good.resolved(), &prepared.resolved));
    }
    if !issues.is_empty() {
        fallback = fallback::apply(&mut prepared.resolved, &issues, good.as_ref());
        issues.extend(fallback.older_secret.and_then(|key| still_open(key, &env)));
        let defaulted = &fallback.defaulted;
        if defaulted.iter().any(|section| concerns_gateway(section)) {
            fallback::narrow(&mut prepared.resolved, &prepared.parsed, defaulted);
            // About the file as a whole everything has been said.
            if !defaulted.iter().any(|section| section == ROOT) {
                prepared.warnings.push(
                    Issue::new(
                        "gateway",
                        "part of this section cannot be used and was never valid before, so only this machine can connect",
                    )
                    .with_hint("correct it; a running gateway takes it over by itself"),
                );
            }
        }
    }
    // A file that could not be read brings no `env` block; the one in effect is the older one.
    let env = if unreadable {
        env_of(&prepared.env, &prepared.resolved)
    } else {
        prepared.env
    };
    expand_home(&mut prepared.resolved, "", &env);
    let (settings, type_issues) = Settings::from_value(&prepared.resolved);
    issues.extend(type_issues);
    Snapshot {
        path: paths.config_path.clone(),
        exists,
        raw,
        parsed: prepared.parsed,
        resolved: prepared.resolved,
        settings: Arc::new(settings),
        valid: issues.is_empty(),
        issues,
        warnings: prepared.warnings,
        legacy_issues: prepared.legacy_issues,
        hash,
        fell_back: fallback.fell_back,
        defaulted: fallback.defaulted,
        rotated: fallback.rotated,
        older_secret: fallback.older_secret,
        env,
        include_files: prepared.include_files,
    }
}

/// A secret was replaced, and the replaced one counts. Of the environment's one, the file says nothing.
fn still_open(key: &str, env: &Env) -> Option<Issue> {
    let variable = match key {
        "token" => crate::env::OPENCLAW_GATEWAY_TOKEN,
        _ => crate::env::OPENCLAW_GATEWAY_PASSWORD,
    };
    let issue = Issue::new(
        format!("gateway.auth.{key}"),
        format!("not in use yet: the previous {key} still opens this gateway"),
    );
    env.get(variable)
        .is_none()
        .then(|| issue.with_hint("correct the other problems; then the one in the file counts"))
}

/// A config after every step but the fallback.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) parsed: Value,
    pub(crate) resolved: Value,
    pub(crate) issues: Vec<Issue>,
    /// Variables that are not set, in texts that this program reads.
    pub(crate) missing: Vec<Issue>,
    /// Settings that cannot be used together.
    pub(crate) conflicts: Vec<Issue>,
    pub(crate) warnings: Vec<Issue>,
    /// Entries that are left out; no change may bring in new ones.
    pub(crate) left_out: Vec<Issue>,
    pub(crate) legacy_issues: Vec<Issue>,
    pub(crate) env: Env,
    pub(crate) include_files: Vec<PathBuf>,
}

/// Runs the steps between parsing and the fallback. `env` already holds `<state>/.env`.
pub(crate) fn prepare(authored: Value, paths: &Paths, env: &Env) -> Prepared {
    let included = include::resolve(authored, &paths.config_path, &env.include_roots());
    let mut issues = included.issues;
    let (mut missing, mut warnings) = (Vec::new(), Vec::new());
    let parsed = included.value;
    let env = env_of(env, &parsed);
    let mut resolved = parsed.clone();
    for issue in substitute(&mut resolved, &env) {
        // What we only pass on is not ours to judge.
        if is_kept(&issue.path) {
            warnings.push(issue);
        } else {
            missing.push(issue);
        }
    }
    let legacy_issues = legacy::migrate(&mut resolved);
    integral_numbers(&mut resolved);
    let mut report = validate(&resolved);
    issues.append(&mut report.errors);
    warnings.append(&mut report.warnings);
    warnings.extend(legacy_issues.iter().cloned());
    warnings.extend(password_is_missing(&resolved, &env));
    if !resolved.is_object() {
        resolved = empty();
    }
    Prepared {
        conflicts: conflicts(&resolved),
        parsed,
        resolved,
        issues,
        missing,
        warnings,
        left_out: report.left_out,
        legacy_issues,
        env,
        include_files: included.files,
    }
}

/// Password mode that nobody can pass. No error: the password may come with the gateway's start.
fn password_is_missing(resolved: &Value, env: &Env) -> Option<Issue> {
    let auth = &resolved.get("gateway")?.get("auth")?;
    let text = |key: &str| auth.get(key).and_then(Value::as_str).map(str::trim);
    let is_set = text("password").is_some_and(|password| !password.is_empty())
        || env.get(crate::env::OPENCLAW_GATEWAY_PASSWORD).is_some();
    let missing = text("mode") == Some("password") && !is_set;
    missing.then(|| {
        Issue::new(
            "gateway.auth.mode",
            "there is no password, so that no client can sign in",
        )
        .with_hint("set gateway.auth.password, or start the gateway with OPENCLAW_GATEWAY_PASSWORD")
    })
}

fn env_of(env: &Env, config: &Value) -> Env {
    match config.get("env") {
        Some(block) => env.with_config_block(EnvBlock::pairs(block)),
        None => env.clone(),
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

/// True when the path lies below a key that this program does not read.
fn is_kept(path: &str) -> bool {
    let mut node = tree();
    for key in path.split('.') {
        let kind = |node: &crate::validate::Node| node.field.map(|field| field.kind);
        match node.children.get(key) {
            Some(child) if kind(child) == Some(Kind::Kept) => return true,
            Some(child) => node = child,
            None => return matches!(kind(node), None | Some(Kind::OpenObject)),
        }
    }
    false
}

/// `18789.0` and `1e3` are whole numbers to everybody who writes them.
fn integral_numbers(value: &mut Value) {
    /// Beyond this, a double does not hold every whole number.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or(f64::NAN);
            if float.fract() == 0.0 && float.abs() < EXACT {
                #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
                let whole = float as i64;
                *value = Value::from(whole);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(integral_numbers),
        Value::Object(object) => object.values_mut().for_each(integral_numbers),
        _ => {}
    }
}

/// Expands a leading `~` in values whose key says that they are paths.
fn expand_home(value: &mut Value, key: &str, env: &Env) {
    match value {
        Value::String(text) if text.starts_with('~') && names_a_path(key) => {
            *text = env.absolute(text).display().to_string();
        }
        Value::Array(list) => list
            .iter_mut()
            .for_each(|entry| expand_home(entry, key, env)),
        Value::Object(object) => object
            .iter_mut()
            .for_each(|(key, entry)| expand_home(entry, key, env)),
        _ => {}
    }
}

fn names_a_path(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key == "pathprepend"
        || key == "sshidentity"
        || ["dir", "path", "paths", "file", "root", "workspace"]
            .iter()
            .any(|suffix| key.ends_with(suffix))
}

#[cfg(test)]
mod abuse;
#[cfg(test)]
mod tests;
