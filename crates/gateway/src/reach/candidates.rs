//! Which addresses are worth trying, best first. Pure.

use std::net::{IpAddr, SocketAddr};

use openclaw_protocol::setup_code::check_url;

use super::{Source, Unreachable};
use crate::listen::InterfaceAddress;
use crate::listen::interfaces::{is_public, tailnet_addresses};
use crate::peer::Authority;

/// Most addresses that are tried.
const MAX_CANDIDATES: usize = 16;
/// Interfaces of container and virtual machine networks, by the start of their names: nobody outside can reach them.
const VIRTUAL: [&str; 9] = [
    "docker", "br-", "veth", "cni", "podman", "virbr", "vmnet", "lxc", "flannel",
];

/// What is known.
#[derive(Debug, Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about this machine"
)]
pub struct Facts<'a> {
    /// Address that the request names; then nothing else is tried.
    pub requested: Option<String>,
    /// Origin of the operator's page, when it is one that this gateway served.
    pub origin: Option<String>,
    /// What the operator's program asked for; over TLS or not.
    pub asked: Option<Authority>,
    /// `gateway.publicOrigin`.
    pub public_origin: Option<String>,
    /// `plugins.entries.device-pair.config.publicUrl`.
    pub plugin_url: Option<String>,
    /// Address of Tailscale Serve or Funnel.
    pub tailscale: Option<String>,
    /// `gateway.remote.url`.
    pub remote_url: Option<String>,
    /// Whether that comes before Tailscale.
    pub prefer_remote: bool,
    /// `gateway.tls.domains`.
    pub domains: Vec<String>,
    /// Name announced over multicast DNS.
    pub mdns: Option<String>,
    /// `gateway.controlUi.basePath`: part of an origin in use behind a proxy is not known to us, so it is not added.
    pub base_path: String,
    /// Port of the listeners.
    pub port: u16,
    /// Whether they speak TLS.
    pub tls: bool,
    /// Whether they speak plain HTTP to other machines.
    pub plain: bool,
    /// Addresses of this machine.
    pub interfaces: &'a [InterfaceAddress],
    /// Addresses that listen.
    pub listening: &'a [SocketAddr],
    /// Whether this machine is a container.
    pub in_container: bool,
}

/// An address to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Candidate {
    /// Connect to it.
    Try {
        /// `ws(s)://host[:port][/path]`.
        url: String,
        /// Where it comes from.
        source: Source,
    },
    /// There is no point.
    Skip(Unreachable),
}

/// Lists the addresses, best first, each once.
pub fn candidates(facts: &Facts<'_>) -> Vec<Candidate> {
    let mut list = List {
        facts,
        found: Vec::new(),
    };
    if let Some(url) = &facts.requested {
        list.add(url, Source::Request);
        return list.found;
    }
    if let Some(origin) = &facts.origin {
        list.add(origin, Source::InUse);
    }
    let named = [
        (&facts.public_origin, Source::PublicOrigin),
        (&facts.plugin_url, Source::PluginPublicUrl),
        (
            if facts.prefer_remote {
                &facts.remote_url
            } else {
                &None
            },
            Source::RemoteUrl,
        ),
        (&facts.tailscale, Source::Tailscale),
        (&facts.remote_url, Source::RemoteUrl),
    ];
    for (url, source) in named {
        if let Some(url) = url {
            list.add(url, source);
        }
    }
    // A program's request does not tell whether it came over TLS; the try does.
    if let Some(asked) = &facts.asked {
        let at = list.found.len().min(usize::from(facts.origin.is_some()));
        list.insert_asked(asked, at);
    }
    list.listeners();
    list.found
}

struct List<'a, 'b> {
    facts: &'b Facts<'a>,
    found: Vec<Candidate>,
}

impl List<'_, '_> {
    fn add(&mut self, url: &str, source: Source) {
        let url = websocket(url);
        let known = self.found.iter().any(|known| match known {
            Candidate::Try { url: known, .. } => *known == url,
            Candidate::Skip(skipped) => skipped.url == url,
        });
        if known || self.found.len() >= MAX_CANDIDATES {
            return;
        }
        let candidate = match refused(&url, source, self.facts) {
            None => Candidate::Try { url, source },
            Some(reason) => Candidate::Skip(Unreachable {
                url,
                source,
                reason,
            }),
        };
        self.found.push(candidate);
    }

