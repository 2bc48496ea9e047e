//! The rule for `ws://`: only where nobody on the way can be a stranger.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A `ws://` URL whose host is a public address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "SECURITY ERROR: Gateway URL \"{url}\" uses plaintext ws:// to a non-loopback address.\n\
     {host} is {address}, which is not on this machine, a private network or a tailnet; credentials would be readable on the way.\n\
     Fix: Use wss:// for remote gateway URLs."
)]
pub struct PlaintextRefused {
    /// The URL as shown to users; filled in by the connection.
    pub url: String,
    /// Host of the URL.
    pub host: String,
    /// The address that is public.
    pub address: IpAddr,
}

/// Decides whether plaintext may go to `host`, from the addresses it resolves to.
///
/// At least one of them must be private; only those may be connected to ([`is_private`], checked
/// once more on the connected peer). A name is never trusted by its spelling. `env_override` is the
/// user's explicit wish and allows everything.
pub fn plaintext_allowed(
    host: &str,
    resolved_ips: &[IpAddr],
    env_override: bool,
) -> Result<(), PlaintextRefused> {
    if env_override || resolved_ips.iter().any(|ip| is_private(*ip)) {
        return Ok(());
    }
    resolved_ips.first().map_or(Ok(()), |address| {
        Err(PlaintextRefused {
            url: format!("ws://{host}"),
            host: host.to_owned(),
            address: *address,
        })
    })
}

/// Loopback, RFC 1918, link-local, carrier-grade NAT (tailnets) and unique local addresses.
pub fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local() || is_cgnat(ip),
        IpAddr::V6(ip) => ip.is_loopback() || is_unique_local(ip) || ip.is_unicast_link_local(),
    }
}

/// `100.64.0.0/10`
const fn is_cgnat(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    first == 100 && second & 0xc0 == 64
}

/// `fc00::/7`
const fn is_unique_local(ip: Ipv6Addr) -> bool {
    ip.segments()[0] & 0xfe00 == 0xfc00
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u14_plaintext_by_address() {
        for (ip, allowed) in [
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("::ffff:10.0.0.1", true),
            ("10.1.2.3", true),
            ("172.16.0.1", true),
            ("172.32.0.1", false),
            ("192.168.1.1", true),
            ("169.254.1.1", true),
            ("100.64.0.1", true),
            ("100.127.255.254", true),
            ("100.128.0.1", false),
            ("100.63.0.1", false),
            ("8.8.8.8", false),
            ("fd7a:115c:a1e0::1", true),
            ("fe80::1", true),
            ("2001:db8::1", false),
            ("0.0.0.0", false),
        ] {
            let ip: IpAddr = ip.parse().unwrap();
            assert_eq!(
                plaintext_allowed("h", &[ip], false).is_ok(),
                allowed,
                "{ip}"
            );
            assert!(plaintext_allowed("h", &[ip], true).is_ok(), "{ip}");
        }
    }

    #[test]
    fn u14_a_name_counts_by_what_it_resolves_to() {
        let public: IpAddr = "203.0.113.9".parse().unwrap();
        let private: IpAddr = "192.168.1.9".parse().unwrap();
        assert!(plaintext_allowed("box.local", &[public], false).is_err());
        assert!(plaintext_allowed("box.ts.net", &[public], false).is_err());
        assert!(plaintext_allowed("box.example", &[public, private], false).is_ok());
        let text = plaintext_allowed("gw.example", &[public], false)
            .unwrap_err()
            .to_string();
        assert!(text.starts_with(
            "SECURITY ERROR: Gateway URL \"ws://gw.example\" uses plaintext ws:// to a non-loopback address."
        ));
        assert!(text.ends_with("Fix: Use wss:// for remote gateway URLs."));
    }
}
