//! What `up` says: where the gateway is, and the exact lines that connect another machine.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use openclaw_client::plaintext::is_private;
use openclaw_config::Secret;
use openclaw_config::resolve::MissingRemote;
use openclaw_config::schema::PlainHttp;
use openclaw_gateway::core::Core;
use openclaw_gateway::gateway::Gateway;
use openclaw_gateway::listen::{interface_addresses, local_host};
use openclaw_gateway::lock::LockHeld;
use openclaw_gateway::tls::Serving;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::args::CallArgs;
use crate::connect::CallFailure;
use crate::context::Context;
use crate::dashboard::{encode, http_base};
use crate::error::{CommandError, Exit, Outcome};
use crate::host::host_name;
use crate::server::FirstStart;

/// Stands for the token where it must not be printed.
const TOKEN: &str = "<token>";

/// What is known once the gateway listens.
#[derive(Debug)]
pub(super) struct Welcome {
    port: u16,
    addresses: Vec<SocketAddr>,
    token: Option<Secret>,
    base_path: String,
    /// SHA-256 of the certificate, when the gateway speaks TLS.
    /// Of addresses of this machine.
    scheme: &'static str,
    fingerprint: Option<String>,
    created: Vec<&'static str>,
    node: Option<String>,
}

/// How this machine's own browser and programs come in: in the clear unless nobody may.
fn scheme(gateway: &Gateway) -> &'static str {
    match gateway.core().tls.serving() {
        Serving::On(active) if active.plain_http == PlainHttp::Refuse => "wss",
        _ => "ws",
    }
}

impl Welcome {
    pub(super) fn new(
        context: &Context,
        gateway: &Gateway,
        first: &FirstStart,
        node: Option<&str>,
    ) -> Self {
        let mut created = Vec::new();
        if first.written {
            created.push("config");
        }
        if first.token_created {
            created.push("token");
        }
        Self {
            port: gateway.port(),
            addresses: gateway.addresses(),
            token: gateway
                .plan()
                .auth
                .secret()
                .map(|secret| secret.value.clone()),
            base_path: context
                .snapshot()
                .settings
                .gateway
                .control_ui
                .base_path
                .clone(),
            scheme: scheme(gateway),
            fingerprint: gateway.core().tls.facts().map(|facts| facts.fingerprint),
            created,
            node: node.map(str::to_owned),
        }
    }

    /// Prints it. The token itself only goes to a terminal.
    pub(super) fn print(&self, context: &Context) -> Result<(), CommandError> {
        let ui = context.ui();
        let interfaces = interface_addresses().unwrap_or_default();
        let host = local_host(&self.addresses, &interfaces);
        let local = format!("{}://{host}:{}", self.scheme, self.port);
        let base = http_base(&local, &self.base_path);
        if ui.is_json() {
            let addresses: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
            return ui.json_line(&json!({
                "ok": true,
                "pid": std::process::id(),
                "port": self.port,
                "wsUrl": local,
                "tlsFingerprint": self.fingerprint,
                "httpUrl": base,
                "addresses": addresses,
                "node": self.node,
                "created": self.created,
                "config": context.paths().config_path,
            }));
        }
        let shown = self
            .token
            .as_ref()
            .filter(|_| ui.is_terminal())
            .map(Secret::expose);
        let link = match shown {
            Some(token) => format!("{base}#token={}", encode(token)),
            None => base,
        };
        ui.heading(&format!("OpenClaw is up (pid {})", std::process::id()))?;
        ui.blank()?;
        ui.line(format!("Dashboard: {link}"))?;
        ui.line(format!("Gateway:   {local}"))?;
        let others = others(&self.addresses);
        if !others.is_empty() {
            ui.line(format!("Open on:   {}", others.join(", ")))?;
        }
        if let Some(fingerprint) = &self.fingerprint {
            ui.line(format!("TLS:       sha256 {fingerprint}"))?;
        }
        if let Some(node) = &self.node {
            ui.line(format!("Node:      {node} (this machine)"))?;
        }
        let created = match self.created.as_slice() {
            [] => String::new(),
            created => format!(" (created: {})", created.join(", ")),
        };
        let config = context.paths().display_home(&context.paths().config_path);
        ui.line(format!("Config:    {config}{created}"))?;
        ui.blank()?;
        for line in self.instructions(context, shown) {
            ui.line(line)?;
        }
        if shown.is_none() && self.token.is_some() {
            ui.line(format!(
                "{TOKEN}: {}",
                context.command("openclaw config get gateway.auth.token")
            ))?;
        }
        ui.blank()?;
        ui.line("Stop with Ctrl-C.")
    }

