//! What `bind: custom` names: an address, an interface or a range.

use std::net::IpAddr;

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
    /// Reads `text`; `None` if it can be none of the three.
    pub(super) fn parse(text: &str, interfaces: &[InterfaceAddress]) -> Option<Self> {
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(text);
        let (bare, zone) = match bare.split_once('%') {
            Some((address, zone)) => (address, zone_index(zone, interfaces)?),
            None => (bare, 0),
        };
        if let Ok(address) = bare.parse::<IpAddr>() {
            let address = address.to_canonical();
            // A link-local address without a zone takes the zone of the interface that has it.
            let own_zone = interfaces
                .iter()
                .find(|known| known.address == address && is_link_local(address))
                .map_or(0, |known| known.index);
            return Some(Self::Address(
                address,
                if zone == 0 { own_zone } else { zone },
            ));
        }
        let matching = |test: &dyn Fn(&InterfaceAddress) -> bool| {
            let zone = |known: &InterfaceAddress| match known.address {
                address if is_link_local(address) => known.index,
                _ => 0,
            };
            interfaces
                .iter()
                .filter(|known| test(known))
                .map(|known| (known.address, zone(known)))
                .collect()
        };
        if text.contains('/') {
            let range: Cidr = text.parse().ok()?;
            return Some(Self::Matching(matching(&|known| {
                range.contains(known.address)
            })));
        }
        let plausible_name = text.len() <= 15
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b':'));
        let like_an_address = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
        (plausible_name && !like_an_address)
            .then(|| Self::Matching(matching(&|known| known.name == text)))
    }
}

fn zone_index(zone: &str, interfaces: &[InterfaceAddress]) -> Option<u32> {
    let by_name = interfaces.iter().find(|known| known.name == zone);
    by_name
        .map(|known| known.index)
        .or_else(|| zone.parse().ok().filter(|index| *index != 0))
}
