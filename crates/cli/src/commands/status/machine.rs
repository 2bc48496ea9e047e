//! What `status` shows of this machine beside the gateway's answer: services, Tailscale, who has the port, what is open to whom.

use openclaw_config::Settings;
use openclaw_config::resolve::ClientTarget;
use openclaw_gateway::listen::holder::PortHolders;
use openclaw_gateway::lock::LockHeld;
use serde_json::{Value, json};

use crate::context::Context;
use crate::exposure;
use crate::service::compare::Look;
use crate::service::kind::Kind;
use crate::service::running;
use crate::ui::format::{dotted, now_ms};

/// What was seen.
#[derive(Debug)]
pub(super) struct Machine {
    gateway: Look,
    node: Look,
    /// The process of the gateway, if one runs here.
    holder: Option<LockHeld>,
    tailscale: String,
    /// Who listens on the port of the gateway of this machine.
    port: Option<PortHolders>,
    /// Findings of the security audit, as `security audit --json` has them.
    audit: Value,
}

impl Machine {
    /// Looks; `status` is what the gateway says of itself, if it answered.
    pub(super) fn look(
        context: &Context,
        settings: &Settings,
        target: &ClientTarget,
        status: Option<&Value>,
    ) -> Self {
        let local = target.is_local();
        let holder = |kind: Kind| {
            running::holder(&kind.lock_file(context.paths()))
                .ok()
                .flatten()
        };
        let own = holder(Kind::Gateway);
        let port = own
            .as_ref()
            .and_then(|holder| running::ports(holder).first().copied())
            .or_else(|| target.url.rsplit(':').next()?.parse().ok())
            .filter(|_| local);
        Self {
            gateway: Look::take(context, Kind::Gateway, own.as_ref()),
            node: Look::take(context, Kind::Node, holder(Kind::Node).as_ref()),
            holder: own,
            tailscale: match status.map(|status| &status["tailscale"]) {
                Some(route) => tailscale(route),
                None if local => settings.gateway.tailscale.mode.to_string(),
                None => String::new(),
            },
            port: port.map(PortHolders::find),
            audit: match status.filter(|_| local) {
                Some(status) => findings(status),
                None => exposure::look(context).map_or(Value::Null, |report| report.to_json()),
            },
        }
    }

    /// Rows of the table; one without a value is not shown.
    pub(super) fn rows(&self) -> [(&'static str, String); 3] {
        [
            ("Tailscale", self.tailscale.clone()),
            ("Gateway service", self.gateway.cell()),
            ("Node service", self.node.cell()),
        ]
    }

    /// Lines of the diagnosis.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let port = self.port.as_ref().into_iter();
        lines.extend(port.flat_map(|port| port_lines(port, self.holder.as_ref())));
        for (name, look) in [("Gateway", &self.gateway), ("Node", &self.node)] {
            let mark = if look.issues.is_empty() { "✓" } else { "!" };
            lines.push(format!("{mark} {name} service: {}", look.cell()));
            lines.extend(look.issue_lines().iter().map(|line| format!("  {line}")));
        }
        if !self.tailscale.is_empty() {
            let mark = if self.tailscale.ends_with("degraded") {
                "!"
            } else {
                "✓"
            };
            lines.push(format!("{mark} Tailscale: {}", self.tailscale));
        }
        lines
    }

    /// Adds what programs read.
    pub(super) fn add_to(&self, report: &mut Value) {
        report["gatewayService"] = self.gateway.cell_json();
        report["nodeService"] = self.node.cell_json();
        report["securityAudit"] = self.audit.clone();
    }
}

/// `own` is the process of the gateway.
fn port_lines(port: &PortHolders, own: Option<&LockHeld>) -> Vec<String> {
    let number = port.port;
    if port.holders.is_empty() {
        return vec![match own {
            Some(_) => format!("! Port {number}: nobody listens, although the gateway runs"),
            None => format!("✓ Port {number}: free"),
        }];
    }
    let is_own = own.is_some_and(|own| port.holders.iter().any(|holder| holder.pid == own.pid));
    let mark = if is_own { "✓" } else { "!" };
    let mut lines = vec![format!("{mark} Port {number}")];
    lines.extend(port.holders.iter().map(|holder| format!("  - {holder}")));
    if !is_own {
        lines.extend(port.hints().iter().map(|hint| format!("  - {hint}")));
    }
    lines
}

