//! Table: the one list of events, with who receives them and how they behave for slow readers.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::scope::Scope;

/// Who receives an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Every connection, operators and nodes.
    Everyone,
    /// Operators, whatever their scopes.
    Operators,
    /// Operators that hold the scope.
    Scope(Scope),
    /// Sent to one connection only, never broadcast.
    Direct,
}

/// One event.
#[derive(Debug, Clone, Copy)]
pub struct EventSpec {
    /// Name on the wire.
    pub name: &'static str,
    /// Who receives it.
    pub audience: Audience,
    /// Only the newest one matters: a queued one is replaced by the next.
    pub coalesces: bool,
    /// Since which protocol it is listed in the hello.
    pub since: u32,
}

impl EventSpec {
    const fn coalesces(mut self) -> Self {
        self.coalesces = true;
        self
    }

    const fn since(mut self, protocol: u32) -> Self {
        self.since = protocol;
        self
    }
}

const fn event(name: &'static str, audience: Audience) -> EventSpec {
    EventSpec {
        name,
        audience,
        coalesces: false,
        since: crate::PROTOCOL_MIN,
    }
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static EventSpec>> =
    LazyLock::new(|| EVENTS.iter().map(|event| (event.name, event)).collect());

/// Finds an event by name.
pub fn find(name: &str) -> Option<&'static EventSpec> {
    BY_NAME.get(name).copied()
}

/// Names that the hello of a protocol generation lists, in order.
pub fn advertised(protocol: u32) -> impl Iterator<Item = &'static str> {
    EVENTS
        .iter()
        .filter(move |event| event.since <= protocol)
        .map(|event| event.name)
}

const READ: Audience = Audience::Scope(Scope::Read);
const PAIRING: Audience = Audience::Scope(Scope::Pairing);
const ADMIN: Audience = Audience::Scope(Scope::Admin);
const APPROVALS: Audience = Audience::Scope(Scope::Approvals);

/// All events, in the order in which they are advertised.
pub static EVENTS: &[EventSpec] = &[
    event("connect.challenge", Audience::Direct),
    event("agent", READ),
    event("chat", READ),
    event("presence", Audience::Operators).coalesces(),
    event("tick", Audience::Everyone).coalesces(),
    event("talk.mode", Audience::Operators).coalesces(),
    event("shutdown", Audience::Everyone),
    event("health", Audience::Operators).coalesces(),
    event("heartbeat", Audience::Operators).coalesces(),
    event("cron", READ),
    event("node.pair.requested", PAIRING),
    event("node.pair.resolved", PAIRING),
    event("node.invoke.request", Audience::Direct),
    event("device.pair.requested", PAIRING),
    event("device.pair.resolved", PAIRING),
    event("voicewake.changed", Audience::Everyone).coalesces(),
    event("exec.approval.requested", APPROVALS),
    event("exec.approval.resolved", APPROVALS),
    event("node.invoke.cancel", Audience::Direct).since(4),
    event("node.invoke.started", Audience::Direct).since(4),
    event("node.invoke.progress", Audience::Direct).since(4),
    event("node.presence", READ).since(4),
    event("device.pair.changed", PAIRING).coalesces().since(4),
    event("device.pair.setup.completed", PAIRING).since(4),
    event("device.pair.setup.deliveryUncertain", PAIRING).since(4),
    event("config.changed", READ).coalesces().since(4),
    event("config.confirmPending", READ).since(4),
    event("config.confirmed", READ).since(4),
    event("config.reverted", READ).since(4),
    event("clients.changed", READ).coalesces().since(4),
    event("audit.appended", ADMIN).since(4),
    event(RESYNC, Audience::Direct).coalesces().since(4),
];

/// Tells a slow reader that droppable events were left out, so that it asks for the state again.
/// Payload [`Resync`].
pub const RESYNC: &str = "resync";

/// Payload of [`RESYNC`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Resync {
    /// How many events were left out since the last one.
    pub dropped: u64,
    /// Their names, each once.
    pub events: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_listed_by_generation() {
        assert_eq!(BY_NAME.len(), EVENTS.len());
        assert_eq!(advertised(3).count(), 18);
        assert_eq!(advertised(3).last(), Some("exec.approval.resolved"));
        assert_eq!(advertised(4).count(), EVENTS.len());
        assert!(find(RESYNC).is_some());
        assert!(find("nope").is_none());
    }

    /// Nodes have no scopes; whatever they get is named here.
    #[test]
    fn nodes_receive_little() {
        let broadcast_to_nodes: Vec<_> = EVENTS
            .iter()
            .filter(|event| event.audience == Audience::Everyone)
            .map(|event| event.name)
            .collect();
        assert_eq!(
            broadcast_to_nodes,
            ["tick", "shutdown", "voicewake.changed"]
        );
    }
}
