//! What a state directory of the earlier program holds, and what becomes of each part. Reads, writes nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use openclaw_client::DeviceIdentity;
use openclaw_config::exec_approvals::ApprovalsStore;
use openclaw_config::schema::{FIELDS, Kind};
use openclaw_config::store::read_regular;
use openclaw_config::{Paths, text, validate};
use openclaw_gateway::records::{Change, StoredState};
use openclaw_gateway::store::import;
use serde::Serialize;
use serde_json::Value;

use super::{MAX_FILE_BYTES, is_there};
use crate::ui::format::one_line_of;

/// Characters of a line about what was found, and such lines about one file.
const LONGEST: usize = 1000;
const MOST_SKIPPED: usize = 10;
/// What only this program leaves in a state directory.
const OURS: [&str; 3] = ["gateway.sqlite", "gateway.lock", "node.lock"];

/// Sections of the config that this program uses.
const USED: [&str; 11] = [
    "gateway",
    "commands",
    "discovery",
    "logging",
    "nodeHost",
    "tools",
    "ui",
    "env",
    "meta",
    "wizard",
    "canvasHost",
];
/// Names of the config file, newest first.
const CONFIG_NAMES: [&str; 4] = [
    "openclaw.json",
    "clawdbot.json",
    "moltbot.json",
    "moldbot.json",
];
/// Files that the earlier program keeps in the default folder, too.
const COMMON: [&str; 2] = ["identity/device.json", "exec-approvals.json"];
/// Files of pairings, which the gateway reads where they are.
const PAIRINGS: [&str; 4] = [
    "devices/paired.json",
    "devices/pending.json",
    "nodes/paired.json",
    "nodes/pending.json",
];

/// Everything that was found.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Survey {
    /// Where it was looked for.
    pub(crate) from: PathBuf,
    /// Whether that is this profile's own state directory, so that nothing has to be copied.
    pub(crate) in_place: bool,
    /// What there is, part by part.
    pub(crate) parts: Vec<Part>,
    /// Files to copy.
    pub(crate) copies: Vec<ToCopy>,
    /// What a person has to know or mend.
    pub(crate) warnings: Vec<String>,
}

/// A file to copy.
#[derive(Debug, Serialize)]
pub(crate) struct ToCopy {
    pub(crate) from: PathBuf,
    pub(crate) to: PathBuf,
    /// What it held when it was looked at: what was shown is what is carried over.
    #[serde(skip)]
    pub(crate) bytes: Vec<u8>,
}

/// A file that cannot be read, which was noted.
struct Refused;

/// One part.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Part {
    /// `config`, `devices`, …
    pub(crate) name: &'static str,
    /// What of it there is, for people.
    pub(crate) detail: String,
    /// Whether it is of use here.
    pub(crate) usable: bool,
}

impl Survey {
    /// Whether there is nothing to take over.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    fn part(&mut self, name: &'static str, detail: &str) {
        self.parts.push(Part {
            name,
            detail: one_line_of(detail, LONGEST),
            usable: true,
        });
    }

    fn broken(&mut self, name: &'static str, detail: &str) {
        self.warn(&format!("{name}: {detail}"));
        self.parts.push(Part {
            name,
            detail: one_line_of(detail, LONGEST),
            usable: false,
        });
    }

    /// Names, keys and reasons come from the files: none of them may look like a line of ours.
    fn warn(&mut self, text: &str) {
        self.warnings.push(one_line_of(text, LONGEST));
    }

    /// What a file holds; `None` when there is none.
    fn read(
        &mut self,
        name: &'static str,
        file: &Path,
        paths: &Paths,
    ) -> Result<Option<Vec<u8>>, Refused> {
        match read_regular(file, MAX_FILE_BYTES) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                let at = shown(file, paths);
                self.broken(name, &format!("{at} cannot be read: {error}"));
                Err(Refused)
            }
        }
    }

    /// Notes that a file has to be copied, unless it is where it belongs.
    fn copy(&mut self, from: &Path, to: &Path, bytes: Vec<u8>) {
        if from != to {
            self.copies.push(ToCopy {
                from: from.to_owned(),
                to: to.to_owned(),
                bytes,
            });
        }
    }
}

