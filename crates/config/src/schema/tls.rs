//! `gateway.tls`.

use serde::{Deserialize, Serialize};

/// `gateway.tls`. Further keys are accepted and kept.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Tls {
    /// Serve HTTPS. Default false.
    pub enabled: bool,
    /// Create a self-signed certificate when there is none. Default true.
    pub auto_generate: bool,
    /// Certificate chain, PEM. Default `<state>/gateway/tls/gateway-cert.pem`.
    pub cert_path: Option<String>,
    /// Private key, PEM. Default `<state>/gateway/tls/gateway-key.pem`.
    pub key_path: Option<String>,
    /// Authorities for client certificates, PEM. No default.
    pub ca_path: Option<String>,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            enabled: false,
            auto_generate: true,
            cert_path: None,
            key_path: None,
            ca_path: None,
        }
    }
}
