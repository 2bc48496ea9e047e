//! What `--deep` adds: the gateway is asked, and every address of this machine is tried.

use std::net::SocketAddr;
use std::time::Duration;

use openclaw_client::TlsOptions;
use openclaw_client::target::Scheme;
use openclaw_client::target::{GatewayUrl, Target};
use openclaw_client::walk::http::HttpSeen;
use openclaw_client::walk::network::System;
use openclaw_client::walk::tls::TlsSeen;
use openclaw_client::walk::{TcpSeen, Walker};
use openclaw_config::resolve::MissingRemote;
use openclaw_gateway::listen::is_public;
use openclaw_gateway::security::{Finding, Report, Severity};
use serde_json::{Value, json};

use crate::args::CallArgs;
use crate::connect::CallFailure;
use crate::context::Context;
use crate::error::CommandError;
use crate::host;
use crate::probe::{Look, Probe};
use crate::runtime::join_all;
use crate::ui::Ui;

/// Most time for the gateway.
const BUDGET: Duration = Duration::from_secs(5);
/// Most time for one address of this machine.
const ADDRESS_BUDGET: Duration = Duration::from_secs(2);

/// What was seen.
#[derive(Debug)]
pub(super) struct Deep {
    url: String,
    ok: bool,
    error: Option<String>,
    local: bool,
    reached: Vec<Reached>,
}

/// One address of this machine where somebody accepts on the gateway's port.
#[derive(Debug)]
struct Reached {
    address: SocketAddr,
    tls: bool,
    gateway: bool,
}

impl Deep {
    pub(super) async fn look(context: &Context) -> Result<Self, CommandError> {
        let target = context
            .target(&CallArgs::default(), MissingRemote::FallBackToLocal)
            .map_err(CallFailure::into_error)?;
        let look = Look {
            explicit: false,
            budget: BUDGET,
            socket: false,
            connect_only: true,
        };
        let probe = Probe::run(context, &target, look).await;
        let local = target.is_local();
        let reached = match Target::parse(&target.url) {
            Ok(Target::Url(url)) if local => reachable(&url).await,
            _ => Vec::new(),
        };
        Ok(Self {
            url: target.url,
            ok: probe.connected,
            error: probe.error,
            local,
            reached,
        })
    }

    /// Adds what follows from it to the findings.
    pub(super) fn judge(&self, report: &mut Report) {
        let mut add = |severity, check_id, title, detail: String, fix: &str| {
            report.findings.push(Finding {
                check_id,
                severity,
                title,
                detail,
                remediation: Some(fix.to_owned()),
                mend: None,
            });
        };
        if !self.ok {
            add(
                Severity::Warn,
                "gateway.probe_failed",
                "Gateway probe failed (deep)",
                format!(
                    "{}: {}",
                    self.url,
                    self.error.as_deref().unwrap_or("no answer")
                ),
                "openclaw doctor",
            );
        }
        for one in self.reached.iter().filter(|one| one.gateway) {
            let address = one.address;
            if is_public(address.ip()) && !one.tls {
                add(
                    Severity::Critical,
                    "deep.reachable_public",
                    "The gateway answers on a public address without TLS",
                    format!("{address} was tried from this machine and answered."),
                    "openclaw config set gateway.tls.mode self",
                );
            } else if is_public(address.ip()) {
                add(
                    Severity::Info,
                    "deep.reachable_public",
                    "The gateway answers on a public address",
                    format!("{address} was tried from this machine and answered over TLS."),
                    "openclaw config set gateway.bind loopback, unless it is meant to be reached from everywhere",
                );
            } else if !one.tls {
                add(
                    Severity::Info,
                    "deep.reachable_network",
                    "The gateway answers on an address of the network without TLS",
                    format!("{address} was tried from this machine and answered."),
                    "openclaw config set gateway.tls.mode self",
                );
            }
        }
        report.findings.sort_by_key(|finding| finding.severity);
    }

    pub(super) fn print(&self, ui: Ui) -> Result<(), CommandError> {
        ui.blank()?;
        ui.heading("DEEP")?;
        let answer = match &self.error {
            None => "ok".to_owned(),
            Some(error) => format!("failed ({error})"),
        };
        ui.line(format!("Gateway {}: {answer}", self.url))?;
        if !self.local {
            return ui.line("Addresses are tried on the machine of the gateway only.");
        }
        if self.reached.is_empty() {
            return ui
                .line("No address of this machine but loopback accepts on the gateway's port.");
        }
        for one in &self.reached {
            let scope = if is_public(one.address.ip()) {
                "public"
            } else {
                "network"
            };
            let tls = if one.tls { "TLS" } else { "no TLS" };
            let who = if one.gateway {
                "the gateway"
            } else {
                "another program"
            };
            ui.line(format!("{} ({scope}): {who} answers, {tls}", one.address))?;
        }
        Ok(())
    }

    pub(super) fn to_json(&self) -> Value {
        let addresses: Vec<Value> = self
            .reached
            .iter()
            .map(|one| {
                json!({
                    "address": one.address.to_string(),
                    "public": is_public(one.address.ip()),
                    "tls": one.tls,
                    "gateway": one.gateway,
                })
            })
            .collect();
        json!({
            "gateway": { "attempted": true, "url": self.url, "ok": self.ok, "error": self.error, "close": null },
            "addresses": addresses,
        })
    }
}

/// Tries the gateway's port on every address of this machine but loopback.
async fn reachable(url: &GatewayUrl) -> Vec<Reached> {
    let own = host::own_addresses().unwrap_or_default();
    let looks = own
        .into_iter()
        .map(|ip| one(url, SocketAddr::new(ip, url.port)));
    join_all(looks).await.into_iter().flatten().collect()
}

async fn one(url: &GatewayUrl, address: SocketAddr) -> Option<Reached> {
    let options = TlsOptions::default();
    let walker = Walker {
        url,
        network: &System,
        tls: &options,
        headers: &[],
        limit: ADDRESS_BUDGET,
    };
    let attempts = walker.connect(&[address]).await;
    let accepted = attempts
        .iter()
        .any(|attempt| matches!(attempt.seen, TcpSeen::Connected));
    if !accepted {
        return None;
    }
    let tls = matches!(walker.secure(address).await, Ok(TlsSeen::Done(_)));
    let scheme = if tls { Scheme::Wss } else { Scheme::Ws };
    let page = walker.live_page(address, scheme).await;
    let gateway = matches!(&page, HttpSeen::Answer(answer) if answer.is_live_page());
    Some(Reached {
        address,
        tls,
        gateway,
    })
}
