//! Table: the one list of methods, with who may call them and since which protocol.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::scope::Scope;

/// Who may call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Every authenticated operator, whatever its scopes.
    Any,
    /// Operators that hold the scope.
    Scope(Scope),
    /// Connections with role node.
    Node,
}

/// Which clients see a method in their hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advertised {
    /// Protocol 3 and 4.
    Both,
    /// Protocol 3 only (removed in 4, still answered).
    V3,
    /// Protocol 4 only.
    V4,
    /// Answered, never listed.
    Hidden,
}

impl Advertised {
    /// Whether the hello of this protocol generation lists it.
    pub const fn in_protocol(self, protocol: u32) -> bool {
        match self {
            Self::Both => true,
            Self::V3 => protocol < 4,
            Self::V4 => protocol >= 4,
            Self::Hidden => false,
        }
    }
}

/// One method.
#[derive(Debug, Clone, Copy)]
pub struct MethodSpec {
    /// Name on the wire.
    pub name: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Who sees it listed.
    pub advertised: Advertised,
    /// Whether it changes something (reads never do).
    pub mutates: bool,
}

impl MethodSpec {
    /// The same method, listed elsewhere.
    const fn only(mut self, advertised: Advertised) -> Self {
        self.advertised = advertised;
        self
    }
}

const READ: Access = Access::Scope(Scope::Read);
const WRITE: Access = Access::Scope(Scope::Write);
const ADMIN: Access = Access::Scope(Scope::Admin);
const PAIRING: Access = Access::Scope(Scope::Pairing);
const APPROVALS: Access = Access::Scope(Scope::Approvals);
const QUESTIONS: Access = Access::Scope(Scope::Questions);

/// A method that changes nothing, listed for both generations.
const fn look(name: &'static str, access: Access) -> MethodSpec {
    MethodSpec {
        name,
        access,
        advertised: Advertised::Both,
        mutates: false,
    }
}

/// A method that changes something, listed for both generations.
const fn act(name: &'static str, access: Access) -> MethodSpec {
    MethodSpec {
        name,
        access,
        advertised: Advertised::Both,
        mutates: true,
    }
}

static BY_NAME: LazyLock<HashMap<&'static str, &'static MethodSpec>> =
    LazyLock::new(|| METHODS.iter().map(|method| (method.name, method)).collect());

/// Finds a method by name.
pub fn find(name: &str) -> Option<&'static MethodSpec> {
    BY_NAME.get(name).copied()
}

/// Names that the hello of a protocol generation lists, in order.
pub fn advertised(protocol: u32) -> impl Iterator<Item = &'static str> {
    METHODS
        .iter()
        .filter(move |method| method.advertised.in_protocol(protocol))
        .map(|method| method.name)
}

