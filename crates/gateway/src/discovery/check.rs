//! Whether announcements get out: the responder itself does not tell when the system refuses its packets.
//!
//! A question for our own name is sent as the responder would send, from every address, with a hop count of zero: the packet
//! meets every rule of this machine and is answered by the responder, and none leaves the machine.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use futures_util::future::join_all;
use openclaw_protocol::discovery::{LOCAL_DOMAIN, SERVICE};
use openclaw_protocol::dns::{Message, Name, kind};
use rustix::net::sockopt;
use tokio::net::UdpSocket;

use super::records::Service;
use crate::auth::secret;
use crate::listen::InterfaceAddress;

/// Port of multicast DNS.
const PORT: u16 = 5353;
/// Group of multicast DNS.
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// Group of multicast DNS.
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
/// How long an answer may take; then the question is repeated.
const PATIENCE: Duration = Duration::from_millis(700);
/// How often the question is asked.
const TRIES: usize = 3;
/// Most addresses that are looked at.
const MAX_ADDRESSES: usize = 16;

/// How it went on one interface.
#[derive(Debug)]
pub(super) struct Checked {
    /// Interface name.
    pub(super) interface: String,
    /// The address that was sent from.
    pub(super) address: IpAddr,
    /// `None` when the question was answered.
    pub(super) problem: Option<String>,
}

/// Asks on every interface, once per address family.
pub(super) async fn check(service: &Service, neighbours: &[InterfaceAddress]) -> Vec<Checked> {
    let mut asked: Vec<&InterfaceAddress> = Vec::new();
    for known in neighbours.iter().take(MAX_ADDRESSES) {
        let same = |other: &&InterfaceAddress| {
            other.name == known.name && other.address.is_ipv4() == known.address.is_ipv4()
        };
        if !asked.iter().any(same) {
            asked.push(known);
        }
    }
    let looks = asked.into_iter().map(|known| async move {
        let problem = match ask(service, known).await {
            Ok(true) => None,
            Ok(false) => Some("nobody answers for our name".to_owned()),
            Err(error) => Some(error.to_string()),
        };
        Checked {
            interface: known.name.clone(),
            address: known.address,
            problem,
        }
    });
    join_all(looks).await
}

async fn ask(service: &Service, from: &InterfaceAddress) -> io::Result<bool> {
    let socket = UdpSocket::bind(SocketAddr::new(from.address, 0)).await?;
    let group: SocketAddr = match from.address {
        IpAddr::V4(address) => {
            sockopt::set_ip_multicast_if(&socket, &address)?;
            sockopt::set_ip_multicast_ttl(&socket, 0)?;
            (GROUP_V4, PORT).into()
        }
        IpAddr::V6(_) => {
            sockopt::set_ipv6_multicast_hops(&socket, 0)?;
            SocketAddrV6::new(GROUP_V6, PORT, 0, from.index).into()
        }
    };
    let name = format!("{SERVICE}.{LOCAL_DOMAIN}");
    let name = Name::parse(&name).and_then(|kind| kind.child(service.instance.as_bytes()));
    let name = name.map_err(io::Error::other)?;
    let id = u16::try_from(secret::random_below(1 << 16)).unwrap_or_default();
    let question = Message::query(id, name, kind::SRV, false, None).encode();
    for _ in 0..TRIES {
        socket.send_to(&question, group).await?;
        if tokio::time::timeout(PATIENCE, answered(&socket, id))
            .await
            .is_ok()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Waits for the answer.
async fn answered(socket: &UdpSocket, id: u16) {
    let mut buffer = [0; 2048];
    loop {
        // An error here concerns an earlier packet; the deadline ends the waiting.
        let Ok(length) = socket.recv(&mut buffer).await else {
            tokio::time::sleep(PATIENCE).await;
            continue;
        };
        let is_it = Message::decode(&buffer[..length]).is_ok_and(|message| {
            message.id == id && message.is_response() && !message.answers.is_empty()
        });
        if is_it {
            return;
        }
    }
}

/// Whether the port of multicast DNS can be shared with the other responders of this machine, for one address family at least
/// of those that are needed.
pub(super) fn port_is_free(neighbours: &[InterfaceAddress]) -> io::Result<()> {
    let mut families: Vec<bool> = neighbours
        .iter()
        .map(|known| known.address.is_ipv6())
        .collect();
    families.sort_unstable();
    families.dedup();
    let mut outcome = Ok(());
    for is_v6 in families {
        outcome = share_port(is_v6);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

fn share_port(is_v6: bool) -> io::Result<()> {
    use rustix::net::{AddressFamily, SocketType, bind, socket};
    let (family, address): (_, SocketAddr) = if is_v6 {
        (AddressFamily::INET6, (Ipv6Addr::UNSPECIFIED, PORT).into())
    } else {
        (AddressFamily::INET, (Ipv4Addr::UNSPECIFIED, PORT).into())
    };
    let socket = socket(family, SocketType::DGRAM, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    if is_v6 {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    Ok(bind(&socket, &address)?)
}