/// Looks at `from`; `paths` are those of the profile that takes over.
pub(crate) fn survey(from: &Path, paths: &Paths, now_ms: i64) -> Survey {
    let in_place = same(from, &paths.state_dir);
    // By another name, its files would be copied onto themselves.
    let from: &Path = if in_place { &paths.state_dir } else { from };
    let mut found = Survey {
        from: from.to_owned(),
        in_place,
        ..Survey::default()
    };
    if in_place && !is_of_another(from, paths) {
        return found;
    }
    config(&mut found, from, paths);
    pairings(&mut found, from, paths, now_ms);
    node(&mut found, from, paths);
    let variables = from.join(".env");
    if let Ok(Some(bytes)) = found.read("variables", &variables, paths) {
        found.copy(&variables, &paths.dot_env_file, bytes);
        found.part("variables", &shown(&variables, paths));
    }
    // The earlier program keeps these two in the default folder whatever the profile; for one that was never here, they are not its own.
    let common = paths.home.join(".openclaw");
    let holds_some = !found.is_empty() || COMMON.iter().any(|name| from.join(name).exists());
    // One that this program works with is another profile's, and two profiles are two devices.
    let is_ours = OURS.iter().any(|name| is_there(&common.join(name)));
    let folders: &[&Path] = match (holds_some, is_ours) {
        (true, false) => &[from, &common],
        (true, true) => &[from],
        (false, _) => &[],
    };
    identity(&mut found, folders, paths);
    approvals(&mut found, folders, paths);
    found
}

/// Whether another program than this one wrote here: both keep a config and an identity at the same places.
fn is_of_another(from: &Path, paths: &Paths) -> bool {
    let named_otherwise = CONFIG_NAMES[1..]
        .iter()
        .any(|name| from.join(name).is_file());
    let paired = PAIRINGS.iter().any(|name| from.join(name).is_file());
    let config = read_regular(&paths.config_path, MAX_FILE_BYTES)
        .ok()
        .and_then(|bytes| text::parse(std::str::from_utf8(&bytes).ok()?).ok())
        .unwrap_or_default();
    named_otherwise || paired || is_anothers(&config)
}

/// Whether a config was written by another program, or has sections that only another one reads.
fn is_anothers(config: &Value) -> bool {
    let stamp = config.pointer("/meta/lastTouchedVersion");
    // Ours counts from 0; others name theirs after the year.
    let year = stamp
        .and_then(Value::as_str)
        .and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    let kept = |name: &&str| {
        FIELDS
            .iter()
            .any(|field| field.kind == Kind::Kept && field.path == *name)
    };
    year.is_some_and(|year| year >= 2000) || sections(config).1.iter().any(kept)
}

fn config(found: &mut Survey, from: &Path, paths: &Paths) {
    let own = found.in_place.then(|| paths.config_path.clone());
    let candidates = CONFIG_NAMES.iter().map(|name| from.join(name));
    let Some(file) = own.into_iter().chain(candidates).find(|file| file.exists()) else {
        return;
    };
    let Ok(Some(bytes)) = found.read("config", &file, paths) else {
        return;
    };
    let at = shown(&file, paths);
    let parsed = std::str::from_utf8(&bytes)
        .map_err(|error| error.to_string())
        .and_then(|raw| text::parse(raw).map_err(|error| error.to_string()));
    let config = match parsed {
        Ok(config) => config,
        Err(problem) => {
            found.broken("config", &format!("{at} cannot be read: {problem}"));
            return;
        }
    };
    if !found.in_place {
        found.copy(&file, &paths.config_path, bytes);
        if mentions_include(&config) {
            found.warn(&format!(
                "config: {at} includes other files, which are not copied; copy them to the same places below {}",
                shown(&paths.state_dir, paths)
            ));
        }
    }
    let (used, kept) = sections(&config);
    let mut detail = format!("{at}: {}", list(&used, "nothing"));
    if !kept.is_empty() {
        detail = format!("{detail}; kept and not used here: {}", kept.join(", "));
    }
    found.part("config", &detail);
    for issue in validate::validate(&config).errors {
        found.warn(&format!(
            "config: {}{}",
            issue.line(),
            issue
                .hint
                .map_or_else(String::new, |hint| format!(" ({hint})"))
        ));
    }
}

/// The sections that are used here, and the others.
fn sections(config: &Value) -> (Vec<&str>, Vec<&str>) {
    let names = config.as_object().into_iter().flat_map(|map| map.keys());
    names
        .map(String::as_str)
        .filter(|name| *name != "$include" && *name != "$schema")
        .partition(|name| USED.contains(name))
}

fn mentions_include(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.contains_key("$include") || map.values().any(mentions_include),
        Value::Array(list) => list.iter().any(mentions_include),
        _ => false,
    }
}

