//! Where the responder listens, whom it answers and what it serves: pure, from settings and facts.

use std::net::{IpAddr, SocketAddr};

use openclaw_config::Env;
use openclaw_config::env::OPENCLAW_WIDE_AREA_DOMAIN;
use openclaw_config::schema::Settings;
use openclaw_gateway::discovery::reach::Reach;
use openclaw_gateway::discovery::records::Facts;
use openclaw_gateway::listen::InterfaceAddress;
use openclaw_gateway::peer::Cidr;
use openclaw_protocol::dns::Name;

use super::zone::{GatewayFacts, ZoneFacts};

/// Who is always answered, besides the addresses of this machine.
const TAILNET: [&str; 2] = ["100.64.0.0/10", "fd7a:115c:a1e0::/48"];
/// Who is answered too when the operator chose the addresses to listen on.
const PRIVATE: [&str; 5] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "fc00::/7",
];

/// What the responder does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Listeners, both transports.
    pub listen: Vec<SocketAddr>,
    /// Who is answered.
    pub sources: Vec<Cidr>,
    /// What is served.
    pub zone: ZoneFacts,
}

/// Why nothing is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPlan {
    /// Not wanted.
    Off,
    /// Something is missing: what, and what to do.
    Missing {
        /// What is wrong.
        reason: String,
        /// What to do.
        fix: String,
    },
}

/// The wide-area domain: as set, else of the environment.
pub fn domain(settings: &Settings, env: &Env) -> Option<Name> {
    let set = settings.discovery.wide_area.domain.as_deref();
    let text = set.or_else(|| env.get(OPENCLAW_WIDE_AREA_DOMAIN))?.trim();
    let is_one = openclaw_config::validate::is_dns_domain(text);
    Name::parse(text).ok().filter(|_| is_one)
}

impl Plan {
    /// Makes the plan. `tailnet` are the addresses of this machine in its tailnet.
    pub fn make(
        settings: &Settings,
        env: &Env,
        facts: &Facts,
        interfaces: &[InterfaceAddress],
        tailnet: &[IpAddr],
    ) -> Result<Self, NoPlan> {
        let wide_area = &settings.discovery.wide_area;
        if !wide_area.is_wanted() || !settings.discovery_enabled() {
            return Err(NoPlan::Off);
        }
        let Some(domain) = domain(settings, env) else {
            return Err(missing(
                "discovery.wideArea.enabled is true, but no domain was configured; set discovery.wideArea.domain to enable unicast DNS-SD",
                "openclaw config set discovery.wideArea.domain openclaw.internal",
            ));
        };
        let chosen = ranges(&wide_area.listen);
        let server = if chosen.is_empty() {
            let mut tailnet = tailnet.to_vec();
            tailnet.sort_unstable_by_key(IpAddr::is_ipv6);
            tailnet
        } else {
            let own = interfaces.iter().map(|known| known.address);
            own.filter(|address| chosen.iter().any(|range| range.contains(*address)))
                .collect()
        };
        if server.is_empty() && chosen.is_empty() {
            return Err(missing(
                "discovery.wideArea.enabled is true, but no Tailscale address was found; nothing is announced by unicast DNS-SD",
                "tailscale up, or choose the addresses: openclaw config set discovery.wideArea.listen '[\"<address>\"]'",
            ));
        }
        if server.is_empty() {
            return Err(missing(
                "no address of this machine is in discovery.wideArea.listen",
                "compare it with: ip -brief address",
            ));
        }
        let mut sources = known_ranges(&TAILNET);
        sources.extend(known_ranges(&["127.0.0.0/8", "::1"]));
        sources.extend(interfaces.iter().map(|known| Cidr::single(known.address)));
        if !chosen.is_empty() {
            sources.extend(known_ranges(&PRIVATE));
        }
        sources.extend(ranges(&wide_area.allow));
        let listen = server
            .iter()
            .map(|address| SocketAddr::new(*address, wide_area.port))
            .collect();
        let zone = ZoneFacts {
            domain,
            gateway: gateway(facts, &server),
            server,
        };
        Ok(Self {
            listen,
            sources,
            zone,
        })
    }

    /// Whether somebody is answered.
    pub fn answers(&self, source: IpAddr) -> bool {
        self.sources.iter().any(|range| range.contains(source))
    }
}

/// The gateway, at those addresses of the responder that it serves too.
fn gateway(facts: &Facts, server: &[IpAddr]) -> Option<GatewayFacts> {
    let reach = Reach::of(&facts.listening);
    let mut addresses: Vec<IpAddr> = server
        .iter()
        .copied()
        .filter(|address| reach.covers(*address))
        .collect();
    addresses.sort_unstable_by_key(IpAddr::is_ipv6);
    if addresses.is_empty() {
        return None;
    }
    Some(GatewayFacts {
        host: facts.zone_host(),
        addresses,
        instance: facts.zone_instance(),
        port: facts.port,
        txt: facts.txt(true).pairs(),
    })
}

