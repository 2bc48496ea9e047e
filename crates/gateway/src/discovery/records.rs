//! What is announced: pure, from plain facts to records.

use std::net::SocketAddr;

use openclaw_config::schema::MdnsMode;
use openclaw_protocol::discovery::{GATEWAY, SERVICE, Txt, cut};

use super::reach::Reach;

/// Behind every name that does not hold it already.
const PRODUCT: &str = "OpenClaw";
/// Longest label of a domain name, bytes.
const MAX_LABEL: usize = 63;

/// Everything that announcements are made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Host name of the machine.
    pub host: String,
    /// Name of the profile, if it is not the default one.
    pub profile: Option<String>,
    /// Name that was chosen in the settings.
    pub display_name: Option<String>,
    /// Host label that was chosen in the environment.
    pub host_label: Option<String>,
    /// Whether more than what is needed to connect is told.
    pub full: bool,
    /// TCP port.
    pub port: u16,
    /// What listens.
    pub listening: Vec<SocketAddr>,
    /// SHA-256 of the certificate, if the port speaks TLS.
    pub tls_sha256: Option<String>,
    /// Name in the tailnet.
    pub tailnet_dns: Option<String>,
    /// Port of an SSH server that others can reach.
    pub ssh_port: Option<u16>,
    /// Where the command line is.
    pub cli_path: Option<String>,
}

/// A gateway as announced on the local network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Instance name.
    pub instance: String,
    /// First label of the host name; `.local` comes behind it.
    pub host_label: String,
    /// Port.
    pub port: u16,
    /// The TXT record.
    pub txt: Txt,
    /// On which addresses.
    pub reach: Reach,
}

impl Facts {
    /// What is announced by multicast DNS, or why nothing is.
    pub fn service(&self, mode: MdnsMode) -> Result<Service, &'static str> {
        let direct = Reach::of(&self.listening);
        let reach = match (direct.is_nobody(), mode) {
            (_, MdnsMode::Off) => return Err("announcements are off"),
            (false, _) => direct.clone(),
            // Through SSH the port is reached all the same, and the record says that it is not reached directly.
            (true, MdnsMode::Full) if self.ssh_port.is_some() => Reach::every_address(),
            (true, _) => {
                return Err("nothing is announced: only this machine can reach the gateway");
            }
        };
        let host_label = self.host_label();
        let mut txt = self.txt(!direct.is_nobody());
        txt.lan_host = Some(format!("{host_label}.local"));
        Ok(Service {
            instance: self.instance(),
            host_label,
            port: self.port,
            txt,
            reach,
        })
    }

    /// The TXT record, without what only multicast DNS has.
    pub fn txt(&self, direct: bool) -> Txt {
        let in_full = |value: &Option<String>| value.clone().filter(|_| self.full);
        Txt {
            display_name: Some(self.display_name()),
            role: Some(GATEWAY.to_owned()),
            transport: Some(GATEWAY.to_owned()),
            gateway_port: Some(self.port),
            lan_host: None,
            tls: self.tls_sha256.is_some(),
            tls_sha256: self.tls_sha256.clone(),
            direct,
            tailnet_dns: in_full(&self.tailnet_dns),
            ssh_port: self.ssh_port.filter(|_| self.full),
            cli_path: in_full(&self.cli_path),
        }
    }

    /// The name that people see: as chosen, else the host name with the profile behind it.
    pub fn display_name(&self) -> String {
        let chosen = self.display_name.as_deref().map(str::trim);
        if let Some(chosen) = chosen.filter(|name| !name.is_empty()) {
            return clean(chosen);
        }
        let host = first_label(&self.host);
        let host = if host.is_empty() { PRODUCT } else { host };
        match &self.profile {
            Some(profile) => clean(&format!("{host} {profile}")),
            None => clean(host),
        }
    }

    /// The display name, marked as ours.
    pub fn instance(&self) -> String {
        let name = self.display_name();
        if name.to_lowercase().contains(&PRODUCT.to_lowercase()) {
            return cut(&name, MAX_LABEL).to_owned();
        }
        let mark = format!(" ({PRODUCT})");
        format!("{}{mark}", cut(&name, MAX_LABEL - mark.len()))
    }

    /// The host label: as chosen, else one that no other responder of this machine or gateway of this host uses.
    pub fn host_label(&self) -> String {
        let chosen = self.host_label.as_deref().map(first_label).map(label);
        if let Some(chosen) = chosen.filter(|chosen| !chosen.is_empty()) {
            return chosen;
        }
        let words = ["openclaw", first_label(&self.host)];
        let words = words.into_iter().chain(self.profile.as_deref());
        label(&words.collect::<Vec<_>>().join("-"))
    }

    /// First label of the host name, as a label of the wide-area zone.
    pub fn zone_host(&self) -> String {
        let host = label(first_label(&self.host));
        if host.is_empty() {
            "openclaw".to_owned()
        } else {
            host
        }
    }

    /// Instance label in the wide-area zone.
    pub fn zone_instance(&self) -> String {
        let profile = self.profile.as_deref().map(|name| format!("-{name}"));
        let host = self.zone_host();
        label(&format!("{host}{}-gateway", profile.unwrap_or_default()))
    }
}

