//! Turns JSON into the file's types and says what is wrong with it.
//!
//! One walk serves both callers: replacing the file demands no issues at all, loading it goes on
//! with what is sound. A setting that cannot be read is loaded as the tightest one, so that a typing
//! mistake never widens what may run.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::{
    AgentPolicy, AllowlistEntry, Ask, ExecApprovalsFile, PolicyFields, Security, Socket,
    UnknownWord, VERSION,
};

/// One thing wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// JSON pointer of the place, empty for the whole file.
    pub path: String,
    /// What it has to be.
    pub message: String,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "at {}: {}", self.path, self.message)
        }
    }
}

/// Reads a file that must be right in every part; unknown members are accepted and kept.
pub fn parse_strict(value: &Value) -> Result<ExecApprovalsFile, Vec<Issue>> {
    let (file, issues) = parse_lenient(value);
    match file {
        Some(file) if issues.is_empty() => Ok(file),
        _ => Err(issues),
    }
}

/// Reads what is sound. No file at all comes back for a wrong version or something that is no
/// object; the issues then say why.
pub fn parse_lenient(value: &Value) -> (Option<ExecApprovalsFile>, Vec<Issue>) {
    let mut walk = Walk::default();
    let file = walk.file(value);
    (file, walk.issues)
}

#[derive(Default)]
struct Walk {
    path: Vec<String>,
    issues: Vec<Issue>,
}

impl Walk {
    fn complain(&mut self, message: impl Into<String>) {
        let path = self.path.iter().fold(String::new(), |mut path, part| {
            path.push('/');
            path.push_str(&part.replace('~', "~0").replace('/', "~1"));
            path
        });
        self.issues.push(Issue {
            path,
            message: message.into(),
        });
    }

    fn at<T>(&mut self, part: impl Into<String>, visit: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(part.into());
        let result = visit(self);
        self.path.pop();
        result
    }

    /// Takes `key` out of `map` and reads it; what stays in the map is unknown and kept.
    fn take<T>(
        &mut self,
        map: &mut Map<String, Value>,
        key: &str,
        read: impl FnOnce(&mut Self, Value) -> Option<T>,
    ) -> Option<T> {
        let value = map.remove(key)?;
        self.at(key, |walk| read(walk, value))
    }

    fn object(&mut self, value: Value) -> Option<Map<String, Value>> {
        if let Value::Object(map) = value {
            return Some(map);
        }
        self.complain("must be object");
        None
    }

    fn array(&mut self, value: Value) -> Option<Vec<Value>> {
        if let Value::Array(items) = value {
            return Some(items);
        }
        self.complain("must be array");
        None
    }

    fn string(&mut self, value: Value) -> Option<String> {
        if let Value::String(text) = value {
            return Some(text);
        }
        self.complain("must be string");
        None
    }

    fn milliseconds(&mut self, value: &Value) -> Option<u64> {
        let time = value
            .as_u64()
            .or_else(|| value.as_f64().and_then(whole_number));
        if time.is_none() {
            self.complain("must be integer >= 0");
        }
        time
    }

    fn word<T: FromStr<Err = UnknownWord>>(&mut self, value: Value, tightest: T) -> T {
        let Some(text) = self.string(value) else {
            return tightest;
        };
        text.parse().unwrap_or_else(|error: UnknownWord| {
            self.complain(error.to_string());
            tightest
        })
    }

    fn file(&mut self, value: &Value) -> Option<ExecApprovalsFile> {
        let mut map = self.object(value.clone())?;
        match map.remove("version") {
            None => {
                self.complain("must have required property 'version'");
                return None;
            }
            Some(version) if version.as_f64() == Some(1.0) => {}
            Some(_) => {
                self.at("version", |walk| walk.complain("must be equal to constant"));
                return None;
            }
        }
        let socket = self.take(&mut map, "socket", Self::socket);
        let defaults = self.take(&mut map, "defaults", |walk, value| {
            Some(walk.object(value).map_or_else(denying, |mut map| {
                let mut fields = walk.fields(&mut map);
                fields.extra = map;
                fields
            }))
        });
        let mut defaults = defaults.unwrap_or_default();
        let agents = self.take(&mut map, "agents", |walk, value| Some(walk.agents(value)));
        let agents = agents.unwrap_or_else(|| Some(BTreeMap::new()));
        if agents.is_none() {
            defaults.security = Some(Security::Deny);
        }
        Some(ExecApprovalsFile {
            version: VERSION,
            socket,
            defaults,
            agents: agents.unwrap_or_default(),
            extra: map,
        })
    }

