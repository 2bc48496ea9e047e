//! `discovery`: mDNS and wide-area announcements.

use serde::{Deserialize, Serialize};

use super::words::MdnsMode;

/// `discovery`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Discovery {
    /// Announce the gateway at all; same switch as `gateway.discovery.enabled`. Default true.
    pub enabled: bool,
    /// Local announcements.
    pub mdns: Mdns,
    /// Announcements by unicast DNS.
    pub wide_area: WideArea,
}

impl Default for Discovery {
    fn default() -> Self {
        Self {
            enabled: true,
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

/// `discovery.wideArea`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct WideArea {
    /// Announce by unicast DNS. Default false.
    pub enabled: bool,
    /// DNS domain. No default.
    pub domain: Option<String>,
}
