//! Which web pages may talk to the gateway.

use std::fmt;
use std::str::FromStr;

use super::PeerClass;
use super::authority::{Authority, HostName};
use super::host::Names;

/// A web origin: scheme, host and port, normalised.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: String,
    authority: Authority,
}

/// Text that is not a web origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an origin; write it as http://host:port or https://host, without a path")]
pub struct InvalidOrigin {
    text: String,
}

impl Origin {
    /// Host and explicit port; default ports are left out.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// `http`, `https`, or the scheme of an application shell.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Whether a `Host` header names the server this origin was loaded from.
    pub fn is_host(&self, host: &Authority) -> bool {
        let host_port = host.port.or(default_port(&self.scheme));
        self.authority.host == host.host
            && self.authority.port.or(default_port(&self.scheme)) == host_port
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    /// Reads an origin. Upper case, a trailing slash and a written default port make no difference.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidOrigin {
            text: text.to_owned(),
        };
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(invalid)?;
        let scheme = scheme.to_ascii_lowercase();
        let scheme_ok = scheme.starts_with(|first: char| first.is_ascii_lowercase())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let mut authority = Authority::parse(rest).ok_or_else(invalid)?;
        if !scheme_ok {
            return Err(invalid());
        }
        if authority.port == default_port(&scheme) {
            authority.port = None;
        }
        Ok(Self { scheme, authority })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

/// `gateway.controlUi.allowedOrigins` and what else decides about origins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OriginPolicy {
    /// Allowed origins.
    pub allowed: Vec<Origin>,
    /// `*` is listed: every page may connect.
    pub any: bool,
    /// `gateway.publicOrigin`: always allowed.
    pub public: Option<Origin>,
}

impl OriginPolicy {
    /// Reads list entries. An entry without a scheme stands for `http` and `https`; what is no origin is returned beside.
    pub fn from_entries<'a>(
        entries: impl IntoIterator<Item = &'a str>,
    ) -> (Self, Vec<InvalidOrigin>) {
        let mut policy = Self::default();
        let mut invalid = Vec::new();
        for entry in entries {
            let entry = entry.trim();
            if entry == "*" {
                policy.any = true;
            } else if entry.contains("://") {
                match entry.parse() {
                    Ok(origin) => policy.allowed.push(origin),
                    Err(error) => invalid.push(error),
                }
            } else {
                let with_scheme = |scheme: &str| format!("{scheme}://{entry}").parse();
                match (with_scheme("http"), with_scheme("https")) {
                    (Ok(plain), Ok(secure)) => policy.allowed.extend([plain, secure]),
                    (Err(_), _) | (_, Err(_)) => invalid.push(InvalidOrigin {
                        text: entry.to_owned(),
                    }),
                }
            }
        }
        (policy, invalid)
    }

    /// Names of this gateway that the configuration mentions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.allowed
            .iter()
            .chain(&self.public)
            .filter_map(|origin| match &origin.authority.host {
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
    let name = &origin.authority.host;
    let ours = match name {
        HostName::Address(_) => true,
        HostName::Name(name) => names.has(name) || policy.names().any(|known| known == name),
    };
    let local_page = class != PeerClass::Remote && name.is_loopback();
    let web = matches!(origin.scheme.as_str(), "http" | "https");
    let allowed = policy.lists(&origin) || (web && (local_page || (same && ours)));
    if allowed {
        return Ok(());
    }
    Err(OriginRefused {
        message: NOT_ALLOWED,
        reason: "origin not allowed",
        fix_command: Some(policy.command_to_allow(&origin.to_string())),
    })
}
