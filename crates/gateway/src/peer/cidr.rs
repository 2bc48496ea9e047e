//! Address ranges in CIDR notation; a bare address is a range of one.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A range of addresses. IPv4-mapped IPv6 addresses count as IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

/// Text that is neither an address nor a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an IP address or a range such as 10.0.0.0/8")]
pub struct InvalidCidr {
    text: String,
}

impl Cidr {
    /// The range that holds only `address`.
    pub fn single(address: IpAddr) -> Self {
        let network = address.to_canonical();
        Self {
            network,
            prefix: width(network),
        }
    }

    /// Whether `address` is in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let shift = 32 - u32::from(self.prefix);
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let shift = 128 - u32::from(self.prefix);
                let differing = network.to_bits() ^ address.to_bits();
                differing.checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

fn width(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

impl FromStr for Cidr {
    type Err = InvalidCidr;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidCidr {
            text: text.to_owned(),
        };
        let (address, prefix) = match text.trim().split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        let Some(prefix) = prefix else {
            return Ok(Self::single(address));
        };
        let digits_only = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix: u8 = prefix.parse().map_err(|_| invalid())?;
        if !digits_only || prefix > width(address) {
            return Err(invalid());
        }
        // A mapped network narrower than the mapping prefix is an IPv4 network.
        let (network, prefix) = match (address, address.to_canonical()) {
            (IpAddr::V6(_), IpAddr::V4(mapped)) if prefix >= 96 => {
                (IpAddr::V4(mapped), prefix - 96)
            }
            _ => (address, prefix),
        };
        Ok(Self { network, prefix })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == width(self.network) {
            write!(f, "{}", self.network)
        } else {
            write!(f, "{}/{}", self.network, self.prefix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_say() {
        let cases = [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3/8", "10.9.9.9", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("192.0.2.7", "::ffff:192.0.2.7", true),
            ("::ffff:192.0.2.7", "192.0.2.7", true),
            ("::ffff:10.0.0.0/104", "10.3.4.5", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "203.0.113.9", false),
            ("fd7a:115c:a1e0::/48", "fd7a:115c:a1e0:ab::1", true),
            ("fd7a:115c:a1e0::/48", "fd7a:115c:a1e1::1", false),
            (" 127.0.0.1 ", "127.0.0.1", true),
        ];
        for (range, address, expected) in cases {
            let range: Cidr = range.parse().unwrap();
            assert_eq!(
                range.contains(address.parse().unwrap()),
                expected,
                "{range} {address}"
            );
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "proxy",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "::/129",
            "10.0/8",
            "1.2.3.4/8/8",
            "[::1]",
        ] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }

    #[test]
    fn ranges_print_as_they_are_written() {
        for text in ["10.0.0.0/8", "127.0.0.1", "fd7a:115c:a1e0::/48", "::1"] {
            assert_eq!(text.parse::<Cidr>().unwrap().to_string(), text);
        }
    }
}
