//! Exec approvals: durable, first decision wins, late decisions are told what happened.

use std::collections::HashMap;

use openclaw_protocol::error::WireError;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::records::{ApprovalRecord, Change};

/// How long a decided approval is remembered, in milliseconds.
const REMEMBER_MS: i64 = 86_400_000;
/// Most approvals that may wait.
const MAX_PENDING: usize = 500;

/// What came of an approval, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody has decided.
    Waiting,
    /// Decided; `None` when it expired.
    Decided(Option<String>),
}

#[derive(Debug)]
struct Slot {
    record: ApprovalRecord,
    outcome: watch::Sender<Outcome>,
}

/// The approvals.
#[derive(Debug, Default)]
pub struct Approvals {
    slots: Mutex<HashMap<String, Slot>>,
}

/// What a decision led to.
#[derive(Debug)]
pub struct Decided {
    /// The approval after the decision.
    pub record: ApprovalRecord,
    /// To be made durable.
    pub change: Change,
}

impl Approvals {
    /// From stored records.
    pub fn new(records: Vec<ApprovalRecord>) -> Self {
        let slots = records
            .into_iter()
            .map(|record| {
                let outcome = if record.resolved_at_ms.is_some() {
                    Outcome::Decided(record.decision.clone())
                } else {
                    Outcome::Waiting
                };
                (
                    record.id.clone(),
                    Slot {
                        record,
                        outcome: watch::Sender::new(outcome),
                    },
                )
            })
            .collect();
        Self {
            slots: Mutex::new(slots),
        }
    }

    /// Adds an approval.
    pub fn open(&self, record: ApprovalRecord, now_ms: i64) -> Result<Change, WireError> {
        let mut slots = self.slots.lock();
        slots.retain(|_, slot| {
            slot.record
                .resolved_at_ms
                .is_none_or(|at| now_ms - at < REMEMBER_MS)
        });
        if slots.contains_key(&record.id) {
            return Err(WireError::invalid("approval id already pending"));
        }
        let waiting = slots
            .values()
            .filter(|slot| slot.record.resolved_at_ms.is_none())
            .count();
        if waiting >= MAX_PENDING {
            let message = format!(
                "{waiting} approvals wait already; decide some first (openclaw approvals pending)"
            );
            return Err(WireError::unavailable(message));
        }
        let change = Change::PutApproval(Box::new(record.clone()));
        slots.insert(
            record.id.clone(),
            Slot {
                record,
                outcome: watch::Sender::new(Outcome::Waiting),
            },
        );
        Ok(change)
    }

    /// Forgets an approval that could not be stored.
    pub fn discard(&self, id: &str) {
        self.slots.lock().remove(id);
    }

    /// Decides, or says what was decided before.
    pub fn decide(
        &self,
        id: &str,
        decision: &str,
        by: &str,
        now_ms: i64,
    ) -> Result<Decided, WireError> {
        let mut slots = self.slots.lock();
        let slot = slots
            .get_mut(id)
            .ok_or_else(|| WireError::invalid("unknown approval id"))?;
        if slot.record.resolved_at_ms.is_some() || now_ms >= slot.record.expires_at_ms {
            return Err(late(&slot.record));
        }
        slot.record.decision = Some(decision.to_owned());
        slot.record.resolved_by = Some(by.to_owned());
        slot.record.resolved_at_ms = Some(now_ms);
        Ok(Decided {
            record: slot.record.clone(),
            change: Change::PutApproval(Box::new(slot.record.clone())),
        })
    }

    /// Tells everyone who waits. Called once the decision is durable.
    pub fn announce(&self, id: &str) {
        if let Some(slot) = self.slots.lock().get(id) {
            slot.outcome
                .send_replace(Outcome::Decided(slot.record.decision.clone()));
        }
    }

    /// Takes a decision back that could not be stored.
    pub fn undo(&self, id: &str) {
        if let Some(slot) = self.slots.lock().get_mut(id) {
            slot.record.decision = None;
            slot.record.resolved_by = None;
            slot.record.resolved_at_ms = None;
        }
    }

    /// Marks an approval expired unless it was decided. Returns the change, if there is one.
    pub fn expire(&self, id: &str, now_ms: i64) -> Option<Change> {
        let mut slots = self.slots.lock();
        let slot = slots.get_mut(id)?;
        if slot.record.resolved_at_ms.is_some() {
            return None;
        }
        slot.record.resolved_at_ms = Some(now_ms);
        slot.outcome.send_replace(Outcome::Decided(None));
        Some(Change::PutApproval(Box::new(slot.record.clone())))
    }

    /// An approval and a view of its outcome.
    pub fn watch(&self, id: &str) -> Option<(ApprovalRecord, watch::Receiver<Outcome>)> {
        let slots = self.slots.lock();
        let slot = slots.get(id)?;
        Some((slot.record.clone(), slot.outcome.subscribe()))
    }

    /// What waits, newest first.
    pub fn pending(&self, now_ms: i64) -> Vec<ApprovalRecord> {
        self.sorted(|record| record.resolved_at_ms.is_none() && now_ms < record.expires_at_ms)
    }

