//! `gateway`: what listens where, for whom, and the sections below it.

use serde::{Deserialize, Serialize};

use super::bind::{BindChoice, BindHost};
use super::words::{BrowserMode, GatewayMode, ReloadMode};
use super::{Auth, Metrics, Proxy, Remote, Tailscale, Tls};

/// `gateway`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Gateway {
    /// Local or remote. Unset: clients treat it as local, `gateway run` refuses.
    pub mode: Option<GatewayMode>,
    /// Bind mode, or an IP address, interface or CIDR range that means `custom`. Default `loopback`.
    pub bind: Option<BindChoice>,
    /// TCP port. Default: the port of the profile, 18789 for the default one.
    pub port: Option<u16>,
    /// Address, interface or CIDR range for `bind: custom`. No default.
    pub custom_bind_host: Option<BindHost>,
    /// Credentials and limits.
    pub auth: Auth,
    /// Addresses and CIDR ranges of reverse proxies whose forwarding headers count. Default none.
    pub trusted_proxies: Vec<String>,
    /// Use `X-Real-IP` of a trusted proxy when `X-Forwarded-For` is absent. Default false.
    pub allow_real_ip_fallback: bool,
    /// The listener for reverse proxies, and the PROXY protocol.
    pub proxy: Proxy,
    /// Figures for monitoring.
    pub metrics: Metrics,
    /// Silence after which a WebSocket is pinged, in milliseconds. Default 25000.
    pub ping_interval_ms: Option<u64>,
    /// The browser UI.
    pub control_ui: ControlUi,
    /// Tailscale Serve and Funnel.
    pub tailscale: Tailscale,
    /// The gateway that clients use in remote mode.
    pub remote: Remote,
    /// What config changes do to a running gateway.
    pub reload: Reload,
    /// HTTPS.
    pub tls: Tls,
    /// Nodes and what they may be asked.
    pub nodes: Nodes,
    /// Master switch of discovery.
    pub discovery: GatewayDiscovery,
    /// Origin under which people reach the gateway from outside, such as `https://claw.example.org`.
    pub public_origin: Option<String>,
}

/// `gateway.controlUi`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one switch of the config"
)]
pub struct ControlUi {
    /// Serve the Control UI. Default true.
    pub enabled: bool,
    /// Path prefix of the UI, such as `/openclaw`. Default none.
    pub base_path: String,
    /// Folder to serve the Control UI from instead of the files in the program; relative to the folder of the config
    /// file. Default none.
    pub root: Option<String>,
    /// Accept token-only browsers over plain HTTP. Default false.
    pub allow_insecure_auth: bool,
    /// Do not ask browsers for a device identity. Default false.
    pub dangerously_disable_device_auth: bool,
    /// Extra browser origins that may connect. Default none: same origin only.
    pub allowed_origins: Vec<String>,
    /// Accept a page whose origin equals the `Host` of its request, whatever the name. Default false.
    pub dangerously_allow_host_header_origin_fallback: bool,
}

impl Default for ControlUi {
    fn default() -> Self {
        Self {
            enabled: true,
            base_path: String::new(),
            root: None,
            allow_insecure_auth: false,
            dangerously_disable_device_auth: false,
            allowed_origins: Vec::new(),
            dangerously_allow_host_header_origin_fallback: false,
        }
    }
}

/// `gateway.reload`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Reload {
    /// What a change does. Default `hybrid`.
    pub mode: ReloadMode,
    /// Quiet time in milliseconds before a changed file is read. Default 300.
    pub debounce_ms: u64,
}

impl Default for Reload {
    fn default() -> Self {
        Self {
            mode: ReloadMode::Hybrid,
            debounce_ms: 300,
        }
    }
}

/// `gateway.nodes`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Nodes {
    /// Commands allowed beyond the platform's default list. Default none.
    pub allow_commands: Vec<String>,
    /// Commands that are never allowed; wins. Default none.
    pub deny_commands: Vec<String>,
    /// The same two lists under their later names.
    pub commands: NodeCommands,
    /// Approval of new nodes.
    pub pairing: NodePairing,
    /// Browser routing.
    pub browser: Browser,
}

impl Nodes {
    /// Commands allowed in addition, from both spellings, trimmed.
    pub fn allowed(&self) -> impl Iterator<Item = &str> {
        trimmed(&self.allow_commands).chain(trimmed(&self.commands.allow))
    }

    /// Commands denied, from both spellings, trimmed.
    pub fn denied(&self) -> impl Iterator<Item = &str> {
        trimmed(&self.deny_commands).chain(trimmed(&self.commands.deny))
    }
}

fn trimmed(list: &[String]) -> impl Iterator<Item = &str> {
    list.iter()
        .map(|entry| entry.trim())
        .filter(|entry| !entry.is_empty())
}

/// `gateway.nodes.commands`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct NodeCommands {
    /// Same as `gateway.nodes.allowCommands`.
    pub allow: Vec<String>,
    /// Same as `gateway.nodes.denyCommands`.
    pub deny: Vec<String>,
}

/// `gateway.nodes.pairing`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodePairing {
    /// Approve nodes that connect directly from this machine. Default true.
    pub auto_approve_local: bool,
    /// Address ranges whose nodes are approved without asking. Default none.
    pub auto_approve_cidrs: Vec<String>,
}

impl Default for NodePairing {
    fn default() -> Self {
        Self {
            auto_approve_local: true,
            auto_approve_cidrs: Vec::new(),
        }
    }
}

/// `gateway.nodes.browser`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Browser {
    /// Routing. Default `auto`.
    pub mode: BrowserMode,
    /// The node to use. No default.
    pub node: Option<String>,
}

impl Default for Browser {
    fn default() -> Self {
        Self {
            mode: BrowserMode::Auto,
            node: None,
        }
    }
}

/// `gateway.discovery`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct GatewayDiscovery {
    /// Announce the gateway at all. Default true.
    pub enabled: bool,
}

impl Default for GatewayDiscovery {
    fn default() -> Self {
        Self { enabled: true }
    }
}