    /// The lines to type on another machine.
    fn instructions(&self, context: &Context, token: Option<&str>) -> Vec<String> {
        let port = self.port;
        let token = token.unwrap_or(TOKEN);
        let mut outside = outside_addresses(&self.addresses);
        if self.fingerprint.is_none() {
            // In the clear our own client goes no further than private networks.
            outside.retain(|address| address.parse::<IpAddr>().is_ok_and(is_private));
        }
        let mut lines = vec!["Connect another machine, there:".to_owned()];
        let host = if let Some(address) = outside.first() {
            address.clone()
        } else {
            lines.push("  # first, an SSH tunnel (others reach this gateway over loopback only); keep it running".to_owned());
            lines.push(format!(
                "  ssh -N -L {port}:127.0.0.1:{port} {}@{}",
                context.env().get_process("USER").unwrap_or("user"),
                host_name()
            ));
            "127.0.0.1".to_owned()
        };
        lines.push("  # as a node".to_owned());
        let pin = self.fingerprint.as_ref().filter(|_| host != "127.0.0.1");
        let secure = pin.map_or_else(String::new, |pin| format!(" --tls-fingerprint {pin}"));
        lines.push(format!(
            "  OPENCLAW_GATEWAY_TOKEN={token} openclaw node run --host {host} --port {port}{secure}"
        ));
        lines.push("  # as a command line".to_owned());
        let scheme = if pin.is_some() { "wss" } else { "ws" };
        let settings = [
            "mode remote".to_owned(),
            format!("remote.url {scheme}://{}", bracketed(&host, port)),
            format!("remote.token {token}"),
        ];
        let pinned = pin.map(|pin| format!("remote.tlsFingerprint {pin}"));
        for setting in settings.into_iter().chain(pinned) {
            lines.push(format!("  openclaw config set gateway.{setting}"));
        }
        lines.push(String::new());
        lines.push(format!(
            "Approve it here: {} <code>",
            context.command("openclaw pairing approve")
        ));
        lines
    }
}

/// Says where the gateway listens whenever that changes, until `shutdown`.
pub(super) async fn follow(context: &Context, core: Arc<Core>, shutdown: CancellationToken) {
    let ui = context.ui();
    let mut listening = core.listening.subscribe();
    listening.mark_unchanged();
    loop {
        let changed = tokio::select! {
            changed = listening.changed() => changed,
            () = shutdown.cancelled() => return,
        };
        if changed.is_err() {
            return;
        }
        let addresses: Vec<String> = listening
            .borrow_and_update()
            .iter()
            .map(ToString::to_string)
            .collect();
        let said = if ui.is_json() {
            ui.json_line(&json!({ "event": "listening", "addresses": addresses }))
        } else {
            ui.line(format!("Listening: {}", addresses.join(", ")))
        };
        if said.is_err() {
            // Nobody reads any more; the gateway goes on.
            return;
        }
    }
}

/// What is open to others, as it is listened on.
fn others(addresses: &[SocketAddr]) -> Vec<String> {
    addresses
        .iter()
        .filter(|address| !address.ip().is_loopback())
        .map(ToString::to_string)
        .collect()
}

/// Addresses that other machines can use.
fn outside_addresses(addresses: &[SocketAddr]) -> Vec<String> {
    if addresses
        .iter()
        .any(|address| address.ip().is_unspecified())
    {
        return interface_addresses()
            .unwrap_or_default()
            .into_iter()
            .map(|interface| interface.address)
            .filter(|address| is_usable(*address))
            .map(|address| address.to_string())
            .collect();
    }
    addresses
        .iter()
        .map(SocketAddr::ip)
        .filter(|address| !address.is_loopback())
        .map(|address| address.to_string())
        .collect()
}

fn is_usable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_loopback() && !address.is_link_local(),
        IpAddr::V6(address) => !address.is_loopback() && !address.is_unicast_link_local(),
    }
}

fn bracketed(host: &str, port: u16) -> String {
    if host.contains(':') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// A gateway of this state directory runs already: say so, and where it is.
pub(super) fn already_running(context: &Context, holder: &LockHeld) -> Outcome {
    let target = context
        .target(&CallArgs::default(), MissingRemote::FallBackToLocal)
        .map_err(CallFailure::into_error)?;
    let ui = context.ui();
    if ui.is_json() {
        ui.json_line(&json!({
            "ok": true,
            "alreadyRunning": true,
            "pid": holder.pid,
            "uptimeMs": holder.uptime_ms,
            "address": holder.address,
        }))?;
        return Ok(Exit::OK);
    }
    ui.line(format!("A gateway already runs: {holder}"))?;
    let url = match &holder.address {
        Some(address) => format!("ws://{address}"),
        None => target.url,
    };
    let base_path = &context.snapshot().settings.gateway.control_ui.base_path;
    ui.line(format!("Dashboard: {}", http_base(&url, base_path)))?;
    ui.line(format!(
        "Open it with: {}",
        context.command("openclaw dashboard")
    ))?;
    ui.line(format!(
        "See more with: {}",
        context.command("openclaw status")
    ))?;
    Ok(Exit::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_others_reach_are_named() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert!(outside_addresses(&[address("127.0.0.1:1"), address("[::1]:1")]).is_empty());
        assert_eq!(
            outside_addresses(&[address("127.0.0.1:1"), address("192.0.2.7:1")]),
            ["192.0.2.7"]
        );
        assert_eq!(bracketed("fd00::1", 7), "[fd00::1]:7");
    }
}
