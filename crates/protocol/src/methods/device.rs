//! `device.*`: pairing of devices and their tokens.

use serde::{Deserialize, Serialize};

use super::PairingDecision;
use crate::strict;

/// A pairing request of a device: an entry of `device.pair.list` and the payload of `device.pair.requested`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PendingDevice {
    /// Id of the request.
    pub request_id: String,
    /// Short form of the id, for people who type it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Hex SHA-256 of the raw public key.
    pub device_id: String,
    /// Ed25519 public key, base64url.
    pub public_key: String,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// `linux`, `darwin`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// `Linux`, `Mac`, … (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_family: Option<String>,
    /// `client.id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `client.mode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_mode: Option<String>,
    /// Role asked for.
    pub role: String,
    /// The same, as a list.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Scopes asked for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Address, for clients that are not local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// Origin of the page, for browsers (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser_origin: Option<String>,
    /// Whether it is approved without being asked.
    #[serde(default)]
    pub silent: bool,
    /// Whether the device was paired before.
    #[serde(default)]
    pub is_repair: bool,
    /// When it was asked, milliseconds since the epoch.
    pub ts: i64,
    /// Until when it can be decided, milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<i64>,
    /// The commands that a node wants to serve: approving the device approves them, too. Only in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_surface: Option<super::node::PendingNode>,
}

/// One token of a paired device, without its value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DeviceTokenSummary {
    /// Role it is for.
    pub role: String,
    /// Scopes it grants, sorted.
    pub scopes: Vec<String>,
    /// When it was made, milliseconds since the epoch.
    pub created_at_ms: i64,
    /// When it was last replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at_ms: Option<i64>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at_ms: Option<i64>,
    /// When it was last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at_ms: Option<i64>,
}

/// A paired device, as `device.pair.*` shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct PairedDevice {
    /// Hex SHA-256 of the raw public key.
    pub device_id: String,
    /// Ed25519 public key, base64url.
    pub public_key: String,
    /// Name the device gives itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Name the operator gave it (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_label: Option<String>,
    /// `linux`, `darwin`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// `Linux`, `Mac`, … (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_family: Option<String>,
    /// `client.id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `client.mode`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_mode: Option<String>,
    /// Hardware model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_identifier: Option<String>,
    /// Version of its program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Role it last used.
    #[serde(default)]
    pub role: String,
    /// Roles it may use.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Scopes it may use.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Address it last came from, if that was not local.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// `owner`, `silent`, … (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_via: Option<String>,
    /// When it was first paired, milliseconds since the epoch.
    pub created_at_ms: i64,
    /// When it was last approved, milliseconds since the epoch.
    pub approved_at_ms: i64,
    /// When it was last heard of (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_at_ms: Option<i64>,
    /// What was heard of it then (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen_reason: Option<String>,
    /// Whether it is connected now (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected: Option<bool>,
    /// Its tokens, sorted by role.
    #[serde(default)]
    pub tokens: Vec<DeviceTokenSummary>,
    /// The commands of its node that wait for approval (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_node_surface: Option<super::node::WaitingSurface>,
}

/// Result of `device.pair.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DevicePairList {
    /// Newest first.
    pub pending: Vec<PendingDevice>,
    /// Last approved first.
    pub paired: Vec<PairedDevice>,
}

/// Params of `device.pair.approve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DevicePairApproveParams {
    /// Id of the request. `pairingId` is accepted as well.
    #[serde(alias = "pairingId", deserialize_with = "strict::nonempty")]
    pub request_id: String,
    /// Grant these scopes instead of those asked for; only less can be granted.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty_list",
        skip_serializing_if = "Option::is_none"
    )]
    pub scopes: Option<Vec<String>>,
}

/// Result of `device.pair.approve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DevicePairApproved {
    /// Id of the request.
    pub request_id: String,
    /// The device.
    pub device: PairedDevice,
}

/// Result of `device.pair.reject`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DevicePairRejected {
    /// Id of the request.
    pub request_id: String,
    /// Id of the device.
    pub device_id: String,
}

/// Payload of `device.pair.resolved`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DevicePairResolved {
    /// Id of the request.
    pub request_id: String,
    /// Id of the device.
    pub device_id: String,
    /// How it ended.
    pub decision: PairingDecision,
    /// When, milliseconds since the epoch.
    pub ts: i64,
}

/// Params and result of `device.pair.remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DeviceIdParams {
    /// Id of the device.
    #[serde(deserialize_with = "strict::nonempty")]
    pub device_id: String,
}

/// Most characters of a device label.
pub const DEVICE_LABEL_MAX: usize = 64;

/// Params and result of `device.pair.rename`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DeviceRename {
    /// Id of the device.
    #[serde(deserialize_with = "strict::nonempty")]
    pub device_id: String,
    /// New name, 1 to [`DEVICE_LABEL_MAX`] characters. `displayName` is accepted as well.
    #[serde(alias = "displayName", deserialize_with = "label")]
    pub label: String,
}

fn label<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let label = strict::nonempty(deserializer)?;
    if label.chars().count() > DEVICE_LABEL_MAX {
        return Err(serde::de::Error::custom("label too long"));
    }
    Ok(label)
}

/// Params of `device.token.rotate` and `device.token.revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DeviceTokenParams {
    /// Id of the device.
    #[serde(deserialize_with = "strict::nonempty")]
    pub device_id: String,
    /// Role of the token.
    #[serde(deserialize_with = "strict::nonempty")]
    pub role: String,
    /// Scopes of the new token; those of the old one without it. Only rotate reads it.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty_list",
        skip_serializing_if = "Option::is_none"
    )]
    pub scopes: Option<Vec<String>>,
}

/// Result of `device.token.rotate`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DeviceTokenRotated {
    /// Id of the device.
    pub device_id: String,
    /// Role of the token.
    pub role: String,
    /// The new token; protocol 4 gives it to nobody but the device itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Scopes it grants, sorted.
    pub scopes: Vec<String>,
    /// When, milliseconds since the epoch.
    pub rotated_at_ms: i64,
    /// `in-band` or `withheld-cross-device` (protocol 4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_delivery: Option<String>,
}

impl std::fmt::Debug for DeviceTokenRotated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceTokenRotated")
            .field("device_id", &self.device_id)
            .field("role", &self.role)
            .field("scopes", &self.scopes)
            .field("token", &self.token.as_ref().map(|_| "<redacted>"))
            .finish_non_exhaustive()
    }
}

/// Result of `device.token.revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct DeviceTokenRevoked {
    /// Id of the device.
    pub device_id: String,
    /// Role of the token.
    pub role: String,
    /// When, milliseconds since the epoch.
    pub revoked_at_ms: i64,
}
