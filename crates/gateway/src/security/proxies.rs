//! Whose word counts about who a client is.

use std::net::IpAddr;

use openclaw_config::schema::AuthMode;

use super::{Facts, Found, Severity};

pub(super) fn rules(facts: &Facts<'_>, found: &mut Found) {
    let gateway = &facts.settings.gateway;
    for range in &gateway.trusted_proxies {
        let Some((ip, prefix)) = range_of(range) else {
            continue;
        };
        if prefix == 0 {
            found.add(
                Severity::Critical,
                "gateway.trusted_proxies_wide",
                "Everybody is a trusted proxy",
                format!("gateway.trustedProxies has {range}: every client may claim any address, and with identity headers any user."),
                facts.command("openclaw config set gateway.trustedProxies '[\"<address-of-the-proxy>\"]'"),
            );
        } else if prefix < if ip.is_ipv4() { 16 } else { 48 } {
            found.add(
                Severity::Warn,
                "gateway.trusted_proxies_broad",
                "Many machines are trusted proxies",
                format!("gateway.trustedProxies has {range}: every machine in it may claim any client address."),
                facts.command("openclaw config set gateway.trustedProxies '[\"<address-of-the-proxy>\"]'"),
            );
        }
    }
    if gateway.trusted_proxies.is_empty() && gateway.control_ui.enabled && !facts.is_exposed() {
        found.add(
            Severity::Info,
            "gateway.trusted_proxies_missing",
            "Reverse proxy headers are not trusted",
            "gateway.trustedProxies is empty: that is right without a reverse proxy. Behind one, all its clients share one address and its limits.",
            facts.command("openclaw gateway proxy-check"),
        );
    }
    if facts.plan.auth.mode.value != AuthMode::TrustedProxy {
        return;
    }
    let proxy = &gateway.auth.trusted_proxy;
    if gateway.trusted_proxies.is_empty() && gateway.proxy.listen.is_none() {
        found.add(
            Severity::Warn,
            "gateway.trusted_proxy_none",
            "Logins are left to a proxy, and none is named",
            "gateway.auth.mode is trusted-proxy, and neither gateway.trustedProxies nor gateway.proxy.listen names one: nobody can come in.",
            facts.command("openclaw config set gateway.trustedProxies '[\"<address-of-the-proxy>\"]'"),
        );
    }
    if proxy.allow_users.is_empty() {
        found.add(
            Severity::Warn,
            "gateway.trusted_proxy_users",
            "Every user of the proxy may enter",
            "gateway.auth.trustedProxy.allowUsers is empty: whoever has an account at the proxy is let in.",
            facts.command("openclaw config set gateway.auth.trustedProxy.allowUsers '[\"<you@example.org>\"]'"),
        );
    }
    if proxy.allow_loopback {
        found.add(
            Severity::Warn,
            "gateway.trusted_proxy_loopback",
            "Programs of this machine may claim to be any user",
            "gateway.auth.trustedProxy.allowLoopback is true: every local process can send the proxy's headers.",
            "use gateway.proxy.listen with a Unix socket that only the proxy may open",
        );
    }
}

/// Address and prefix length of a range.
pub(super) fn range_of(text: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = match text.trim().split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text.trim(), None),
    };
    let ip: IpAddr = address.parse().ok()?;
    let whole = if ip.is_ipv4() { 32 } else { 128 };
    let prefix = match prefix {
        Some(prefix) => prefix.parse().ok()?,
        None => whole,
    };
    Some((ip, prefix))
}
