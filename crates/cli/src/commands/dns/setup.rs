//! `openclaw dns setup`.

use std::net::IpAddr;

use openclaw_config::edit::ConfigEditor;
use openclaw_config::schema::BindMode;
use openclaw_config::validate::is_dns_domain;
use openclaw_edge::dns::{domain, zone_file_path};
use openclaw_gateway::listen::interface_addresses;
use openclaw_gateway::listen::interfaces::tailnet_addresses;
use openclaw_protocol::dns::Name;
use serde_json::{Value, json};

use crate::app::VERSION;
use crate::context::{Context, problem};
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::Table;

/// Ports from here on need no privilege, as Linux says.
const FREE_PORTS: &str = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
/// What it says by default.
const FREE_PORTS_FROM: u16 = 1_024;

/// Arguments of `dns setup`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// DNS domain of the gateways, such as openclaw.internal
    #[arg(long, value_name = "domain")]
    domain: Option<String>,
    /// Write these settings to the config
    #[arg(long)]
    apply: bool,
}

/// Everything that is shown.
struct Setup {
    domain: Name,
    /// Tailnet addresses, IPv4 first.
    addresses: Vec<IpAddr>,
    port: u16,
    /// Settings by path.
    settings: Vec<(&'static str, Value)>,
    /// Whether the responder may open its port.
    may_listen: bool,
}

impl Args {
    pub(super) fn run(self, context: &Context) -> Outcome {
        let setup = self.setup(context)?;
        let ui = context.ui();
        let zone_file = zone_file_path(&context.paths().state_dir, &setup.domain);
        let zone_file = context.paths().display_home(&zone_file);
        let steps = setup.steps();
        if ui.is_json() {
            ui.json(&json!({
                "domain": setup.domain.to_string(),
                "zoneFile": zone_file,
                "tailnetIps": setup.addresses,
                "config": setup.config(),
                "steps": steps,
                "applied": self.apply && !setup.addresses.is_empty(),
            }))?;
        } else {
            ui.heading("DNS setup")?;
            let address = setup.addresses.first();
            let mut table = Table::new(["", ""]);
            table.row(["Domain".to_owned(), setup.domain.to_string()]);
            table.row(["Zone file".to_owned(), zone_file]);
            let address = address.map_or_else(|| "—".to_owned(), ToString::to_string);
            table.row(["Tailnet IP".to_owned(), address]);
            ui.table(&table)?;
            ui.blank()?;
            ui.line("Recommended settings:")?;
            ui.json(&setup.config())?;
            ui.blank()?;
            for step in steps {
                ui.line(step)?;
            }
            if !self.apply {
                let domain = setup.bare_domain();
                let command = context.command("openclaw dns setup --domain");
                ui.line(format!("To write the settings: {command} {domain} --apply"))?;
            }
        }
        if self.apply {
            setup.apply(context)?;
        }
        Ok(Exit::OK)
    }

    fn setup(&self, context: &Context) -> Result<Setup, CommandError> {
        let settings = context.settings()?;
        let domain = match &self.domain {
            Some(text) => {
                let text = text.trim();
                let name = Name::parse(text).ok().filter(|_| is_dns_domain(text));
                Some(name.ok_or_else(|| {
                    CommandError::plain(format!("invalid --domain: {text}"))
                        .hint("Fix: a DNS domain such as openclaw.internal; .local belongs to multicast DNS")
                })?)
            }
            None => domain(settings, context.env()),
        };
        let domain = domain.ok_or_else(|| {
            CommandError::plain(
                "No wide-area domain configured. Set discovery.wideArea.domain or pass --domain.",
            )
        })?;
        let port = settings.discovery.wide_area.port;
        let bare = domain.to_string();
        let bare = bare.trim_end_matches('.');
        let mut wanted = vec![
            ("discovery.wideArea.enabled", json!(true)),
            ("discovery.wideArea.domain", json!(bare)),
        ];
        let bind = settings.gateway.bind.as_ref().map(|bind| bind.mode);
        if matches!(bind, None | Some(BindMode::Loopback | BindMode::Auto)) {
            // Whoever is told the address must be able to knock at it.
            wanted.push(("gateway.bind", json!("tailnet")));
        }
        Ok(Setup {
            domain,
            addresses: tailnet_addresses(&interface_addresses().unwrap_or_default()),
            port,
            settings: wanted,
            may_listen: may_listen(port),
        })
    }
}

impl Setup {
    fn bare_domain(&self) -> String {
        self.domain.to_string().trim_end_matches('.').to_owned()
    }

