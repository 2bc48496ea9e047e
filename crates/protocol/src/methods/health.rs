//! `health` and `status`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::strict;

/// Params of `health`; nothing in them is refused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(default)]
#[cfg_attr(test, ts(optional_fields))]
pub struct HealthParams {
    /// Whether channels are asked as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe: Option<bool>,
}

/// Result of `health` and payload of its event.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Always true.
    pub ok: bool,
    /// When it was taken, milliseconds since the epoch.
    pub ts: i64,
    /// How long that took, in milliseconds.
    pub duration_ms: u64,
    /// State of each channel.
    #[cfg_attr(test, ts(type = "Record<string, Json>"))]
    pub channels: BTreeMap<String, Box<RawValue>>,
    /// Channels in the order to show.
    pub channel_order: Vec<String>,
    /// Names of channels for people.
    pub channel_labels: BTreeMap<String, String>,
    /// Period of heartbeats, in seconds.
    pub heartbeat_seconds: u64,
    /// The agent that is asked without a name.
    pub default_agent_id: String,
    /// All agents.
    pub agents: Vec<AgentHealth>,
    /// Sessions of the default agent.
    pub sessions: SessionsSummary,
}

/// One agent in [`Health`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AgentHealth {
    /// Its id.
    pub agent_id: String,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether it is the default one.
    pub is_default: bool,
    /// Its heartbeat.
    pub heartbeat: HeartbeatSettings,
    /// Its sessions.
    pub sessions: SessionsSummary,
}

/// Heartbeat of one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatSettings {
    /// Whether it runs.
    pub enabled: bool,
    /// Period as people write it, such as `30m`.
    pub every: String,
    /// Period in milliseconds; `null` when it does not run.
    pub every_ms: Option<u64>,
    /// What the agent is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// Where its answer goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Longest answer that still counts as "nothing to say", in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_max_chars: Option<u64>,
}

/// Sessions of one agent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct SessionsSummary {
    /// File they are in.
    pub path: String,
    /// How many there are.
    pub count: u64,
    /// The last used ones.
    pub recent: Vec<RecentSession>,
}

/// One session in a summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RecentSession {
    /// Its key.
    pub key: String,
    /// Last change, milliseconds since the epoch.
    pub updated_at: Option<i64>,
    /// Time since then, in milliseconds.
    pub age: Option<i64>,
}

/// Result of `status`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// Version of the gateway (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_version: Option<String>,
    /// State of the channel that links an account.
    #[serde(
        default,
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    #[cfg_attr(test, ts(type = "Json"))]
    pub link_channel: Option<Box<RawValue>>,
    /// Heartbeats.
    pub heartbeat: HeartbeatStatus,
    /// One line per channel.
    pub channel_summary: Vec<String>,
    /// System events that no run has seen yet.
    pub queued_system_events: Vec<String>,
    /// Sessions.
    pub sessions: SessionsStatus,
}

/// `heartbeat` of [`Status`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct HeartbeatStatus {
    /// The agent that is asked without a name.
    pub default_agent_id: String,
    /// All agents.
    pub agents: Vec<AgentHeartbeat>,
}

/// Heartbeat of one agent in [`Status`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AgentHeartbeat {
    /// Its id.
    pub agent_id: String,
    /// Whether it runs.
    pub enabled: bool,
    /// Period as people write it.
    pub every: String,
    /// Period in milliseconds; `null` when it does not run.
    pub every_ms: Option<u64>,
}

/// `sessions` of [`Status`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SessionsStatus {
    /// Files they are in.
    pub paths: Vec<String>,
    /// How many there are.
    pub count: u64,
    /// What new ones start with.
    pub defaults: SessionDefaults,
    /// The last used ones, raw.
    #[cfg_attr(test, ts(type = "Json[]"))]
    pub recent: Vec<Box<RawValue>>,
    /// The same per agent.
    pub by_agent: Vec<AgentSessions>,
}

/// What new sessions start with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SessionDefaults {
    /// Model, `null` when none is configured.
    pub model: Option<String>,
    /// Its context, in tokens.
    pub context_tokens: Option<u64>,
}

/// Sessions of one agent in [`Status`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AgentSessions {
    /// Its id.
    pub agent_id: String,
    /// File they are in.
    pub path: String,
    /// How many there are.
    pub count: u64,
    /// The last used ones, raw.
    #[cfg_attr(test, ts(type = "Json[]"))]
    pub recent: Vec<Box<RawValue>>,
}
