//! `audit.list`, `audit.verify`, and the event that follows the log.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use openclaw_protocol::error::WireError;
use openclaw_protocol::event;
use openclaw_protocol::methods::audit::{
    AuditEntry as Shown, AuditFaultAt, AuditList, AuditListParams, AuditObject, AuditResult,
    AuditVerified,
};
use serde_json::Value;

use crate::audit::{AuditEntry, AuditFilter};
use crate::core::Core;
use crate::records::AuditEvent;
use crate::rpc::context::{Call, Payload, RpcResult};
use crate::rpc::router::Methods;
use crate::tasks;

/// Lines in an answer unless asked otherwise.
const DEFAULT_LINES: u32 = 200;
/// Most lines in an answer.
const MAX_LINES: u32 = 5_000;
/// Bytes of details in an answer, which holds them twice, with [`LINE_BYTES`] for the rest of each line.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;
/// What a line takes besides its details.
const LINE_BYTES: usize = 400;
/// Lines that are read at once for the event.
const FOLLOWED_LINES: u32 = 500;
/// Lines within this time are read together.
const FOLLOW_DEBOUNCE: Duration = Duration::from_millis(100);

pub(super) fn register(methods: &mut Methods) {
    methods.later("audit.list", crate::later!(list));
    methods.later("audit.verify", crate::later!(verify));
}

fn failed() -> WireError {
    WireError::unavailable("the audit log could not be read; see openclaw logs")
}

async fn list(call: Call) -> RpcResult {
    let params: AuditListParams = call.params()?;
    let mut kinds = params.kinds.unwrap_or_default();
    kinds.extend(params.kind);
    let filter = AuditFilter {
        kinds,
        actor: params.actor,
        subject: params.subject,
        since_ms: params.since_ms,
        until_ms: params.until_ms,
        after_seq: params.after_seq,
        before_seq: params.before,
        limit: params.limit.unwrap_or(DEFAULT_LINES).clamp(1, MAX_LINES),
    };
    let after = filter.after_seq.is_some();
    // Lines that are still queued belong to what the caller asks for.
    call.core
        .store
        .flush()
        .await
        .map_err(|error| WireError::unavailable(error.to_string()))?;
    let store = Arc::clone(&call.core.store);
    let lines = tasks::blocking("audit list", move || store.audit_list(&filter))
        .await
        .ok_or_else(failed)?;
    let lines = lines.map_err(|error| WireError::unavailable(error.to_string()))?;
    let names = Names::of(&call.core);
    let entries = fitting(lines, after).into_iter();
    Ok(Payload::of(&AuditList {
        entries: entries.map(|line| names.show(line)).collect(),
        // Where callers of protocol 4 look for what agents did, and there are none.
        events: Vec::new(),
    }))
}

/// The lines that an answer has room for: from the one that was asked for on, the newest unless `after` says otherwise. Whoever
/// wants more asks from the last one on.
fn fitting(mut lines: Vec<AuditEntry>, after: bool) -> Vec<AuditEntry> {
    let mut left = MAX_ANSWER_BYTES;
    let mut fits = |line: &AuditEntry| {
        let taken = line.event.details.to_string().len() + LINE_BYTES;
        let fits = taken <= left;
        left = left.saturating_sub(if fits { taken } else { left });
        fits
    };
    if after {
        let count = lines.iter().take_while(|line| fits(line)).count();
        lines.truncate(count);
    } else {
        let count = lines.iter().rev().take_while(|line| fits(line)).count();
        lines.drain(..lines.len() - count);
    }
    lines
}

async fn verify(call: Call) -> RpcResult {
    call.core
        .store
        .flush()
        .await
        .map_err(|error| WireError::unavailable(error.to_string()))?;
    let store = Arc::clone(&call.core.store);
    let verdict = tasks::blocking("audit verify", move || store.audit_verify())
        .await
        .ok_or_else(failed)?;
    let verdict = verdict.map_err(|error| WireError::unavailable(error.to_string()))?;
    Ok(Payload::of(&AuditVerified {
        ok: verdict.fault.is_none(),
        lines: verdict.lines,
        head_seq: verdict.head_seq,
        fault: verdict.fault.map(|(seq, fault)| AuditFaultAt {
            seq,
            reason: fault.text().to_owned(),
        }),
    }))
}

/// Tells whoever may hear it of every line as it is written. While nobody may, nothing is read.
pub(crate) async fn follow(core: Arc<Core>) {
    let spec = event::find("audit.appended").expect("audit.appended is in the list of events");
    let mut head = core.store.audit_head();
    let mut told = *head.borrow_and_update();
    while head.changed().await.is_ok() {
        tokio::time::sleep(FOLLOW_DEBOUNCE).await;
        let newest = *head.borrow_and_update();
        if !core.hub.is_heard(spec) {
            told = newest;
            continue;
        }
        while told < newest {
            let store = Arc::clone(&core.store);
            let after = told;
            let read = tasks::blocking("audit follow", move || {
                store.audit_follow(after, FOLLOWED_LINES)
            });
            let lines = match read.await {
                Some(Ok(lines)) if !lines.is_empty() => lines,
                Some(Err(error)) => {
                    tracing::warn!(%error, "audit lines could not be read for those who follow them");
                    told = newest;
                    break;
                }
                _ => {
                    told = newest;
                    break;
                }
            };
            let names = Names::of(&core);
            for line in lines {
                told = line.seq;
                core.broadcast_typed(spec.name, &names.show(line));
            }
        }
    }
}