    /// The settings as a piece of the config.
    fn config(&self) -> Value {
        let mut config = json!({});
        for (path, value) in &self.settings {
            let mut at = &mut config;
            for key in path.split('.') {
                at = &mut at[key];
            }
            *at = value.clone();
        }
        config
    }

    /// What is left to do, one line each.
    fn steps(&self) -> Vec<String> {
        let mut steps = Vec::new();
        if !self.may_listen {
            let program = std::env::current_exe()
                .map_or_else(|_| "openclaw".to_owned(), |path| path.display().to_string());
            steps.push(
                "On this machine, so that the gateway may answer on the DNS port:".to_owned(),
            );
            steps.push(format!("- sudo setcap cap_net_bind_service=+ep {program}"));
            steps.push(
                "  (under systemd: AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit)"
                    .to_owned(),
            );
        }
        steps.push("In the admin console of Tailscale, page DNS:".to_owned());
        match self.addresses.first() {
            Some(address) => steps.push(format!("- Add nameserver: {address}")),
            None => {
                steps.push("- Add nameserver: the Tailscale address of this machine".to_owned());
            }
        }
        steps.push(format!(
            "- Restrict to domain (Split DNS): {}",
            self.bare_domain()
        ));
        if self.port != 53 {
            steps.push(format!(
                "Note: discovery.wideArea.port is {}, and split DNS of a tailnet asks port 53 only.",
                self.port
            ));
        }
        steps.push("Then, on any machine of the tailnet: openclaw gateway discover".to_owned());
        steps
    }

    fn apply(&self, context: &Context) -> Result<(), CommandError> {
        if self.addresses.is_empty() {
            return Err(CommandError::plain(
                "no tailnet IP detected; ensure Tailscale is running on this machine",
            )
            .hint("Fix: tailscale up"));
        }
        let edited = ConfigEditor::new(context.paths(), context.process_env())
            .with_version(VERSION)
            .set_all(&self.settings)
            .map_err(|error| CommandError::new(format!("cannot write the config: {error}")))?;
        let ui = context.ui();
        for warning in &edited.warnings {
            ui.note(format!("Warning: {}", problem(warning)));
        }
        if !ui.is_json() {
            let paths: Vec<&str> = self.settings.iter().map(|(path, _)| *path).collect();
            ui.line(format!(
                "Updated {}. A running gateway applies it by itself; see: {}",
                paths.join(", "),
                context.command("openclaw gateway status")
            ))?;
        }
        Ok(())
    }
}

/// Whether this user may open the port, as far as the system tells. A capability of the program is seen only by trying.
fn may_listen(port: u16) -> bool {
    let from = std::fs::read_to_string(FREE_PORTS)
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(FREE_PORTS_FROM);
    port >= from || openclaw_config::platform::is_administrator()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(addresses: &[&str], may_listen: bool) -> Setup {
        Setup {
            domain: Name::parse("openclaw.internal").unwrap(),
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            port: 53,
            settings: vec![
                ("discovery.wideArea.enabled", json!(true)),
                ("discovery.wideArea.domain", json!("openclaw.internal")),
                ("gateway.bind", json!("tailnet")),
            ],
            may_listen,
        }
    }

    #[test]
    fn settings_are_shown_as_a_piece_of_the_config() {
        assert_eq!(
            setup(&[], true).config(),
            json!({
                "discovery": { "wideArea": { "enabled": true, "domain": "openclaw.internal" } },
                "gateway": { "bind": "tailnet" },
            })
        );
    }

    #[test]
    fn steps_name_the_address_and_what_the_port_needs() {
        let steps = setup(&["100.64.0.5", "fd7a:115c:a1e0::5"], true).steps();
        assert!(steps.contains(&"- Add nameserver: 100.64.0.5".to_owned()));
        assert!(steps.contains(&"- Restrict to domain (Split DNS): openclaw.internal".to_owned()));
        assert!(!steps.iter().any(|step| step.contains("setcap")));
        let steps = setup(&[], false).steps();
        assert!(
            steps
                .iter()
                .any(|step| step.contains("setcap cap_net_bind_service=+ep"))
        );
        let moved = Setup {
            port: 5300,
            ..setup(&[], true)
        };
        assert!(
            moved
                .steps()
                .iter()
                .any(|step| step.contains("asks port 53 only"))
        );
    }
}
