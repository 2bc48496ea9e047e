//! The rule for `ws://`: only where nobody on the way can be a stranger.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

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

/// How interfaces of tunnels are called, where the system does not say that they are point-to-point.
const TUNNELS: [&str; 5] = ["tailscale", "tun", "utun", "ts", "wg"];

/// How packets to an address leave this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They do not: the address is one of this machine.
    Own,
    /// Through a tunnel that encrypts them, such as `tailscale0` or `wg0`.
    Tunnel,
    /// Through any other interface.
    Network,
    /// Nobody can tell, for example because there is no way.
    Unknown,
}

/// Decides whether plaintext may go to `host`, from the addresses it resolves to and the way to each.
///
/// At least one of them must be allowed; only those may be connected to ([`is_allowed`], checked once more on the connected
/// peer). A name is never trusted by its spelling. `env_override` is the user's explicit wish and allows everything.
pub fn plaintext_allowed(
    host: &str,
    resolved: &[(IpAddr, Way)],
    env_override: bool,
) -> Result<(), PlaintextRefused> {
    if env_override || resolved.iter().any(|(ip, way)| is_allowed(*ip, *way)) {
        return Ok(());
    }
    resolved.first().map_or(Ok(()), |(address, _)| {
        Err(PlaintextRefused {
            url: format!("ws://{host}"),
            host: host.to_owned(),
            address: *address,
        })
    })
}

/// Loopback, RFC 1918, link-local and unique local addresses; those of tailnets only when the way there is encrypted, because
/// carriers use 100.64.0.0/10 between strangers.
pub fn is_allowed(ip: IpAddr, way: Way) -> bool {
    if is_tailnet(ip) {
        return way != Way::Network;
    }
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_loopback() || is_unique_local(ip) || ip.is_unicast_link_local(),
    }
}

/// Whether an address may be one that plaintext goes to: on this machine, a private network or a tailnet.
pub fn is_private(ip: IpAddr) -> bool {
    is_allowed(ip, Way::Tunnel)
}

/// Whether others on the way can read along: neither this machine nor a tunnel.
pub fn is_readable(ip: IpAddr, way: Way) -> bool {
    !ip.to_canonical().is_loopback() && matches!(way, Way::Network | Way::Unknown)
}

/// The way to an address. Asks the routing table; nothing is sent.
pub fn way_to(ip: IpAddr) -> Way {
    let any: IpAddr = match ip {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let source = UdpSocket::bind((any, 0)).and_then(|socket| {
        // Any port will do: connecting a UDP socket only chooses the route.
        socket.connect((ip, 9))?;
        socket.local_addr()
    });
    source.map_or(Way::Unknown, |source| way_from(source.ip(), ip))
}

/// The way of packets that leave from `source`, an address of this machine.
pub fn way_from(source: IpAddr, ip: IpAddr) -> Way {
    let (source, ip) = (source.to_canonical(), ip.to_canonical());
    let Ok(interfaces) = if_addrs::get_if_addrs() else {
        return Way::Unknown;
    };
    if ip.is_loopback() || interfaces.iter().any(|own| own.ip() == ip) {
        return Way::Own;
    }
    interfaces
        .iter()
        .find(|own| own.ip() == source)
        .map_or(Way::Unknown, |own| {
            if own.is_p2p || TUNNELS.iter().any(|start| own.name.starts_with(start)) {
                Way::Tunnel
            } else {
                Way::Network
            }
        })
}

/// `100.64.0.0/10` and `fd7a:115c:a1e0::/48`
fn is_tailnet(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [first, second, ..] = ip.octets();
            first == 100 && second & 0xc0 == 64
        }
        IpAddr::V6(ip) => ip.segments()[..3] == [0xfd7a, 0x115c, 0xa1e0],
    }
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
        for (text, allowed) in [
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
            ("fd00::1", true),
            ("fe80::1", true),
            ("2001:db8::1", false),
            ("0.0.0.0", false),
        ] {
            let ip: IpAddr = text.parse().unwrap();
            let over = |way| plaintext_allowed("h", &[(ip, way)], false).is_ok();
            assert_eq!(over(Way::Tunnel), allowed, "{ip}");
            let tailnet = text.starts_with("100.") || text.starts_with("fd7a:115c:a1e0:");
            assert_eq!(over(Way::Network), allowed && !tailnet, "{ip}");
            assert!(
                plaintext_allowed("h", &[(ip, Way::Network)], true).is_ok(),
                "{ip}"
            );
        }
    }

    #[test]
    fn u14_a_name_counts_by_what_it_resolves_to() {
        let public = ("203.0.113.9".parse().unwrap(), Way::Network);
        let private = ("192.168.1.9".parse().unwrap(), Way::Network);
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

    #[test]
    fn the_way_to_this_machine_is_its_own() {
        assert_eq!(way_to("127.0.0.1".parse().unwrap()), Way::Own);
        let loopback = "127.0.0.1".parse().unwrap();
        assert_eq!(way_from(loopback, loopback), Way::Own);
        assert!(!is_readable(loopback, Way::Unknown));
        assert!(is_readable("10.0.0.1".parse().unwrap(), Way::Network));
        assert!(!is_readable("10.0.0.1".parse().unwrap(), Way::Tunnel));
    }
}
