//! Web origins as they stand in `Origin` headers and in lists of allowed ones.

use std::fmt;
use std::str::FromStr;

use crate::authority::Authority;

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

    /// Whether a browser shows pages of this scheme.
    pub fn is_web(&self) -> bool {
        matches!(self.scheme.as_str(), "http" | "https")
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

/// One entry of `gateway.controlUi.allowedOrigins`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OriginEntry {
    /// `*`: every page.
    Any,
    /// These origins: one, or `http` and `https` for an entry without a scheme.
    Origins(Vec<Origin>),
}

impl FromStr for OriginEntry {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        if text.contains("://") {
            return Ok(Self::Origins(vec![text.parse()?]));
        }
        if text == "null" {
            // What browsers send for pages without an origin: it stands for all of them.
            return Err(InvalidOrigin {
                text: text.to_owned(),
            });
        }
        let with_scheme = |scheme: &str| format!("{scheme}://{text}").parse();
        match (with_scheme("http"), with_scheme("https")) {
            (Ok(plain), Ok(secure)) => Ok(Self::Origins(vec![plain, secure])),
            (Err(_), _) | (_, Err(_)) => Err(InvalidOrigin {
                text: text.to_owned(),
            }),
        }
    }
}

impl OriginEntry {
    /// Whether `text` is how this entry is written when nothing about it is left to be guessed.
    pub fn is_written_as(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Origins(origins) => match origins.as_slice() {
                [origin] => origin.to_string() == text,
                _ => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u04_entries_are_read_in_any_spelling_or_refused() {
        let cases = [
            ("https://ui.example.com", Some("https://ui.example.com")),
            (
                " HTTPS://UI.Example.com:443/ ",
                Some("https://ui.example.com"),
            ),
            (
                "http://192.168.1.5:18789/",
                Some("http://192.168.1.5:18789"),
            ),
            (
                "Panel.example.com:8443",
                Some("http://panel.example.com:8443 https://panel.example.com:8443"),
            ),
            ("[::1]:80", Some("http://[::1] https://[::1]:80")),
            ("tauri://localhost", Some("tauri://localhost")),
            ("https://a.example/path", None),
            ("https://*.example.com", None),
            ("null", None),
            ("http://", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let read = match text.parse::<OriginEntry>() {
                Ok(OriginEntry::Origins(origins)) => Some(
                    origins
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(" "),
                ),
                Ok(OriginEntry::Any) => panic!("{text}"),
                Err(_) => None,
            };
            assert_eq!(read.as_deref(), expected, "{text}");
        }
        assert_eq!("*".parse(), Ok(OriginEntry::Any));
    }
}
