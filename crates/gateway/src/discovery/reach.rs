//! Who can knock at which address of this machine: pure.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use crate::listen::InterfaceAddress;
use crate::tls::is_inner;

/// What interfaces of Tailscale are called, before their number.
const TAILSCALE: &str = "tailscale";

/// The addresses that are listened on, loopback left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    every_v4: bool,
    every_v6: bool,
    single: BTreeSet<IpAddr>,
}

impl Reach {
    /// Of these listeners.
    pub fn of(listening: &[SocketAddr]) -> Self {
        let mut reach = Self::default();
        for address in listening.iter().map(|address| address.ip().to_canonical()) {
            match address {
                IpAddr::V4(ip) if ip.is_unspecified() => reach.every_v4 = true,
                IpAddr::V6(ip) if ip.is_unspecified() => reach.every_v6 = true,
                ip if ip.is_loopback() => {}
                ip => {
                    reach.single.insert(ip);
                }
            }
        }
        reach
    }

    /// Of a machine that is reached another way, on whatever address.
    pub fn every_address() -> Self {
        Self {
            every_v4: true,
            every_v6: true,
            single: BTreeSet::new(),
        }
    }

    /// Whether only this machine is served.
    pub fn is_nobody(&self) -> bool {
        *self == Self::default()
    }

    /// Whether this address of the machine is served.
    pub fn covers(&self, address: IpAddr) -> bool {
        let every = match address {
            IpAddr::V4(_) => self.every_v4,
            IpAddr::V6(_) => self.every_v6,
        };
        (every && !address.is_loopback()) || self.single.contains(&address)
    }

    /// Addresses that neighbours on a local network can knock at. Tunnels and tailnets carry no multicast, networks of
    /// containers hold nobody who browses, and a link-local IPv6 address is no use without its zone.
    pub fn neighbours(&self, interfaces: &[InterfaceAddress]) -> Vec<InterfaceAddress> {
        let mut reached: Vec<InterfaceAddress> = interfaces
            .iter()
            .filter(|known| !known.point_to_point && !is_inner(&known.name))
            .filter(|known| !known.name.starts_with(TAILSCALE))
            .filter(|known| !known.address.is_loopback() && !is_link_local_v6(known.address))
            .filter(|known| self.covers(known.address))
            .cloned()
            .collect();
        reached.sort_by(|a, b| (&a.name, a.address).cmp(&(&b.name, b.address)));
        reached
    }
}

/// Whether an address needs a zone.
pub(super) fn is_link_local_v6(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, address: &str, point_to_point: bool) -> InterfaceAddress {
        InterfaceAddress {
            name: name.to_owned(),
            index: 2,
            address: address.parse().unwrap(),
            point_to_point,
        }
    }

    fn machine() -> Vec<InterfaceAddress> {
        vec![
            interface("lo", "127.0.0.1", false),
            interface("lo", "::1", false),
            interface("eth0", "192.168.1.5", false),
            interface("eth0", "fd00::5", false),
            interface("eth0", "fe80::5", false),
            interface("wlan0", "10.0.0.5", false),
            interface("tailscale0", "100.64.0.5", true),
            interface("docker0", "172.17.0.1", false),
        ]
    }

    #[test]
    fn only_addresses_that_are_served_are_announced() {
        for (listening, reached) in [
            (&["127.0.0.1:1", "[::1]:1"][..], &[][..]),
            (&["0.0.0.0:1"], &["192.168.1.5", "10.0.0.5"]),
            (
                &["0.0.0.0:1", "[::]:1"],
                &["192.168.1.5", "fd00::5", "10.0.0.5"],
            ),
            (&["[::]:1"], &["fd00::5"]),
            (&["127.0.0.1:1", "10.0.0.5:1"], &["10.0.0.5"]),
            (&["[::ffff:10.0.0.5]:1"], &["10.0.0.5"]),
            (&["127.0.0.1:1", "100.64.0.5:1"], &[]),
            (&["10.9.9.9:1"], &[]),
            (&[], &[]),
        ] {
            let listening: Vec<SocketAddr> =
                listening.iter().map(|text| text.parse().unwrap()).collect();
            let found = Reach::of(&listening).neighbours(&machine());
            let found: Vec<String> = found.iter().map(|one| one.address.to_string()).collect();
            assert_eq!(found, reached, "{listening:?}");
        }
        assert!(Reach::of(&["127.0.0.1:1".parse().unwrap()]).is_nobody());
        assert_eq!(Reach::every_address().neighbours(&machine()).len(), 3);
    }
}
