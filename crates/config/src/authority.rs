//! Host names, addresses and ports as they stand in `Host` and `Origin`.

use std::fmt;
use std::net::IpAddr;

/// `host[:port]`, normalised: lowercase, no final dot, IPv4-mapped addresses as IPv4.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Authority {
    /// Who is asked for.
    pub host: HostName,
    /// Explicit port.
    pub port: Option<u16>,
}

/// A name or an address literal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HostName {
    /// An address literal. It cannot be rebound: no DNS is involved.
    Address(IpAddr),
    /// A name: letters, digits, `-`, `_` and dots, lowercase.
    Name(String),
}

/// Longest DNS name in text form.
const MAX_NAME_BYTES: usize = 253;

impl Authority {
    /// Reads `host[:port]`; `None` for anything a browser would not send.
    pub fn parse(text: &str) -> Option<Self> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, tail) = rest.split_once(']')?;
            let host = HostName::Address(IpAddr::V6(address.parse().ok()?).to_canonical());
            let port = match tail {
                "" => None,
                _ => Some(tail.strip_prefix(':')?),
            };
            (host, port)
        } else {
            let (host, port) = match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            };
            (HostName::parse(host)?, port)
        };
        let port = match port {
            None | Some("") => None,
            Some(digits) => Some(parse_port(digits)?),
        };
        Some(Self { host, port })
    }

    /// Whether the host is one of the three that mean "this machine, directly": `localhost`, `127.0.0.1`, `::1`.
    /// Other addresses of 127.0.0.0/8 are not: upstream counts them as remote.
    pub fn is_direct_loopback(&self) -> bool {
        match &self.host {
            HostName::Address(IpAddr::V4(address)) => address.octets() == [127, 0, 0, 1],
            HostName::Address(IpAddr::V6(address)) => address.is_loopback(),
            HostName::Name(name) => name == "localhost",
        }
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    let plain = digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

impl HostName {
    /// Reads a name or an IPv4 address; IPv6 addresses need their brackets and come through [`Authority::parse`].
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<std::net::Ipv4Addr>() {
            return Some(Self::Address(IpAddr::V4(address)));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let plausible = !name.is_empty()
            && name.len() <= MAX_NAME_BYTES
            && name.bytes().all(allowed)
            && !name.starts_with('.')
            && !name.ends_with('.')
            && !name.contains("..");
        // The last label of a name never is a number; browsers read such text as an address of another notation.
        let last = name.rsplit('.').next().unwrap_or(name);
        let numeric = last.bytes().all(|byte| byte.is_ascii_digit())
            || last.starts_with("0x")
            || last.starts_with("0X");
        (plausible && !numeric).then(|| Self::Name(name.to_ascii_lowercase()))
    }

    /// Whether it names this machine: `localhost` or any loopback address.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Address(address) => address.is_loopback(),
            Self::Name(name) => name == "localhost",
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.host.fmt(f)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_normalised() {
        let cases = [
            ("Localhost:18789", "localhost:18789"),
            ("localhost.", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]:80", "[::1]:80"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
            ("[::ffff:127.0.0.1]:80", "127.0.0.1:80"),
            ("Box.Tail1.TS.net", "box.tail1.ts.net"),
            ("box:", "box"),
            ("my_box-2:1", "my_box-2:1"),
        ];
        for (text, expected) in cases {
            assert_eq!(Authority::parse(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn oddities_are_refused() {
        let cases = [
            "",
            ":80",
            "a b",
            "a/b",
            "user@box",
            "box:port",
            "box:80:80",
            "box:70000",
            "box:+80",
            "::1",
            "[::1",
            "[::1]80",
            "[box]",
            "127.1",
            "2130706433",
            "0x7f000001",
            "1.2.3.0x4",
            "a..b",
            ".a",
            "a..",
            "bo\u{fc}cher",
            "[fe80::1%eth0]",
        ];
        for text in cases {
            assert_eq!(Authority::parse(text), None, "{text}");
        }
        assert_eq!(Authority::parse(&"a".repeat(254)), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_survived_and_what_is_read_reads_again(text in "[ -~]{0,40}") {
            if let Some(authority) = Authority::parse(&text) {
                assert_eq!(Authority::parse(&authority.to_string()), Some(authority));
            }
        }
    }
}
