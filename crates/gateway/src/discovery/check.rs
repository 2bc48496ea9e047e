//! Whether announcements get out, and whether our names are ours alone: the responder tells neither when the system refuses its
//! packets, nor when somebody with the same name appears after it has looked.
//!
//! A question for our own names is sent from every address as any browser would. It meets the rules of this machine that the
//! responder's packets meet, the responder answers it, and so does whoever else holds the names.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use futures_util::future::join_all;
use openclaw_protocol::discovery::{LOCAL_DOMAIN, SERVICE};
use openclaw_protocol::dns::{CLASS_IN, Data, Message, Name, NameError, Question, kind};
use rustix::net::sockopt;
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

use super::records::Service;
use crate::auth::secret;
use crate::listen::InterfaceAddress;
use crate::platform;

/// Port of multicast DNS.
const PORT: u16 = 5353;
/// Group of multicast DNS.
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// Group of multicast DNS.
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
/// Hop count of every packet of multicast DNS.
const HOPS: u32 = 255;
/// How long answers are collected.
const PATIENCE: Duration = Duration::from_millis(700);
/// How often the question is asked when nobody answers.
const TRIES: usize = 3;
/// Most addresses that are looked at.
const MAX_ADDRESSES: usize = 16;
/// Most answers that are read; the rest says nothing new.
const MAX_ANSWERS: usize = 64;

/// How it went on one interface.
#[derive(Debug)]
pub(super) struct Checked {
    /// Interface name.
    pub(super) interface: String,
    /// The address that was sent from.
    pub(super) address: IpAddr,
    /// `None` when our responder answered.
    pub(super) problem: Option<String>,
    /// Who else holds our names.
    pub(super) rivals: Rivals,
}

/// Others with our names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rivals {
    /// Somebody holds the name of the gateway, and whether we are the one to give way at once.
    pub(super) instance: Option<bool>,
    /// Somebody holds the name of the host, and whether we are the one to give way at once.
    pub(super) host: Option<bool>,
}

impl Rivals {
    /// What either saw.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            instance: self.instance.max(other.instance),
            host: self.host.max(other.host),
        }
    }
}

/// What is asked for, and what our own answer is.
struct Ours {
    instance: Name,
    host: Name,
    port: u16,
    /// Addresses of this machine.
    addresses: Vec<IpAddr>,
}

impl Ours {
    fn of(service: &Service, addresses: &[IpAddr]) -> Result<Self, NameError> {
        let kind = Name::parse(&format!("{SERVICE}.{LOCAL_DOMAIN}"))?;
        Ok(Self {
            instance: kind.child(service.instance.as_bytes())?,
            host: Name::parse(LOCAL_DOMAIN)?.child(service.host_label.as_bytes())?,
            port: service.port,
            addresses: addresses.to_vec(),
        })
    }

    fn question(&self, id: u16, from: IpAddr) -> Message {
        let mut query = Message::query(id, self.instance.clone(), kind::SRV, false, None);
        query.questions.push(Question {
            name: self.host.clone(),
            kind: if from.is_ipv4() { kind::A } else { kind::AAAA },
            class: CLASS_IN,
        });
        query
    }

    /// What an answer says: whether it is ours, and who else holds the names. Of two, the one whose data sorts first gives way,
    /// as in RFC 6762 section 8.2.
    fn read(&self, answer: &Message) -> (bool, Rivals) {
        let mut ours = false;
        let mut rivals = Rivals::default();
        for record in answer.records() {
            let address = match &record.data {
                Data::Srv { target, port, .. } if record.name == self.instance => {
                    let own = (self.host.to_string().to_lowercase(), self.port);
                    let theirs = (target.to_string().to_lowercase(), *port);
                    if own == theirs {
                        ours = true;
                    } else {
                        rivals.instance = rivals.instance.max(Some(own < theirs));
                    }
                    continue;
                }
                Data::A(address) => IpAddr::V4(*address),
                Data::Aaaa(address) => IpAddr::V6(*address),
                _ => continue,
            };
            if record.name == self.host && !self.addresses.contains(&address) {
                let alike =
                    |own: &&IpAddr| own.is_ipv4() == address.is_ipv4() && !own.is_loopback();
                let own = self.addresses.iter().filter(alike).min();
                rivals.host = rivals.host.max(Some(own.is_some_and(|own| *own < address)));
            }
        }
        (ours, rivals)
    }
}

/// Asks on every interface, once per address family. `own` are the addresses of this machine.
pub(super) async fn check(
    service: &Service,
    neighbours: &[InterfaceAddress],
    own: &[IpAddr],
) -> Vec<Checked> {
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
        let asked = match Ours::of(service, own) {
            Ok(ours) => ask(&ours, known).await,
            Err(error) => Err(io::Error::other(error)),
        };
        let (problem, rivals) = match asked {
            Ok((true, rivals)) => (None, rivals),
            Ok((false, rivals)) => (Some("nobody answers for our name".to_owned()), rivals),
            Err(error) => (Some(error.to_string()), Rivals::default()),
        };
        Checked {
            interface: known.name.clone(),
            address: known.address,
            problem,
            rivals,
        }
    });
    join_all(looks).await
}

