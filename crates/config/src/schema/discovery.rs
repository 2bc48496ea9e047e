//! `discovery`: mDNS and wide-area announcements.

use serde::{Deserialize, Serialize};

use super::words::MdnsMode;

/// `discovery`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Discovery {
    /// Announce the gateway at all; same switch as `gateway.discovery.enabled`. Default true.
    pub enabled: bool,
    /// Name under which people find the gateway. Default: the host name, with the profile's name behind it.
    pub display_name: Option<String>,
    /// Local announcements.
    pub mdns: Mdns,
    /// Announcements by unicast DNS.
    pub wide_area: WideArea,
}

impl Default for Discovery {
    fn default() -> Self {
        Self {
            enabled: true,
            display_name: None,
            mdns: Mdns::default(),
            wide_area: WideArea::default(),
        }
    }
}

/// `discovery.mdns`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct Mdns {
    /// What is announced. Default `minimal`.
    pub mode: MdnsMode,
}

impl Default for Mdns {
    fn default() -> Self {
        Self {
            mode: MdnsMode::Minimal,
        }
    }
}

/// Port of DNS.
const DNS_PORT: u16 = 53;

/// `discovery.wideArea`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct WideArea {
    /// Announce by unicast DNS. Default: whether a domain is set.
    pub enabled: Option<bool>,
    /// DNS domain. No default.
    pub domain: Option<String>,
    /// Port of our DNS responder. Default 53, the only one that split DNS of a tailnet can ask.
    pub port: u16,
    /// Addresses and ranges of this machine's addresses that the responder listens on. Default none: the tailnet addresses.
    pub listen: Vec<String>,
    /// Addresses and ranges that are answered besides this machine and the tailnet. Default none.
    pub allow: Vec<String>,
}

impl Default for WideArea {
    fn default() -> Self {
        Self {
            enabled: None,
            domain: None,
            port: DNS_PORT,
            listen: Vec::new(),
            allow: Vec::new(),
        }
    }
}

impl WideArea {
    /// Whether the gateway answers DNS queries: as set, else when a domain is set.
    pub fn is_wanted(&self) -> bool {
        self.enabled.unwrap_or(self.domain.is_some())
    }
}
