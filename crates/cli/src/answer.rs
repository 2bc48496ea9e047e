//! The first line of `status` and `health`: is it up, is it reachable, is it safe. Values in, one line out.

use std::net::{IpAddr, SocketAddr};

use openclaw_gateway::security::Severity;
use serde_json::{Value, json};

use crate::context::Context;
use crate::exposure;
use crate::host;
use crate::probe::{Certificate, Probe};

/// Addresses that are named; the rest is counted.
const NAMED: usize = 2;

/// What is known, however it was found out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    state: State,
    reach: String,
    /// How many findings are critical, and how many are warnings; `None` when nobody looked.
    findings: Option<(usize, usize)>,
    degraded: Vec<String>,
}

/// Whether it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum State {
    /// It answers.
    Answers,
    /// Its process is there and does not answer.
    Silent,
    /// Nobody answers.
    #[default]
    Down,
    /// There is none here on purpose: this machine is a node of another gateway.
    Elsewhere(String),
}

/// What decides besides the probe.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around<'a> {
    /// Whether the gateway is another machine's.
    pub(crate) remote: bool,
    /// Whether a process holds the lock of this state directory.
    pub(crate) holds_lock: bool,
    /// The gateway that this machine is a node of, if it has none of its own.
    pub(crate) node_only: Option<&'a str>,
    /// The profile whose gateway has the port that this one would have.
    pub(crate) neighbour: Option<&'a str>,
}

impl Answer {
    /// From a look at a gateway. What it does not tell is looked up here, when it is this machine's.
    pub(crate) fn of(context: &Context, probe: &Probe, around: Around<'_>) -> Self {
        if let Some(gateway) = around.node_only {
            return Self {
                state: State::Elsewhere(gateway.to_owned()),
                ..Self::default()
            };
        }
        if let Some(profile) = around.neighbour {
            return Self {
                reach: format!(
                    "not reachable (its port is in use by the gateway of profile {profile})"
                ),
                findings: findings(context),
                ..Self::default()
            };
        }
        let mut answer = Self {
            state: match (probe.reachable, around.holds_lock) {
                (true, _) => State::Answers,
                (false, true) => State::Silent,
                (false, false) => State::Down,
            },
            reach: reach(probe, around.remote, || host::own_addresses().ok()),
            ..Self::default()
        };
        if let Some(status) = &probe.remote {
            answer.findings = Some(counts(status));
            answer.degraded = degraded(status);
        } else if !around.remote {
            answer.findings = findings(context);
        }
        answer
    }

    /// `up · reachable from this machine only · safe`
    pub(crate) fn line(&self) -> String {
        let mut parts = Vec::new();
        match &self.state {
            State::Answers => parts.push("up".to_owned()),
            State::Silent => parts.push("running, but does not answer".to_owned()),
            State::Down => parts.push("down".to_owned()),
            State::Elsewhere(gateway) => {
                return format!("no gateway on this machine, which is a node of {gateway}");
            }
        }
        parts.push(self.reach.clone());
        parts.push(match self.findings {
            None => "safety not known".to_owned(),
            Some((0, 0)) => "safe".to_owned(),
            Some((0, 1)) => "safe, with 1 warning".to_owned(),
            Some((0, warnings)) => format!("safe, with {warnings} warnings"),
            Some((1, _)) => "NOT SAFE: 1 critical finding".to_owned(),
            Some((critical, _)) => format!("NOT SAFE: {critical} critical findings"),
        });
        if !self.degraded.is_empty() {
            parts.push(format!("degraded: {}", self.degraded.join(", ")));
        }
        parts.join(" · ")
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "up": self.state == State::Answers,
            "reach": self.reach,
            "safe": self.findings.map(|(critical, _)| critical == 0),
            "degraded": self.degraded,
            "line": self.line(),
        })
    }
}

/// What an audit of what lies here finds.
fn findings(context: &Context) -> Option<(usize, usize)> {
    let report = exposure::look(context).ok()?;
    Some((
        report.count(Severity::Critical),
        report.count(Severity::Warn),
    ))
}

/// From where it is reached, as far as one can see from here.
fn reach(probe: &Probe, remote: bool, own: impl Fn() -> Option<Vec<IpAddr>>) -> String {
    if !probe.connected {
        match &probe.certificate {
            Certificate::Refused { pinned: None, .. } => {
                return "reachable, certificate not trusted".to_owned();
            }
            Certificate::Refused { .. } => {
                return "reachable, certificate is not the pinned one".to_owned();
            }
            Certificate::None | Certificate::Accepted { .. } => {}
        }
        let error = probe.error.as_deref().unwrap_or("no answer");
        let first = error.lines().next().unwrap_or_default();
        return if probe.reachable {
            format!("reachable, access refused ({first})")
        } else {
            format!("not reachable ({first})")
        };
    }
    let latency = probe.latency.as_millis();
    match &probe.remote {
        Some(status) if !remote => ways(status, own().as_deref()),
        _ => format!("reachable in {latency}ms"),
    }
}

