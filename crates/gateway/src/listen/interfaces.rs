//! Addresses of this machine, and what kind of address each is.

mod follow;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub(crate) use follow::follow;

/// An address of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// Interface name, such as `eth0`.
    pub name: String,
    /// Interface index, used as the zone of link-local addresses.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// Whether the interface is a point-to-point link, as tunnels are.
    pub point_to_point: bool,
}

/// Whether an address can be reached from the internet.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let carrier_nat = in_tailscale_range(IpAddr::V4(address));
            !(address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_unspecified()
                || address.is_multicast()
                || address.is_broadcast()
                || address.is_documentation()
                || carrier_nat)
        }
        IpAddr::V6(address) => {
            let documentation = address.segments()[..2] == [0x2001, 0x0db8];
            address.segments()[0] & 0xe000 == 0x2000 && !documentation
        }
    }
}

/// The host in URLs for clients on this machine, of a gateway that listens on `listening`: 127.0.0.1, and `[::1]` where the
/// machine has no IPv4.
pub fn local_host(listening: &[SocketAddr], interfaces: &[InterfaceAddress]) -> &'static str {
    let v4 = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let machine_has_v4 =
        interfaces.is_empty() || interfaces.iter().any(|known| known.address == v4);
    let serves = |address: &SocketAddr| {
        address.ip() == v4 || (address.is_ipv4() && address.ip().is_unspecified() && machine_has_v4)
    };
    if listening.is_empty() || listening.iter().any(serves) {
        "127.0.0.1"
    } else {
        "[::1]"
    }
}

/// Lists the addresses of this machine.
pub fn interface_addresses() -> std::io::Result<Vec<InterfaceAddress>> {
    let interfaces = if_addrs::get_if_addrs()?;
    let addresses = interfaces.into_iter().map(|interface| InterfaceAddress {
        index: interface.index.unwrap_or(0),
        address: interface.ip(),
        point_to_point: interface.is_p2p,
        name: interface.name,
    });
    Ok(addresses.collect())
}

/// Indexes of the interfaces that are up, cable included. An interface that is down keeps its IPv4 addresses.
pub(crate) fn up_interfaces() -> Vec<u32> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let up = interfaces
        .into_iter()
        .filter(if_addrs::Interface::is_oper_up);
    up.map(|interface| interface.index.unwrap_or(0)).collect()
}

/// Addresses that belong to a tailnet, IPv4 first.
///
/// The interface decides, not the range: carrier NAT uses 100.64.0.0/10 too, and other control servers hand out other ranges.
/// An interface called `tailscale…` counts with every address, another tunnel only with an address of Tailscale's ranges.
pub fn tailnet_addresses(interfaces: &[InterfaceAddress]) -> Vec<IpAddr> {
    let usable =
        |known: &&InterfaceAddress| !known.address.is_loopback() && !is_link_local(known.address);
    let named: Vec<_> = interfaces
        .iter()
        .filter(|known| known.name.starts_with("tailscale"))
        .filter(usable)
        .map(|known| known.address)
        .collect();
    let mut addresses = if named.is_empty() {
        interfaces
            .iter()
            .filter(|known| is_tunnel(known) && in_tailscale_range(known.address))
            .map(|known| known.address)
            .collect()
    } else {
        named
    };
    addresses.sort_unstable_by_key(IpAddr::is_ipv6);
    addresses.dedup();
    addresses
}

/// As [`tailnet_addresses`], but what Tailscale itself `told` wins as far as this machine has it; empty when it told nothing.
pub fn tailnet_addresses_as_told(interfaces: &[InterfaceAddress], told: &[IpAddr]) -> Vec<IpAddr> {
    if told.is_empty() {
        return tailnet_addresses(interfaces);
    }
    let mut addresses: Vec<_> = told
        .iter()
        .map(IpAddr::to_canonical)
        .filter(|address| interfaces.iter().any(|known| known.address == *address))
        .collect();
    addresses.sort_unstable_by_key(IpAddr::is_ipv6);
    addresses.dedup();
    addresses
}

fn is_tunnel(known: &InterfaceAddress) -> bool {
    known.point_to_point
        || ["tun", "utun", "ts", "wg"]
            .iter()
            .any(|prefix| known.name.starts_with(prefix))
}

/// Whether an address lies in the ranges from which Tailscale gives addresses out.
pub fn in_tailscale_range(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets()[0] == 100 && address.octets()[1] & 0xc0 == 64,
        IpAddr::V6(address) => address.segments()[..3] == [0xfd7a, 0x115c, 0xa1e0],
    }
}

/// Whether an address needs a zone.
pub(super) fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}