impl Service {
    /// The same gateway under other names, because its names are taken; 1 changes nothing.
    #[must_use]
    pub fn renamed(&self, instance: u32, host: u32) -> Self {
        let mut renamed = self.clone();
        if instance > 1 {
            let suffix = format!(" ({instance})");
            let base = cut(&self.instance, MAX_LABEL - suffix.len());
            renamed.instance = format!("{base}{suffix}");
        }
        if host > 1 {
            let suffix = format!("-{host}");
            let base = cut(&self.host_label, MAX_LABEL - suffix.len());
            renamed.host_label = format!("{base}{suffix}");
            renamed.txt.lan_host = Some(format!("{}.local", renamed.host_label));
        }
        renamed
    }

    /// Service type with its domain.
    pub fn service_type() -> String {
        format!("{SERVICE}.local.")
    }

    /// Whether a change needs no new names and no other addresses.
    pub fn differs_in_text_only(&self, other: &Self) -> bool {
        self.instance == other.instance
            && self.host_label == other.host_label
            && self.reach == other.reach
    }
}

fn first_label(host: &str) -> &str {
    host.split('.').next().unwrap_or(host).trim()
}

/// Text without what could steer a terminal.
fn clean(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !letter.is_control()).collect();
    cut(&text, MAX_LABEL).to_owned()
}