/// What people call the devices that are known.
struct Names(HashMap<String, String>);

impl Names {
    fn of(core: &Core) -> Self {
        let devices = core.books.devices.lock();
        let pending = devices
            .pending(core.now_ms())
            .into_iter()
            .filter_map(|request| {
                let name = request.facts.display_name.clone()?;
                Some((request.device_id.clone(), name))
            });
        let mut names: HashMap<String, String> = pending.collect();
        names.extend(devices.paired().into_iter().filter_map(|device| {
            let label = device.operator_label.as_ref();
            let name = label.or(device.facts.display_name.as_ref())?;
            Some((device.device_id.clone(), name.clone()))
        }));
        Self(names)
    }

    fn show(&self, line: AuditEntry) -> Shown {
        let AuditEvent {
            ts,
            kind,
            actor,
            remote_ip,
            subject,
            details,
        } = line.event;
        let detail = Some(details).filter(|details| !details.is_null());
        let named = |id: &String| self.0.get(id).cloned();
        Shown {
            id: line.seq,
            ts,
            actor_name: named(&actor),
            object_name: subject.as_ref().and_then(named),
            object_kind: object_kind(&kind, subject.as_deref()),
            result: result(&kind, detail.as_ref()),
            kind,
            actor,
            object: subject.clone(),
            ip: remote_ip.clone(),
            detail: detail.clone(),
            seq: line.seq,
            subject,
            remote_ip,
            details: detail,
            hash: line.hash,
        }
    }
}

fn object_kind(kind: &str, object: Option<&str>) -> AuditObject {
    let is_device = object.is_some_and(|object| {
        object.len() == 64 && object.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    match kind.split_once('.').map_or(kind, |(family, _)| family) {
        "node" | "exec" if is_device => AuditObject::Node,
        _ if is_device => AuditObject::Device,
        "pair" | "node" => AuditObject::Request,
        "connect" | "client" => AuditObject::Connection,
        "setup" => AuditObject::Setup,
        "exec" => AuditObject::Approval,
        "config" => AuditObject::Config,
        "listener" | "tailscale" => AuditObject::Address,
        _ => AuditObject::Other,
    }
}

fn result(kind: &str, details: Option<&Value>) -> AuditResult {
    let says = |key: &str, value: &str| details.is_some_and(|details| details[key] == value);
    match kind {
        "refuse" | "pair.reject" | "node.reject" => AuditResult::Denied,
        "pair.expire" => AuditResult::Expired,
        "exec" if says("event", "exec.denied") => AuditResult::Denied,
        "exec.approval" if says("decision", "deny") => AuditResult::Denied,
        "exec.approval" if says("event", "expired") => AuditResult::Expired,
        "config.revert" if !says("outcome", "kept") => AuditResult::Expired,
        _ => AuditResult::Ok,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_and_results_follow_from_the_kind() {
        let device = "ab".repeat(32);
        for (kind, object, details, is, ended) in [
            (
                "connect",
                Some("c1"),
                json!({}),
                AuditObject::Connection,
                AuditResult::Ok,
            ),
            (
                "refuse",
                None,
                json!({ "reason": "x" }),
                AuditObject::Other,
                AuditResult::Denied,
            ),
            (
                "pair.request",
                Some("r1"),
                json!({}),
                AuditObject::Request,
                AuditResult::Ok,
            ),
            (
                "pair.approve",
                Some(&device),
                json!({}),
                AuditObject::Device,
                AuditResult::Ok,
            ),
            (
                "pair.reject",
                Some(&device),
                json!({}),
                AuditObject::Device,
                AuditResult::Denied,
            ),
            (
                "pair.expire",
                Some("r1"),
                json!({}),
                AuditObject::Request,
                AuditResult::Expired,
            ),
            (
                "exec",
                Some(&device),
                json!({ "event": "exec.denied" }),
                AuditObject::Node,
                AuditResult::Denied,
            ),
            (
                "exec.approval",
                Some("a1"),
                json!({ "decision": "deny" }),
                AuditObject::Approval,
                AuditResult::Denied,
            ),
            (
                "exec.approval",
                Some("a1"),
                json!({ "event": "expired" }),
                AuditObject::Approval,
                AuditResult::Expired,
            ),
            (
                "listener.open",
                Some("0.0.0.0:1"),
                json!({}),
                AuditObject::Address,
                AuditResult::Ok,
            ),
            (
                "config.revert",
                Some("i"),
                json!({ "outcome": "reverted" }),
                AuditObject::Config,
                AuditResult::Expired,
            ),
        ] {
            assert_eq!(object_kind(kind, object), is, "{kind}");
            assert_eq!(result(kind, Some(&details)), ended, "{kind}");
        }
    }
}
