//! `config.*`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::strict;

/// Something wrong with the configuration, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigIssue {
    /// Dotted path.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// Result of `config.get`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigSnapshot {
    /// The file.
    pub path: String,
    /// Whether it is there.
    pub exists: bool,
    /// Its text, `null` when it is not there.
    pub raw: Option<String>,
    /// The text parsed.
    pub parsed: Box<RawValue>,
    /// Whether it can be used.
    pub valid: bool,
    /// The configuration with defaults filled in.
    pub config: Box<RawValue>,
    /// Hex SHA-256 of the text: the `baseHash` of the next change.
    pub hash: String,
    /// Why it cannot be used.
    pub issues: Vec<ConfigIssue>,
    /// What should be looked at.
    pub warnings: Vec<ConfigIssue>,
    /// Settings of older releases.
    pub legacy_issues: Vec<ConfigIssue>,
}

/// Params of `config.set`, `config.patch` and `config.apply`. Set does not read the last three.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigChangeParams {
    /// The new text, or the merge patch, in JSON5.
    #[serde(deserialize_with = "strict::nonempty")]
    pub raw: String,
    /// `hash` of the snapshot it is based on; required once the file exists.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub base_hash: Option<String>,
    /// Session to tell after the restart.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub session_key: Option<String>,
    /// What to tell it.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub note: Option<String>,
    /// Time until the restart, in milliseconds.
    #[serde(
        default,
        deserialize_with = "strict::some_at_least::<_, _, 0>",
        skip_serializing_if = "Option::is_none"
    )]
    pub restart_delay_ms: Option<u64>,
}

/// Result of `config.set`, `config.patch` and `config.apply`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConfigWritten {
    /// Always true.
    pub ok: bool,
    /// The file.
    pub path: String,
    /// The configuration as it is now.
    pub config: Box<RawValue>,
    /// The restart that follows; set has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<ConfigRestart>,
    /// What is told after the restart.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub sentinel: Option<Box<RawValue>>,
}

/// `restart` of [`ConfigWritten`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigRestart {
    /// Whether it will happen.
    pub ok: bool,
    /// Process id of the gateway.
    pub pid: u32,
    /// How the gateway tells itself.
    pub signal: String,
    /// Time until then, in milliseconds.
    pub delay_ms: u64,
    /// The method that asked for it.
    pub reason: String,
    /// How it is carried out.
    pub mode: String,
}

/// Result of `config.schema`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigSchema {
    /// JSON schema.
    pub schema: Box<RawValue>,
    /// Hints for forms, by path.
    pub ui_hints: Box<RawValue>,
    /// Version of the gateway.
    pub version: String,
    /// When it was made, RFC 3339.
    pub generated_at: String,
}