/// A host label: lower case, everything but letters, digits and hyphens becomes one hyphen.
pub fn label(text: &str) -> String {
    let mut label = String::new();
    for letter in text.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() || letter == '-' {
            label.push(letter);
        } else if !label.ends_with('-') {
            label.push('-');
        }
    }
    let label = label.trim_matches('-');
    label[..label.len().min(MAX_LABEL)]
        .trim_matches('-')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts {
            host: "Studio.example.org".into(),
            port: 18789,
            listening: vec![
                "127.0.0.1:18789".parse().unwrap(),
                "0.0.0.0:18789".parse().unwrap(),
            ],
            tailnet_dns: Some("studio.tail1.ts.net".into()),
            ssh_port: Some(22),
            cli_path: Some("/usr/bin/openclaw".into()),
            ..Facts::default()
        }
    }

    fn keys(facts: &Facts, mode: MdnsMode) -> Vec<&'static str> {
        let service = facts.service(mode).unwrap();
        service
            .txt
            .pairs()
            .into_iter()
            .map(|(key, _)| key)
            .collect()
    }

    #[test]
    fn minimal_tells_how_to_connect_and_full_tells_more() {
        let facts = facts();
        let minimal = [
            "displayName",
            "role",
            "transport",
            "gatewayPort",
            "lanHost",
            "gatewayDirectReachable",
        ];
        assert_eq!(keys(&facts, MdnsMode::Minimal), minimal);
        let full = Facts {
            full: true,
            tls_sha256: Some("ab".repeat(32)),
            ..facts
        };
        assert_eq!(
            keys(&full, MdnsMode::Full),
            [
                "displayName",
                "role",
                "transport",
                "gatewayPort",
                "lanHost",
                "gatewayTls",
                "gatewayTlsSha256",
                "gatewayDirectReachable",
                "tailnetDns",
                "sshPort",
                "cliPath",
            ]
        );
        let service = full.service(MdnsMode::Full).unwrap();
        assert_eq!(
            service.txt.lan_host.as_deref(),
            Some("openclaw-studio.local")
        );
    }

    #[test]
    fn what_nobody_can_reach_is_not_announced() {
        let listening = vec![
            "127.0.0.1:18789".parse().unwrap(),
            "[::1]:18789".parse().unwrap(),
        ];
        let mut facts = Facts {
            listening,
            ..facts()
        };
        assert!(facts.service(MdnsMode::Minimal).is_err());
        assert!(facts.service(MdnsMode::Off).is_err());
        // Through SSH it can be reached, and the record does not claim more.
        facts.full = true;
        let service = facts.service(MdnsMode::Full).unwrap();
        assert!(!service.txt.direct);
        assert_eq!(service.txt.ssh_port, Some(22));
        facts.ssh_port = None;
        assert!(facts.service(MdnsMode::Full).is_err());
    }

    #[test]
    fn names_fit_and_are_marked() {
        for (host, profile, chosen, display, instance, host_label) in [
            (
                "studio",
                None,
                None,
                "studio",
                "studio (OpenClaw)",
                "openclaw-studio",
            ),
            (
                "studio.lan",
                Some("dev"),
                None,
                "studio dev",
                "studio dev (OpenClaw)",
                "openclaw-studio-dev",
            ),
            (
                "studio",
                None,
                Some(" Ada's Mac "),
                "Ada's Mac",
                "Ada's Mac (OpenClaw)",
                "openclaw-studio",
            ),
            (
                "studio",
                None,
                Some("my openclaw"),
                "my openclaw",
                "my openclaw",
                "openclaw-studio",
            ),
            ("", None, None, "OpenClaw", "OpenClaw", "openclaw"),
            (
                "Ünï_x",
                None,
                None,
                "Ünï_x",
                "Ünï_x (OpenClaw)",
                "openclaw-n-x",
            ),
            (
                "a\u{1b}[2J",
                None,
                None,
                "a[2J",
                "a[2J (OpenClaw)",
                "openclaw-a-2j",
            ),
        ] {
            let facts = Facts {
                host: host.into(),
                profile: profile.map(str::to_owned),
                display_name: chosen.map(str::to_owned),
                ..Facts::default()
            };
            assert_eq!(facts.display_name(), display);
            assert_eq!(facts.instance(), instance);
            assert_eq!(facts.host_label(), host_label);
        }
        let long = Facts {
            host: "ä".repeat(200),
            display_name: Some("ö".repeat(80)),
            ..Facts::default()
        };
        assert!(long.instance().len() <= 63 && long.instance().ends_with(" (OpenClaw)"));
        assert!(long.host_label().len() <= 63);
        let named = Facts {
            host_label: Some("Claw.local".into()),
            ..facts()
        };
        assert_eq!(named.host_label(), "claw");
    }

    #[test]
    fn u09_taken_names_get_a_number() {
        let service = facts().service(MdnsMode::Minimal).unwrap();
        assert_eq!(service.renamed(1, 1), service);
        let renamed = service.renamed(2, 3);
        assert_eq!(renamed.instance, "Studio (OpenClaw) (2)");
        assert_eq!(renamed.host_label, "openclaw-studio-3");
        assert_eq!(
            renamed.txt.lan_host.as_deref(),
            Some("openclaw-studio-3.local")
        );
        let long = Service {
            instance: "x".repeat(63),
            host_label: "y".repeat(63),
            ..service
        };
        let renamed = long.renamed(10, 10);
        assert_eq!((renamed.instance.len(), renamed.host_label.len()), (63, 63));
    }

    #[test]
    fn zone_labels_are_dns_labels() {
        for (host, profile, expected) in [
            ("Studio.example.org", None, ("studio", "studio-gateway")),
            ("studio", Some("dev"), ("studio", "studio-dev-gateway")),
            ("My Mac_1", None, ("my-mac-1", "my-mac-1-gateway")),
            ("", None, ("openclaw", "openclaw-gateway")),
        ] {
            let facts = Facts {
                host: host.into(),
                profile: profile.map(str::to_owned),
                ..Facts::default()
            };
            assert_eq!(
                (facts.zone_host().as_str(), facts.zone_instance().as_str()),
                expected
            );
        }
        assert_eq!(label(&"x".repeat(80)).len(), 63);
    }
}