    /// Ids whose life is over although nobody decided.
    pub fn overdue(&self, now_ms: i64) -> Vec<String> {
        let slots = self.slots.lock();
        let overdue = slots.values().map(|slot| &slot.record);
        overdue
            .filter(|record| record.resolved_at_ms.is_none() && now_ms >= record.expires_at_ms)
            .map(|record| record.id.clone())
            .collect()
    }

    /// What was decided or expired, newest first.
    pub fn history(&self) -> Vec<ApprovalRecord> {
        self.sorted(|record| record.resolved_at_ms.is_some())
    }

    fn sorted(&self, wanted: impl Fn(&ApprovalRecord) -> bool) -> Vec<ApprovalRecord> {
        let slots = self.slots.lock();
        let mut list: Vec<_> = slots
            .values()
            .map(|slot| &slot.record)
            .filter(|record| wanted(record))
            .cloned()
            .collect();
        list.sort_by(|a, b| {
            b.created_at_ms
                .cmp(&a.created_at_ms)
                .then_with(|| a.id.cmp(&b.id))
        });
        list
    }
}

fn late(record: &ApprovalRecord) -> WireError {
    let happened = match (&record.decision, &record.resolved_by) {
        (Some(decision), Some(by)) => format!("was already decided: {decision} by {by}"),
        (Some(decision), None) => format!("was already decided: {decision}"),
        (None, _) => "expired before anyone decided".to_owned(),
    };
    let details = json!({
        "code": "APPROVAL_RESOLVED",
        "decision": record.decision,
        "resolvedBy": record.resolved_by,
        "resolvedAtMs": record.resolved_at_ms,
    });
    WireError::invalid(format!("approval {} {happened}", record.id)).with_details(details)
}

/// An approval on the wire.
pub fn view(record: &ApprovalRecord) -> Value {
    let request: Value = serde_json::from_str(&record.request_json).unwrap_or(Value::Null);
    let mut out = json!({
        "id": record.id,
        "request": request,
        "createdAtMs": record.created_at_ms,
        "expiresAtMs": record.expires_at_ms,
    });
    if let Some(by) = &record.requested_by {
        out["requestedBy"] = json!(by);
    }
    if let Some(at) = record.resolved_at_ms {
        out["decision"] = json!(record.decision);
        out["resolvedBy"] = json!(record.resolved_by);
        out["resolvedAtMs"] = json!(at);
    }
    out
}

/// A decided or expired approval, as the history of protocol 4 shows it.
pub fn decided_view(record: &ApprovalRecord) -> Value {
    let request: Value = serde_json::from_str(&record.request_json).unwrap_or(Value::Null);
    let (status, reason) = match record.decision.as_deref() {
        Some("deny") => ("denied", "user"),
        Some(_) => ("allowed", "user"),
        None => ("expired", "timeout"),
    };
    let mut out = json!({
        "id": record.id,
        "urlPath": format!("/approvals/{}", path_segment(&record.id)),
        "createdAtMs": record.created_at_ms,
        "expiresAtMs": record.expires_at_ms,
        "resolvedAtMs": record.resolved_at_ms,
        "presentation": {
            "kind": "exec",
            "commandText": request["command"],
            "host": request["host"],
            "agentId": request["agentId"],
            "allowedDecisions": ["allow-once", "allow-always", "deny"],
        },
        "status": status,
        "reason": reason,
    });
    if let Some(decision) = &record.decision {
        out["decision"] = json!(decision);
    }
    out
}

/// Percent-encodes all but unreserved characters.
fn path_segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
            out.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str) -> ApprovalRecord {
        ApprovalRecord {
            id: id.into(),
            request_json: r#"{"command":"uname"}"#.into(),
            requested_by: Some("cli".into()),
            created_at_ms: 0,
            expires_at_ms: 1_000,
            decision: None,
            resolved_by: None,
            resolved_at_ms: None,
        }
    }

    #[test]
    fn u27_the_first_decision_wins_and_later_ones_learn_it() {
        let approvals = Approvals::default();
        approvals.open(record("a"), 0).unwrap();
        assert_eq!(
            approvals.open(record("a"), 0).unwrap_err().message,
            "approval id already pending"
        );
        approvals.decide("a", "allow-once", "Phone", 5).unwrap();
        let error = approvals.decide("a", "deny", "Laptop", 6).unwrap_err();
        assert_eq!(
            error.message,
            "approval a was already decided: allow-once by Phone"
        );
        assert_eq!(
            approvals
                .decide("b", "deny", "Laptop", 6)
                .unwrap_err()
                .message,
            "unknown approval id"
        );
    }

    #[test]
    fn u27_pending_approvals_survive_a_restart_and_expire_once() {
        let approvals = Approvals::new(vec![record("a")]);
        assert_eq!(approvals.pending(500).len(), 1);
        assert!(approvals.pending(1_000).is_empty());
        assert!(approvals.expire("a", 1_000).is_some());
        assert!(approvals.expire("a", 1_001).is_none());
        let error = approvals.decide("a", "deny", "Laptop", 1_002).unwrap_err();
        assert_eq!(error.message, "approval a expired before anyone decided");
    }
}
