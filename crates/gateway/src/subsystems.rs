//! Parts that may fail alone: each tells its state here, nothing waits for it, and a failure narrows nothing else.

mod backoff;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use tokio::sync::watch;

pub use backoff::Backoff;
pub use openclaw_protocol::methods::remote::PartState as SubsystemState;

use crate::clock::Clock;

/// The states of all parts by name.
#[derive(Debug, Default)]
pub struct Subsystems {
    states: RwLock<BTreeMap<&'static str, SubsystemState>>,
    changed: watch::Sender<()>,
}

impl Subsystems {
    /// Notes a state; a change is logged.
    pub fn set(&self, name: &'static str, state: SubsystemState) {
        let mut states = self.states.write();
        let before = states.get(name);
        if before == Some(&state) {
            return;
        }
        log(name, before, &state);
        states.insert(name, state);
        drop(states);
        self.changed.send_replace(());
    }

    /// Tells when any state has changed.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// The state of one part, if it has told one.
    pub fn get(&self, name: &str) -> Option<SubsystemState> {
        self.states.read().get(name).cloned()
    }

    /// Notes that a part that was degraded works again; cheap when it was not.
    pub fn recovered(&self, name: &'static str, detail: &str) {
        let degraded = |states: &BTreeMap<_, _>| {
            matches!(states.get(name), Some(SubsystemState::Degraded { .. }))
        };
        if degraded(&self.states.read()) {
            let detail = detail.to_owned();
            self.set(name, SubsystemState::Up { detail });
        }
    }

    /// Whether a part does not work.
    pub fn is_degraded(&self, name: &str) -> bool {
        let states = self.states.read();
        matches!(states.get(name), Some(SubsystemState::Degraded { .. }))
    }

    /// Every state by name.
    pub fn all(&self) -> BTreeMap<&'static str, SubsystemState> {
        self.states.read().clone()
    }

    /// What does not work, one line each.
    pub fn failing(&self) -> Vec<String> {
        let line = |(name, state): (&&str, &SubsystemState)| match state {
            SubsystemState::Degraded { reason, .. } => Some(format!("{name}: {reason}")),
            _ => None,
        };
        self.states.read().iter().filter_map(line).collect()
    }
}

fn log(name: &str, before: Option<&SubsystemState>, state: &SubsystemState) {
    match state {
        SubsystemState::Degraded { reason, fix, .. } => {
            // The next try moves on by itself; only news are worth a line.
            let same = matches!(before, Some(SubsystemState::Degraded { reason: old, .. }) if old == reason);
            if !same {
                tracing::warn!(target: "gateway", %fix, "{name} degraded: {reason}");
            }
        }
        SubsystemState::Up { detail } => {
            tracing::info!(target: "gateway", "{name}: {detail}");
        }
        SubsystemState::Off if before.is_some() => {
            tracing::info!(target: "gateway", "{name}: off");
        }
        SubsystemState::Off | SubsystemState::Starting | SubsystemState::Stopping => {}
    }
}

/// One part telling how it is doing.
#[derive(Debug, Clone)]
pub struct Part {
    name: &'static str,
    subsystems: Arc<Subsystems>,
    clock: Clock,
}

impl Part {
    /// The part of this name.
    pub fn new(name: &'static str, subsystems: Arc<Subsystems>, clock: Clock) -> Self {
        Self {
            name,
            subsystems,
            clock,
        }
    }

    /// Its name, as shown in `gateway status`, `/readyz` and metrics.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Not wanted.
    pub fn off(&self) {
        self.subsystems.set(self.name, SubsystemState::Off);
    }

    /// On its way. A part that is degraded stays so until it is up: trying again is not news.
    pub fn starting(&self) {
        if !self.subsystems.is_degraded(self.name) {
            self.subsystems.set(self.name, SubsystemState::Starting);
        }
    }

    /// It works.
    pub fn up(&self, detail: impl Into<String>) {
        let detail = detail.into();
        self.subsystems
            .set(self.name, SubsystemState::Up { detail });
    }

    /// It does not work: what is wrong, what to do, and when it is tried again.
    pub fn degraded(
        &self,
        reason: impl Into<String>,
        fix: impl Into<String>,
        retry_in: Option<Duration>,
    ) {
        let next_try_at_ms = retry_in.map(|delay| {
            let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
            self.clock.now_ms().saturating_add(delay)
        });
        self.subsystems.set(
            self.name,
            SubsystemState::Degraded {
                reason: reason.into(),
                fix: fix.into(),
                next_try_at_ms,
            },
        );
    }

    /// Cleaning up.
    pub fn stopping(&self) {
        self.subsystems.set(self.name, SubsystemState::Stopping);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_degraded_fails() {
        let subsystems = Subsystems::default();
        subsystems.set("mdns", SubsystemState::Off);
        subsystems.set(
            "tls",
            SubsystemState::Degraded {
                reason: "no key".into(),
                fix: "make one".into(),
                next_try_at_ms: Some(5),
            },
        );
        assert_eq!(subsystems.failing(), ["tls: no key"]);
        let json = serde_json::to_value(subsystems.all()).unwrap();
        assert_eq!(json["mdns"]["state"], "off");
        assert_eq!(json["tls"]["nextTryAtMs"], 5);
        let up = SubsystemState::Up {
            detail: "on".into(),
        };
        subsystems.set("tls", up);
        assert!(subsystems.failing().is_empty());
    }
}