async fn ask(ours: &Ours, from: &InterfaceAddress) -> io::Result<(bool, Rivals)> {
    let socket = UdpSocket::bind(SocketAddr::new(from.address, 0)).await?;
    let group: SocketAddr = match from.address {
        IpAddr::V4(address) => {
            sockopt::set_ip_multicast_if(&socket, &address)?;
            sockopt::set_ip_multicast_ttl(&socket, HOPS)?;
            (GROUP_V4, PORT).into()
        }
        IpAddr::V6(_) => {
            sockopt::set_ipv6_multicast_hops(&socket, HOPS)?;
            SocketAddrV6::new(GROUP_V6, PORT, 0, from.index).into()
        }
    };
    let id = u16::try_from(secret::random_below(1 << 16)).unwrap_or_default();
    let question = ours.question(id, from.address).encode();
    let mut rivals = Rivals::default();
    for _ in 0..TRIES {
        socket.send_to(&question, group).await?;
        let (answered, seen) = collect(&socket, ours, id).await;
        rivals = rivals.or(seen);
        if answered {
            return Ok((true, rivals));
        }
    }
    Ok((false, rivals))
}

/// Reads answers for a while: whether ours is among them, and who else answers.
async fn collect(socket: &UdpSocket, ours: &Ours, id: u16) -> (bool, Rivals) {
    let deadline = Instant::now() + PATIENCE;
    let mut buffer = [0; 2048];
    let mut found = (false, Rivals::default());
    for _ in 0..MAX_ANSWERS {
        let length = match timeout_at(deadline, socket.recv(&mut buffer)).await {
            Ok(Ok(length)) => length,
            // An error here concerns an earlier packet.
            Ok(Err(_)) => continue,
            Err(_) => break,
        };
        let answer = Message::decode(&buffer[..length]);
        let Some(answer) = answer.ok().filter(|one| one.id == id && one.is_response()) else {
            continue;
        };
        let (is_ours, rivals) = ours.read(&answer);
        found = (found.0 || is_ours, found.1.or(rivals));
    }
    found
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
    platform::share_datagrams(&socket)?;
    if is_v6 {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    Ok(bind(&socket, &address)?)
}

#[cfg(test)]
mod tests {
    use openclaw_protocol::dns::Record;

    use super::*;

    fn ours() -> Ours {
        let service = Service {
            instance: "Studio (OpenClaw)".into(),
            host_label: "openclaw-studio".into(),
            port: 18789,
            txt: openclaw_protocol::discovery::Txt::default(),
            reach: crate::discovery::reach::Reach::every_address(),
        };
        Ours::of(
            &service,
            &["127.0.0.1".parse().unwrap(), "192.168.1.5".parse().unwrap()],
        )
        .unwrap()
    }

    fn srv(target: &str, port: u16) -> Data {
        Data::Srv {
            priority: 0,
            weight: 0,
            port,
            target: Name::parse(target).unwrap(),
        }
    }

    #[test]
    fn u09_others_with_our_names_are_seen_and_one_of_two_gives_way() {
        let ours = ours();
        let a = |text: &str| Data::A(text.parse().unwrap());
        let (own, rival) = (Rivals::default(), |instance, host| Rivals {
            instance,
            host,
        });
        for (data, is_ours, rivals) in [
            (srv("OpenClaw-studio.local", 18789), true, own),
            (
                srv("openclaw-studio.local", 19001),
                false,
                rival(Some(true), None),
            ),
            (
                srv("openclaw-attic.local", 18789),
                false,
                rival(Some(false), None),
            ),
            (a("192.168.1.5"), false, own),
            (a("192.168.1.9"), false, rival(None, Some(true))),
            (a("192.168.1.2"), false, rival(None, Some(false))),
            (Data::Txt(vec![]), false, own),
        ] {
            let name = match data {
                Data::Srv { .. } => ours.instance.clone(),
                _ => ours.host.clone(),
            };
            let record = Record {
                name,
                class: 0x8001,
                ttl: 10,
                data: data.clone(),
            };
            let answer = Message {
                answers: vec![record],
                ..Message::default()
            };
            assert_eq!(ours.read(&answer), (is_ours, rivals), "{data:?}");
        }
        // What is said about other names concerns nobody.
        let record = Record {
            name: Name::parse("x.local").unwrap(),
            class: CLASS_IN,
            ttl: 10,
            data: a("10.0.0.1"),
        };
        let answer = Message {
            answers: vec![record],
            ..Message::default()
        };
        assert_eq!(ours.read(&answer), (false, own));
    }
}
