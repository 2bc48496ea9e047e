//! The typed settings, split by section, and the one table of keys behind them.
//!
//! Every field documents its unit and its default. `Option` means "not set": the consumer, or
//! [`crate::resolve`], decides what that means.

mod applies;
mod auth;
mod bind;
mod canvas;
mod discovery;
mod fields;
mod gateway;
mod logging;
mod metrics;
mod node;
mod proxy;
mod remote;
mod table;
mod tailscale;
mod tls;
mod ui;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use applies::applies;
pub use auth::{Auth, DeviceAutoApprove, RateLimit, TrustedProxy};
pub use bind::{BindChoice, BindHost};
pub use canvas::CanvasHost;
pub use discovery::{Discovery, Mdns, WideArea};
pub use fields::{FIELDS, SECTIONS};
pub use gateway::{
    Browser, ControlUi, Gateway, GatewayDiscovery, NodeCommands, NodePairing, Nodes, Reload,
};
pub use logging::Logging;
pub use metrics::Metrics;
pub use node::{BrowserProxy, NodeHost, Tools, ToolsExec};
pub use proxy::{DEFAULT_SECRET_HEADER, Proxy, ProxyListen};
pub use remote::{EdgeHeader, Remote, SecretReference};
pub use table::{Applies, Field, Kind, Section};
pub use tailscale::Tailscale;
pub use tls::{Acme, AcmeBinding, Tls};
pub use ui::{Assistant, ChatCommands, EnvBlock, Meta, ShellEnv, Ui, Wizard};
pub use words::{
    AcmeChallenge, AuthMode, BindMode, BrowserMode, ConsoleStyle, ExecAsk, ExecSecurity,
    GatewayMode, LogLevel, MdnsMode, PlainHttp, ProxyProtocol, RedactMode, ReloadMode,
    SshHostKeyPolicy, TailscaleMode, TlsMode, Transport,
};

use crate::validate::Issue;

/// Everything this program reads from the config file. Other keys of the file are kept as they are
/// and never show up here.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Settings {
    /// The gateway and how clients reach it.
    pub gateway: Gateway,
    /// How the gateway announces itself.
    pub discovery: Discovery,
    /// Files for the canvases of nodes.
    pub canvas_host: CanvasHost,
    /// Log file and console.
    pub logging: Logging,
    /// The node host of this machine.
    pub node_host: NodeHost,
    /// Policy of commands that nodes run.
    pub tools: Tools,
    /// Appearance of the Control UI.
    pub ui: Ui,
    /// Commands of people to the gateway itself.
    pub commands: ChatCommands,
    /// Variables for processes and `${VAR}`.
    pub env: EnvBlock,
    /// Who wrote the file last.
    pub meta: Meta,
    /// Last run of the set-up wizard.
    pub wizard: Wizard,
}

impl Settings {
    /// Reads each section on its own; a section that does not fit its type becomes the default and
    /// an issue.
    pub fn from_value(value: &Value) -> (Self, Vec<Issue>) {
        let mut issues = Vec::new();
        let mut settings = Self::default();
        macro_rules! sections {
            ($($key:literal => $field:ident),+) => {
                $(if let Some(section) = value.get($key) {
                    match Deserialize::deserialize(section) {
                        Ok(section) => settings.$field = section,
                        Err(error) => issues.push(Issue::new($key, format!("Invalid input: {error}"))),
                    }
                })+
            };
        }
        sections!(
            "gateway" => gateway, "discovery" => discovery, "canvasHost" => canvas_host,
            "logging" => logging, "nodeHost" => node_host, "tools" => tools, "ui" => ui,
            "commands" => commands, "env" => env,
            "meta" => meta, "wizard" => wizard
        );
        (settings, issues)
    }

    /// True unless one of the two master switches turns discovery off.
    pub fn discovery_enabled(&self) -> bool {
        self.gateway.discovery.enabled && self.discovery.enabled
    }
}

#[cfg(test)]
mod tests;
