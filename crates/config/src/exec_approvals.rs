//! The exec-approvals file: what commands a machine may run for whom.
//!
//! Owns the types, the per-agent resolution, the reading and writing of the file and the rules
//! that decide whether a replacement is acceptable. It does not decide about single commands: that
//! is the node host's policy. The gateway, the node host and the command line all use this module,
//! so one file means the same everywhere.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use serde_json::{Map, Value};

mod normalize;
mod parse;
mod store;
#[cfg(test)]
mod tests;

pub use parse::{Issue, parse_lenient, parse_strict};
pub use store::{ApprovalsStore, Snapshot, StoreError};

/// The only version of the file format.
pub const VERSION: u64 = 1;
/// Agent that is meant when a request names none.
pub const DEFAULT_AGENT: &str = "main";
/// Agent key whose entries apply to every agent.
pub const ANY_AGENT: &str = "*";
/// Name of the file inside its directory.
pub const FILE_NAME: &str = "exec-approvals.json";
/// Name of the companion socket that is written into a new file.
pub const SOCKET_NAME: &str = "exec-approvals.sock";

/// How much a machine runs on request, from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// Runs nothing.
    Deny,
    /// Runs what the allowlist names.
    Allowlist,
    /// Runs everything.
    Full,
}

/// When a person has to agree before a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// Never.
    Off,
    /// When the allowlist does not cover the command.
    OnMiss,
    /// Every time.
    Always,
}

/// What holds when a question finds nobody who could answer it.
pub type AskFallback = Security;

/// A word that is not one of the allowed ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {allowed}")]
pub struct UnknownWord {
    /// The accepted words, separated by `, `.
    pub allowed: &'static str,
}

impl Security {
    /// The accepted words, weakest first.
    pub const WORDS: &'static str = "deny, allowlist, full";

    /// The word on the wire and in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allowlist => "allowlist",
            Self::Full => "full",
        }
    }

    /// The tighter of two settings.
    #[must_use]
    pub fn tightest(self, other: Self) -> Self {
        self.min(other)
    }
}

impl Ask {
    /// The accepted words, fewest questions first.
    pub const WORDS: &'static str = "off, on-miss, always";

    /// The word on the wire and in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::OnMiss => "on-miss",
            Self::Always => "always",
        }
    }

    /// The tighter of two settings.
    #[must_use]
    pub fn tightest(self, other: Self) -> Self {
        self.max(other)
    }
}

impl FromStr for Security {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "deny" => Ok(Self::Deny),
            "allowlist" => Ok(Self::Allowlist),
            "full" => Ok(Self::Full),
            _ => Err(UnknownWord {
                allowed: Self::WORDS,
            }),
        }
    }
}

impl FromStr for Ask {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "off" => Ok(Self::Off),
            "on-miss" => Ok(Self::OnMiss),
            "always" => Ok(Self::Always),
            _ => Err(UnknownWord {
                allowed: Self::WORDS,
            }),
        }
    }
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The whole file. Members this program does not know are kept in the `extra` maps.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExecApprovalsFile {
    /// Always [`VERSION`].
    pub version: u64,
    /// Where a companion app listens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub socket: Option<Socket>,
    /// What holds for agents that say nothing themselves.
    pub defaults: PolicyFields,
    /// Policies by agent id; [`ANY_AGENT`] applies to all.
    pub agents: BTreeMap<String, AgentPolicy>,
    /// Members of newer releases.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Default for ExecApprovalsFile {
    fn default() -> Self {
        Self {
            version: VERSION,
            socket: None,
            defaults: PolicyFields::default(),
            agents: BTreeMap::new(),
            extra: Map::new(),
        }
    }
}

/// Address of a companion app that asks the user on this machine.
#[derive(Clone, PartialEq, Default, Serialize)]
pub struct Socket {
    /// Path of the Unix socket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Shared secret of the socket; never leaves the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Members of newer releases.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("path", &self.path)
            .field("token", &self.token.as_ref().map(|_| "<hidden>"))
            .finish_non_exhaustive()
    }
}

/// The settings that exist per agent and as defaults; absent ones are inherited.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyFields {
    /// How much may run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security: Option<Security>,
    /// When to ask.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<Ask>,
    /// What holds when nobody can be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask_fallback: Option<AskFallback>,
    /// Whether programs that installed skills need count as allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_allow_skills: Option<bool>,
    /// Members of newer releases.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The policy of one agent.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct AgentPolicy {
    /// Settings of this agent.
    #[serde(flatten)]
    pub fields: PolicyFields,
    /// Programs this agent may run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowlist: Vec<AllowlistEntry>,
}