    /// In front of what nobody used yet.
    fn insert_asked(&mut self, asked: &Authority, at: usize) {
        let before = self.found.len();
        for scheme in ["wss", "ws"] {
            self.add(&format!("{scheme}://{asked}"), Source::Asked);
        }
        let added = self.found.len() - before;
        self.found[at..].rotate_right(added);
    }

    /// What the listeners can be reached at: names first, then tailnet, then other addresses.
    fn listeners(&mut self) {
        let facts = self.facts;
        let scheme = if facts.tls { "wss" } else { "ws" };
        let port = facts.port;
        let outside = facts
            .listening
            .iter()
            .any(|address| !address.ip().is_loopback());
        if !outside {
            return;
        }
        if !facts.tls && !facts.plain {
            self.found.push(Candidate::Skip(Unreachable {
                url: format!("wss://<this machine>:{port}"),
                source: Source::Lan,
                reason:
                    "TLS is wanted and there is no usable certificate; see openclaw gateway status"
                        .into(),
            }));
            return;
        }
        for domain in &facts.domains {
            let suffix = if port == 443 && facts.tls {
                String::new()
            } else {
                format!(":{port}")
            };
            self.add(&format!("{scheme}://{domain}{suffix}"), Source::Domain);
        }
        let tailnet = tailnet_addresses(facts.interfaces);
        let mut lan = Vec::new();
        for listener in facts.listening {
            let ip = listener.ip();
            if ip.is_loopback() {
                continue;
            }
            if !ip.is_unspecified() {
                lan.push((ip, listener.port()));
                continue;
            }
            let family = facts
                .interfaces
                .iter()
                .map(|interface| interface.address)
                .filter(|address| !address.is_loopback() && address.is_ipv4() == ip.is_ipv4());
            lan.extend(family.map(|address| (address, listener.port())));
        }
        lan.sort_by_key(|(ip, _)| (!tailnet.contains(ip), is_public(*ip), ip.is_ipv6()));
        lan.dedup();
        for (ip, port) in lan {
            let source = if tailnet.contains(&ip) {
                Source::Tailnet
            } else {
                Source::Lan
            };
            self.add(&format!("{scheme}://{}", SocketAddr::new(ip, port)), source);
        }
        if let Some(name) = &facts.mdns {
            self.add(&format!("{scheme}://{name}:{port}"), Source::Mdns);
        }
    }
}

/// `http` and `https` mean the same addresses; a final slash means nothing.
fn websocket(url: &str) -> String {
    let url = url.trim().trim_end_matches('/');
    let lower = url.to_ascii_lowercase();
    if lower.starts_with("https://") {
        format!("wss://{}", &url[8..])
    } else if lower.starts_with("http://") {
        format!("ws://{}", &url[7..])
    } else {
        url.to_owned()
    }
}

/// Why an address needs no try.
fn refused(url: &str, source: Source, facts: &Facts<'_>) -> Option<String> {
    if let Err(problem) = check_url(url) {
        return Some(format!("not an address of a gateway: {problem}"));
    }
    let host = host_of(url);
    if is_loopback(host) {
        return Some("only this machine itself can reach a loopback address".to_owned());
    }
    let ip = host.parse::<IpAddr>().ok();
    let interface = ip.and_then(|ip| {
        facts
            .interfaces
            .iter()
            .find(|interface| interface.address == ip)
    });
    if let Some(ip) = ip {
        if ip.is_unspecified() {
            return Some("it names every address and so none".to_owned());
        }
        let link_local = match ip {
            IpAddr::V4(ip) => ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_unicast_link_local(),
        };
        if link_local {
            return Some("link-local addresses change, and need a zone on every client".to_owned());
        }
        if let Some(interface) = interface.filter(|interface| is_virtual(&interface.name)) {
            return Some(format!(
                "{} is a network inside this machine; other devices cannot reach it",
                interface.name
            ));
        }
        if facts.in_container && interface.is_some() && source == Source::Lan {
            return Some(
                "it is an address inside a container; other devices cannot reach it (set gateway.publicOrigin to the \
                 address that is mapped to it)"
                    .to_owned(),
            );
        }
    }
    if url.starts_with("ws://") && !plain_is_private(host, ip, facts) {
        return Some(
            "plain ws:// over a public network would show the token to everybody on the way; use TLS".to_owned(),
        );
    }
    None
}

