//! Certificates with one thing wrong.

use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use time::{Duration, OffsetDateTime};

/// A certificate and its key.
#[derive(Debug)]
pub struct Pair {
    /// DER.
    pub certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// When a certificate is valid, in days from now.
#[derive(Debug, Clone, Copy)]
pub struct Days(pub i64, pub i64);

impl Days {
    /// Valid now.
    pub const NOW: Self = Self(-1, 30);
    /// Over.
    pub const OVER: Self = Self(-30, -3);
    /// Not yet.
    pub const LATER: Self = Self(3, 30);
}

/// An authority of our own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// DER.
    pub certificate: CertificateDer<'static>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

fn params(names: &[&str], days: Days) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("a test gives valid names");
    params
        .distinguished_name
        .push(DnType::CommonName, "openclaw-gateway");
    let now = OffsetDateTime::from(SystemTime::now());
    params.not_before = now + Duration::days(days.0);
    params.not_after = now + Duration::days(days.1);
    params
}

/// A certificate that signed itself.
///
/// # Panics
/// When it cannot be made.
pub fn self_signed(names: &[&str], days: Days) -> Pair {
    let key = KeyPair::generate().expect("a key");
    let certificate = params(names, days)
        .self_signed(&key)
        .expect("a certificate");
    Pair {
        certificate: certificate.der().clone(),
        key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
    }
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate");
        Self {
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate that it signed.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn sign(&self, names: &[&str], days: Days) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let certificate = params(names, days)
            .signed_by(&key, &self.issuer)
            .expect("a certificate");
        Pair {
            certificate: certificate.der().clone(),
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        }
    }
}

impl Pair {
    /// A server that shows it.
    ///
    /// # Panics
    /// When the pair does not fit.
    pub fn server(self) -> ServerConfig {
        builder()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate], self.key)
            .expect("a pair")
    }

    /// A server that shows it and wants one of `authority` in turn.
    ///
    /// # Panics
    /// When the pair does not fit.
    pub fn mutual(self, authority: &Authority) -> ServerConfig {
        let mut roots = RootCertStore::empty();
        roots
            .add(authority.certificate.clone())
            .expect("a root certificate");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .expect("a verifier");
        builder()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![self.certificate], self.key)
            .expect("a pair")
    }
}

/// A server that has no certificate for anybody.
pub fn nameless_server() -> ServerConfig {
    builder()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Nobody))
}

fn builder() -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the default versions")
}

#[derive(Debug)]
struct Nobody;

impl ResolvesServerCert for Nobody {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}
