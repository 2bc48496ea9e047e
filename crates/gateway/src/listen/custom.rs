//! What `bind: custom` names: an address, an interface or a range.

use std::net::IpAddr;

use openclaw_config::schema::BindHost;

use super::interfaces::{InterfaceAddress, is_link_local};
use crate::peer::Cidr;

/// What `custom` names.
pub(super) enum CustomBind {
    /// One address, with the zone of a link-local one.
    Address(IpAddr, u32),
    /// The addresses of an interface or a range, as far as they exist.
    Matching(Vec<(IpAddr, u32)>),
}

impl CustomBind {
    /// Looks `host` up on this machine.
    pub(super) fn find(host: &BindHost, interfaces: &[InterfaceAddress]) -> Self {
        let matching = |test: &dyn Fn(&InterfaceAddress) -> bool| {
            let zone = |known: &InterfaceAddress| match known.address {
                address if is_link_local(address) => known.index,
                _ => 0,
            };
            let found = interfaces.iter().filter(|known| test(known));
            Self::Matching(found.map(|known| (known.address, zone(known))).collect())
        };
        match host {
            BindHost::Address { address, zone } => {
                let zone = match zone {
                    Some(zone) => zone_index(zone, interfaces),
                    // A link-local address without a zone takes the zone of the interface that has it.
                    None => Some(
                        interfaces
                            .iter()
                            .find(|known| known.address == *address && is_link_local(*address))
                            .map_or(0, |known| known.index),
                    ),
                };
                match zone {
                    Some(zone) => Self::Address(*address, zone),
                    // Its interface is not there.
                    None => Self::Matching(Vec::new()),
                }
            }
            BindHost::Interface(name) => matching(&|known| known.name == *name),
            BindHost::Range { .. } => match host.to_string().parse::<Cidr>() {
                Ok(range) => matching(&|known| range.contains(known.address)),
                Err(_) => Self::Matching(Vec::new()),
            },
        }
    }
}

/// Whether this machine has what `custom` names now. What it does not have is waited for.
pub fn is_here(host: &BindHost, interfaces: &[InterfaceAddress]) -> bool {
    match CustomBind::find(host, interfaces) {
        CustomBind::Address(address, _) => {
            address.is_unspecified()
                || address.is_loopback()
                || interfaces.iter().any(|known| known.address == address)
        }
        CustomBind::Matching(addresses) => !addresses.is_empty(),
    }
}

fn zone_index(zone: &str, interfaces: &[InterfaceAddress]) -> Option<u32> {
    let by_name = interfaces.iter().find(|known| known.name == zone);
    by_name
        .map(|known| known.index)
        .or_else(|| zone.parse().ok().filter(|index| *index != 0))
}
