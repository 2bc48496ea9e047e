//! This machine: its addresses, and what its node host is made of, which `node run` and `up` share.

use std::ffi::OsStr;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use openclaw_client::{
    ClientOptions, Credentials, DeviceIdentity, Fingerprint, Target, TokenCache,
};
use openclaw_config::exec_approvals::{Ask, Security};
use openclaw_config::resolve::normalize_url;
use openclaw_config::schema::{ExecAsk, ExecSecurity, ToolsExec};
use openclaw_config::{Env, Settings};
use openclaw_gateway::listen::interface_addresses;
use openclaw_gateway::lock::{LockError, LockInfo, StateLock};
use openclaw_node::commands::{ExecPolicy, Notifier};
use openclaw_node::policy::Disk;
use openclaw_node::{Commands, HostEvent, HostEvents, HostOptions, HostPolicy, Machine, NodeFile};

use crate::app::VERSION;
use crate::connect::allows_plaintext;
use crate::context::Context;
use crate::error::CommandError;
use crate::trust::tls_options;
use crate::ui::Ui;
use crate::ui::format::now_ms;

/// A gateway to serve: where it is, what to show there, which certificate to accept.
#[derive(Debug)]
pub(crate) struct Gateway(
    pub(crate) Target,
    pub(crate) Credentials,
    pub(crate) Option<Fingerprint>,
);

/// The gateway in the node host's own file, if this machine ever was a node.
pub(crate) fn node_of(context: &Context) -> Option<String> {
    let gateway = NodeFile::load(&context.paths().node_file).gateway?;
    let scheme = if gateway.tls { "wss" } else { "ws" };
    Some(format!("{scheme}://{}:{}", gateway.host?, gateway.port?))
}

/// Everything the node host needs.
pub(crate) fn options(
    context: &Context,
    settings: &Settings,
    gateway: Gateway,
    identity: Arc<DeviceIdentity>,
    file: &NodeFile,
    events: Arc<dyn HostEvents>,
) -> Result<HostOptions, CommandError> {
    let Gateway(target, credentials, fingerprint) = gateway;
    let mut client = ClientOptions::node(target, VERSION);
    client.credentials = credentials;
    client.identity = Some(identity);
    client.token_cache = Some(TokenCache::new(&context.paths().device_auth_file));
    client.client.display_name = Some(file.display_name.clone().unwrap_or_else(host_name));
    client.client.instance_id = Some(file.node_id.clone());
    client.path_env = Some(path(context.env()));
    client.tls = tls_options(context, fingerprint, is_remote(settings, &client.target))?;
    client.allow_insecure_plaintext = allows_plaintext(context);
    Ok(HostOptions {
        client,
        commands: Commands::new(machine(context)?, policy(&settings.tools.exec)),
        events,
    })
}

/// Whether a target is the gateway of `gateway.remote.url`.
fn is_remote(settings: &Settings, target: &Target) -> bool {
    let url = settings.gateway.remote.url.as_deref();
    url.and_then(|url| normalize_url(url).ok())
        .and_then(|url| Target::parse(&url).ok())
        .is_some_and(|remote| remote == *target)
}

/// Keeps a second node host with the same identity from starting: the two would take each other's place for ever.
pub(crate) fn lock(context: &Context) -> Result<StateLock, CommandError> {
    let path = context.paths().state_dir.join("node.lock");
    let now_ms = now_ms();
    StateLock::acquire(&path, LockInfo::of_this_process(now_ms), now_ms).map_err(|error| match error {
        LockError::Held { holder, .. } => CommandError::config(format!(
            "node host not started: this machine is a node already ({holder})"
        ))
        .hint("Fix: stop that one first, or use another profile: openclaw --profile <name> node run"),
        error @ (LockError::Dangling { .. } | LockError::File { .. }) => CommandError::new(error),
    })
}

/// `PATH` of this process.
pub(crate) fn path(env: &Env) -> String {
    env.get_process("PATH").unwrap_or_default().to_owned()
}

/// Name of this machine on the network.
pub(crate) fn host_name() -> String {
    openclaw_config::platform::host_name()
}

/// Addresses of this machine at which others reach it. Link-local ones need a zone, and whoever is on that link reaches another.
pub(crate) fn own_addresses() -> io::Result<Vec<IpAddr>> {
    let interfaces = interface_addresses()?.into_iter();
    Ok(interfaces
        .map(|known| known.address)
        .filter(|ip| {
            !ip.is_loopback() && !matches!(ip, IpAddr::V6(v6) if v6.is_unicast_link_local())
        })
        .collect())
}

/// An address at which a listener answers: one on every address is at the first of the machine's `own`, else on loopback.
pub(crate) fn dialable(listening: SocketAddr, own: &[IpAddr]) -> SocketAddr {
    let loopback: IpAddr = if listening.is_ipv4() {
        Ipv4Addr::LOCALHOST.into()
    } else {
        Ipv6Addr::LOCALHOST.into()
    };
    if !listening.ip().is_unspecified() {
        return listening;
    }
    let same = own.iter().find(|ip| ip.is_ipv4() == listening.is_ipv4());
    SocketAddr::new(same.copied().unwrap_or(loopback), listening.port())
}

fn machine(context: &Context) -> Result<Machine, CommandError> {
    // Programs get the whole environment, also what is not UTF-8 and not ours to know.
    let variables = openclaw_config::platform::process_variables();
    let lookup = |wanted: &str| -> Option<&OsStr> {
        variables
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_os_str())
    };
    Ok(Machine {
        approvals_path: context.paths().exec_approvals_file.clone(),
        cwd: std::env::current_dir()?,
        home: context.env().home(),
        notifier: Notifier::find(std::env::consts::OS, lookup, &Disk),
        env: variables.clone(),
    })
}

fn policy(exec: &ToolsExec) -> HostPolicy {
    HostPolicy {
        exec: ExecPolicy {
            security: exec.security.map(|security| match security {
                ExecSecurity::Deny => Security::Deny,
                ExecSecurity::Allowlist => Security::Allowlist,
                ExecSecurity::Full => Security::Full,
            }),
            ask: exec.ask.map(|ask| match ask {
                ExecAsk::Off => Ask::Off,
                ExecAsk::OnMiss => Ask::OnMiss,
                ExecAsk::Always => Ask::Always,
            }),
            safe_bins: Some(exec.safe_bins.clone()),
        },
        ..HostPolicy::default()
    }
}

/// Prints one line per change to stderr.
#[derive(Debug)]
pub(crate) struct Printer {
    ui: Ui,
}

impl Printer {
    pub(crate) const fn new(ui: Ui) -> Self {
        Self { ui }
    }
}

impl HostEvents for Printer {
    fn event(&self, event: &HostEvent) {
        self.ui.note(event.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_every_address_is_named_by_one_that_answers() {
        let own: Vec<IpAddr> = vec!["2001:db8::7".parse().unwrap(), "192.0.2.7".parse().unwrap()];
        for (listening, own, expected) in [
            ("0.0.0.0:1", &own[..], "192.0.2.7:1"),
            ("[::]:1", &own, "[2001:db8::7]:1"),
            ("0.0.0.0:1", &[], "127.0.0.1:1"),
            ("[::]:1", &own[1..], "[::1]:1"),
            ("127.0.0.1:1", &own, "127.0.0.1:1"),
        ] {
            let found = dialable(listening.parse().unwrap(), own);
            assert_eq!(found.to_string(), expected);
        }
    }
}