/// All methods, in the order in which they are advertised.
pub static METHODS: &[MethodSpec] = &[
    look("health", Access::Any),
    look("logs.tail", READ),
    look("channels.status", READ),
    act("channels.logout", ADMIN),
    look("status", READ),
    look("usage.status", READ),
    look("usage.cost", READ),
    look("tts.status", READ),
    look("tts.providers", READ),
    act("tts.enable", WRITE),
    act("tts.disable", WRITE),
    act("tts.convert", WRITE),
    act("tts.setProvider", WRITE),
    look("config.get", READ),
    act("config.set", ADMIN),
    act("config.apply", ADMIN),
    act("config.patch", ADMIN),
    look("config.schema", READ),
    look("exec.approvals.get", ADMIN),
    act("exec.approvals.set", ADMIN),
    look("exec.approvals.node.get", ADMIN),
    act("exec.approvals.node.set", ADMIN),
    act("exec.approval.request", APPROVALS),
    act("exec.approval.resolve", APPROVALS),
    act("wizard.start", ADMIN),
    act("wizard.next", ADMIN),
    act("wizard.cancel", ADMIN),
    look("wizard.status", ADMIN),
    act("talk.mode", WRITE),
    look("models.list", READ),
    look("agents.list", READ),
    look("skills.status", READ),
    look("skills.bins", Access::Node),
    act("skills.install", ADMIN),
    act("skills.update", ADMIN),
    act("update.run", ADMIN),
    look("voicewake.get", READ),
    act("voicewake.set", WRITE),
    look("sessions.list", READ),
    look("sessions.preview", READ),
    act("sessions.patch", ADMIN),
    act("sessions.reset", ADMIN),
    act("sessions.delete", ADMIN),
    act("sessions.compact", ADMIN),
    look("last-heartbeat", READ),
    act("set-heartbeats", ADMIN),
    act("wake", WRITE),
    act("node.pair.request", Access::Any).only(Advertised::V3),
    look("node.pair.list", PAIRING),
    act("node.pair.approve", PAIRING),
    act("node.pair.reject", PAIRING),
    look("node.pair.verify", PAIRING).only(Advertised::V3),
    look("device.pair.list", PAIRING),
    act("device.pair.approve", PAIRING),
    act("device.pair.reject", PAIRING),
    act("device.token.rotate", PAIRING),
    act("device.token.revoke", PAIRING),
    act("node.rename", PAIRING),
    look("node.list", READ),
    look("node.describe", READ),
    act("node.invoke", WRITE),
    act("node.invoke.result", Access::Node),
    act("node.event", Access::Node),
    look("cron.list", READ),
    look("cron.status", READ),
    act("cron.add", ADMIN),
    act("cron.update", ADMIN),
    act("cron.remove", ADMIN),
    act("cron.run", ADMIN),
    look("cron.runs", READ),
    look("system-presence", READ),
    act("system-event", ADMIN),
    act("send", WRITE),
    act("agent", WRITE),
    look("agent.identity.get", READ),
    look("agent.wait", WRITE),
    act("browser.request", WRITE),
    look("chat.history", READ),
    act("chat.abort", WRITE),
    act("chat.send", WRITE),
    // Protocol 4: what its CLI and its node host call.
    look("diagnostics.stability", READ).only(Advertised::V4),
    act("node.pair.remove", PAIRING).only(Advertised::V4),
    act("device.pair.remove", PAIRING).only(Advertised::V4),
    act("device.pair.rename", PAIRING).only(Advertised::V4),
    act("device.pair.setupCode", ADMIN).only(Advertised::V4),
    look("device.pair.setupStatus", ADMIN).only(Advertised::V4),
    act("node.pluginTools.update", Access::Node).only(Advertised::V4),
    act("node.skills.update", Access::Node).only(Advertised::V4),
    // Protocol 4: what its Control UI calls whether it is listed or not.
    look("system.info", READ).only(Advertised::V4),
    look("environments.list", READ).only(Advertised::V4),
    look("environments.status", READ).only(Advertised::V4),
    look("diagnostics.lanes", READ).only(Advertised::V4),
    look("update.status", ADMIN).only(Advertised::V4),
    look("exec.approval.list", APPROVALS).only(Advertised::V4),
    look("exec.approval.get", APPROVALS).only(Advertised::V4),
    look("exec.approval.waitDecision", APPROVALS).only(Advertised::V4),
    look("exec.approval.grants.list", APPROVALS).only(Advertised::V4),
    look("plugin.approval.list", APPROVALS).only(Advertised::V4),
    look("openclaw.approval.list", APPROVALS).only(Advertised::V4),
    look("approval.history", APPROVALS).only(Advertised::V4),
    look("question.list", QUESTIONS).only(Advertised::V4),
    look("sessions.subscribe", READ).only(Advertised::V4),
    look("sessions.messages.subscribe", READ).only(Advertised::V4),
    look("sessions.messages.unsubscribe", READ).only(Advertised::V4),
    look("sessions.describe", READ).only(Advertised::V4),
    look("sessions.branches.list", READ).only(Advertised::V4),
    look("sessions.companion.state", READ).only(Advertised::V4),
    look("sessions.groups.list", READ).only(Advertised::V4),
    look("sessions.observer.visibility", READ).only(Advertised::V4),
    look("chat.startup", READ).only(Advertised::V4),
    look("chat.metadata", READ).only(Advertised::V4),
    look("models.authStatus", READ).only(Advertised::V4),
    look("talk.catalog", READ).only(Advertised::V4),
    look("tasks.list", READ).only(Advertised::V4),
    look("progressCard.get", READ).only(Advertised::V4),
    look("users.prefs.get", READ).only(Advertised::V4),
    // Of this gateway.
    look("device.pair.setupList", ADMIN).only(Advertised::V4),
    act("device.pair.setupRevoke", ADMIN).only(Advertised::V4),
    look("audit.list", ADMIN).only(Advertised::V4),
    look("audit.verify", ADMIN).only(Advertised::V4),
    act("gateway.auth.unlock", ADMIN).only(Advertised::V4),
    look("gateway.proxyCheck", READ).only(Advertised::V4),
    look("remote.status", READ).only(Advertised::V4),
    look("gateway.restart.preflight", READ).only(Advertised::V4),
    act("gateway.restart.request", ADMIN).only(Advertised::V4),
    act("node.invoke.progress", Access::Node).only(Advertised::V4),
    act("node.invoke.abort", WRITE).only(Advertised::V4),
    act("config.confirm", ADMIN).only(Advertised::V4),
    look("clients.list", READ).only(Advertised::V4),
    act("clients.disconnect", ADMIN).only(Advertised::V4),
    // Answered for callers that do not ask the list; a Control UI shows features for these when they are listed.
    look("plugins.controlUi.list", READ).only(Advertised::Hidden),
    look("plugin.surface.refresh", READ).only(Advertised::Hidden),
    look("controlUi.sessionPullRequests.subscribe", READ).only(Advertised::Hidden),
    look("sessions.catalog.list", READ).only(Advertised::Hidden),
    look("sessions.groups.defaults", WRITE).only(Advertised::Hidden),
    look("sessions.viewers.set", READ).only(Advertised::Hidden),
    look("board.get", READ).only(Advertised::Hidden),
    look("mentions.list", READ).only(Advertised::Hidden),
    look("projects.list", READ).only(Advertised::Hidden),
    look("themes.list", READ).only(Advertised::Hidden),
    // Never listed, in no release.
    act("node.runnerInventory.update", Access::Node).only(Advertised::Hidden),
    act("connect", ADMIN).only(Advertised::Hidden),
    look("sessions.resolve", ADMIN).only(Advertised::Hidden),
    act("chat.inject", ADMIN).only(Advertised::Hidden),
    act("web.login.start", ADMIN).only(Advertised::Hidden),
    look("web.login.wait", ADMIN).only(Advertised::Hidden),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        assert_eq!(BY_NAME.len(), METHODS.len());
        for method in METHODS {
            assert_eq!(find(method.name).map(|found| found.name), Some(method.name));
        }
        assert!(find("nope").is_none());
        assert!(find("").is_none());
    }

    #[test]
    fn lists_of_the_generations() {
        let third: Vec<_> = advertised(3).collect();
        assert_eq!(third.len(), 80);
        assert_eq!(third[0], "health");
        assert_eq!(third[79], "chat.send");
        let fourth: Vec<_> = advertised(4).collect();
        assert!(fourth.contains(&"system.info"));
        assert!(!fourth.contains(&"node.pair.request"));
        assert!(!fourth.contains(&"openclaw.setup.detect"));
        assert!(find("node.pair.request").is_some(), "still answered");
    }
}
