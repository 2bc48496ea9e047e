//! `config.*`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::strict;

/// Something wrong with the configuration, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConfigIssue {
    /// Dotted path.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// Result of `config.get`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ConfigSnapshot {
    /// The file.
    pub path: String,
    /// Whether it is there.
    pub exists: bool,
    /// Its text, `null` when it is not there.
    pub raw: Option<String>,
    /// The text parsed.
    #[cfg_attr(test, ts(type = "Json"))]
    pub parsed: Box<RawValue>,
    /// Whether it can be used.
    pub valid: bool,
    /// The configuration with defaults filled in.
    #[cfg_attr(test, ts(type = "Json"))]
    pub config: Box<RawValue>,
    /// Hex SHA-256 of the text: the `baseHash` of the next change.
    pub hash: String,
    /// Why it cannot be used.
    pub issues: Vec<ConfigIssue>,
    /// What should be looked at.
    pub warnings: Vec<ConfigIssue>,
    /// Settings of older releases.
    pub legacy_issues: Vec<ConfigIssue>,
    /// Whether secrets were replaced by placeholders; this gateway always does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
}

/// Params of `config.set`, `config.patch` and `config.apply`. Set does not read the last three.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
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
    /// Take the change back unless `config.confirm` comes within so many milliseconds, from
    /// [`CONFIRM_WITHIN_MIN_MS`] to [`CONFIRM_WITHIN_MAX_MS`].
    #[serde(
        default,
        deserialize_with = "strict::some_at_least::<_, _, 0>",
        skip_serializing_if = "Option::is_none"
    )]
    pub confirm_within_ms: Option<u64>,
}

/// Shortest time in which a change can be confirmed.
pub const CONFIRM_WITHIN_MIN_MS: u64 = 10_000;
/// Longest time in which a change can be confirmed.
pub const CONFIRM_WITHIN_MAX_MS: u64 = 600_000;

/// A config change that is taken back unless somebody confirms it: `confirm` of the answer to the write, payload of
/// `config.confirmPending`, and `pendingConfirm` of `remote.status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PendingConfirm {
    /// Names it in `config.confirm`.
    pub id: String,
    /// Until when it can be confirmed, milliseconds since the epoch.
    pub deadline_ms: i64,
    /// Dotted paths of what changed.
    pub keys: Vec<String>,
    /// Who made the change.
    pub by: String,
}

/// Params of `config.confirm`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConfigConfirmParams {
    /// `id` of [`PendingConfirm`].
    #[serde(deserialize_with = "strict::nonempty")]
    pub id: String,
    /// `false` takes the change back at once instead of keeping it.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub keep: Option<bool>,
}

/// How a change that waited for confirmation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum ConfirmOutcome {
    /// Somebody confirmed it; it stays.
    Confirmed,
    /// The former file is back, byte for byte.
    Reverted,
    /// Nobody confirmed it, but the file was changed again meanwhile, so that the newer file stays.
    Kept,
}

/// Result of `config.confirm`, payload of `config.confirmed` and `config.reverted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ConfirmEnded {
    /// `id` of [`PendingConfirm`].
    pub id: String,
    /// How it ended.
    pub outcome: ConfirmOutcome,
    /// What happened, for people.
    pub message: String,
    /// Dotted paths of what had changed.
    pub keys: Vec<String>,
    /// Hash of the file as it is now.
    pub hash: String,
    /// When, milliseconds since the epoch.
    pub ts: i64,
}

/// Result of `config.set`, `config.patch` and `config.apply`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConfigWritten {
    /// Always true.
    pub ok: bool,
    /// The file.
    pub path: String,
    /// The configuration as it is now.
    #[cfg_attr(test, ts(type = "Json"))]
    pub config: Box<RawValue>,
    /// Hash of the file as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// False when the file already said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<bool>,
    /// Things to look at: unknown keys, unset variables, lost comments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<ConfigIssue>>,
    /// What changed, and what of it is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<ConfigChanges>,
    /// Set when the change is taken back unless it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm: Option<PendingConfirm>,
    /// The restart that follows; set has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<ConfigRestart>,
    /// What is told after the restart.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(test, ts(type = "Json"))]
    pub sentinel: Option<Box<RawValue>>,
}

/// `changes` of [`ConfigWritten`], as dotted paths. Never values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ConfigChanges {
    /// Everything that changed.
    pub keys: Vec<String>,
    /// What of it is in force now.
    pub live: Vec<String>,
    /// What of it takes a restart of the gateway, or of a node host.
    pub restart: Vec<String>,
    /// What of it has no effect because a flag or a variable says otherwise.
    pub overridden: Vec<OverriddenKey>,
}

/// A setting of the file that something else overrides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct OverriddenKey {
    /// Dotted path.
    pub key: String,
    /// The flag or variable.
    pub by: String,
}

/// `restart` of [`ConfigWritten`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
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
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ConfigSchema {
    /// JSON schema.
    #[cfg_attr(test, ts(type = "Json"))]
    pub schema: Box<RawValue>,
    /// Hints for forms, by path.
    #[cfg_attr(test, ts(type = "Json"))]
    pub ui_hints: Box<RawValue>,
    /// Version of the gateway.
    pub version: String,
    /// When it was made, RFC 3339.
    pub generated_at: String,
}
