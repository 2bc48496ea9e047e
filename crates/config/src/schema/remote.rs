//! `gateway.remote`: the gateway that clients of this config talk to in remote mode.

use serde::{Deserialize, Serialize};

use super::words::Transport;
use crate::secret::Secret;

/// `gateway.remote`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Remote {
    /// `ws://`, `wss://`, `http://` or `https://` URL. No default.
    pub url: Option<String>,
    /// How it is reached. Default `direct`.
    pub transport: Option<Transport>,
    /// Its shared token. No default.
    pub token: Option<Secret>,
    /// Its shared password. No default.
    pub password: Option<Secret>,
    /// SHA-256 of its certificate, hexadecimal, colons and case ignored. No default.
    pub tls_fingerprint: Option<String>,
    /// `[user@]host[:port]` for SSH. No default.
    pub ssh_target: Option<String>,
    /// SSH key file. No default.
    pub ssh_identity: Option<String>,
    /// Gateway port on the SSH host. Default: the port of this profile.
    pub remote_port: Option<u16>,
}
