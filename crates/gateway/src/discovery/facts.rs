//! Reads the facts that announcements are made from.

use openclaw_config::env;
use openclaw_config::schema::MdnsMode;

use super::records::Facts;
use super::ssh;
use crate::core::Core;
use crate::machine;

/// Port of SSH when nothing else is said.
const SSH_PORT: u16 = 22;

/// The facts of a running gateway at this moment.
pub fn read(core: &Core) -> Facts {
    let snapshot = core.snapshot();
    let settings = &snapshot.settings;
    let environment = &snapshot.env;
    let port = core.port();
    let full = settings.discovery.mdns.mode == MdnsMode::Full;
    let owned = |name| environment.get(name).map(str::to_owned);
    let listening = core.listening.borrow();
    Facts {
        host: machine::host_name(),
        profile: core.server.paths.profile.named().map(str::to_owned),
        display_name: settings.discovery.display_name.clone(),
        host_label: owned(env::OPENCLAW_MDNS_HOSTNAME),
        full,
        port,
        // A listener on another port serves somebody else's ingress.
        listening: listening
            .iter()
            .filter(|address| address.port() == port)
            .copied()
            .collect(),
        tls_sha256: core.tls.facts().map(|facts| facts.fingerprint),
        // Told as long as Tailscale leads to us by that name.
        tailnet_dns: owned(env::OPENCLAW_TAILNET_DNS).or_else(|| {
            let tailnet = core.tailnet_facts();
            tailnet.name.clone().filter(|_| tailnet.url.is_some())
        }),
        ssh_port: full.then(|| ssh_port(environment)).flatten(),
        cli_path: full.then(|| cli_path(environment)).flatten(),
    }
}

/// As the operator says, else the usual one if somebody answers there.
fn ssh_port(environment: &openclaw_config::Env) -> Option<u16> {
    match environment.get(env::OPENCLAW_SSH_PORT) {
        Some(text) => text.parse().ok().filter(|port| *port > 0),
        None => ssh::is_listening(SSH_PORT).then_some(SSH_PORT),
    }
}

fn cli_path(environment: &openclaw_config::Env) -> Option<String> {
    match environment.get(env::OPENCLAW_CLI_PATH) {
        Some(path) => Some(path.to_owned()),
        None => Some(std::env::current_exe().ok()?.to_string_lossy().into_owned()),
    }
}

/// What multicast DNS is asked to announce now; `Off` whenever any switch says so.
pub(super) fn mode(core: &Core) -> MdnsMode {
    let snapshot = core.snapshot();
    let disabled = snapshot.env.truthy(env::OPENCLAW_DISABLE_BONJOUR);
    if disabled || !snapshot.settings.discovery_enabled() {
        return MdnsMode::Off;
    }
    snapshot.settings.discovery.mdns.mode
}
