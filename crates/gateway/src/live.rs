//! Secrets and policies as the config, environment and flags now say; replaced as a whole when they change.

use std::collections::BTreeMap;
use std::time::Duration;

use openclaw_config::schema::{Settings, TrustedProxy};
use openclaw_config::secret::Secret;
use openclaw_protocol::limits;
use openclaw_protocol::scope::ScopeSet;

use crate::auth::admission::{AuthMode, Policy};
use crate::auth::limiter::Limits;
use crate::auth::secret;
use crate::nodes::policy::Lists;

/// What admission and node policy work with.
#[derive(Debug, Clone)]
pub struct Live {
    /// Admission policy.
    pub policy: Policy,
    /// Shared token.
    pub token: Option<Secret>,
    /// Shared password.
    pub password: Option<Secret>,
    /// Node command lists.
    pub lists: Lists,
    /// Failure limits.
    pub limits: Limits,
    /// Silence after which a peer is pinged.
    pub ping_interval: Duration,
    /// Scopes by user whom somebody vouches for, the user in lower case.
    pub identity_scopes: BTreeMap<String, ScopeSet>,
    /// What decides whom a proxy may name; connections by such a name end when it changes.
    pub proxy_identity: (TrustedProxy, Vec<String>),
}

/// The resolved credentials, wherever they came from.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Mode.
    pub mode: AuthMode,
    /// Shared token.
    pub token: Option<Secret>,
    /// Shared password.
    pub password: Option<Secret>,
    /// Whether a user that Tailscale Serve names needs neither.
    pub allow_tailscale: bool,
    /// Whether a user that a trusted proxy names needs neither: mode `trusted-proxy`.
    pub allow_trusted_proxy: bool,
}

impl Live {
    /// Combines resolved credentials with settings.
    pub fn new(credentials: Credentials, settings: &Settings) -> Self {
        let gateway = &settings.gateway;
        let rate = &gateway.auth.rate_limit;
        let auto = &gateway.auth.trusted_proxy.device_auto_approve;
        Self {
            policy: Policy {
                mode: credentials.mode,
                allow_deviceless: gateway.auth.allow_deviceless,
                auto_approve_local: gateway.nodes.pairing.auto_approve_local,
                allow_insecure_auth: gateway.control_ui.allow_insecure_auth,
                disable_device_auth: gateway.control_ui.dangerously_disable_device_auth,
                allow_tailscale: credentials.allow_tailscale,
                allow_trusted_proxy: credentials.allow_trusted_proxy,
                device_auto_approve: auto.enabled.then(|| ScopeSet::parse(&auto.scopes)),
            },
            token: credentials.token,
            password: credentials.password,
            lists: Lists::from_settings(settings),
            limits: Limits {
                max_attempts: rate.max_attempts,
                window_ms: i64::try_from(rate.window_ms).unwrap_or(i64::MAX),
                lockout_ms: i64::try_from(rate.lockout_ms).unwrap_or(i64::MAX),
                exempt_loopback: rate.exempt_loopback,
            },
            ping_interval: gateway
                .ping_interval_ms
                .map_or(limits::PING_INTERVAL, Duration::from_millis),
            identity_scopes: gateway
                .auth
                .identity_scopes
                .iter()
                .map(|(user, scopes)| (user.trim().to_lowercase(), ScopeSet::parse(scopes)))
                .collect(),
            proxy_identity: (
                gateway.auth.trusted_proxy.clone(),
                gateway.trusted_proxies.clone(),
            ),
        }
    }

    /// What the config gives to the sessions of a user, if it says so.
    pub fn identity_scopes(&self, user: &str) -> Option<ScopeSet> {
        self.identity_scopes
            .get(&user.trim().to_lowercase())
            .copied()
    }

    /// The secret of the configured mode.
    pub fn shared_secret(&self) -> Option<&Secret> {
        match self.policy.mode {
            AuthMode::None => None,
            AuthMode::Token => self.token.as_ref(),
            AuthMode::Password => self.password.as_ref(),
        }
    }

    /// Whether one of the sent credentials is the shared secret.
    pub fn is_shared_secret<'a>(&self, sent: impl IntoIterator<Item = &'a str>) -> bool {
        let Some(expected) = self.shared_secret() else {
            return false;
        };
        // Every candidate is compared, so that time does not tell which one matched.
        sent.into_iter().fold(false, |found, candidate| {
            secret::matches(expected, candidate) | found
        })
    }

    /// Whether the shared secret or the mode differs.
    pub fn shared_secret_changed(&self, other: &Self) -> bool {
        let hashed = |live: &Self| {
            live.shared_secret()
                .map(|secret| secret::hash(secret.expose()))
        };
        self.policy.mode != other.policy.mode || hashed(self) != hashed(other)
    }
}
