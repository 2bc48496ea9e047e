//! `gateway.tailscale`.

use serde::{Deserialize, Serialize};

use super::words::TailscaleMode;

/// `gateway.tailscale`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Tailscale {
    /// Exposure. Default `off`.
    pub mode: TailscaleMode,
    /// Take our route down when the gateway stops. Default false.
    pub reset_on_exit: bool,
    /// HTTPS port of our route. Default 443.
    pub port: u16,
    /// `LocalAPI` socket of the daemon. Default: where the system keeps it.
    pub socket: Option<String>,
}

impl Default for Tailscale {
    fn default() -> Self {
        Self {
            mode: TailscaleMode::Off,
            reset_on_exit: false,
            port: 443,
            socket: None,
        }
    }
}