/// One allowed program.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AllowlistEntry {
    /// Stable id; given on the first write when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Path pattern: `*` stops at a slash, `**` does not, `?` is one character, `~` is home.
    pub pattern: String,
    /// When the entry last let a command through, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<u64>,
    /// The command it let through then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_command: Option<String>,
    /// The program path of that command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_resolved_path: Option<String>,
    /// Members of newer releases.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl AllowlistEntry {
    /// An entry for `pattern` with a fresh id.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self {
            id: Some(uuid::Uuid::new_v4().to_string()),
            pattern: pattern.into(),
            ..Self::default()
        }
    }

    /// Whether the entry also restricts arguments or the directory, as newer releases write it.
    ///
    /// This program cannot check such a restriction, so the entry must not allow anything here.
    pub fn is_restricted(&self) -> bool {
        self.extra
            .keys()
            .any(|key| key.starts_with("arg") || key.starts_with("cwd"))
    }
}

/// Settings of the program itself, used where the file says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overrides {
    /// Replaces the built-in `deny`.
    pub security: Option<Security>,
    /// Replaces the built-in `on-miss`.
    pub ask: Option<Ask>,
    /// Replaces the built-in `deny`.
    pub ask_fallback: Option<AskFallback>,
    /// Replaces the built-in `false`.
    pub auto_allow_skills: Option<bool>,
}

/// What holds for one agent once everything is looked up.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedPolicy {
    /// The agent it was looked up for.
    pub agent_id: String,
    /// How much may run.
    pub security: Security,
    /// When to ask.
    pub ask: Ask,
    /// What holds when nobody can be asked.
    pub ask_fallback: AskFallback,
    /// Whether programs of installed skills count as allowed.
    pub auto_allow_skills: bool,
    /// Entries for all agents, then those of this one.
    pub allowlist: Vec<AllowlistEntry>,
}

impl ExecApprovalsFile {
    /// Looks every setting up for `agent_id`: agent, then `*`, then the file's defaults, then
    /// `overrides`, then the built-in value. No id, or a blank one, means [`DEFAULT_AGENT`].
    pub fn resolve(&self, agent_id: Option<&str>, overrides: &Overrides) -> ResolvedPolicy {
        let agent_id = agent_key(agent_id);
        let own = self.agents.get(agent_id);
        let any = self.agents.get(ANY_AGENT).filter(|_| agent_id != ANY_AGENT);
        let layers = || {
            [own, any]
                .into_iter()
                .flatten()
                .map(|policy| &policy.fields)
                .chain([&self.defaults])
        };
        ResolvedPolicy {
            agent_id: agent_id.to_owned(),
            security: layers()
                .find_map(|fields| fields.security)
                .or(overrides.security)
                .unwrap_or(Security::Deny),
            ask: layers()
                .find_map(|fields| fields.ask)
                .or(overrides.ask)
                .unwrap_or(Ask::OnMiss),
            ask_fallback: layers()
                .find_map(|fields| fields.ask_fallback)
                .or(overrides.ask_fallback)
                .unwrap_or(Security::Deny),
            auto_allow_skills: layers()
                .find_map(|fields| fields.auto_allow_skills)
                .or(overrides.auto_allow_skills)
                .unwrap_or(false),
            allowlist: [any, own]
                .into_iter()
                .flatten()
                .flat_map(|policy| policy.allowlist.iter().cloned())
                .collect(),
        }
    }

    /// Adds `pattern` to the list of `agent_id` unless it is there; says whether it was added.
    pub fn allow(&mut self, agent_id: &str, pattern: &str) -> bool {
        let pattern = pattern.trim();
        let policy = self.agents.entry(agent_id.to_owned()).or_default();
        if policy
            .allowlist
            .iter()
            .any(|entry| entry.pattern == pattern && !entry.is_restricted())
        {
            return false;
        }
        policy.allowlist.push(AllowlistEntry::new(pattern));
        true
    }

    /// Removes `pattern` from the list of `agent_id`; says whether it was there. An agent that is
    /// left without any setting is dropped.
    pub fn disallow(&mut self, agent_id: &str, pattern: &str) -> bool {
        let pattern = pattern.trim();
        let Some(policy) = self.agents.get_mut(agent_id) else {
            return false;
        };
        let before = policy.allowlist.len();
        policy.allowlist.retain(|entry| entry.pattern != pattern);
        let removed = policy.allowlist.len() != before;
        if *policy == AgentPolicy::default() {
            self.agents.remove(agent_id);
        }
        removed
    }

    /// A copy that may leave the machine: without the token of the socket.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let mut file = self.clone();
        if let Some(socket) = &mut file.socket {
            socket.token = None;
        }
        file
    }

    /// The text that is written: two spaces of indentation and a final newline.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self)
            .expect("a tree of strings, numbers and maps with string keys is always JSON");
        text.push('\n');
        text
    }
}

/// The key under which an agent's policy is stored.
pub fn agent_key(agent_id: Option<&str>) -> &str {
    match agent_id.map(str::trim) {
        None | Some("" | "default") => DEFAULT_AGENT,
        Some(agent) => agent,
    }
}