/// The ways in that lead here from other machines. `own` are the addresses of this machine, where they are known.
fn ways(status: &Value, own: Option<&[IpAddr]>) -> String {
    let mut ways: Vec<String> = texts(&status["listen"])
        .filter(|address| !is_loopback(address))
        .flat_map(|address| reached_at(address, own))
        .collect();
    let hidden = ways.len().saturating_sub(NAMED);
    ways.truncate(NAMED);
    if hidden > 0 {
        ways.push(format!("{hidden} more"));
    }
    let parts = &status["subsystems"];
    let mut through: Vec<&str> = Vec::new();
    if parts["tailscale"]["state"] == "up" {
        through.push("Tailscale");
    }
    if parts["proxy"]["state"] == "up" {
        through.push("the listener for proxies");
    }
    match (ways.is_empty(), through.is_empty()) {
        (true, true) => "reachable from this machine only".to_owned(),
        (true, false) => format!("reachable from elsewhere through {}", through.join(" and ")),
        (false, true) => format!("reachable from other machines at {}", ways.join(", ")),
        (false, false) => format!(
            "reachable from other machines at {} and through {}",
            ways.join(", "),
            through.join(" and ")
        ),
    }
}

/// Where others reach a listener: one on every address is at each of the machine's own.
fn reached_at(address: &str, own: Option<&[IpAddr]>) -> Vec<String> {
    match (address.parse::<SocketAddr>(), own) {
        (Ok(any), Some(own)) if any.ip().is_unspecified() => own
            .iter()
            .filter(|ip| ip.is_ipv4() == any.is_ipv4())
            .map(|ip| SocketAddr::new(*ip, any.port()).to_string())
            .collect(),
        _ => vec![address.to_owned()],
    }
}

fn is_loopback(address: &str) -> bool {
    address
        .parse::<SocketAddr>()
        .is_ok_and(|address| address.ip().is_loopback())
}

fn counts(status: &Value) -> (usize, usize) {
    let count = |severity: &str| {
        let findings = status["findings"].as_array().into_iter().flatten();
        findings
            .filter(|finding| finding["severity"] == severity)
            .count()
    };
    (count("critical"), count("warn"))
}

fn degraded(status: &Value) -> Vec<String> {
    let parts = status["subsystems"].as_object().into_iter().flatten();
    let parts = parts
        .filter(|(_, part)| part["state"] == "degraded")
        .map(|(name, _)| name.as_str());
    // Sentences that begin with what they are about: `config (last good settings in use)`.
    let others = texts(&status["degraded"]).filter_map(|line| line.split([' ', ':']).next());
    let mut names: Vec<String> = Vec::new();
    for name in others.chain(parts) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The texts in a list of an answer.
pub(crate) fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u29_the_first_line_answers_up_reachable_and_safe() {
        let line = |state: State, reach: &str, findings, degraded: &[&str]| {
            Answer {
                state,
                reach: reach.to_owned(),
                findings,
                degraded: degraded.iter().map(ToString::to_string).collect(),
            }
            .line()
        };
        for (found, expected) in [
            (
                line(State::Answers, "r", Some((0, 0)), &[]),
                "up · r · safe",
            ),
            (
                line(State::Answers, "r", Some((0, 1)), &[]),
                "up · r · safe, with 1 warning",
            ),
            (
                line(State::Silent, "r", Some((2, 1)), &[]),
                "running, but does not answer · r · NOT SAFE: 2 critical findings",
            ),
            (
                line(State::Down, "r", None, &["mdns", "tailscale"]),
                "down · r · safety not known · degraded: mdns, tailscale",
            ),
            (
                line(State::Elsewhere("wss://gw".into()), "", None, &[]),
                "no gateway on this machine, which is a node of wss://gw",
            ),
        ] {
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_gateway_whose_certificate_is_not_accepted_is_reachable() {
        for (pinned, expected) in [
            (None, "reachable, certificate not trusted"),
            (
                Some("ab".to_owned()),
                "reachable, certificate is not the pinned one",
            ),
        ] {
            let mut probe = Probe::default();
            probe.reachable = true;
            probe.error = Some("certificate".to_owned());
            probe.certificate = Certificate::Refused {
                fingerprint: "cd".to_owned(),
                pinned,
            };
            assert_eq!(reach(&probe, true, || None), expected);
        }
    }

    #[test]
    fn ways_in_are_named() {
        let own = ["192.0.2.7", "10.1.2.3", "2001:db8::7"].map(|ip| ip.parse().unwrap());
        for (status, expected) in [
            (
                json!({"listen": ["127.0.0.1:1", "[::1]:1"]}),
                "reachable from this machine only",
            ),
            (
                json!({"listen": ["127.0.0.1:1"], "subsystems": {"tailscale": {"state": "up"}, "proxy": {"state": "off"}}}),
                "reachable from elsewhere through Tailscale",
            ),
            (
                json!({"listen": ["0.0.0.0:1", "[::]:1"], "subsystems": {"tailscale": {"state": "degraded"}}}),
                "reachable from other machines at 192.0.2.7:1, 10.1.2.3:1, 1 more",
            ),
            (
                json!({"listen": ["[::]:1"]}),
                "reachable from other machines at [2001:db8::7]:1",
            ),
        ] {
            assert_eq!(ways(&status, Some(&own)), expected);
        }
        let any = json!({"listen": ["0.0.0.0:1"]});
        assert_eq!(ways(&any, Some(&[])), "reachable from this machine only");
        assert_eq!(
            ways(&any, None),
            "reachable from other machines at 0.0.0.0:1"
        );
    }

    #[test]
    fn u07_what_does_not_work_is_named_once() {
        let status = json!({
            "subsystems": {"tailscale": {"state": "degraded"}, "mdns": {"state": "up"}},
            "degraded": ["config (last good settings in use)"],
            "findings": [{"severity": "warn"}],
        });
        assert_eq!(degraded(&status), ["config", "tailscale"]);
        assert_eq!(counts(&status), (0, 1));
    }
}
