//! From what was heard to gateways: pure.

use std::net::IpAddr;

use openclaw_protocol::discovery::{Txt, is_host};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Most gateways that are shown; somebody who announces more has something else in mind.
const MAX_BEACONS: usize = 200;
/// Most addresses of one endpoint.
const MAX_ADDRESSES: usize = 16;

/// An instance as it was heard in one domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sighting {
    /// Domain with its final dot.
    pub(crate) domain: String,
    /// Instance name.
    pub(crate) instance: String,
    /// Host of the SRV record.
    pub(crate) host: Option<String>,
    /// Port of the SRV record.
    pub(crate) port: Option<u16>,
    /// Addresses of the host.
    pub(crate) addresses: Vec<IpAddr>,
    /// The TXT record.
    pub(crate) txt: Vec<(String, String)>,
}

/// A way to a gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Endpoint {
    /// Domain that it was found in.
    pub(crate) domain: String,
    /// Host of the SRV record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    /// Port of the SRV record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// Addresses of the host, IPv4 first.
    pub(crate) addresses: Vec<IpAddr>,
    /// Where to connect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ws_url: Option<String>,
}

/// A gateway with every way to it that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beacon {
    /// Instance name.
    pub(crate) instance: String,
    /// Name for people.
    pub(crate) display_name: String,
    /// What its TXT record says.
    pub(crate) txt: Txt,
    /// The TXT record as it came.
    pub(crate) raw: Vec<(String, String)>,
    /// Ways to it, those of unicast DNS first.
    pub(crate) endpoints: Vec<Endpoint>,
}

/// Merges what was heard: the same gateway in two domains is one with two endpoints.
pub(crate) fn merge(sightings: Vec<Sighting>) -> Vec<Beacon> {
    let mut beacons: Vec<Beacon> = Vec::new();
    for sighting in sightings {
        let fresh = Beacon::new(sighting);
        let known = beacons.iter().position(|known| known.is_same(&fresh));
        match known {
            Some(index) => beacons[index].absorb(fresh),
            None if beacons.len() < MAX_BEACONS => beacons.push(fresh),
            None => {}
        }
    }
    for beacon in &mut beacons {
        beacon
            .endpoints
            .sort_by_key(|one| one.domain == super::LOCAL_DOMAIN);
        let (tls, pinned) = (beacon.txt.tls, beacon.txt.tls_sha256.is_some());
        for endpoint in &mut beacon.endpoints {
            endpoint.ws_url = endpoint.url(tls, pinned);
        }
    }
    beacons.sort_by_key(|beacon| (beacon.display_name.to_lowercase(), beacon.instance.clone()));
    beacons
}

impl Beacon {
    fn new(sighting: Sighting) -> Self {
        let pairs = sighting.txt.iter();
        let txt = Txt::from_pairs(pairs.map(|(key, value)| (key.as_str(), value.as_str())));
        let display_name = txt
            .display_name
            .clone()
            .unwrap_or_else(|| bare_name(&sighting.instance).to_owned());
        let mut addresses = sighting.addresses;
        addresses.sort_unstable_by_key(|ip| (ip.is_ipv6(), is_link_local(*ip), *ip));
        addresses.dedup();
        addresses.truncate(MAX_ADDRESSES);
        let host = sighting
            .host
            .map(|host| host.trim_end_matches('.').to_owned());
        let endpoint = Endpoint {
            domain: sighting.domain,
            host: host.filter(|host| is_host(host)),
            port: sighting.port.filter(|port| *port > 0),
            addresses,
            ws_url: None,
        };
        Self {
            instance: sighting.instance,
            display_name,
            txt,
            raw: sighting.txt,
            endpoints: vec![endpoint],
        }
    }

    /// Whether another is this gateway. In one domain the instance decides; across domains the certificate and the port, or,
    /// where there is no certificate, the name and the port.
    fn is_same(&self, other: &Self) -> bool {
        let Some(seen) = other.endpoints.first() else {
            return false;
        };
        let here = self
            .endpoints
            .iter()
            .filter(|one| one.domain == seen.domain);
        let mut here = here.peekable();
        if here.peek().is_some() {
            return self.instance == other.instance
                && here.any(|one| one.port == seen.port && one.host == seen.host);
        }
        let port = |beacon: &Self| beacon.endpoints.first().and_then(|one| one.port);
        let same_port = port(self).is_some() && port(self) == port(other);
        same_port
            && match (&self.txt.tls_sha256, &other.txt.tls_sha256) {
                (Some(ours), Some(theirs)) => ours == theirs,
                (None, None) => {
                    self.txt.tls == other.txt.tls
                        && self.display_name.to_lowercase() == other.display_name.to_lowercase()
                }
                _ => false,
            }
    }

