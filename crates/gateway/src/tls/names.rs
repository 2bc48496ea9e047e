//! The names and addresses that our own certificate has to cover.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::listen::InterfaceAddress;

/// Interfaces of containers and virtual machines on this host: nobody comes in by their addresses, and they come and go.
const INNER_INTERFACES: [&str; 8] = [
    "docker", "br-", "veth", "virbr", "cni", "flannel", "cali", "podman",
];

/// Names and addresses of a certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// DNS names, in lower case.
    pub dns: BTreeSet<String>,
    /// Addresses.
    pub ips: BTreeSet<IpAddr>,
}

impl Names {
    /// What clients may call a gateway on this host that listens on `listening`.
    pub fn of_gateway(
        host: &str,
        domains: &[String],
        listening: &[SocketAddr],
        interfaces: &[InterfaceAddress],
    ) -> Self {
        let mut names = Self::default();
        names.dns.insert("localhost".to_owned());
        for ip in [
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ] {
            names.ips.insert(ip);
        }
        let host = host.trim().trim_end_matches('.').to_ascii_lowercase();
        if let Some(label) = host.split('.').next().filter(|label| is_dns_name(label)) {
            names.dns.insert(format!("{label}.local"));
        }
        let domains = domains.iter().map(|name| name.trim().to_ascii_lowercase());
        let dns = domains.chain([host]).filter(|name| is_dns_name(name));
        names.dns.extend(dns);
        for address in listening {
            let ip = address.ip();
            if !ip.is_unspecified() {
                names.ips.insert(ip.to_canonical());
                continue;
            }
            let reachable = interfaces
                .iter()
                .filter(|interface| !is_inner(&interface.name) && !is_link_local(interface.address))
                .filter(|interface| interface.address.is_ipv4() || ip.is_ipv6());
            names
                .ips
                .extend(reachable.map(|interface| interface.address));
        }
        names
    }

    /// Whether a client that asks for `name` (lower case) is served by these: by the name itself, or by a wildcard for its
    /// first label.
    pub fn has_dns(&self, name: &str) -> bool {
        let by_wildcard = || {
            let (_, parent) = name.split_once('.')?;
            Some(self.dns.contains(&format!("*.{parent}")))
        };
        self.dns.contains(name) || by_wildcard().unwrap_or(false)
    }

    /// Whether everything in `wanted` is in here.
    pub fn covers(&self, wanted: &Self) -> bool {
        wanted.dns.is_subset(&self.dns) && wanted.ips.is_subset(&self.ips)
    }
}

/// Whether an interface leads to containers or virtual machines on this host.
pub(crate) fn is_inner(interface: &str) -> bool {
    INNER_INTERFACES
        .iter()
        .any(|prefix| interface.starts_with(prefix))
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

/// What a certificate may carry as a DNS name; one leading `*.` is fine.
fn is_dns_name(name: &str) -> bool {
    let bare = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    bare.len() <= 253 && bare.split('.').all(is_label) && bare.parse::<IpAddr>().is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, ip: &str) -> InterfaceAddress {
        InterfaceAddress {
            name: name.to_owned(),
            index: 1,
            address: ip.parse().unwrap(),
            point_to_point: false,
        }
    }

    fn of(host: &str, domains: &[&str], listening: &[&str]) -> (Vec<String>, Vec<String>) {
        let interfaces = [
            interface("lo", "127.0.0.1"),
            interface("eth0", "192.168.1.5"),
            interface("eth0", "fd00::5"),
            interface("eth0", "fe80::1"),
            interface("docker0", "172.17.0.1"),
        ];
        let domains: Vec<String> = domains.iter().map(|name| (*name).to_owned()).collect();
        let listening: Vec<SocketAddr> = listening.iter().map(|at| at.parse().unwrap()).collect();
        let names = Names::of_gateway(host, &domains, &listening, &interfaces);
        let ips = names.ips.iter().map(ToString::to_string).collect();
        (names.dns.into_iter().collect(), ips)
    }

    #[test]
    fn u33_every_name_and_address_that_is_listened_on_is_covered() {
        let (dns, ips) = of(
            "Studio.example.org",
            &["claw.example.org", "not a name", "10.0.0.1"],
            &["127.0.0.1:1", "0.0.0.0:1"],
        );
        assert_eq!(
            dns,
            [
                "claw.example.org",
                "localhost",
                "studio.example.org",
                "studio.local"
            ]
        );
        assert_eq!(ips, ["127.0.0.1", "192.168.1.5", "::1"]);
        let (dns, ips) = of("", &[], &["[::]:1"]);
        assert_eq!(dns, ["localhost"]);
        assert_eq!(ips, ["127.0.0.1", "192.168.1.5", "::1", "fd00::5"]);
        let (_, ips) = of("a_b", &[], &["100.64.0.7:1"]);
        assert_eq!(ips, ["100.64.0.7", "127.0.0.1", "::1"]);
    }

    #[test]
    fn a_wildcard_stands_for_one_label() {
        let names = Names {
            dns: ["*.claw.example".to_owned(), "b.example".to_owned()].into(),
            ..Names::default()
        };
        for (name, expected) in [
            ("a.claw.example", true),
            ("claw.example", false),
            ("a.b.claw.example", false),
            ("b.example", true),
            ("localhost", false),
        ] {
            assert_eq!(names.has_dns(name), expected, "{name}");
        }
    }

    #[test]
    fn covering_is_about_what_is_wanted_only() {
        let all = Names::of_gateway("a", &["b.example".into()], &[], &[]);
        let fewer = Names::of_gateway("a", &[], &[], &[]);
        assert!(all.covers(&fewer) && !fewer.covers(&all));
    }
}
