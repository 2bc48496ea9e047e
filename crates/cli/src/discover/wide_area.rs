//! Unicast DNS-SD: the system's resolvers, the resolver of the tailnet, and the responders of the tailnet's machines.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use openclaw_config::Env;
use openclaw_protocol::discovery::{SERVICE, pairs};
use openclaw_protocol::dns::{Data, Name, Record, kind};
use tokio::time::timeout;

use super::Sighting;
use super::ask::{ask, data_of};
use super::tailnet::{self, Tailnet};
use crate::runtime::join_all;

/// Port of resolvers.
const RESOLVER_PORT: u16 = 53;
/// The resolver that a tailnet gives to its machines.
const MAGIC_DNS: IpAddr = IpAddr::V4(Ipv4Addr::new(100, 100, 100, 100));
/// Where the system says whom to ask.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// Resolvers of the system that are asked.
const MAX_RESOLVERS: usize = 3;
/// How long a resolver may take; it may have to ask others.
const RESOLVER_PATIENCE: Duration = Duration::from_millis(1_500);
/// How long a machine of the tailnet may take.
const PEER_PATIENCE: Duration = Duration::from_millis(400);
/// Machines of the tailnet asked at once.
const PEERS_AT_ONCE: usize = 8;
/// Instances that one server is asked about.
const MAX_INSTANCES: usize = 50;

/// Asks everybody who may know, for so long; what came by then is the answer.
pub(super) async fn look(domain: &Name, port: u16, env: &Env, limit: Duration) -> Vec<Sighting> {
    let tailnet = tailnet::read(env).await;
    let mut found = Vec::new();
    let resolvers: Vec<SocketAddr> = resolvers(tailnet.is_some());
    let asked = resolvers
        .iter()
        .map(|server| services(*server, domain, RESOLVER_PATIENCE.min(limit)));
    let peers = async {
        let mut found = Vec::new();
        for some in peers(tailnet.as_ref(), port).chunks(PEERS_AT_ONCE) {
            let asked = some
                .iter()
                .map(|server| services(*server, domain, PEER_PATIENCE));
            found.extend(join_all(asked).await.into_iter().flatten());
        }
        found
    };
    let everybody = async { tokio::join!(join_all(asked), timeout(limit, peers)) };
    let (by_resolvers, by_peers) = everybody.await;
    found.extend(by_resolvers.into_iter().flatten());
    found.extend(by_peers.unwrap_or_default());
    found
}

fn resolvers(in_tailnet: bool) -> Vec<SocketAddr> {
    let text = std::fs::read_to_string(RESOLV_CONF).unwrap_or_default();
    let mut resolvers = name_servers(&text);
    if in_tailnet && !resolvers.contains(&MAGIC_DNS) {
        resolvers.push(MAGIC_DNS);
    }
    let address = |ip| SocketAddr::new(ip, RESOLVER_PORT);
    resolvers.into_iter().map(address).collect()
}

fn name_servers(text: &str) -> Vec<IpAddr> {
    let server = |line: &str| {
        let mut words = line.split_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()?.parse().ok())?
    };
    text.lines()
        .filter_map(server)
        .take(MAX_RESOLVERS)
        .collect()
}

/// Responders of the tailnet; this machine's own first.
fn peers(tailnet: Option<&Tailnet>, port: u16) -> Vec<SocketAddr> {
    let addresses = tailnet.iter().flat_map(|tailnet| &tailnet.addresses);
    addresses.map(|ip| SocketAddr::new(*ip, port)).collect()
}

/// The gateways that one server knows in the domain.
async fn services(server: SocketAddr, domain: &Name, patience: Duration) -> Vec<Sighting> {
    let Some(service) = Name::parse(SERVICE)
        .ok()
        .and_then(|name| name.below(domain).ok())
    else {
        return Vec::new();
    };
    let Ok(answer) = ask(server, &service, kind::PTR, patience).await else {
        return Vec::new();
    };
    let records: Vec<Record> = answer.records().cloned().collect();
    let instances: Vec<&Name> = data_of(&answer.answers, &service)
        .filter_map(|data| match data {
            Data::Ptr(instance) if instance.is_within(&service) => Some(instance),
            _ => None,
        })
        .take(MAX_INSTANCES)
        .collect();
    let looks = instances
        .into_iter()
        .map(|instance| resolve(server, domain, instance, &records, patience));
    join_all(looks).await.into_iter().flatten().collect()
}

/// An instance with its host and texts, from what came along or by asking.
async fn resolve(
    server: SocketAddr,
    domain: &Name,
    instance: &Name,
    along: &[Record],
    patience: Duration,
) -> Option<Sighting> {
    let mut known = along.to_vec();
    let mut srv = srv_of(&known, instance);
    if srv.is_none() {
        let answer = ask(server, instance, kind::SRV, patience).await.ok()?;
        known.extend(answer.records().cloned());
        srv = srv_of(&known, instance);
    }
    let (target, port) = srv?;
    let has_txt = data_of(&known, instance).any(|data| data.kind() == kind::TXT);
    if !has_txt && let Ok(answer) = ask(server, instance, kind::TXT, patience).await {
        known.extend(answer.records().cloned());
    }
    for kind in [kind::A, kind::AAAA] {
        if addresses_of(&known, &target).is_empty()
            && let Ok(answer) = ask(server, &target, kind, patience).await
        {
            known.extend(answer.records().cloned());
        }
    }
    let texts = data_of(&known, instance).find_map(|data| match data {
        Data::Txt(texts) => Some(pairs(texts)),
        _ => None,
    });
    Some(Sighting {
        domain: domain.to_string(),
        instance: instance.first_label(),
        host: Some(target.to_string()),
        port: Some(port),
        addresses: addresses_of(&known, &target),
        txt: texts.unwrap_or_default(),
    })
}

fn srv_of(records: &[Record], instance: &Name) -> Option<(Name, u16)> {
    data_of(records, instance).find_map(|data| match data {
        Data::Srv { port, target, .. } => Some((target.clone(), *port)),
        _ => None,
    })
}

fn addresses_of(records: &[Record], host: &Name) -> Vec<IpAddr> {
    let address = |data: &Data| match data {
        Data::A(address) => Some(IpAddr::V4(*address)),
        Data::Aaaa(address) => Some(IpAddr::V6(*address)),
        _ => None,
    };
    data_of(records, host).filter_map(address).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_are_read() {
        let text = "# x\nsearch lan\nnameserver 192.168.1.1\nnameserver fe80::1%eth0\n nameserver ::1\nnameserver\n";
        let expected: [IpAddr; 2] = ["192.168.1.1".parse().unwrap(), "::1".parse().unwrap()];
        assert_eq!(name_servers(text), expected);
        assert_eq!(name_servers(&"nameserver 10.0.0.1\n".repeat(9)).len(), 3);
    }
}
