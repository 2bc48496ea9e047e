//! Users that somebody else vouches for: Tailscale Serve, or a reverse proxy that signs people in.
//!
//! A request carries at most one [`Claim`], read from its headers once, when its peer is classified. [`Identities::verify`]
//! turns a claim into an [`Identity`] or says why not; the admission decision then knows only who vouches. What an identity is
//! worth is decided there.

mod whois;

use std::borrow::Cow;

use http::HeaderName;

use crate::peer::Claim;

pub use whois::{Answer, Identities, TailnetUser, Whois, WhoisError};

/// Who vouches for a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdentitySource {
    /// Tailscale Serve, confirmed by the daemon.
    Tailscale,
    /// A trusted proxy.
    TrustedProxy,
}

impl IdentitySource {
    /// Name in `hello-ok.auth.method`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tailscale => "tailscale",
            Self::TrustedProxy => "trusted-proxy",
        }
    }
}

/// A verified user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Who vouches.
    pub source: IdentitySource,
    /// Login, as the voucher writes it.
    pub user: String,
    /// Name for people.
    pub name: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
}

/// Why there is no identity although one could be expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// Serve names no user: a tagged device, or the machine itself.
    #[error("tailscale identity missing")]
    TailscaleMissing,
    /// Serve says nothing usable about where the request comes from.
    #[error("tailscale proxy headers missing")]
    TailscaleProxyMissing,
    /// The daemon could not be asked, or knows no user at that address.
    #[error("tailscale identity check failed")]
    TailscaleWhois,
    /// The daemon knows another user at that address.
    #[error("tailscale identity mismatch")]
    TailscaleMismatch,
    /// Mode `trusted-proxy` without the name of the user header.
    #[error("the gateway does not know which header names the user")]
    ProxyConfigMissing,
    /// There is no list of proxies.
    #[error("no trusted proxy is configured")]
    ProxyNoneConfigured,
    /// The request came from somebody else than a trusted proxy.
    #[error("the request did not come through a trusted proxy")]
    ProxyUntrustedSource,
    /// The proxy is on this machine, where any program could pose as it.
    #[error("a proxy on the gateway's own machine has to prove itself")]
    ProxyLoopbackSource,
    /// The same, by another address of this machine.
    #[error("a proxy on the gateway's own machine has to prove itself")]
    ProxyLocalInterfaceSource,
    /// The secret of the proxy is missing or wrong.
    #[error("the proxy did not send its secret")]
    ProxySecretMismatch,
    /// A header that must be there is not.
    #[error("the proxy did not send the header {0}")]
    ProxyHeaderMissing(HeaderName),
    /// The header names nobody, or several.
    #[error("the proxy names no user")]
    ProxyUserMissing,
    /// The user is not on the list.
    #[error("this user may not enter")]
    ProxyUserNotAllowed,
}

impl IdentityError {
    /// `details.code` of the refusal.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TailscaleMissing => "AUTH_TAILSCALE_IDENTITY_MISSING",
            Self::TailscaleProxyMissing => "AUTH_TAILSCALE_PROXY_MISSING",
            Self::TailscaleWhois => "AUTH_TAILSCALE_WHOIS_FAILED",
            Self::TailscaleMismatch => "AUTH_TAILSCALE_IDENTITY_MISMATCH",
            Self::ProxyHeaderMissing(_) => "AUTH_IDENTITY_HEADER_REQUIRED",
            _ => "AUTH_UNAUTHORIZED",
        }
    }

    /// `details.authReason` of the refusal.
    pub fn reason(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::TailscaleMissing => "tailscale_user_missing",
            Self::TailscaleProxyMissing => "tailscale_proxy_missing",
            Self::TailscaleWhois => "tailscale_whois_failed",
            Self::TailscaleMismatch => "tailscale_user_mismatch",
            Self::ProxyConfigMissing => "trusted_proxy_config_missing",
            Self::ProxyNoneConfigured => "trusted_proxy_no_proxies_configured",
            Self::ProxyUntrustedSource => "trusted_proxy_untrusted_source",
            Self::ProxyLoopbackSource => "trusted_proxy_loopback_source",
            Self::ProxyLocalInterfaceSource => "trusted_proxy_local_interface_source",
            Self::ProxySecretMismatch => "trusted_proxy_secret_mismatch",
            Self::ProxyHeaderMissing(name) => {
                return Cow::Owned(format!("trusted_proxy_missing_header_{name}"));
            }
            Self::ProxyUserMissing => "trusted_proxy_user_missing",
            Self::ProxyUserNotAllowed => "trusted_proxy_user_not_allowed",
        })
    }

    /// Who should have vouched.
    pub const fn source(&self) -> IdentitySource {
        match self {
            Self::TailscaleMissing
            | Self::TailscaleProxyMissing
            | Self::TailscaleWhois
            | Self::TailscaleMismatch => IdentitySource::Tailscale,
            _ => IdentitySource::TrustedProxy,
        }
    }

    /// What to do instead, for the end of the refusal text.
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::ProxyConfigMissing => "set gateway.auth.trustedProxy.userHeader",
            Self::ProxyNoneConfigured => {
                "list the proxy in gateway.trustedProxies, or let it connect to gateway.proxy.listen"
            }
            Self::ProxyLoopbackSource | Self::ProxyLocalInterfaceSource => {
                "let it connect to a socket path in gateway.proxy.listen, or set gateway.auth.trustedProxy.secret and \
                 allowLoopback"
            }
            Self::ProxySecretMismatch => {
                "it must send gateway.auth.trustedProxy.secret in the header gateway.auth.trustedProxy.secretHeader"
            }
            Self::ProxyUserNotAllowed => {
                "ask the owner of the gateway for a place in gateway.auth.trustedProxy.allowUsers"
            }
            Self::ProxyUntrustedSource | Self::ProxyHeaderMissing(_) | Self::ProxyUserMissing => {
                "sign in at the proxy in front of the gateway"
            }
            _ => "use Tailscale Serve auth or gateway token/password",
        }
    }
}

impl Identities {
    /// Verifies a claim. Takes as long as the daemon does, a few seconds at most.
    pub async fn verify(&self, claim: &Claim) -> Result<Identity, IdentityError> {
        let claim = match claim {
            Claim::Vouched(identity) => return Ok(identity.clone()),
            Claim::Rejected(error) => return Err(error.clone()),
            Claim::Tailscale(claim) => claim,
        };
        let known = self.whois(claim.address).await;
        let user = known.map_err(|error| {
            tracing::warn!(target: "gateway", address = %claim.address, %error, "tailscale identity could not be checked");
            IdentityError::TailscaleWhois
        })?;
        let user = user.ok_or(IdentityError::TailscaleWhois)?;
        if !same_login(&user.login, &claim.login) {
            tracing::warn!(target: "gateway", address = %claim.address, claimed = %claim.login, "tailscale identity mismatch");
            return Err(IdentityError::TailscaleMismatch);
        }
        Ok(Identity {
            source: IdentitySource::Tailscale,
            user: user.login,
            name: user.name.or_else(|| claim.name.clone()),
            picture: user.picture.or_else(|| claim.picture.clone()),
        })
    }
}

/// Logins are the same whatever their case.
fn same_login(left: &str, right: &str) -> bool {
    let normal = |login: &str| login.trim().to_lowercase();
    !left.trim().is_empty() && normal(left) == normal(right)
}

#[cfg(test)]
mod tests;
