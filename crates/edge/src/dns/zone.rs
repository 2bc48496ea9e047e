//! The zone that is served: pure, from plain facts to records that are looked up by name.

use std::collections::HashMap;
use std::net::IpAddr;

use openclaw_protocol::discovery::SERVICE;
use openclaw_protocol::dns::{CLASS_IN, Data, Name, NameError, Record, Soa, kind};

/// Seconds that an answer may be kept.
pub const TTL: u32 = 60;
/// Where service types are listed, RFC 6763 section 9.
const ALL_SERVICES: &str = "_services._dns-sd._udp";
/// Where browsers ask which domains to browse, RFC 6763 section 11.
const BROWSE_DOMAINS: [&str; 2] = ["b._dns-sd._udp", "lb._dns-sd._udp"];

/// What the zone is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneFacts {
    /// The domain.
    pub domain: Name,
    /// Addresses of this responder, IPv4 first.
    pub server: Vec<IpAddr>,
    /// The gateway, if others can reach it.
    pub gateway: Option<GatewayFacts>,
}

/// The gateway in the zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayFacts {
    /// Host label.
    pub host: String,
    /// Addresses that the gateway can be reached at, IPv4 first.
    pub addresses: Vec<IpAddr>,
    /// Instance label.
    pub instance: String,
    /// Port.
    pub port: u16,
    /// Texts of the TXT record.
    pub txt: Vec<(&'static str, String)>,
}

/// A zone.
#[derive(Debug, Clone, Default)]
pub struct Zone {
    domain: Name,
    soa: Option<Record>,
    /// Records by owner. Names that only have names below them are here too, without records.
    names: HashMap<Name, Vec<Record>>,
}

/// What a lookup found.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// The name is not of this zone.
    Foreign,
    /// Nothing has this name.
    NoName,
    /// These records, all of the name.
    Records(&'a [Record]),
}

impl Zone {
    /// Builds the zone; fails when a name gets too long.
    pub fn build(facts: &ZoneFacts, serial: u32) -> Result<Self, NameError> {
        let domain = &facts.domain;
        let name = |text: &str| Name::parse(text)?.below(domain);
        let server = domain.child(b"ns1")?;
        let soa = Data::Soa(Soa {
            primary: server.clone(),
            mailbox: domain.child(b"hostmaster")?,
            serial,
            refresh: 7_200,
            retry: 3_600,
            expire: 1_209_600,
            minimum: TTL,
        });
        let mut zone = Self {
            domain: domain.clone(),
            soa: Some(record(domain.clone(), soa.clone())),
            names: HashMap::new(),
        };
        zone.add(domain.clone(), soa);
        zone.add(domain.clone(), Data::Ns(server.clone()));
        for address in &facts.server {
            zone.add(server.clone(), address_data(*address));
        }
        for browse in BROWSE_DOMAINS {
            zone.add(name(browse)?, Data::Ptr(domain.clone()));
        }
        if let Some(gateway) = &facts.gateway {
            let host = domain.child(gateway.host.as_bytes())?;
            let service = name(SERVICE)?;
            let instance = service.child(gateway.instance.as_bytes())?;
            for address in &gateway.addresses {
                zone.add(host.clone(), address_data(*address));
            }
            zone.add(name(ALL_SERVICES)?, Data::Ptr(service.clone()));
            zone.add(service, Data::Ptr(instance.clone()));
            let srv = Data::Srv {
                priority: 0,
                weight: 0,
                port: gateway.port,
                target: host,
            };
            zone.add(instance.clone(), srv);
            let text = |(key, value): &(&str, String)| format!("{key}={value}").into_bytes();
            let texts = gateway.txt.iter().map(text).collect();
            zone.add(instance, Data::Txt(texts));
        }
        Ok(zone)
    }

    fn add(&mut self, owner: Name, data: Data) {
        // Every name between the owner and the domain exists, RFC 8020.
        let labels: Vec<&[u8]> = owner.labels().collect();
        let depth = labels.len() - self.domain.labels().len();
        for above in 1..depth {
            if let Ok(name) = Name::from_labels(&labels[above..]) {
                self.names.entry(name).or_default();
            }
        }
        let records = self.names.entry(owner.clone()).or_default();
        records.push(record(owner, data));
    }

    /// What is known about a name.
    pub fn find(&self, name: &Name) -> Found<'_> {
        if self.soa.is_none() || !name.is_within(&self.domain) {
            return Found::Foreign;
        }
        match self.names.get(name) {
            Some(records) => Found::Records(records),
            None => Found::NoName,
        }
    }

    /// The start of authority, as it stands beside "does not exist".
    pub fn soa(&self) -> Option<&Record> {
        self.soa.as_ref()
    }

    /// Records that whoever got `answers` will ask for next.
    pub fn helpful(&self, answers: &[Record]) -> Vec<Record> {
        let mut helpful: Vec<Record> = Vec::new();
        let mut targets: Vec<(&Name, &[u16])> = Vec::new();
        for answer in answers {
            match &answer.data {
                Data::Ptr(target) => targets.push((target, &[kind::SRV, kind::TXT])),
                Data::Srv { target, .. } | Data::Ns(target) => {
                    targets.push((target, &[kind::A, kind::AAAA]));
                }
                _ => {}
            }
        }
        for (target, kinds) in targets {
            for record in self.names.get(target).into_iter().flatten() {
                let wanted = kinds.contains(&record.data.kind());
                if wanted && !helpful.contains(record) && !answers.contains(record) {
                    helpful.push(record.clone());
                }
            }
        }
        let hosts: Vec<Record> = helpful
            .iter()
            .filter(|record| record.data.kind() == kind::SRV)
            .cloned()
            .collect();
        if !hosts.is_empty() {
            helpful.extend(self.helpful(&hosts));
        }
        helpful
    }
}

fn record(name: Name, data: Data) -> Record {
    Record {
        name,
        class: CLASS_IN,
        ttl: TTL,
        data,
    }
}

fn address_data(address: IpAddr) -> Data {
    match address {
        IpAddr::V4(address) => Data::A(address),
        IpAddr::V6(address) => Data::Aaaa(address),
    }
}
