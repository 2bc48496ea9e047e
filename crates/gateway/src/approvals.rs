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
/// Most bytes of request text that may wait.
const MAX_PENDING_BYTES: usize = 8 * 1024 * 1024;
/// Most bytes of one request: what a person can still judge.
const MAX_REQUEST_BYTES: usize = 64 * 1024;
/// Length of an id that a caller chose, in bytes.
const MAX_ID_BYTES: usize = 256;
/// Decided approvals that are remembered at most.
const MAX_DECIDED: usize = 1_000;

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

/// What became of an approval whose time is over.
#[derive(Debug)]
pub enum Expiry {
    /// It expired; to be made durable.
    Expired(Change),
    /// It was decided in time; those who wait are told once that is durable.
    Decided,
    /// It is not known.
    Unknown,
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

    /// Adds an approval. Returns what is to be made durable.
    pub fn open(&self, record: ApprovalRecord, now_ms: i64) -> Result<Vec<Change>, WireError> {
        if record.request_json.len() > MAX_REQUEST_BYTES {
            return Err(WireError::invalid(format!(
                "this request has {} bytes, an approval takes at most {MAX_REQUEST_BYTES}; put a long command into \
                 a script and ask for that",
                record.request_json.len()
            )));
        }
        if record.id.len() > MAX_ID_BYTES {
            return Err(WireError::invalid(format!(
                "the id of an approval has at most {MAX_ID_BYTES} bytes; leave it out, and the gateway makes one"
            )));
        }
        let mut slots = self.slots.lock();
        if slots.contains_key(&record.id) {
            return Err(WireError::invalid("approval id already pending"));
        }
        let waiting = slots
            .values()
            .filter(|slot| slot.record.resolved_at_ms.is_none());
        let (count, bytes) = waiting.fold((0, 0), |(count, bytes), slot| {
            (count + 1, bytes + slot.record.request_json.len())
        });
        if count >= MAX_PENDING || bytes + record.request_json.len() > MAX_PENDING_BYTES {
            let message = format!(
                "{count} approvals wait already; decide some first (openclaw approvals pending)"
            );
            return Err(WireError::unavailable(message));
        }
        let mut changes = forget_decided(&mut slots, now_ms);
        changes.push(Change::PutApproval(Box::new(record.clone())));
        slots.insert(
            record.id.clone(),
            Slot {
                record,
                outcome: watch::Sender::new(Outcome::Waiting),
            },
        );
        Ok(changes)
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

    /// Tells everyone who waits; whether anybody did. Called once the decision is durable.
    pub fn announce(&self, id: &str) -> bool {
        self.slots.lock().get(id).is_some_and(|slot| {
            let waited = slot.outcome.receiver_count() > 0;
            slot.outcome
                .send_replace(Outcome::Decided(slot.record.decision.clone()));
            waited
        })
    }

    /// Takes a decision back that could not be stored.
    pub fn undo(&self, id: &str) {
        if let Some(slot) = self.slots.lock().get_mut(id) {
            slot.record.decision = None;
            slot.record.resolved_by = None;
            slot.record.resolved_at_ms = None;
        }
    }

    /// Marks an approval expired unless it was decided.
    pub fn expire(&self, id: &str, now_ms: i64) -> Expiry {
        let mut slots = self.slots.lock();
        let Some(slot) = slots.get_mut(id) else {
            return Expiry::Unknown;
        };
        if slot.record.resolved_at_ms.is_some() {
            return Expiry::Decided;
        }
        slot.record.resolved_at_ms = Some(now_ms);
        slot.outcome.send_replace(Outcome::Decided(None));
        Expiry::Expired(Change::PutApproval(Box::new(slot.record.clone())))
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

/// Drops decided approvals that are too old or too many. Returns what is to be made durable.
fn forget_decided(slots: &mut HashMap<String, Slot>, now_ms: i64) -> Vec<Change> {
    let mut decided: Vec<_> = slots
        .values()
        .filter_map(|slot| Some((slot.record.resolved_at_ms?, slot.record.id.clone())))
        .collect();
    decided.sort_unstable();
    let too_many = (decided.len() + 1).saturating_sub(MAX_DECIDED);
    let old = decided
        .iter()
        .take_while(|(at_ms, _)| now_ms - at_ms >= REMEMBER_MS)
        .count();
    decided.truncate(too_many.max(old));
    decided
        .into_iter()
        .map(|(_, id)| {
            slots.remove(&id);
            Change::RemoveApproval(id)
        })
        .collect()
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
        assert!(matches!(approvals.expire("a", 1_000), Expiry::Expired(_)));
        assert!(matches!(approvals.expire("a", 1_001), Expiry::Decided));
        let error = approvals.decide("a", "deny", "Laptop", 1_002).unwrap_err();
        assert_eq!(error.message, "approval a expired before anyone decided");
    }

    #[test]
    fn u27_a_decision_that_is_being_stored_beats_the_end_of_the_time() {
        let approvals = Approvals::new(vec![record("a")]);
        let (_, mut outcome) = approvals.watch("a").unwrap();
        approvals.decide("a", "allow-once", "Phone", 999).unwrap();
        assert!(matches!(approvals.expire("a", 1_000), Expiry::Decided));
        assert_eq!(*outcome.borrow_and_update(), Outcome::Waiting);
        assert!(approvals.announce("a"));
        assert_eq!(
            *outcome.borrow_and_update(),
            Outcome::Decided(Some("allow-once".into()))
        );
    }

    #[test]
    fn what_waits_is_bounded_in_size_and_number() {
        let approvals = Approvals::default();
        let sized = |id: String, bytes: usize| ApprovalRecord {
            request_json: "x".repeat(bytes),
            ..record(&id)
        };
        let error = approvals
            .open(sized("long".into(), MAX_REQUEST_BYTES + 1), 0)
            .unwrap_err();
        assert!(error.message.contains("at most 65536"), "{}", error.message);
        let most = MAX_PENDING_BYTES / MAX_REQUEST_BYTES;
        for n in 0..most {
            approvals
                .open(sized(n.to_string(), MAX_REQUEST_BYTES), 0)
                .unwrap();
        }
        assert!(approvals.open(sized("more".into(), 1), 0).is_err());
        approvals.decide("0", "deny", "Phone", 1).unwrap();
        approvals.open(sized("more".into(), 1), 1).unwrap();
    }

    #[test]
    fn decided_approvals_are_forgotten_oldest_first() {
        let approvals = Approvals::default();
        for n in 0..=MAX_DECIDED {
            let id = n.to_string();
            let now_ms = i64::try_from(n).unwrap();
            let record = ApprovalRecord {
                expires_at_ms: i64::MAX,
                ..record(&id)
            };
            let changes = approvals.open(record, now_ms).unwrap();
            let forgotten = usize::from(n == MAX_DECIDED);
            assert_eq!(changes.len(), 1 + forgotten, "{n}");
            approvals.decide(&id, "deny", "Phone", now_ms).unwrap();
        }
        assert!(approvals.watch("0").is_none());
        assert!(approvals.watch("1").is_some());
    }
}
