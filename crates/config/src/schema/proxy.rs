//! `gateway.proxy`: the listener for reverse proxies, and the PROXY protocol.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::words::ProxyProtocol;

/// Default of `gateway.auth.trustedProxy.secretHeader`.
pub const DEFAULT_SECRET_HEADER: &str = "x-openclaw-proxy-secret";

/// `gateway.proxy`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Proxy {
    /// Where reverse proxies connect. Default nowhere: they use the ordinary port.
    pub listen: Option<ProxyListen>,
    /// Group of the Unix socket, by name or number. Default: the group of the gateway.
    pub group: Option<String>,
    /// The PROXY protocol. Default `off`.
    pub protocol: ProxyProtocol,
}

impl Default for Proxy {
    fn default() -> Self {
        Self {
            listen: None,
            group: None,
            protocol: ProxyProtocol::Off,
        }
    }
}

/// Where the listener for reverse proxies is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxyListen {
    /// A TCP address.
    Tcp(SocketAddr),
    /// An absolute path of a Unix socket.
    Unix(PathBuf),
}

impl ProxyListen {
    /// Reads `address:port`, a port (on 127.0.0.1), an absolute path, or `unix:` and one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let port = text.strip_prefix("localhost:").unwrap_or(text);
        if let Ok(port) = port.parse::<u16>() {
            return Some(Self::Tcp(SocketAddr::new(
                IpAddr::V4(Ipv4Addr::LOCALHOST),
                port,
            )));
        }
        if let Ok(address) = text.parse() {
            return Some(Self::Tcp(address));
        }
        let path = PathBuf::from(text.strip_prefix("unix:").unwrap_or(text));
        let names_a_file = path.is_absolute() && path.file_name().is_some() && !text.ends_with('/');
        names_a_file.then_some(Self::Unix(path))
    }
}

impl fmt::Display for ProxyListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

impl Serialize for ProxyListen {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ProxyListen {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        };
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom("not an address, port or absolute path"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_ports_and_paths() {
        let cases = [
            ("127.0.0.1:18790", Some("127.0.0.1:18790")),
            ("18790", Some("127.0.0.1:18790")),
            ("localhost:18790", Some("127.0.0.1:18790")),
            ("[::1]:18790", Some("[::1]:18790")),
            ("/run/openclaw/proxy.sock", Some("/run/openclaw/proxy.sock")),
            (
                "unix:/run/openclaw/proxy.sock",
                Some("/run/openclaw/proxy.sock"),
            ),
            ("proxy.sock", None),
            ("/run/openclaw/", None),
            ("/", None),
            ("127.0.0.1", None),
            ("claw.example.org:18790", None),
            ("localhost:localhost:1", None),
            ("70000", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let read = ProxyListen::parse(text).map(|listen| listen.to_string());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
