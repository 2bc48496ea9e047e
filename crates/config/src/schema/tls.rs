//! `gateway.tls`.

use serde::{Deserialize, Serialize};

use super::words::PlainHttp;

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
    /// Refuse clients without a certificate from one of them. Default false.
    pub require_client_certificate: bool,
    /// Further names for the self-signed certificate. Default: none.
    pub domains: Vec<String>,
    /// What happens to plain HTTP on the same port. Default `redirect`.
    pub plain_http: PlainHttp,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            enabled: false,
            auto_generate: true,
            cert_path: None,
            key_path: None,
            ca_path: None,
            require_client_certificate: false,
            domains: Vec::new(),
            plain_http: PlainHttp::Redirect,
        }
    }
}