fn missing(reason: &str, fix: &str) -> NoPlan {
    NoPlan::Missing {
        reason: reason.to_owned(),
        fix: fix.to_owned(),
    }
}

/// What can be read; the rest was warned about when the config was checked.
fn ranges(texts: &[String]) -> Vec<Cidr> {
    let range = |text: &String| text.trim().parse().ok();
    texts.iter().filter_map(range).collect()
}

fn known_ranges(texts: &[&str]) -> Vec<Cidr> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use openclaw_gateway::listen::interfaces::tailnet_addresses;
    use serde_json::json;

    use super::*;

    fn interface(name: &str, address: &str) -> InterfaceAddress {
        InterfaceAddress {
            name: name.to_owned(),
            index: 2,
            address: address.parse().unwrap(),
            point_to_point: name.starts_with("tailscale"),
        }
    }

    fn machine() -> Vec<InterfaceAddress> {
        vec![
            interface("lo", "127.0.0.1"),
            interface("eth0", "192.168.1.5"),
            interface("tailscale0", "100.64.0.5"),
            interface("tailscale0", "fd7a:115c:a1e0::5"),
        ]
    }

    fn plan(wide_area: &serde_json::Value, listening: &[&str]) -> Result<Plan, NoPlan> {
        let config = json!({ "discovery": { "wideArea": wide_area } });
        let (settings, issues) = Settings::from_value(&config);
        assert!(issues.is_empty(), "{issues:?}");
        let facts = Facts {
            host: "studio".into(),
            port: 18789,
            listening: listening.iter().map(|text| text.parse().unwrap()).collect(),
            ..Facts::default()
        };
        let env = Env::from_pairs(std::iter::empty::<(&str, &str)>());
        Plan::make(
            &settings,
            &env,
            &facts,
            &machine(),
            &tailnet_addresses(&machine()),
        )
    }

    #[test]
    fn the_tailnet_is_served_and_nobody_else() {
        let domain = json!({ "domain": "openclaw.internal" });
        let plan = plan(&domain, &["127.0.0.1:18789", "100.64.0.5:18789"]).unwrap();
        let listen: Vec<String> = plan.listen.iter().map(ToString::to_string).collect();
        assert_eq!(listen, ["100.64.0.5:53", "[fd7a:115c:a1e0::5]:53"]);
        for (source, answered) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("100.101.102.103", true),
            ("::ffff:100.101.102.103", true),
            ("fd7a:115c:a1e0::9", true),
            ("192.168.1.5", true),
            ("192.168.1.6", false),
            ("8.8.8.8", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(plan.answers(source.parse().unwrap()), answered, "{source}");
        }
        let gateway = plan.zone.gateway.unwrap();
        assert_eq!(gateway.addresses, ["100.64.0.5".parse::<IpAddr>().unwrap()]);
        assert_eq!((gateway.host.as_str(), gateway.port), ("studio", 18789));
    }

    #[test]
    fn chosen_addresses_are_used_instead() {
        let wide_area = json!({ "domain": "x.example", "listen": ["192.168.0.0/16"], "port": 5300, "allow": ["203.0.113.0/24"] });
        let plan = plan(&wide_area, &["0.0.0.0:18789"]).unwrap();
        assert_eq!(plan.listen, ["192.168.1.5:5300".parse().unwrap()]);
        for (source, answered) in [
            ("192.168.1.6", true),
            ("203.0.113.9", true),
            ("8.8.8.8", false),
        ] {
            assert_eq!(plan.answers(source.parse().unwrap()), answered, "{source}");
        }
    }

    #[test]
    fn what_is_missing_is_told_and_what_is_off_is_off() {
        for wide_area in [
            json!({}),
            json!({ "enabled": false, "domain": "x.example" }),
        ] {
            assert_eq!(plan(&wide_area, &[]), Err(NoPlan::Off));
        }
        let Err(NoPlan::Missing { reason, .. }) = plan(&json!({ "enabled": true }), &[]) else {
            panic!("a domain is missing");
        };
        assert!(reason.contains("no domain was configured"), "{reason}");
        let elsewhere = json!({ "domain": "x.example", "listen": ["10.9.9.9"] });
        assert!(matches!(plan(&elsewhere, &[]), Err(NoPlan::Missing { .. })));
        // A gateway that nobody else can reach is not in the zone.
        let plan = plan(&json!({ "domain": "x.example" }), &["127.0.0.1:18789"]).unwrap();
        assert_eq!(plan.zone.gateway, None);
    }
}
