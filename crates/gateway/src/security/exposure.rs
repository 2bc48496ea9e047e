//! What is reachable from where, and how it is protected on the way.

use std::net::IpAddr;

use openclaw_config::schema::{
    AuthMode, BindMode, GatewayMode, MdnsMode, PlainHttp, ProxyListen, TailscaleMode,
};

use super::{Facts, Found, Severity};
use crate::listen::is_public;

/// A certificate that ends within so many days is about to.
const SOON_DAYS: i64 = 14;
const DAY_MS: i64 = 86_400_000;

pub(super) fn rules(facts: &Facts<'_>, found: &mut Found) {
    tailscale(facts, found);
    encryption(facts, found);
    certificate(facts, found);
    announcements(facts, found);
    remote(facts, found);
    metrics(facts, found);
    if facts.settings.logging.redact_sensitive.as_str() == "off" {
        found.add(
            Severity::Warn,
            "logging.redact_off",
            "Tool summary redaction is disabled",
            "logging.redactSensitive is off: credentials can end up in the log.",
            facts.command("openclaw config unset logging.redactSensitive"),
        );
    }
}

fn tailscale(facts: &Facts<'_>, found: &mut Found) {
    match facts.plan.tailscale.mode.value {
        TailscaleMode::Off => {}
        TailscaleMode::Serve => found.add(
            Severity::Info,
            "gateway.tailscale_serve",
            "Tailscale Serve exposure enabled",
            "Everybody on your tailnet can reach the gateway over HTTPS.",
            "",
        ),
        TailscaleMode::Funnel => {
            found.add(
                Severity::Critical,
                "gateway.tailscale_funnel",
                "Tailscale Funnel exposure enabled",
                "The whole internet can reach the gateway; only the password stands in between.",
                facts.command("openclaw config set gateway.tailscale.mode serve"),
            );
            if facts.plan.auth.mode.value != AuthMode::Password {
                found.add(
                    Severity::Critical,
                    "gateway.tailscale_funnel_auth",
                    "Funnel without a password",
                    format!(
                        "gateway.auth.mode is {}; Funnel is opened with a password only.",
                        facts.plan.auth.mode.value
                    ),
                    facts.command("openclaw config set gateway.auth.mode password"),
                );
            }
        }
    }
}

fn encryption(facts: &Facts<'_>, found: &mut Found) {
    let tls = facts.plan.tls.is_on();
    let public = facts.public_addresses();
    let turn_on = facts.command("openclaw config set gateway.tls.mode self");
    if !tls && !public.is_empty() {
        let listed: Vec<String> = public.iter().map(ToString::to_string).collect();
        found.add(
            Severity::Critical,
            "gateway.public_without_tls",
            "Gateway listens on a public address without TLS",
            format!(
                "{}: the token and everything else can be read on the way.",
                listed.join(", ")
            ),
            turn_on,
        );
    } else if !tls && facts.is_exposed() && facts.plan.bind.value != BindMode::Tailnet {
        found.add(
            Severity::Warn,
            "gateway.lan_without_tls",
            "Gateway is open to the network without TLS",
            format!(
                "{}: whoever is on the network can read the token on the way.",
                facts.open_at()
            ),
            turn_on,
        );
    } else if tls && facts.is_exposed() && facts.settings.gateway.tls.plain_http == PlainHttp::Allow
    {
        found.add(
            Severity::Warn,
            "gateway.tls.plain_http_allowed",
            "Plain HTTP is served beside TLS",
            "gateway.tls.plainHttp is allow: a client that forgets TLS sends its token unencrypted.",
            facts.command("openclaw config set gateway.tls.plainHttp redirect"),
        );
    }
}

fn certificate(facts: &Facts<'_>, found: &mut Found) {
    let Some(certificate) = facts.certificate.filter(|_| facts.plan.tls.is_on()) else {
        return;
    };
    let days = (certificate.not_after_ms - facts.now_ms).div_euclid(DAY_MS);
    let renew = "openclaw gateway status shows why it was not renewed; with files of your own, renew them there";
    if days < 0 {
        found.add(
            Severity::Critical,
            "gateway.tls.certificate_expired",
            "The certificate has expired",
            format!(
                "It ended {} days ago; clients without a pin refuse it.",
                -days
            ),
            renew,
        );
    } else if days < SOON_DAYS {
        found.add(
            Severity::Warn,
            "gateway.tls.certificate_expiring",
            "The certificate is about to expire",
            format!("It ends in {days} days."),
            renew,
        );
    }
}

