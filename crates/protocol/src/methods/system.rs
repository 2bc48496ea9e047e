//! Presence, system events, ticks and what the host is.

use serde::{Deserialize, Deserializer, Serialize};

/// One line of `system-presence`: a connection, the gateway itself, or what a system event told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PresenceEntry {
    /// Host or display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Address, for clients that are not local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Version of the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// `Linux`, `Mac`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_family: Option<String>,
    /// Hardware model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_identifier: Option<String>,
    /// `gateway`, `cli`, `node`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Seconds since a person last touched the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_input_seconds: Option<u64>,
    /// `self`, `connect`, `disconnect`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// One line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Last change, milliseconds since the epoch.
    pub ts: i64,
    /// Id of the device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Roles of its connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Scopes of its connections.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Id of the client instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// `client.id` (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Since when it is connected, milliseconds since the epoch (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online_since: Option<i64>,
    /// IANA time zone (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// Payload of the `presence` event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Presence {
    /// All entries, newest first.
    pub presence: Vec<PresenceEntry>,
}

/// Payload of the `tick` event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Tick {
    /// Clock of the gateway, milliseconds since the epoch.
    pub ts: i64,
}

/// Payload of the `shutdown` event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Shutdown {
    /// [`Shutdown::STOPPING`] or [`Shutdown::RESTARTING`].
    pub reason: String,
    /// When it should be back, in milliseconds; `null` when it stops.
    pub restart_expected_ms: Option<u64>,
}

impl Shutdown {
    /// The gateway was told to stop.
    pub const STOPPING: &'static str = "gateway stopping";
    /// The gateway comes back.
    pub const RESTARTING: &'static str = "gateway restarting";
}

/// Params of `system-event`. Members of a wrong type count as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, ts(optional_fields))]
pub struct SystemEventParams {
    /// What happened; must not be blank.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Id of the device.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Id of the client instance.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Host or display name.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Address.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// `gateway`, `cli`, `node`, …
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Version of the program.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Operating system.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// `Linux`, `Mac`, …
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub device_family: Option<String>,
    /// Hardware model.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub model_identifier: Option<String>,
    /// Seconds since a person last touched the host.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub last_input_seconds: Option<u64>,
    /// Why it was sent.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Roles.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Scopes.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Labels.
    #[serde(deserialize_with = "lenient", skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
}

fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(T::deserialize(value).ok())
}

/// Result of `voicewake.get` and `voicewake.set`, payload of `voicewake.changed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct VoicewakeTriggers {
    /// Words that wake a listening device.
    pub triggers: Vec<String>,
}

/// Result of `set-heartbeats`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HeartbeatsSet {
    /// Always true.
    pub ok: bool,
    /// Whether heartbeats run.
    pub enabled: bool,
}

/// Result of `system.info`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct SystemInfo {
    /// Name of the machine for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine_name: Option<String>,
    /// Host name.
    pub hostname: String,
    /// `linux`, `darwin`, …
    pub platform: String,
    /// Release of the operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// `x64`, `arm64`, …
    pub arch: String,
    /// Operating system for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os_label: Option<String>,
    /// Port of the gateway.
    pub port: u16,
    /// Process id of the gateway.
    pub pid: u32,
    /// Id of this run of the gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process_instance_id: Option<String>,
    /// Time since its start, in milliseconds.
    pub uptime_ms: u64,
    /// Processors.
    pub cpu_count: u32,
    /// Model of the processors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_model: Option<String>,
    /// Over 1, 5 and 15 minutes.
    pub load_average: [f64; 3],
    /// In bytes.
    pub memory_total_bytes: u64,
    /// In bytes.
    pub memory_free_bytes: u64,
}
