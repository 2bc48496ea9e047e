//! Counters that nothing else keeps, and the page of all figures in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use openclaw_protocol::scope::Role;
use parking_lot::Mutex;

use crate::core::{Core, STORE};
use crate::gate::GateCounts;
use crate::subsystems::SubsystemState;

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Metrics {
    operators: AtomicU64,
    nodes: AtomicU64,
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

impl Metrics {
    /// A handshake succeeded.
    pub(crate) fn admitted(&self, role: Role) {
        let counter = match role {
            Role::Operator => &self.operators,
            Role::Node => &self.nodes,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A handshake was refused for this reason.
    pub(crate) fn refused(&self, reason: &'static str) {
        *self.refused.lock().entry(reason).or_default() += 1;
    }
}

/// Every figure.
pub(crate) fn page(core: &Core, gate: GateCounts) -> String {
    let mut page = Page::default();
    process(&mut page, core);
    connections(&mut page, core, gate);
    work(&mut page, core);
    ways_in(&mut page, core);
    page.0
}

fn process(page: &mut Page, core: &Core) {
    page.metric("openclaw_build_info", "gauge", "The version that runs.");
    page.value(
        "openclaw_build_info",
        &[("version", &core.server.version)],
        1,
    );
    page.single(
        "openclaw_uptime_seconds",
        "gauge",
        "Time since the start.",
        core.server.started.elapsed().as_secs(),
    );
    page.single(
        "openclaw_draining",
        "gauge",
        "1 while the gateway shuts down.",
        u8::from(core.is_draining()),
    );
    let ready = !core.is_draining() && !core.subsystems.is_degraded(STORE);
    page.single(
        "openclaw_ready",
        "gauge",
        "1 while /readyz says ready.",
        u8::from(ready),
    );
    let degraded = core.snapshot().is_degraded();
    page.single(
        "openclaw_config_degraded",
        "gauge",
        "1 while last good settings are in use.",
        u8::from(degraded),
    );
}

fn connections(page: &mut Page, core: &Core, gate: GateCounts) {
    page.single(
        "openclaw_sockets_open",
        "gauge",
        "Open TCP and control connections.",
        gate.connections,
    );
    page.single(
        "openclaw_sockets_unauthenticated",
        "gauge",
        "Of these, not yet let in.",
        gate.unauthenticated,
    );
    page.single(
        "openclaw_gate_admitted_total",
        "counter",
        "Connections that got a share of the budget for strangers.",
        gate.admitted,
    );
    page.metric(
        "openclaw_gate_refused_total",
        "counter",
        "Connections refused before any handshake.",
    );
    for (reason, count) in [
        ("address", gate.refused_address),
        ("total", gate.refused_total),
        ("descriptors", gate.refused_connections),
    ] {
        page.value("openclaw_gate_refused_total", &[("reason", reason)], count);
    }
    let nodes = core.hub.select(|conn| conn.role == Role::Node).len();
    let all = core.hub.len();
    page.metric(
        "openclaw_connections",
        "gauge",
        "Clients that are in, by role.",
    );
    page.value(
        "openclaw_connections",
        &[("role", "operator")],
        all.saturating_sub(nodes),
    );
    page.value("openclaw_connections", &[("role", "node")], nodes);
    let metrics = &core.metrics;
    page.metric(
        "openclaw_handshakes_total",
        "counter",
        "Handshakes that succeeded, by role.",
    );
    for (role, counter) in [("operator", &metrics.operators), ("node", &metrics.nodes)] {
        page.value(
            "openclaw_handshakes_total",
            &[("role", role)],
            counter.load(Ordering::Relaxed),
        );
    }
    page.metric(
        "openclaw_handshakes_refused_total",
        "counter",
        "Handshakes that were refused, by reason.",
    );
    for (reason, count) in metrics.refused.lock().iter() {
        page.value(
            "openclaw_handshakes_refused_total",
            &[("reason", reason)],
            count,
        );
    }
    page.single(
        "openclaw_slow_closes_total",
        "counter",
        "Connections closed because their reader was too slow.",
        core.system.slow_closes(),
    );
}

fn work(page: &mut Page, core: &Core) {
    page.single(
        "openclaw_invokes_total",
        "counter",
        "Commands sent to nodes.",
        core.invokes.started(),
    );
    page.single(
        "openclaw_invokes_pending",
        "gauge",
        "Commands that wait for a node.",
        core.invokes.len(),
    );
}

fn ways_in(page: &mut Page, core: &Core) {
    page.metric(
        "openclaw_listener_info",
        "gauge",
        "TCP addresses that listen.",
    );
    let listening = core.listening.borrow().clone();
    for address in &listening {
        page.value(
            "openclaw_listener_info",
            &[("address", &address.to_string())],
            1,
        );
    }
    page.single(
        "openclaw_listeners",
        "gauge",
        "How many TCP addresses listen.",
        listening.len(),
    );
    if let Some(facts) = core.tls.facts() {
        page.single(
            "openclaw_tls_certificate_not_after_seconds",
            "gauge",
            "End of the certificate in use, seconds since the epoch.",
            facts.not_after_ms / 1000,
        );
    }
    page.metric(
        "openclaw_subsystem_state",
        "gauge",
        "1 for the state that a way in is in.",
    );
    let subsystems = core.subsystems.all();
    for (name, state) in &subsystems {
        page.value(
            "openclaw_subsystem_state",
            &[("name", name), ("state", word(state))],
            1,
        );
    }
    page.metric(
        "openclaw_subsystem_next_try_seconds",
        "gauge",
        "When a degraded way in is tried again, seconds since the epoch.",
    );
    for (name, state) in &subsystems {
        if let SubsystemState::Degraded {
            next_try_at_ms: Some(at),
            ..
        } = state
        {
            page.value(
                "openclaw_subsystem_next_try_seconds",
                &[("name", name)],
                at / 1000,
            );
        }
    }
}

const fn word(state: &SubsystemState) -> &'static str {
    match state {
        SubsystemState::Off => "off",
        SubsystemState::Starting => "starting",
        SubsystemState::Up { .. } => "up",
        SubsystemState::Degraded { .. } => "degraded",
        SubsystemState::Stopping => "stopping",
    }
}

#[derive(Debug, Default)]
struct Page(String);

impl Page {
    fn metric(&mut self, name: &str, kind: &str, help: &str) {
        // Writing into a string does not fail.
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}").ok();
    }

    fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(label, text)| format!("{label}=\"{}\"", escaped(text)))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        writeln!(self.0, "{name}{labels} {value}").ok();
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.metric(name, kind, help);
        self.value(name, &[], value);
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut page = Page::default();
        page.value("a", &[("b", "x\"y\\z\n")], 1);
        page.single("c", "gauge", "C.", 2);
        assert_eq!(
            page.0,
            "a{b=\"x\\\"y\\\\z\\n\"} 1\n# HELP c C.\n# TYPE c gauge\nc 2\n"
        );
    }
}