fn announcements(facts: &Facts<'_>, found: &mut Found) {
    let discovery = &facts.settings.discovery;
    let on = discovery.enabled && facts.settings.gateway.discovery.enabled;
    if on && discovery.mdns.mode == MdnsMode::Full && facts.is_exposed() {
        found.add(
            Severity::Warn,
            "discovery.mdns_full",
            "mDNS tells the network more than it needs",
            "discovery.mdns.mode is full: path of the command line and SSH port are announced to everybody on the network.",
            facts.command("openclaw config set discovery.mdns.mode minimal"),
        );
    }
    if on && discovery.wide_area.enabled == Some(true) {
        found.add(
            Severity::Info,
            "discovery.wide_area",
            "The gateway is announced by unicast DNS",
            "Everybody who may ask the responder on the tailnet learns name, address and port of the gateway.",
            facts.command("openclaw config set discovery.wideArea.enabled false"),
        );
    }
}

fn remote(facts: &Facts<'_>, found: &mut Found) {
    let remote = &facts.settings.gateway.remote;
    let Some(url) = remote.url.as_deref().map(str::trim) else {
        return;
    };
    let Some(host) = plain_host(url) else { return };
    let private = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(ip) => !is_public(ip),
        Err(_) => {
            host == "localhost"
                || [".local", ".ts.net"]
                    .iter()
                    .any(|domain| host.ends_with(domain))
        }
    };
    if !private {
        found.add(
            Severity::Warn,
            "gateway.remote_plaintext",
            "The remote gateway is reached unencrypted",
            format!("gateway.remote.url is {url}: the token would be readable on the way; clients refuse it when the address is public."),
            facts.command(&format!("openclaw config set gateway.remote.url wss://{host}")),
        );
    }
}

fn metrics(facts: &Facts<'_>, found: &mut Found) {
    let metrics = &facts.settings.gateway.metrics;
    let Some(ProxyListen::Tcp(address)) = &metrics.listen else {
        return;
    };
    if !address.ip().is_loopback() && metrics.token.is_none() {
        found.add(
            Severity::Warn,
            "gateway.metrics_shared_secret",
            "Scrapers have to know the shared secret",
            format!(
                "gateway.metrics.listen is {address}, and gateway.metrics.token is not set: a scraper on another machine needs the secret that opens everything."
            ),
            facts.command("openclaw config set gateway.metrics.token \"$(openssl rand -hex 32)\""),
        );
    }
}

/// Host of a plain URL.
fn plain_host(url: &str) -> Option<&str> {
    let rest = url
        .strip_prefix("ws://")
        .or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?']).next()?;
    match authority.rfind(']') {
        Some(end) => authority.get(..=end),
        None => authority.split(':').next(),
    }
}

/// The overview that always comes last.
pub(super) fn summary(facts: &Facts<'_>, found: &mut Found) {
    let listening: Vec<String> = facts.listening.iter().map(ToString::to_string).collect();
    let listening = if listening.is_empty() {
        format!(
            "as configured: bind={}, port={}",
            facts.plan.bind.value, facts.plan.port.value
        )
    } else {
        listening.join(", ")
    };
    let mode = match facts.settings.gateway.mode {
        Some(GatewayMode::Remote) => "remote",
        _ => "local",
    };
    let tls = if facts.plan.tls.is_on() { "on" } else { "off" };
    found.add(
        Severity::Info,
        "summary.attack_surface",
        "Attack surface summary",
        format!(
            "mode: {mode}\nlistens on: {listening}\ntls: {tls}\ntailscale: {}\nauth: {}\ntrusted proxies: {}\nbrowser origins beyond its own: {}",
            facts.plan.tailscale.mode.value,
            facts.plan.auth.mode.value,
            facts.settings.gateway.trusted_proxies.len(),
            facts.settings.gateway.control_ui.allowed_origins.len(),
        ),
        "",
    );
}
