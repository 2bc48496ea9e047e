//! `gateway.restart.preflight` and `gateway.restart.request`.

use serde::{Deserialize, Serialize};

use crate::strict;

/// Result of `gateway.restart.preflight`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RestartPreflight {
    /// Whether `gateway.restart.request` would restart it now.
    pub possible: bool,
    /// What is in the way.
    pub reason: Option<String>,
    /// What to do about it.
    pub fix: Option<String>,
    /// Calls of nodes that are under way; those that take longer than the drain are answered `GATEWAY_RESTARTING`.
    pub active_calls: u32,
    /// Connections that will be closed with 1012 and may come back at once.
    pub connections: u32,
    /// When it answers again after the drain, in milliseconds.
    pub restart_expected_ms: u64,
}

/// Params of `gateway.restart.request`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, ts(optional_fields))]
pub struct RestartRequestParams {
    /// Why, for the audit log.
    #[serde(
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub reason: Option<String>,
}

/// Result of `gateway.restart.request`: the drain has begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct RestartRequested {
    /// Always true.
    pub ok: bool,
    /// [`RestartRequested::RESTARTING`].
    pub status: String,
    /// Process id, the same afterwards.
    pub pid: u32,
    /// When it answers again after the drain, in milliseconds.
    pub restart_expected_ms: u64,
}

impl RestartRequested {
    /// The only status there is.
    pub const RESTARTING: &'static str = "restarting";
}
