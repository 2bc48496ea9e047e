//! Whom a reverse proxy names, and whether its word counts.
//!
//! A header is text that anybody can send, so the name counts only where nobody but the proxy can have sent it: by the Unix
//! socket for proxies, whose file says who may connect; from a listed proxy on another machine; or, where any program of this
//! machine could pose as the proxy, together with a secret that only the proxy knows.

use std::net::IpAddr;

use http::header::HeaderName;
use openclaw_config::Secret;
use openclaw_config::schema::TrustedProxy;
use openclaw_protocol::scope::ScopeSet;

use super::claim::{Claim, text};
use super::{Facts, ListenerKind, PeerPolicy, header_text};
use crate::auth::identity::{Identity, IdentityError, IdentitySource};
use crate::auth::secret;

/// Caps what a session gets; a proxy sets it per user. It never grants.
const SCOPES: HeaderName = HeaderName::from_static("x-openclaw-scopes");

/// `gateway.auth.trustedProxy`, as requests are judged by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyIdentityRules {
    /// Header that names the user.
    pub user_header: Option<HeaderName>,
    /// Headers that must be there.
    pub required_headers: Vec<HeaderName>,
    /// Users that may enter; empty: every user.
    pub allow_users: Vec<String>,
    /// A proxy on this machine may use the ordinary port, with the secret.
    pub allow_loopback: bool,
    /// Header with the secret.
    pub secret_header: HeaderName,
    /// What only the proxy knows. When it is set, nobody's word counts without it.
    pub secret: Option<Secret>,
}

impl ProxyIdentityRules {
    /// Reads the settings; names that are no header names are described in the second value.
    pub fn from_settings(settings: &TrustedProxy) -> (Self, Vec<String>) {
        let mut complaints = Vec::new();
        let mut header = |key: &str, name: &str| {
            let parsed = name.trim().parse::<HeaderName>().ok();
            if parsed.is_none() {
                complaints.push(format!(
                    "gateway.auth.trustedProxy.{key}: {name:?} is not the name of a header"
                ));
            }
            parsed
        };
        let rules = Self {
            user_header: settings
                .user_header
                .as_deref()
                .and_then(|name| header("userHeader", name)),
            required_headers: settings
                .required_headers
                .iter()
                .filter_map(|name| header("requiredHeaders", name))
                .collect(),
            secret_header: header("secretHeader", &settings.secret_header).unwrap_or(
                HeaderName::from_static(openclaw_config::schema::DEFAULT_SECRET_HEADER),
            ),
            allow_users: settings.allow_users.clone(),
            allow_loopback: settings.allow_loopback,
            secret: settings.secret.clone().filter(|secret| !secret.is_empty()),
        };
        (rules, complaints)
    }

    fn admits(&self, user: &str) -> bool {
        self.allow_users.is_empty()
            || self
                .allow_users
                .iter()
                .any(|allowed| same_user(allowed, user))
    }
}

/// Users are the same whatever their case.
pub fn same_user(left: &str, right: &str) -> bool {
    left.trim().to_lowercase() == right.trim().to_lowercase()
}

/// What a request that came through something claims about its user; nothing unless rules are configured.
pub(super) fn claim(facts: &Facts<'_>, policy: &PeerPolicy) -> Option<Claim> {
    let rules = policy.identity.as_ref()?;
    Some(match user(facts, policy, rules) {
        Ok(user) => Claim::Vouched(Identity {
            source: IdentitySource::TrustedProxy,
            user,
            name: None,
            picture: None,
        }),
        Err(error) => Claim::Rejected(error),
    })
}

fn user(
    facts: &Facts<'_>,
    policy: &PeerPolicy,
    rules: &ProxyIdentityRules,
) -> Result<String, IdentityError> {
    let header = rules
        .user_header
        .as_ref()
        .ok_or(IdentityError::ProxyConfigMissing)?;
    check_source(facts, policy, rules)?;
    for name in &rules.required_headers {
        if header_text(facts.headers, name).is_none_or(|value| value.is_empty()) {
            return Err(IdentityError::ProxyHeaderMissing(name.clone()));
        }
    }
    let user = text(facts.headers, header).ok_or(IdentityError::ProxyUserMissing)?;
    if rules.admits(&user) {
        Ok(user)
    } else {
        Err(IdentityError::ProxyUserNotAllowed)
    }
}

/// Whether only the proxy can have written the headers.
fn check_source(
    facts: &Facts<'_>,
    policy: &PeerPolicy,
    rules: &ProxyIdentityRules,
) -> Result<(), IdentityError> {
    let proven = rules.secret.as_ref().map(|expected| {
        header_text(facts.headers, &rules.secret_header)
            .is_some_and(|sent| secret::matches(expected, &sent))
    });
    // A PROXY header passes on bytes: who wrote the headers inside is the client that it names.
    let hop = facts
        .proxied
        .and_then(|proxied| proxied.client)
        .or(facts.socket_peer)
        .map(|address| address.to_canonical());
    let place = match (facts.listener, hop) {
        (ListenerKind::Proxy, None) => Ok(()),
        (ListenerKind::Proxy | ListenerKind::Main, Some(hop)) => {
            check_address(hop, facts.listener, policy, rules)
        }
        _ => Err(IdentityError::ProxyUntrustedSource),
    };
    place?;
    if proven == Some(false) {
        return Err(IdentityError::ProxySecretMismatch);
    }
    Ok(())
}

fn check_address(
    hop: IpAddr,
    listener: ListenerKind,
    policy: &PeerPolicy,
    rules: &ProxyIdentityRules,
) -> Result<(), IdentityError> {
    let is_own = hop.is_loopback() || policy.own_addresses.contains(&hop);
    if listener == ListenerKind::Proxy && is_own {
        // Any program of this machine can open a TCP port.
        return if rules.secret.is_some() {
            Ok(())
        } else {
            Err(local_source(hop))
        };
    }
    if policy.trusted_proxies.is_empty() {
        return Err(IdentityError::ProxyNoneConfigured);
    }
    if !policy.trusts(hop) {
        return Err(IdentityError::ProxyUntrustedSource);
    }
    if is_own && !(rules.allow_loopback && rules.secret.is_some()) {
        return Err(local_source(hop));
    }
    Ok(())
}

fn local_source(hop: IpAddr) -> IdentityError {
    if hop.is_loopback() {
        IdentityError::ProxyLoopbackSource
    } else {
        IdentityError::ProxyLocalInterfaceSource
    }
}

/// The scopes that `x-openclaw-scopes` leaves; `None` without that header. Every line counts, so that nobody widens what a
/// proxy adds.
pub(super) fn scope_cap(facts: &Facts<'_>) -> Option<ScopeSet> {
    let mut cap: Option<ScopeSet> = None;
    for value in facts.headers.get_all(SCOPES) {
        let names = value.to_str().unwrap_or_default();
        let names = names
            .split([',', ' '])
            .map(str::trim)
            .filter(|name| !name.is_empty());
        let line = ScopeSet::parse(names);
        cap = Some(cap.map_or(line, |before| before.common(line)));
    }
    cap
}

#[cfg(test)]
mod tests;
