//! `audit.*`: the access log, whose lines are chained by hashes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::strict;

/// Params of `audit.list`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(test, ts(optional_fields))]
pub struct AuditListParams {
    /// Most lines in the answer, the newest of those that fit; 200 without it, at most 5000.
    #[serde(
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub limit: Option<u32>,
    /// Only lines with a lower `id`: the page before.
    #[serde(
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub before: Option<i64>,
    /// Only lines with a higher `id`, the oldest of them first.
    #[serde(
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub after_seq: Option<i64>,
    /// Only these kinds; a word stands for every kind below it, `pair` for `pair.approve`.
    #[serde(
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub kinds: Option<Vec<String>>,
    /// One of `kinds`.
    #[serde(
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub kind: Option<String>,
    /// Only lines of this actor.
    #[serde(
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub actor: Option<String>,
    /// Only lines on this object.
    #[serde(
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub subject: Option<String>,
    /// Only lines of this moment or later, milliseconds since the epoch.
    #[serde(
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub since_ms: Option<i64>,
    /// Only lines before this moment, milliseconds since the epoch.
    #[serde(
        deserialize_with = "strict::some",
        skip_serializing_if = "Option::is_none"
    )]
    pub until_ms: Option<i64>,
}

/// Result of `audit.list`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AuditList {
    /// Lines, the oldest first.
    pub entries: Vec<AuditEntry>,
    /// Where callers of protocol 4 look for what agents did; always empty here.
    #[serde(default)]
    #[cfg_attr(test, ts(type = "Json[]"))]
    pub events: Vec<Value>,
}

/// How an audited step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum AuditResult {
    /// It happened.
    Ok,
    /// Somebody, or the gateway itself, said no.
    Denied,
    /// Nobody said anything in time.
    Expired,
}

/// What the object of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum AuditObject {
    /// A device, by its id.
    Device,
    /// A node, by its id.
    Node,
    /// A pairing request, by its id.
    Request,
    /// A connection, by its id.
    Connection,
    /// A setup code, by its id.
    Setup,
    /// An exec approval, by its id.
    Approval,
    /// The config file; the object is the id of the change, if it waits for confirmation.
    Config,
    /// An address, of a listener or of a route.
    Address,
    /// Something else.
    Other,
}

/// One line of the audit log: an entry of `audit.list`, and the payload of `audit.appended`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Number of the line, from 1 without gaps.
    pub id: i64,
    /// When, milliseconds since the epoch.
    pub ts: i64,
    /// What happened: `connect`, `refuse`, `pair.approve`, `config.write`, …
    pub kind: String,
    /// Who: a device id, a user, a client id, `control` for the owner's command line, `gateway` for the gateway itself.
    pub actor: String,
    /// What people call the actor, if it is a device that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_name: Option<String>,
    /// On what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// What the object is.
    pub object_kind: AuditObject,
    /// What people call the object, if it is a device that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_name: Option<String>,
    /// Address it came from, if that is not the gateway's machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// How it ended.
    pub result: AuditResult,
    /// Further facts, by kind; never a credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "Json"))]
    pub detail: Option<Value>,
    /// The same as `id`.
    pub seq: i64,
    /// The same as `object`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The same as `ip`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_ip: Option<String>,
    /// The same as `detail`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(type = "Json"))]
    pub details: Option<Value>,
    /// Hex hash of the line, which covers the hash of the line before it.
    pub hash: String,
}

/// Result of `audit.verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct AuditVerified {
    /// Whether no line was changed, removed or added.
    pub ok: bool,
    /// Lines that were read.
    pub lines: u64,
    /// Number of the last line.
    pub head_seq: i64,
    /// The first bad line, if there is one.
    pub fault: Option<AuditFaultAt>,
}

/// `fault` of [`AuditVerified`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct AuditFaultAt {
    /// Number of the line.
    pub seq: i64,
    /// What is wrong with it, to follow "line 7".
    pub reason: String,
}
