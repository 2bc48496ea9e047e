//! Users that somebody else vouches for: Tailscale Serve, or a reverse proxy that signs people in.
//!
//! A request carries at most one [`Claim`], read from its headers once, when its peer is classified. [`Identities::verify`]
//! turns a claim into an [`Identity`] or says why not; the admission decision then knows only who vouches. What an identity is
//! worth is decided there.

mod whois;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
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
}

impl IdentityError {
    /// `details.code` of the refusal.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TailscaleMissing => "AUTH_TAILSCALE_IDENTITY_MISSING",
            Self::TailscaleProxyMissing => "AUTH_TAILSCALE_PROXY_MISSING",
            Self::TailscaleWhois => "AUTH_TAILSCALE_WHOIS_FAILED",
            Self::TailscaleMismatch => "AUTH_TAILSCALE_IDENTITY_MISMATCH",
        }
    }

    /// `details.authReason` of the refusal.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TailscaleMissing => "tailscale_user_missing",
            Self::TailscaleProxyMissing => "tailscale_proxy_missing",
            Self::TailscaleWhois => "tailscale_whois_failed",
            Self::TailscaleMismatch => "tailscale_user_mismatch",
        }
    }

    /// Who should have vouched.
    pub const fn source(self) -> IdentitySource {
        match self {
            Self::TailscaleMissing
            | Self::TailscaleProxyMissing
            | Self::TailscaleWhois
            | Self::TailscaleMismatch => IdentitySource::Tailscale,
        }
    }

    /// What to do instead, for the end of the refusal text.
    pub const fn hint(self) -> &'static str {
        match self.source() {
            IdentitySource::Tailscale => "use Tailscale Serve auth or gateway token/password",
            IdentitySource::TrustedProxy => "sign in at the proxy in front of the gateway",
        }
    }
}

impl Identities {
    /// Verifies a claim. Takes as long as the daemon does, a few seconds at most.
    pub async fn verify(&self, claim: &Claim) -> Result<Identity, IdentityError> {
        let claim = match claim {
            Claim::Vouched(identity) => return Ok(identity.clone()),
            Claim::Rejected(error) => return Err(*error),
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