fn pairings(found: &mut Survey, from: &Path, paths: &Paths, now_ms: i64) {
    let (changes, report) = import::plan(&StoredState::default(), from, now_ms);
    let count =
        |wanted: fn(&Change) -> bool| changes.iter().filter(|change| wanted(change)).count();
    let devices = count(|change| matches!(change, Change::PutDevice(_)));
    let asking = count(|change| matches!(change, Change::PutPendingDevice(_)));
    let nodes = count(|change| matches!(change, Change::PutNode(_)));
    let asking_nodes = count(|change| matches!(change, Change::PutPendingNode(_)));
    for (name, paired, pending) in [("devices", devices, asking), ("nodes", nodes, asking_nodes)] {
        if paired + pending > 0 {
            let waiting = if pending > 0 {
                format!(", {pending} waiting for approval")
            } else {
                String::new()
            };
            found.part(name, &format!("{paired} paired{waiting}"));
        }
    }
    for file in &report.files {
        let at = shown(&file.path, paths);
        if let Some(problem) = &file.broken {
            found.broken("pairings", &format!("{at} cannot be read: {problem}"));
        }
        for skipped in file.skipped.iter().take(MOST_SKIPPED) {
            found.warn(&format!("pairings: {at}: left out {skipped}"));
        }
        if let Some(more @ 1..) = file.skipped.len().checked_sub(MOST_SKIPPED) {
            found.warn(&format!("pairings: {at}: left out {more} more"));
        }
    }
    for name in PAIRINGS {
        let file = from.join(name);
        let is_broken = report
            .files
            .iter()
            .any(|read| read.path == file && read.broken.is_some());
        if !is_broken && let Ok(bytes) = read_regular(&file, import::MAX_FILE_BYTES) {
            found.copy(&file, &paths.state_dir.join(name), bytes);
        }
    }
}

fn identity(found: &mut Survey, folders: &[&Path], paths: &Paths) {
    for folder in folders {
        let file = folder.join("identity/device.json");
        let bytes = match found.read("identity", &file, paths) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => continue,
            Err(Refused) => return,
        };
        let identity = DeviceIdentity::load(&file)
            .map_err(|problem| problem.to_string())
            .and_then(|found| found.ok_or_else(|| "it holds no device key".to_owned()));
        match identity {
            Ok(identity) => {
                found.copy(&file, &paths.identity_file, bytes);
                let id: String = identity.device_id().chars().take(12).collect();
                found.part(
                    "identity",
                    &format!("device {id}…: this machine stays the same device"),
                );
                let tokens = folder.join("identity/device-auth.json");
                if let Ok(Some(bytes)) = found.read("identity", &tokens, paths) {
                    found.copy(&tokens, &paths.device_auth_file, bytes);
                }
            }
            Err(problem) => {
                let at = shown(&file, paths);
                found.broken("identity", &format!("{at} cannot be used: {problem}"));
            }
        }
        return;
    }
}

fn approvals(found: &mut Survey, folders: &[&Path], paths: &Paths) {
    for folder in folders {
        let file = folder.join("exec-approvals.json");
        let bytes = match found.read("approvals", &file, paths) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => continue,
            Err(Refused) => return,
        };
        match ApprovalsStore::new(&file).read() {
            Ok(read) if read.issues.is_empty() => {
                found.copy(&file, &paths.exec_approvals_file, bytes);
                let rules: usize = read
                    .file
                    .agents
                    .values()
                    .map(|agent| agent.allowlist.len())
                    .sum();
                found.part("approvals", &format!("{rules} allowed programs"));
            }
            Ok(read) => {
                let problem = read
                    .issues
                    .first()
                    .map_or_else(String::new, ToString::to_string);
                let at = shown(&file, paths);
                found.broken("approvals", &format!("{at} cannot be read: {problem}"));
            }
            Err(problem) => found.broken("approvals", &problem.to_string()),
        }
        return;
    }
}

fn node(found: &mut Survey, from: &Path, paths: &Paths) {
    let file = from.join("node.json");
    let Ok(Some(bytes)) = found.read("node host", &file, paths) else {
        return;
    };
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(node) => {
            found.copy(&file, &paths.node_file, bytes);
            let name = node["displayName"]
                .as_str()
                .or(node["nodeId"].as_str())
                .unwrap_or("no name");
            found.part("node host", name);
        }
        Err(problem) => {
            let at = shown(&file, paths);
            found.broken("node host", &format!("{at} cannot be read: {problem}"));
        }
    }
}

fn same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    real(one) == real(other)
}

fn shown(path: &Path, paths: &Paths) -> String {
    paths.display_home(path)
}

fn list(names: &[&str], none: &str) -> String {
    if names.is_empty() {
        none.to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sections_of_other_programs_are_told_apart() {
        let config =
            json!({ "$include": "x", "gateway": {}, "agents": {}, "models": {}, "logging": {} });
        assert_eq!(
            sections(&config),
            (vec!["gateway", "logging"], vec!["agents", "models"])
        );
        for (config, expected) in [
            (
                json!({ "gateway": {}, "commands": {}, "colour": "red" }),
                false,
            ),
            (json!({ "meta": { "lastTouchedVersion": "0.1.0" } }), false),
            (
                json!({ "meta": { "lastTouchedVersion": "2026.1.30" } }),
                true,
            ),
            (json!({ "agents": {} }), true),
        ] {
            assert_eq!(is_anothers(&config), expected, "{config}");
        }
        assert!(mentions_include(&json!({ "a": [{ "$include": "b" }] })));
        assert!(!mentions_include(&json!({ "a": "$include" })));
    }
}
