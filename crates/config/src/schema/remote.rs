//! `gateway.remote`: the gateway that clients of this config talk to in remote mode.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::words::{SshHostKeyPolicy, Transport};
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
    /// Authorities that vouch for its certificate, PEM, beside the public ones. No default.
    pub tls_ca_file: Option<String>,
    /// Certificate that is shown to it, PEM chain. No default.
    pub tls_client_cert: Option<String>,
    /// Key of that certificate, PEM. No default.
    pub tls_client_key: Option<String>,
    /// `[user@]host[:port]` for SSH. No default.
    pub ssh_target: Option<String>,
    /// SSH key file. No default.
    pub ssh_identity: Option<String>,
    /// Which host keys a tunnel accepts. Default `strict`.
    pub ssh_host_key_policy: Option<SshHostKeyPolicy>,
    /// Headers for a proxy that authenticates in front of the gateway, by name; sent on `wss://` to the host of `url`
    /// only. Default none.
    pub edge_auth: BTreeMap<String, EdgeHeader>,
    /// Gateway port on the SSH host. Default: the port of this profile.
    pub remote_port: Option<u16>,
}

/// Value of one header in `gateway.remote.edgeAuth`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum EdgeHeader {
    /// The value itself.
    Value(Secret),
    /// Where the value is.
    Reference(SecretReference),
}

/// `{ "source": "env", "id": "NAME" }`: a credential that lies elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct SecretReference {
    /// Kind of place; `env` is the one that is read.
    pub source: String,
    /// Name of the variable.
    pub id: String,
}
