//! The small sections: `ui`, `commands`, `env`, `meta` and `wizard`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::words::GatewayMode;
use crate::secret::Secret;

/// `ui`. Only `assistant` is read; the rest is kept.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Ui {
    /// Who answers in the Control UI.
    pub assistant: Assistant,
}

/// `ui.assistant`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Assistant {
    /// Name, at most 50 characters. No default.
    pub name: Option<String>,
    /// Emoji, text or image URL, at most 200 characters. No default.
    pub avatar: Option<String>,
}

/// `commands`. Only `restart` is read; the rest is kept.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct ChatCommands {
    /// Whether SIGUSR1 and operators from elsewhere may restart the gateway. Default true.
    pub restart: bool,
}

impl Default for ChatCommands {
    fn default() -> Self {
        Self { restart: true }
    }
}

/// `env`: variables for names that nothing else sets.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EnvBlock {
    /// Variables by name. Default none.
    pub vars: BTreeMap<String, Secret>,
    /// Import from a login shell; read so that a warning can be given, never run.
    pub shell_env: ShellEnv,
}

impl EnvBlock {
    /// Returns the variables of an `env` value: `vars`, then every other string key.
    pub fn pairs(block: &Value) -> Vec<(String, String)> {
        let Some(block) = block.as_object() else {
            return Vec::new();
        };
        let direct = block.iter().filter(|(name, _)| *name != "vars");
        let nested = block
            .get("vars")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        direct
            .chain(nested)
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect()
    }
}

/// `env.shellEnv`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct ShellEnv {
    /// Whether the import was asked for. Default false.
    pub enabled: bool,
}

/// `meta`, stamped on every write.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Meta {
    /// Version that wrote the file.
    pub last_touched_version: Option<String>,
    /// When, ISO 8601 in UTC.
    pub last_touched_at: Option<String>,
}

/// `wizard`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Wizard {
    /// When it ran last.
    pub last_run_at: Option<String>,
    /// Version that ran.
    pub last_run_version: Option<String>,
    /// Commit that ran.
    pub last_run_commit: Option<String>,
    /// Command that ran.
    pub last_run_command: Option<String>,
    /// Mode that was chosen.
    pub last_run_mode: Option<GatewayMode>,
}