    fn socket(&mut self, value: Value) -> Option<Socket> {
        let mut map = self.object(value)?;
        Some(Socket {
            path: self.take(&mut map, "path", Self::string),
            token: self.take(&mut map, "token", Self::string),
            extra: map,
        })
    }

    fn fields(&mut self, map: &mut Map<String, Value>) -> PolicyFields {
        PolicyFields {
            security: self.take(map, "security", |w, v| Some(w.word(v, Security::Deny))),
            ask: self.take(map, "ask", |w, v| Some(w.word(v, Ask::Always))),
            ask_fallback: self.take(map, "askFallback", |w, v| Some(w.word(v, Security::Deny))),
            auto_allow_skills: self.take(map, "autoAllowSkills", |walk, value| {
                let flag = value.as_bool();
                if flag.is_none() {
                    walk.complain("must be boolean");
                }
                Some(flag.unwrap_or(false))
            }),
            extra: Map::new(),
        }
    }

    fn agents(&mut self, value: Value) -> Option<BTreeMap<String, AgentPolicy>> {
        let map = self.object(value)?;
        let mut agents = BTreeMap::new();
        for (id, value) in map {
            let policy = self.at(id.clone(), |walk| walk.agent(value));
            let policy = policy.unwrap_or_else(|| AgentPolicy {
                fields: denying(),
                ..AgentPolicy::default()
            });
            agents.insert(id, policy);
        }
        Some(agents)
    }

    fn agent(&mut self, value: Value) -> Option<AgentPolicy> {
        let mut map = self.object(value)?;
        let mut fields = self.fields(&mut map);
        let allowlist = self
            .take(&mut map, "allowlist", |walk, value| {
                let items = walk.array(value)?;
                let entries = items.into_iter().enumerate().filter_map(|(index, value)| {
                    walk.at(index.to_string(), |walk| walk.entry(value))
                });
                Some(entries.collect())
            })
            .unwrap_or_default();
        fields.extra = map;
        Some(AgentPolicy { fields, allowlist })
    }

    fn entry(&mut self, value: Value) -> Option<AllowlistEntry> {
        let mut map = self.object(value)?;
        if !map.contains_key("pattern") {
            self.complain("must have required property 'pattern'");
        }
        let pattern = self.take(&mut map, "pattern", |walk, value| {
            let pattern = walk.string(value)?;
            if pattern.trim().is_empty() {
                walk.complain("must NOT have fewer than 1 characters");
                return None;
            }
            Some(pattern)
        });
        let entry = AllowlistEntry {
            id: self.take(&mut map, "id", Self::string),
            pattern: pattern.unwrap_or_default(),
            last_used_at: self.take(&mut map, "lastUsedAt", |walk, value| {
                walk.milliseconds(&value)
            }),
            last_used_command: self.take(&mut map, "lastUsedCommand", Self::string),
            last_resolved_path: self.take(&mut map, "lastResolvedPath", Self::string),
            extra: map,
        };
        (!entry.pattern.is_empty()).then_some(entry)
    }
}

/// Stands for settings that cannot be read at all: they must not fall back to wider ones.
fn denying() -> PolicyFields {
    PolicyFields {
        security: Some(Security::Deny),
        ..PolicyFields::default()
    }
}

/// Upstream stores times as JavaScript numbers, which may carry a fraction.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked first"
)]
fn whole_number(number: f64) -> Option<u64> {
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;
    (0.0..=LARGEST_EXACT)
        .contains(&number)
        .then_some(number as u64)
}
