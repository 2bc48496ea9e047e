//! Which web pages may talk to the gateway.

use super::PeerClass;
use super::host::Names;
use super::{Authority, HostName, InvalidOrigin, Origin, OriginEntry};

/// `gateway.controlUi.allowedOrigins` and what else decides about origins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OriginPolicy {
    /// Allowed origins.
    pub allowed: Vec<Origin>,
    /// `*` is listed: every page may connect.
    pub any: bool,
    /// `gateway.publicOrigin`: always allowed.
    pub public: Option<Origin>,
    /// `gateway.controlUi.dangerouslyAllowHostHeaderOriginFallback`: any name is ours.
    pub any_host: bool,
}

impl OriginPolicy {
    /// Reads list entries; what is no origin is returned beside.
    pub fn from_entries<'a>(
        entries: impl IntoIterator<Item = &'a str>,
    ) -> (Self, Vec<InvalidOrigin>) {
        let mut policy = Self::default();
        let mut invalid = Vec::new();
        for entry in entries {
            match entry.parse() {
                Ok(OriginEntry::Any) => policy.any = true,
                Ok(OriginEntry::Origins(origins)) => policy.allowed.extend(origins),
                Err(error) => invalid.push(error),
            }
        }
        (policy, invalid)
    }

    /// Names of this gateway that the configuration mentions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.allowed
            .iter()
            .chain(&self.public)
            .filter_map(|origin| match &origin.authority().host {
                HostName::Name(name) => Some(name.as_str()),
                HostName::Address(_) => None,
            })
    }

    fn lists(&self, origin: &Origin) -> bool {
        self.allowed.contains(origin) || self.public.as_ref() == Some(origin)
    }

    /// The command that adds an origin to the list as it stands.
    pub(super) fn command_to_allow(&self, added: &str) -> String {
        let mut entries: Vec<String> = self.allowed.iter().map(Origin::to_string).collect();
        entries.push(added.to_owned());
        let list = serde_json::Value::from(entries);
        format!("openclaw config set gateway.controlUi.allowedOrigins '{list}'")
    }
}

/// Why a page may not connect.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct OriginRefused {
    /// Text upstream's clients know.
    pub message: &'static str,
    /// `origin not allowed` or `origin missing or invalid`.
    pub reason: &'static str,
    /// The command that would allow it, unless the origin could not even be read.
    pub fix_command: Option<String>,
}

const NOT_ALLOWED: &str = "origin not allowed (open the Control UI from the gateway host or allow it in \
                           gateway.controlUi.allowedOrigins)";

/// Decides whether the page behind a request may open a WebSocket.
///
/// Allowed are: no `Origin` at all (no page), listed origins, pages the gateway served itself under an address or a name that
/// is ours, and pages of this machine talking to this machine. A page that was served under a name we do not know is refused
/// although it is "the same origin": that is what DNS rebinding looks like.
pub fn origin_verdict(
    origin: Option<&str>,
    host: Option<&str>,
    class: PeerClass,
    policy: &OriginPolicy,
    names: &Names,
) -> Result<(), OriginRefused> {
    let Some(text) = origin else {
        return Ok(());
    };
    if policy.any {
        return Ok(());
    }
    let Ok(origin) = text.parse::<Origin>() else {
        return Err(OriginRefused {
            message: NOT_ALLOWED,
            reason: "origin missing or invalid",
            fix_command: None,
        });
    };
    let host = host.and_then(Authority::parse);
    let same = host.as_ref().is_some_and(|host| origin.is_host(host));
    let name = &origin.authority().host;
    let ours = match name {
        HostName::Address(_) => true,
        HostName::Name(name) => {
            policy.any_host || names.has(name) || policy.names().any(|known| known == name)
        }
    };
    let local_page = class != PeerClass::Remote && name.is_loopback();
    let allowed = policy.lists(&origin) || (origin.is_web() && (local_page || (same && ours)));
    if allowed {
        return Ok(());
    }
    Err(OriginRefused {
        message: NOT_ALLOWED,
        reason: "origin not allowed",
        fix_command: Some(policy.command_to_allow(&origin.to_string())),
    })
}
