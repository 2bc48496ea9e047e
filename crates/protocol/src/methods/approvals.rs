//! `exec.approval.*` (one decision) and `exec.approvals.*` (the standing rules).

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::strict;

/// How an exec approval was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// This time.
    AllowOnce,
    /// This time, and remember it.
    AllowAlways,
    /// No.
    Deny,
}

impl Decision {
    /// Parses the wire name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "allow-once" => Some(Self::AllowOnce),
            "allow-always" => Some(Self::AllowAlways),
            "deny" => Some(Self::Deny),
            _ => None,
        }
    }

    /// The wire name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AllowOnce => "allow-once",
            Self::AllowAlways => "allow-always",
            Self::Deny => "deny",
        }
    }
}

/// Params of `exec.approval.request`. Texts may be `null` for absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ExecApprovalRequestParams {
    /// Id to use; the gateway makes one without it.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub id: Option<String>,
    /// Command line to decide about.
    #[serde(deserialize_with = "strict::nonempty")]
    pub command: String,
    /// Directory it would run in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Where it would run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Security mode in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<String>,
    /// Ask mode in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
    /// Agent that wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// Program it resolves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_path: Option<String>,
    /// Session that wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_key: Option<String>,
    /// Node that would run it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// Lifetime, in milliseconds; [`crate::limits::APPROVAL_TIMEOUT_MS`] without it.
    #[serde(
        default,
        deserialize_with = "strict::some_at_least::<_, _, 1>",
        skip_serializing_if = "Option::is_none"
    )]
    pub timeout_ms: Option<u64>,
}

/// What is asked, as the event shows it: `null` for absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", default)]
pub struct ExecApprovalSubject {
    /// Command line to decide about.
    pub command: String,
    /// Directory it would run in.
    pub cwd: Option<String>,
    /// Where it would run.
    pub host: Option<String>,
    /// Security mode in force.
    pub security: Option<String>,
    /// Ask mode in force.
    pub ask: Option<String>,
    /// Agent that wants it.
    pub agent_id: Option<String>,
    /// Program it resolves to.
    pub resolved_path: Option<String>,
    /// Session that wants it.
    pub session_key: Option<String>,
    /// Node that would run it, if the request names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_id: Option<String>,
    /// What people call that node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_name: Option<String>,
}

/// Payload of `exec.approval.requested`, and an entry of `exec.approval.list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ExecApproval {
    /// Id to decide under.
    pub id: String,
    /// What is asked.
    pub request: ExecApprovalSubject,
    /// When, milliseconds since the epoch.
    pub created_at_ms: i64,
    /// Until when it can be decided, milliseconds since the epoch.
    pub expires_at_ms: i64,
    /// Who asked: display name or client id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
}

/// Result of `exec.approval.request`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ExecApprovalDecided {
    /// Its id.
    pub id: String,
    /// The decision; `null` when nobody decided in time.
    pub decision: Option<Decision>,
    /// When it was asked, milliseconds since the epoch.
    pub created_at_ms: i64,
    /// Until when it could be decided, milliseconds since the epoch.
    pub expires_at_ms: i64,
}

/// Params of `exec.approval.resolve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ExecApprovalResolveParams {
    /// Id of the approval.
    #[serde(deserialize_with = "strict::nonempty")]
    pub id: String,
    /// Wire name of a [`Decision`]; anything else is answered with `invalid decision`.
    #[serde(deserialize_with = "strict::nonempty")]
    pub decision: String,
}

/// Payload of `exec.approval.resolved`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ExecApprovalResolved {
    /// Id of the approval.
    pub id: String,
    /// The decision.
    pub decision: Decision,
    /// Who decided: display name or client id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<String>,
    /// When, milliseconds since the epoch.
    pub ts: i64,
}

/// Params of `exec.approvals.set`; of `exec.approvals.node.set` with the node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct ExecApprovalsSetParams<'a> {
    /// Id of the node.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub node_id: Option<String>,
    /// The new file.
    #[serde(borrow, deserialize_with = "approvals_file")]
    #[cfg_attr(test, ts(type = "unknown"))]
    pub file: &'a RawValue,
    /// `hash` of the snapshot it is based on; required once the file exists.
    #[serde(
        default,
        deserialize_with = "strict::some_nonempty",
        skip_serializing_if = "Option::is_none"
    )]
    pub base_hash: Option<String>,
}

fn approvals_file<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'de RawValue, D::Error> {
    let raw = <&RawValue>::deserialize(deserializer)?;
    let file = serde_json::from_str(raw.get()).map_err(D::Error::custom)?;
    let problems = crate::schema::APPROVALS_FILE.explain(&file);
    if problems.is_empty() {
        Ok(raw)
    } else {
        Err(D::Error::custom(problems))
    }
}

/// Result of `exec.approvals.get` and `exec.approvals.set`, here and on nodes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ExecApprovalsSnapshot {
    /// The file.
    pub path: String,
    /// Whether it is there.
    pub exists: bool,
    /// Hash of its text: the `baseHash` of the next change.
    pub hash: String,
    /// What is in it, without the socket token.
    #[cfg_attr(test, ts(type = "Json"))]
    pub file: Box<RawValue>,
}
