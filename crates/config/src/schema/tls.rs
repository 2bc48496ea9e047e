//! `gateway.tls`.

use serde::{Deserialize, Serialize};

use super::words::{AcmeChallenge, PlainHttp, TlsMode};
use crate::secret::Secret;

/// `gateway.tls`. Further keys are accepted and kept.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Tls {
    /// Which certificate is served. Unset: `enabled` decides.
    pub mode: Option<TlsMode>,
    /// Serve HTTPS, when `mode` is unset. Default false.
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
    /// Names of the gateway beside those of this machine: in the self-signed certificate, and for ACME. Default: none.
    pub domains: Vec<String>,
    /// Certificates by ACME.
    pub acme: Acme,
    /// What happens to plain HTTP on the same port. Default `redirect`.
    pub plain_http: PlainHttp,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            mode: None,
            enabled: false,
            auto_generate: true,
            cert_path: None,
            key_path: None,
            ca_path: None,
            require_client_certificate: false,
            domains: Vec::new(),
            acme: Acme::default(),
            plain_http: PlainHttp::Redirect,
        }
    }
}

/// `gateway.tls.acme`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Acme {
    /// The terms of service of the certificate authority are agreed to. Default false; nothing is ordered without it.
    pub agree_to_terms: bool,
    /// Directory of the ACME server. Default: Let's Encrypt.
    pub directory_url: Option<String>,
    /// The staging server of Let's Encrypt, unless `directory_url` is set. Default false.
    pub staging: bool,
    /// Address that the authority may write to. No default.
    pub email: Option<String>,
    /// How a domain is proven to be ours. Default `auto`.
    pub challenge: AcmeChallenge,
    /// Port on which http-01 is answered beside the gateway's own, open while it is needed. No default.
    pub http_port: Option<u16>,
    /// Port on which tls-alpn-01 is answered beside the gateway's own, open while it is needed. No default.
    pub tls_port: Option<u16>,
    /// Authorities that vouch for the ACME server itself, PEM, beside the public ones. No default.
    pub ca_file: Option<String>,
    /// Account at the authority that ours is bound to.
    pub eab: AcmeBinding,
}

impl Default for Acme {
    fn default() -> Self {
        Self {
            agree_to_terms: false,
            directory_url: None,
            staging: false,
            email: None,
            challenge: AcmeChallenge::Auto,
            http_port: None,
            tls_port: None,
            ca_file: None,
            eab: AcmeBinding::default(),
        }
    }
}

/// `gateway.tls.acme.eab`: external account binding.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AcmeBinding {
    /// Identifier of the key. No default.
    pub key_id: Option<String>,
    /// The key, base64url. No default.
    pub hmac_key: Option<Secret>,
}