    fn absorb(&mut self, other: Self) {
        for endpoint in other.endpoints {
            let known = self
                .endpoints
                .iter_mut()
                .find(|one| one.domain == endpoint.domain);
            match known {
                Some(known) => {
                    known.addresses.extend(endpoint.addresses);
                    known
                        .addresses
                        .sort_unstable_by_key(|ip| (ip.is_ipv6(), is_link_local(*ip), *ip));
                    known.addresses.dedup();
                    known.addresses.truncate(MAX_ADDRESSES);
                }
                None => self.endpoints.push(endpoint),
            }
        }
        // What only one domain tells is worth knowing too; what both tell stays as it was.
        for (key, value) in other.raw {
            if !self
                .raw
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(&key))
            {
                self.raw.push((key, value));
            }
        }
        let pairs = self.raw.iter();
        self.txt = Txt::from_pairs(pairs.map(|(key, value)| (key.as_str(), value.as_str())));
    }

    /// The way that is tried first.
    pub(crate) fn first(&self) -> Option<&Endpoint> {
        self.endpoints
            .iter()
            .find(|one| one.ws_url.is_some())
            .or(self.endpoints.first())
    }

    /// Host and port of its SSH server, if it announces one.
    pub(crate) fn ssh_target(&self) -> Option<(String, u16)> {
        let port = self.txt.ssh_port?;
        let host = self.endpoints.iter().find_map(Endpoint::reachable_host)?;
        Some((host, port))
    }

    /// The form of `--json`.
    pub(crate) fn to_json(&self) -> Value {
        let first = self.first();
        let txt: Map<String, Value> = self
            .raw
            .iter()
            .map(|(key, value)| (key.clone(), json!(value)))
            .collect();
        let known = &self.txt;
        let mut json = json!({
            "instanceName": self.instance,
            "displayName": self.display_name,
            "domain": first.map(|one| &one.domain),
            "host": first.and_then(|one| one.host.as_ref()),
            "port": first.and_then(|one| one.port),
            "txt": txt,
            "lanHost": known.lan_host,
            "tailnetDns": known.tailnet_dns,
            "cliPath": known.cli_path,
            "gatewayPort": known.gateway_port,
            "sshPort": known.ssh_port,
            "gatewayTls": known.tls.then_some(true),
            "gatewayTlsFingerprintSha256": known.tls_sha256,
            "gatewayDirectReachable": known.direct.then_some(true),
            "role": known.role,
            "transport": known.transport,
            "wsUrl": first.and_then(|one| one.ws_url.as_ref()),
        });
        if let Value::Object(members) = &mut json {
            members.retain(|_, value| !value.is_null());
            members.insert("endpoints".to_owned(), json!(self.endpoints));
        }
        json
    }
}

impl Endpoint {
    /// Where to connect: by address, which needs no resolver; by name when the name is what proves the other end.
    fn url(&self, tls: bool, pinned: bool) -> Option<String> {
        let scheme = if tls { "wss" } else { "ws" };
        let by_name = if tls && !pinned {
            self.host.clone()
        } else {
            None
        };
        let host = by_name.or_else(|| self.reachable_host())?;
        let port = self.port?;
        if host.parse::<std::net::Ipv6Addr>().is_ok() {
            Some(format!("{scheme}://[{host}]:{port}"))
        } else {
            Some(format!("{scheme}://{host}:{port}"))
        }
    }

    /// The first address that needs no zone, else the host.
    fn reachable_host(&self) -> Option<String> {
        let address = self.addresses.iter().find(|ip| !is_link_local(**ip));
        address
            .map(ToString::to_string)
            .or_else(|| self.host.clone())
    }
}

/// The instance name without our mark.
fn bare_name(instance: &str) -> &str {
    instance.strip_suffix(" (OpenClaw)").unwrap_or(instance)
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

#[cfg(test)]
mod tests;
