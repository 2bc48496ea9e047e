//! Where a gateway is: a WebSocket URL or the path of its control socket.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

/// Address of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A `ws` or `wss` URL.
    Url(GatewayUrl),
    /// The owner-only control socket of a gateway on this machine.
    Unix(PathBuf),
}

/// Text that is not a gateway URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid URL: {0}")]
pub struct TargetError(
    /// The text as it was given.
    pub String,
);

/// Whether the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// Plaintext.
    Ws,
    /// TLS.
    Wss,
}

impl Scheme {
    /// `ws` or `wss`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    const fn default_port(self) -> u16 {
        match self {
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

/// Host part of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A name, in lower case, to be resolved.
    Name(String),
    /// An IPv4 literal.
    V4(Ipv4Addr),
    /// An IPv6 literal with its zone, as in `fe80::1%eth0`.
    V6(Ipv6Addr, Option<String>),
}

impl Host {
    fn parse(text: &str) -> Option<Self> {
        if let Some(inner) = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            let (address, zone) = match inner.split_once('%') {
                Some((address, zone)) => (address, Some(zone.strip_prefix("25").unwrap_or(zone))),
                None => (inner, None),
            };
            if zone.is_some_and(|zone| zone.is_empty() || !zone.chars().all(is_name_char)) {
                return None;
            }
            return Some(Self::V6(address.parse().ok()?, zone.map(str::to_owned)));
        }
        if let Ok(address) = text.parse() {
            return Some(Self::V4(address));
        }
        let valid = !text.is_empty() && text.len() <= 253 && text.chars().all(is_name_char);
        valid.then(|| Self::Name(text.to_ascii_lowercase()))
    }

    /// The address, if the host is a literal.
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(address) => Some(IpAddr::V4(*address)),
            Self::V6(address, _) => Some(IpAddr::V6(*address)),
        }
    }

    /// What a resolver takes: no brackets, zone kept.
    pub fn lookup_name(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::V4(address) => address.to_string(),
            Self::V6(address, None) => address.to_string(),
            Self::V6(address, Some(zone)) => format!("{address}%{zone}"),
        }
    }

    /// What a `Host` header takes: brackets, no zone.
    pub fn header(&self) -> String {
        match self {
            Self::V6(address, _) => format!("[{address}]"),
            other => other.lookup_name(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V6(..) => write!(f, "[{}]", self.lookup_name()),
            _ => f.write_str(&self.lookup_name()),
        }
    }
}

const fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_')
}

/// A `ws` or `wss` URL. `Display` leaves the query out, which may hold a credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayUrl {
    /// Plaintext or TLS.
    pub scheme: Scheme,
    /// Host.
    pub host: Host,
    /// Port; 80 or 443 when the URL has none.
    pub port: u16,
    /// Path with its leading slash; `/` when the URL has none.
    pub path: String,
    /// Query without its question mark.
    pub query: Option<String>,
}

impl Target {
    /// Parses `ws`, `wss`, `http` and `https` URLs; the last two mean the first two.
    /// User info is refused, a fragment is dropped.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        text.parse().map(Self::Url)
    }

    /// The control socket at `path`.
    pub fn unix(path: impl Into<PathBuf>) -> Self {
        Self::Unix(path.into())
    }

    /// The URL, if it is one.
    pub const fn url(&self) -> Option<&GatewayUrl> {
        match self {
            Self::Url(url) => Some(url),
            Self::Unix(_) => None,
        }
    }

    /// Whether the target is this machine: a loopback literal, `localhost` or the control socket.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Url(url) => match &url.host {
                Host::Name(name) => name == "localhost",
                Host::V4(address) => address.is_loopback(),
                Host::V6(address, _) => address.to_canonical().is_loopback(),
            },
        }
    }
}

impl FromStr for GatewayUrl {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_url(text.trim()).ok_or_else(|| TargetError(text.trim().to_owned()))
    }
}

fn parse_url(text: &str) -> Option<GatewayUrl> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "ws" | "http" => Scheme::Ws,
        "wss" | "https" => Scheme::Wss,
        _ => return None,
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let authority_end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, tail) = rest.split_at(authority_end);
    let (host, port) = split_port(authority)?;
    let port = match port {
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
        None => scheme.default_port(),
    };
    let (path, query) = match tail.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (tail, None),
    };
    if !tail.chars().all(|c| c.is_ascii_graphic()) {
        return None;
    }
    Some(GatewayUrl {
        scheme,
        host: Host::parse(host)?,
        port,
        path: if path.is_empty() { "/" } else { path }.to_owned(),
        query: query.filter(|query| !query.is_empty()).map(str::to_owned),
    })
}

fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let host_end = authority
        .rfind(']')
        .map_or_else(|| authority.find(':'), |end| Some(end + 1))
        .unwrap_or(authority.len());
    let (host, rest) = authority.split_at(host_end);
    if rest.is_empty() {
        return Some((host, None));
    }
    let port = rest.strip_prefix(':')?;
    Some((host, (!port.is_empty()).then_some(port)))
}

impl fmt::Display for GatewayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        if self.path == "/" {
            Ok(())
        } else {
            f.write_str(&self.path)
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted() {
        for (text, shown, port, request) in [
            ("ws://127.0.0.1:18789", "ws://127.0.0.1:18789", 18789, "/"),
            ("http://Host.Example", "ws://host.example", 80, "/"),
            (
                "https://gw.example/panel/",
                "wss://gw.example/panel/",
                443,
                "/panel/",
            ),
            (
                "WSS://gw.example:8443/a?b=c#d",
                "wss://gw.example:8443/a",
                8443,
                "/a",
            ),
            ("ws://[::1]:18789", "ws://[::1]:18789", 18789, "/"),
            ("ws://[fe80::1%25eth0]:1", "ws://[fe80::1%eth0]:1", 1, "/"),
            ("ws://[fe80::1%eth0]", "ws://[fe80::1%eth0]", 80, "/"),
            (" ws://host: ", "ws://host", 80, "/"),
            ("ws://host?x=1", "ws://host", 80, "/"),
        ] {
            let target = Target::parse(text).expect(text);
            assert_eq!(target.to_string(), shown, "{text}");
            let url = target.url().unwrap();
            assert_eq!((url.port, url.path.as_str()), (port, request), "{text}");
        }
        let zoned = Target::parse("ws://[fe80::1%eth0]").unwrap();
        let host = &zoned.url().unwrap().host;
        assert_eq!(host.header(), "[fe80::1]");
        assert_eq!(host.lookup_name(), "fe80::1%eth0");
    }

    #[test]
    fn refused() {
        for text in [
            "foo",
            "",
            "ftp://host",
            "ws://",
            "ws://user:pass@host",
            "ws://host:0",
            "ws://host:99999",
            "ws://[::1",
            "ws://[::1]x",
            "ws://[fe80::1%]",
            "ws://ho st",
            "ws://host/a b",
            "ws://host/\r\nX: y",
            "ws://::1:18789",
        ] {
            let error = Target::parse(text).expect_err(text);
            assert_eq!(error.to_string(), format!("Invalid URL: {text}"));
        }
    }

    #[test]
    fn loopback() {
        for (text, loopback) in [
            ("ws://127.8.0.1", true),
            ("ws://[::1]", true),
            ("ws://[::ffff:127.0.0.1]", true),
            ("ws://localhost:1", true),
            ("ws://localhost.example", false),
            ("wss://10.0.0.1", false),
        ] {
            assert_eq!(
                Target::parse(text).unwrap().is_loopback(),
                loopback,
                "{text}"
            );
        }
        assert!(Target::unix("/run/x").is_loopback());
    }
}
