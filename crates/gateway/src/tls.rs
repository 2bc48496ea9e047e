//! TLS on the gateway's port: which certificate is served, made, renewed and read again.
//!
//! A certificate that cannot be used never stops the gateway: this machine goes on over plain loopback, others are told why
//! until it is mended. Connections that are open keep what they began with.

mod certificate;
mod names;
mod refresh;

use std::path::PathBuf;
use std::sync::Arc;

use openclaw_config::Paths;
use openclaw_config::schema::{PlainHttp, Settings};
use parking_lot::RwLock;
use rustls::server::{ResolvesServerCert, ServerConfig, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use tokio_rustls::TlsAcceptor;

pub use certificate::{Facts, Files, TlsProblem};
pub use names::Names;
pub(crate) use names::is_inner;
pub(crate) use refresh::{INTERVAL, Refresher};

/// What the settings want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The pair.
    pub files: Files,
    /// Whether we may make it, and renew what we made.
    pub may_make: bool,
    /// Further names for the certificate that we make.
    pub domains: Vec<String>,
    /// Authorities of client certificates; with them a client needs one.
    pub client_authorities: Option<PathBuf>,
    /// What happens to plain HTTP.
    pub plain_http: PlainHttp,
}

impl Wanted {
    /// Reads the settings; `None` when TLS is off.
    pub fn from_settings(settings: &Settings, paths: &Paths) -> Option<Self> {
        let tls = &settings.gateway.tls;
        if !tls.enabled {
            return None;
        }
        let folder = paths.state_dir.join("gateway/tls");
        let path = |set: &Option<String>, name: &str| {
            set.as_ref()
                .map_or_else(|| folder.join(name), PathBuf::from)
        };
        Some(Self {
            files: Files {
                certificate: path(&tls.cert_path, "gateway-cert.pem"),
                key: path(&tls.key_path, "gateway-key.pem"),
            },
            may_make: tls.auto_generate,
            domains: tls.domains.clone(),
            client_authorities: tls
                .require_client_certificate
                .then(|| tls.ca_path.as_ref().map(PathBuf::from).unwrap_or_default()),
            plain_http: tls.plain_http,
        })
    }
}

/// The certificate of the gateway that these settings describe, as far as everybody on this machine may know it.
pub fn own_certificate(settings: &Settings, paths: &Paths) -> Option<Facts> {
    Wanted::from_settings(settings, paths)?.files.facts()
}

/// What a new connection meets.
#[derive(Debug, Clone, Default)]
pub enum Serving {
    /// Plain HTTP only.
    #[default]
    Off,
    /// TLS, and plain HTTP as the settings say.
    On(Arc<Active>),
    /// TLS is wanted and cannot be had: only this machine is served, over loopback.
    Broken(Arc<TlsProblem>),
}

/// TLS in use.
pub struct Active {
    /// Takes connections.
    pub acceptor: TlsAcceptor,
    /// The certificate.
    pub facts: Facts,
    /// What happens to plain HTTP.
    pub plain_http: PlainHttp,
}

impl std::fmt::Debug for Active {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Active")
            .field("facts", &self.facts)
            .field("plain_http", &self.plain_http)
            .finish_non_exhaustive()
    }
}

/// What is served now; clones share it.
#[derive(Clone, Default)]
pub struct TlsSlot(Arc<RwLock<Serving>>);

impl std::fmt::Debug for TlsSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TlsSlot").field(&self.facts()).finish()
    }
}

impl TlsSlot {
    /// What a new connection meets.
    pub fn serving(&self) -> Serving {
        self.0.read().clone()
    }

    /// The certificate in use, if TLS is on.
    pub fn facts(&self) -> Option<Facts> {
        match &*self.0.read() {
            Serving::On(active) => Some(active.facts.clone()),
            Serving::Off | Serving::Broken(_) => None,
        }
    }

    fn set(&self, serving: Serving) {
        *self.0.write() = serving;
    }
}

/// Builds what takes connections.
fn acceptor(wanted: &Wanted, loaded: &certificate::Loaded) -> Result<TlsAcceptor, TlsProblem> {
    let builder =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsProblem::new(error.to_string(), "report this"))?;
    let builder = match &wanted.client_authorities {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let roots = certificate::authorities(path)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(
                Arc::new(roots),
                Arc::new(rustls::crypto::ring::default_provider()),
            )
            .build()
            .map_err(|error| {
                TlsProblem::new(
                    format!("{} cannot be used: {error}", path.display()),
                    "put PEM certificates of authorities there",
                )
            })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let resolver: Arc<dyn ResolvesServerCert> =
        Arc::new(SingleCertAndKey::from(Arc::clone(&loaded.certified)));
    let mut config = builder.with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
