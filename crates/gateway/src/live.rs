//! Secrets and policies as the config, environment and flags now say; replaced as a whole when they change.

use openclaw_config::schema::Settings;
use openclaw_config::secret::Secret;

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
}

impl Live {
    /// Combines resolved credentials with settings.
    pub fn new(credentials: Credentials, settings: &Settings) -> Self {
        let gateway = &settings.gateway;
        let rate = &gateway.auth.rate_limit;
        Self {
            policy: Policy {
                mode: credentials.mode,
                allow_deviceless: gateway.auth.allow_deviceless,
                auto_approve_local: gateway.nodes.pairing.auto_approve_local,
                allow_insecure_auth: gateway.control_ui.allow_insecure_auth,
                disable_device_auth: gateway.control_ui.dangerously_disable_device_auth,
                allow_tailscale: credentials.allow_tailscale,
                allow_trusted_proxy: false,
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
        }
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