/// `off`, `serve · gw.tail1.ts.net · https://gw.tail1.ts.net`
fn tailscale(route: &Value) -> String {
    let text = |name: &str| route[name].as_str();
    let mode = text("mode").unwrap_or_default();
    if matches!(mode, "off" | "") {
        return mode.to_owned();
    }
    let degraded = route["state"]["state"] == "degraded";
    dotted([
        mode,
        text("name").unwrap_or("magicdns unknown"),
        text("url").unwrap_or_default(),
        if degraded { "degraded" } else { "" },
    ])
}

/// The findings of a gateway in the form of `security audit --json`.
fn findings(status: &Value) -> Value {
    let all = status["findings"].as_array().into_iter().flatten();
    let count = |severity: &str| {
        let same = all.clone().filter(|one| one["severity"] == severity);
        same.count()
    };
    let list: Vec<Value> = all
        .clone()
        .map(|one| {
            let mut finding = json!({
                "checkId": one["id"], "severity": one["severity"],
                "title": one["title"], "detail": one["params"]["detail"],
            });
            if let Some(fix) = one["params"]["fix"].as_str() {
                finding["remediation"] = json!(fix);
            }
            finding
        })
        .collect();
    json!({
        "ts": status["ts"].as_i64().unwrap_or_else(now_ms),
        "summary": { "critical": count("critical"), "warn": count("warn"), "info": count("info") },
        "findings": list,
    })
}

#[cfg(test)]
mod tests {
    use openclaw_gateway::listen::holder::PortHolder;

    use super::*;

    #[test]
    fn the_tailscale_cell() {
        for (route, expected) in [
            (json!({ "mode": "off", "name": "gw" }), "off"),
            (json!({ "mode": "serve" }), "serve · magicdns unknown"),
            (
                json!({ "mode": "serve", "name": "gw.t.ts.net", "url": "https://gw.t.ts.net" }),
                "serve · gw.t.ts.net · https://gw.t.ts.net",
            ),
            (
                json!({ "mode": "funnel", "state": { "state": "degraded" } }),
                "funnel · magicdns unknown · degraded",
            ),
        ] {
            assert_eq!(tailscale(&route), expected);
        }
    }

    #[test]
    fn the_port_is_told_with_whoever_has_it() {
        let held = |pid| PortHolders {
            port: 7,
            holders: vec![PortHolder {
                pid: Some(pid),
                user: Some("m".to_owned()),
                command: Some("nc -l 7".to_owned()),
                address: "127.0.0.1:7".parse().unwrap(),
            }],
        };
        let free = PortHolders {
            port: 7,
            holders: Vec::new(),
        };
        assert_eq!(port_lines(&free, None), ["✓ Port 7: free"]);
        let own = LockHeld {
            pid: Some(1),
            ..LockHeld::default()
        };
        assert_eq!(port_lines(&held(1), Some(&own))[0], "✓ Port 7");
        let others = port_lines(&held(1), None);
        assert_eq!(others[0], "! Port 7");
        assert!(others.len() > 2, "{others:?}");
    }

    #[test]
    fn findings_have_the_form_of_the_audit() {
        let status = json!({ "ts": 5, "findings": [
            { "id": "a.b", "severity": "warn", "title": "T", "params": { "detail": "D", "fix": "F" } },
        ] });
        assert_eq!(
            findings(&status),
            json!({
                "ts": 5,
                "summary": { "critical": 0, "warn": 1, "info": 0 },
                "findings": [{ "checkId": "a.b", "severity": "warn", "title": "T", "detail": "D", "remediation": "F" }],
            })
        );
    }
}