/// Whether plain text to a host stays in a private network, or in a tunnel that encrypts it.
fn plain_is_private(host: &str, ip: Option<IpAddr>, facts: &Facts<'_>) -> bool {
    if let Some(ip) = ip {
        let carrier_nat =
            matches!(ip, IpAddr::V4(ip) if ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64);
        return !is_public(ip)
            && (!carrier_nat || tailnet_addresses(facts.interfaces).contains(&ip));
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let below = |suffix: &str| {
        host.strip_suffix(suffix)
            .is_some_and(|name| !name.is_empty())
    };
    below(".local") || below(".ts.net") || !host.contains('.')
}

fn is_virtual(name: &str) -> bool {
    VIRTUAL.iter().any(|prefix| name.starts_with(prefix))
}

/// The host of an address of the one form that codes hold.
pub(super) fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest
        .split_once('/')
        .map_or(rest, |(authority, _)| authority);
    match authority.strip_prefix('[') {
        Some(inner) => inner.split_once(']').map_or(inner, |(host, _)| host),
        None => authority
            .split_once(':')
            .map_or(authority, |(host, _)| host),
    }
}

/// Whether a host can only be this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, address: &str) -> InterfaceAddress {
        InterfaceAddress {
            name: name.into(),
            index: 1,
            address: address.parse().unwrap(),
            point_to_point: false,
        }
    }

    fn tried(facts: &Facts<'_>) -> Vec<(String, Source)> {
        candidates(facts)
            .into_iter()
            .filter_map(|candidate| match candidate {
                Candidate::Try { url, source } => Some((url, source)),
                Candidate::Skip(_) => None,
            })
            .collect()
    }

    fn skipped(facts: &Facts<'_>) -> Vec<(String, String)> {
        candidates(facts)
            .into_iter()
            .filter_map(|candidate| match candidate {
                Candidate::Skip(skipped) => Some((skipped.url, skipped.reason)),
                Candidate::Try { .. } => None,
            })
            .collect()
    }

    #[test]
    fn u24_the_origin_in_use_comes_first_and_containers_never() {
        let interfaces = [
            interface("lo", "127.0.0.1"),
            interface("docker0", "172.17.0.1"),
            interface("eth0", "192.168.1.20"),
            interface("eth0", "fe80::1"),
            interface("tailscale0", "100.64.1.42"),
            interface("eth0", "2001:4860::1"),
        ];
        let listening = [
            "0.0.0.0:18789".parse().unwrap(),
            "127.0.0.1:18789".parse().unwrap(),
            "[::]:18789".parse().unwrap(),
        ];
        let facts = Facts {
            origin: Some("https://claw.example.org".into()),
            public_origin: Some("https://claw.example.org/".into()),
            tailscale: Some("https://box.tail1.ts.net".into()),
            mdns: Some("box.local".into()),
            domains: vec!["gw.example".into()],
            port: 18789,
            plain: true,
            tls: true,
            interfaces: &interfaces,
            listening: &listening,
            ..Facts::default()
        };
        let urls = tried(&facts);
        let expected = [
            ("wss://claw.example.org", Source::InUse),
            ("wss://box.tail1.ts.net", Source::Tailscale),
            ("wss://gw.example:18789", Source::Domain),
            ("wss://100.64.1.42:18789", Source::Tailnet),
            ("wss://192.168.1.20:18789", Source::Lan),
            ("wss://[2001:4860::1]:18789", Source::Lan),
            ("wss://box.local:18789", Source::Mdns),
        ];
        assert_eq!(urls, expected.map(|(url, source)| (url.to_owned(), source)));
        let left_out = skipped(&facts);
        assert!(
            left_out
                .iter()
                .any(|(url, why)| url.contains("172.17.0.1") && why.contains("docker0")),
            "{left_out:?}"
        );
        assert!(
            left_out.iter().any(|(url, _)| url.contains("fe80")),
            "{left_out:?}"
        );
        let contained = Facts {
            in_container: true,
            ..facts.clone()
        };
        assert!(
            !tried(&contained)
                .iter()
                .any(|(_, source)| *source == Source::Lan),
            "an address inside a container"
        );
        assert!(
            skipped(&contained)
                .iter()
                .any(|(_, why)| why.contains("gateway.publicOrigin"))
        );
    }

    #[test]
    fn plain_text_only_where_nobody_listens_in() {
        let interfaces = [
            interface("eth0", "192.168.1.20"),
            interface("eth1", "100.64.9.9"),
            interface("tailscale0", "100.64.1.42"),
            interface("eth2", "8.8.8.8"),
        ];
        let listening = ["0.0.0.0:18789".parse().unwrap()];
        let facts = Facts {
            port: 18789,
            plain: true,
            interfaces: &interfaces,
            listening: &listening,
            remote_url: Some("ws://gw.example.org:1".into()),
            ..Facts::default()
        };
        let urls: Vec<_> = tried(&facts).into_iter().map(|(url, _)| url).collect();
        assert_eq!(urls, ["ws://100.64.1.42:18789", "ws://192.168.1.20:18789"]);
        let left_out: Vec<_> = skipped(&facts).into_iter().map(|(url, _)| url).collect();
        assert_eq!(
            left_out,
            [
                "ws://gw.example.org:1",
                "ws://100.64.9.9:18789",
                "ws://8.8.8.8:18789"
            ]
        );
    }

    #[test]
    fn loopback_is_no_address_for_others() {
        let interfaces = [interface("eth0", "192.168.1.20")];
        let listening = [
            "127.0.0.1:18789".parse().unwrap(),
            "[::1]:18789".parse().unwrap(),
        ];
        let facts = Facts {
            port: 18789,
            plain: true,
            interfaces: &interfaces,
            listening: &listening,
            ..Facts::default()
        };
        assert!(candidates(&facts).is_empty());
        for url in [
            "http://127.0.0.1:18789",
            "ws://localhost:1",
            "ws://[::1]:5",
            "ws://a.localhost",
        ] {
            let facts = Facts {
                requested: Some(url.into()),
                ..facts.clone()
            };
            let left_out = skipped(&facts);
            assert!(left_out[0].1.contains("loopback"), "{left_out:?}");
        }
        let bad = Facts {
            requested: Some("wss://u@h".into()),
            ..facts.clone()
        };
        assert!(skipped(&bad)[0].1.contains("user name"));
    }

    #[test]
    fn the_name_that_a_program_asked_for_is_tried_both_ways() {
        let facts = Facts {
            asked: Authority::parse("gw.local:18789"),
            tailscale: Some("https://box.tail1.ts.net".into()),
            ..Facts::default()
        };
        let urls: Vec<_> = tried(&facts).into_iter().map(|(url, _)| url).collect();
        assert_eq!(
            urls,
            [
                "wss://gw.local:18789",
                "ws://gw.local:18789",
                "wss://box.tail1.ts.net"
            ]
        );
        let local = Facts {
            asked: Authority::parse("localhost:1"),
            ..Facts::default()
        };
        assert!(tried(&local).is_empty());
    }

    #[test]
    fn an_order_can_be_asked_for() {
        let facts = Facts {
            tailscale: Some("https://box.tail1.ts.net".into()),
            remote_url: Some("wss://proxy.example".into()),
            ..Facts::default()
        };
        let first = |facts: &Facts<'_>| tried(facts)[0].1;
        assert_eq!(first(&facts), Source::Tailscale);
        assert_eq!(
            first(&Facts {
                prefer_remote: true,
                ..facts.clone()
            }),
            Source::RemoteUrl
        );
    }
}
