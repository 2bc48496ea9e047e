//! What is open to whom, and what of it is dangerous: the rules behind `security audit` and the findings of `remote.status`.
//!
//! Rules are pure: facts in, findings out. [`files::look`] is the one that looks at the disk.

mod access;
mod exposure;
pub mod files;
mod nodes;
mod pairing;
mod proxies;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;

use openclaw_config::Profile;
use openclaw_config::exec_approvals::ExecApprovalsFile;
use openclaw_config::resolve::GatewayPlan;
use openclaw_config::schema::{AuthMode, BindMode, Settings};
pub use openclaw_protocol::methods::remote::Severity;
use serde::Serialize;
use serde_json::{Value, json};

use crate::listen::InterfaceAddress;
use crate::listen::is_public;
use crate::tls;
use files::FileFact;
pub use pairing::{PairingFacts, UnusedDevice};

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Name of the rule; never changes once it is out.
    pub check_id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in a few words.
    pub title: &'static str,
    /// What was seen.
    pub detail: String,
    /// The command that mends it, or what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remediation: Option<String>,
    /// What `--fix` does about it.
    #[serde(skip)]
    pub mend: Option<Mend>,
}

/// Something that can be mended without a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mend {
    /// Which file or folder.
    pub path: PathBuf,
    /// The mode it gets.
    pub mode: u32,
}

/// What the rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The settings in effect.
    pub settings: &'a Settings,
    /// The config as written, variables untouched.
    pub authored: &'a Value,
    /// What flags, environment and config come to.
    pub plan: &'a GatewayPlan,
    /// TCP addresses that listen; empty when nothing runs.
    pub listening: &'a [SocketAddr],
    /// Nothing runs, and the start that comes makes a token before it listens.
    pub token_to_come: bool,
    /// Addresses of this machine.
    pub interfaces: &'a [InterfaceAddress],
    /// The certificate that is served.
    pub certificate: Option<&'a tls::Facts>,
    /// What this machine runs on request as a node.
    pub exec: Option<&'a ExecApprovalsFile>,
    /// Files and folders.
    pub files: &'a [FileFact],
    /// Who was let in once, and who still may come.
    pub pairing: &'a PairingFacts,
    /// Whose commands are printed.
    pub profile: &'a Profile,
    /// Now, milliseconds since the epoch.
    pub now_ms: i64,
}

impl Facts<'_> {
    /// Whether other machines can reach a listener: as it listens, else as it is planned.
    pub fn is_exposed(&self) -> bool {
        if self.listening.is_empty() {
            !matches!(self.plan.bind.value, BindMode::Loopback | BindMode::Auto)
        } else {
            self.listening
                .iter()
                .any(|address| !address.ip().is_loopback())
        }
    }

    /// Public addresses that a listener has.
    fn public_addresses(&self) -> Vec<SocketAddr> {
        let planned: Vec<SocketAddr>;
        let listening = if self.listening.is_empty() && self.plan.bind.value == BindMode::Lan {
            planned = vec![SocketAddr::from(([0, 0, 0, 0], self.plan.port.value))];
            &planned
        } else {
            self.listening
        };
        let mut found = Vec::new();
        for address in listening {
            if address.ip().is_unspecified() {
                let own = self.interfaces.iter().map(|known| known.address);
                let own = own.filter(|ip| ip.is_ipv4() == address.is_ipv4() && is_public(*ip));
                found.extend(own.map(|ip| SocketAddr::new(ip, address.port())));
            } else if is_public(address.ip()) {
                found.push(*address);
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Where others reach it, for people.
    fn open_at(&self) -> String {
        let open: Vec<String> = self
            .listening
            .iter()
            .filter(|address| !address.ip().is_loopback())
            .map(ToString::to_string)
            .collect();
        if open.is_empty() {
            format!("gateway.bind={}", self.plan.bind.value)
        } else {
            format!("it listens on {}", open.join(", "))
        }
    }

    fn secret(&self) -> Option<&str> {
        self.plan.auth.secret().map(|secret| secret.value.expose())
    }

    fn has_guard(&self) -> bool {
        match self.plan.auth.mode.value {
            AuthMode::None => false,
            AuthMode::TrustedProxy => true,
            AuthMode::Token | AuthMode::Password => {
                self.secret().is_some_and(|text| !text.is_empty())
            }
        }
    }

    fn command(&self, command: &str) -> String {
        self.profile.command(command)
    }
}

/// Collects findings.
#[derive(Debug, Default)]
struct Found(Vec<Finding>);

impl Found {
    fn add(
        &mut self,
        severity: Severity,
        check_id: &'static str,
        title: &'static str,
        detail: impl Into<String>,
        remediation: impl Into<String>,
    ) {
        let remediation = remediation.into();
        self.0.push(Finding {
            check_id,
            severity,
            title,
            detail: detail.into(),
            remediation: (!remediation.is_empty()).then_some(remediation),
            mend: None,
        });
    }
}

/// Everything that was found, the worst first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// When.
    pub ts: i64,
    /// What.
    pub findings: Vec<Finding>,
}

/// Applies every rule.
pub fn audit(facts: &Facts<'_>) -> Report {
    let mut found = Found::default();
    access::rules(facts, &mut found);
    exposure::rules(facts, &mut found);
    proxies::rules(facts, &mut found);
    nodes::rules(facts, &mut found);
    pairing::rules(facts, &mut found);
    files::rules(facts, &mut found);
    exposure::summary(facts, &mut found);
    let mut findings = found.0;
    findings.sort_by_key(|finding| finding.severity);
    Report {
        ts: facts.now_ms,
        findings,
    }
}

impl Report {
    /// How many of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        let same = |finding: &&Finding| finding.severity == severity;
        self.findings.iter().filter(same).count()
    }

    /// `1 critical · 3 warn · 1 info`
    pub fn summary(&self) -> String {
        format!(
            "{} critical · {} warn · {} info",
            self.count(Severity::Critical),
            self.count(Severity::Warn),
            self.count(Severity::Info)
        )
    }

    /// `{ts, summary, findings}`
    pub fn to_json(&self) -> Value {
        json!({
            "ts": self.ts,
            "summary": {
                "critical": self.count(Severity::Critical),
                "warn": self.count(Severity::Warn),
                "info": self.count(Severity::Info),
            },
            "findings": self.findings,
        })
    }
}
