//! What a gateway may be told to listen on.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::words::BindMode;

/// Longest interface name of Linux, in bytes.
const MAX_INTERFACE: usize = 15;

/// What bind mode `custom` listens on. All are looked for on this machine while the gateway runs: an address that comes later
/// is listened on from then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindHost {
    /// One address; `0.0.0.0` and `::` stand for all of their family.
    Address {
        /// The address.
        address: IpAddr,
        /// Zone of a link-local address: name or number of an interface.
        zone: Option<String>,
    },
    /// Every address of an interface.
    Interface(String),
    /// Every address of this machine in a range.
    Range {
        /// First part of the range.
        network: IpAddr,
        /// Bits that count.
        prefix: u8,
    },
}

impl BindHost {
    /// Reads an address (with or without brackets, with or without a zone), an interface name or a CIDR range.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err(format!("empty; use {EXPECTED}"));
        }
        if let Some((network, prefix)) = text.split_once('/') {
            return Self::range(text, network, prefix);
        }
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(text);
        let (bare, zone) = match bare.split_once('%') {
            Some((_, "")) => {
                return Err(format!("{text:?} names no zone after %"));
            }
            Some((address, zone)) => (address, Some(zone.to_owned())),
            None => (bare, None),
        };
        if let Ok(address) = bare.parse::<IpAddr>() {
            let link_local =
                matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
            if zone.is_some() && !link_local {
                return Err(format!(
                    "{text:?}: only link-local addresses (fe80::) have a zone"
                ));
            }
            return Ok(Self::Address {
                address: address.to_canonical(),
                zone,
            });
        }
        if zone.is_some() || text.contains(':') {
            return Err(format!(
                "{text:?} is no IP address; use {EXPECTED}, without a port"
            ));
        }
        if text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            return Err(format!("{text:?} is no whole IP address; use {EXPECTED}"));
        }
        if text.eq_ignore_ascii_case("localhost") {
            return Err("\"localhost\" is a host name; use bind mode loopback".to_owned());
        }
        let is_name =
            text.len() <= MAX_INTERFACE && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_name {
            Ok(Self::Interface(text.to_owned()))
        } else {
            Err(format!(
                "{text:?} can be no interface (at most {MAX_INTERFACE} characters, no spaces); use {EXPECTED}"
            ))
        }
    }

    fn range(text: &str, network: &str, prefix: &str) -> Result<Self, String> {
        let network: IpAddr = network
            .parse()
            .map_err(|_| format!("{text:?} is no CIDR range such as 192.168.1.0/24"))?;
        let longest = if network.is_ipv4() { 32 } else { 128 };
        let prefix = prefix
            .parse()
            .ok()
            .filter(|bits| *bits <= longest)
            .ok_or_else(|| format!("{text:?}: the number after / must be from 0 to {longest}"))?;
        Ok(Self::Range { network, prefix })
    }
}

/// What may be written.
const EXPECTED: &str = "an address (192.168.1.10), an interface (wg0) or a range (192.168.1.0/24)";

impl std::fmt::Display for BindHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address {
                address,
                zone: Some(zone),
            } => write!(f, "{address}%{zone}"),
            Self::Address {
                address,
                zone: None,
            } => address.fmt(f),
            Self::Interface(name) => f.write_str(name),
            Self::Range { network, prefix } => write!(f, "{network}/{prefix}"),
        }
    }
}

impl Serialize for BindHost {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BindHost {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// A bind mode together with what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindChoice {
    /// The mode; `custom` when something else was written.
    pub mode: BindMode,
    /// What was written in place of a mode.
    pub host: Option<BindHost>,
}

impl BindChoice {
    /// Reads a mode name, or what `custom` takes. An interface is told from a mistyped mode by the digit in its name; one
    /// without is for `gateway.customBindHost` alone.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Some(mode) = BindMode::parse(text) {
            return Some(Self { mode, host: None });
        }
        let host = BindHost::parse(text).ok().filter(|host| match host {
            BindHost::Interface(name) => name.bytes().any(|byte| byte.is_ascii_digit()),
            BindHost::Address { .. } | BindHost::Range { .. } => true,
        })?;
        Some(Self {
            mode: BindMode::Custom,
            host: Some(host),
        })
    }
}

impl From<BindMode> for BindChoice {
    fn from(mode: BindMode) -> Self {
        Self { mode, host: None }
    }
}

impl std::fmt::Display for BindChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.host {
            Some(host) => host.fmt(f),
            None => self.mode.fmt(f),
        }
    }
}

impl Serialize for BindChoice {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for BindChoice {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom("not a bind mode, IP address, interface or CIDR range")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u35_addresses_interfaces_and_ranges_are_told_apart() {
        let cases = [
            ("192.168.1.10", "address"),
            ("::1", "address"),
            ("[fd00::1]", "address"),
            ("::ffff:10.0.0.1", "address"),
            ("fe80::5%eth0", "address"),
            ("[fe80::5%2]", "address"),
            ("0.0.0.0", "address"),
            ("wg0", "interface"),
            ("eth0.100", "interface"),
            ("tailscale0", "interface"),
            ("lo", "interface"),
            ("100.64.0.0/10", "range"),
            ("fd7a:115c:a1e0::/48", "range"),
        ];
        for (text, expected) in cases {
            let host = BindHost::parse(text).unwrap();
            let kind = match &host {
                BindHost::Address { .. } => "address",
                BindHost::Interface(_) => "interface",
                BindHost::Range { .. } => "range",
            };
            assert_eq!(kind, expected, "{text}");
            assert_eq!(BindHost::parse(&host.to_string()), Ok(host), "{text}");
        }
    }

    #[test]
    fn u35_what_can_be_none_of_them_is_refused_with_a_reason() {
        for (text, reason) in [
            ("", "empty"),
            ("300.1.1.1", "no whole IP address"),
            ("1.2.3", "no whole IP address"),
            ("10.0.0.1:18789", "without a port"),
            ("10.0.0.0/33", "from 0 to 32"),
            ("fd00::/129", "from 0 to 128"),
            ("eth0/24", "no CIDR range"),
            ("10.0.0.1%eth0", "only link-local"),
            ("fe80::5%", "no zone"),
            ("a name", "no spaces"),
            ("claw.example.org", "can be no interface"),
            ("localhost", "loopback"),
        ] {
            let error = BindHost::parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn u35_a_mistyped_mode_is_no_interface() {
        for text in ["tailnett", "Lan", "public", "all", "localhost", "0.0.0"] {
            assert_eq!(BindChoice::parse(text), None, "{text}");
        }
        for text in ["wg0", "10.0.0.0/8", "tailscale0", "fe80::1%eth0"] {
            let choice = BindChoice::parse(text).unwrap();
            assert_eq!(choice.mode, BindMode::Custom);
            assert_eq!(choice.to_string(), text);
        }
    }
}
