//! Certificates that an authority issued for names of ours: pushed by whoever obtains them, served to clients that ask for
//! the name.

use std::sync::Arc;

use parking_lot::RwLock;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::certificate::{Facts, TlsProblem};

/// A certificate of an authority with its key.
#[derive(Debug, Clone)]
pub struct Issued {
    pub(super) certified: Arc<CertifiedKey>,
    /// What the leaf says.
    pub facts: Facts,
}

impl Issued {
    /// Reads a key and its chain (leaf first) from one PEM text.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TlsProblem> {
        let problem =
            |reason: String| TlsProblem::new(reason, "remove it to have a new one issued");
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|error| problem(format!("the certificate cannot be read: {error}")))?;
        let leaf = chain
            .first()
            .ok_or_else(|| problem("there is no certificate".to_owned()))?;
        let facts =
            Facts::of(leaf).ok_or_else(|| problem("this is no X.509 certificate".to_owned()))?;
        let key = PrivateKeyDer::from_pem_slice(pem)
            .map_err(|error| problem(format!("the key cannot be read: {error}")))?;
        let key = any_supported_type(&key)
            .map_err(|error| problem(format!("the key cannot be used: {error}")))?;
        let certified = CertifiedKey::new(chain, key);
        if certified.keys_match().is_err() {
            return Err(problem(
                "certificate and key do not belong together".to_owned(),
            ));
        }
        Ok(Self {
            certified: Arc::new(certified),
            facts,
        })
    }

    /// Whether a client that asks for `name` may be shown this one.
    pub fn covers(&self, name: &str) -> bool {
        self.facts.names.has_dns(name)
    }

    fn is_valid(&self, now_ms: i64) -> bool {
        now_ms < self.facts.not_after_ms
    }
}

/// All of them; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct IssuedSlot(Arc<RwLock<Arc<[Issued]>>>);

impl IssuedSlot {
    pub(super) fn set(&self, issued: Vec<Issued>) {
        *self.0.write() = issued.into();
    }

    pub(super) fn all(&self) -> Arc<[Issued]> {
        Arc::clone(&self.0.read())
    }

    /// The one for `name` that has not expired and lasts longest.
    pub(super) fn find(&self, name: &str) -> Option<Issued> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let now_ms = wall_ms();
        self.all()
            .iter()
            .filter(|issued| issued.covers(&name) && issued.is_valid(now_ms))
            .max_by_key(|issued| issued.facts.not_after_ms)
            .cloned()
    }
}

/// What certificates are valid by is the clock of the machine.
fn wall_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Shows the certificate of an authority to clients that ask for one of its names, and the gateway's own to all others: those
/// that come by address, or by a name that only this network knows. So the fingerprint of the gateway's own certificate is
/// worth pinning although that of the authority changes every few weeks.
#[derive(Debug)]
pub(super) struct Chooser {
    pub(super) own: Arc<CertifiedKey>,
    pub(super) issued: IssuedSlot,
}

impl ResolvesServerCert for Chooser {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let issued = hello.server_name().and_then(|name| self.issued.find(name));
        Some(issued.map_or_else(|| Arc::clone(&self.own), |issued| issued.certified))
    }
}
