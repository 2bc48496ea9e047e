//! Answers to the questions by which an ACME server finds out whether a domain is ours.
//!
//! What is offered here is public: it says nothing but which account asks. An answer is there as long as its [`Offered`] is
//! held, and not longer.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;

/// Where http-01 looks, up to the token.
pub(crate) const HTTP_PREFIX: &str = "/.well-known/acme-challenge/";
/// The protocol name of tls-alpn-01.
pub(crate) const ALPN: &[u8] = b"acme-tls/1";

/// What is offered now; clones share it.
#[derive(Clone, Default)]
pub struct Challenges(Arc<RwLock<Pending>>);

#[derive(Default)]
struct Pending {
    /// Key authorizations by token.
    http: BTreeMap<String, String>,
    /// Certificates by domain.
    tls: BTreeMap<String, Arc<CertifiedKey>>,
}

impl std::fmt::Debug for Challenges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pending = self.0.read();
        f.debug_struct("Challenges")
            .field("http", &pending.http.len())
            .field("tls", &pending.tls.len())
            .finish()
    }
}

/// Takes an answer back when dropped.
#[derive(Debug)]
#[must_use = "the answer is gone once this is dropped"]
pub struct Offered {
    challenges: Challenges,
    key: Key,
}

#[derive(Debug)]
enum Key {
    Http(String),
    Tls(String),
}

impl Drop for Offered {
    fn drop(&mut self) {
        let mut pending = self.challenges.0.write();
        match &self.key {
            Key::Http(token) => drop(pending.http.remove(token)),
            Key::Tls(domain) => drop(pending.tls.remove(domain)),
        }
    }
}

impl Challenges {
    /// Answers http-01 for this token.
    pub fn offer_http(&self, token: &str, key_authorization: &str) -> Offered {
        let mut pending = self.0.write();
        pending
            .http
            .insert(token.to_owned(), key_authorization.to_owned());
        self.offered(Key::Http(token.to_owned()))
    }

    /// Answers tls-alpn-01 for this domain with a certificate made for it.
    pub fn offer_tls(&self, domain: &str, certificate: Arc<CertifiedKey>) -> Offered {
        let domain = domain.to_ascii_lowercase();
        self.0.write().tls.insert(domain.clone(), certificate);
        self.offered(Key::Tls(domain))
    }

    fn offered(&self, key: Key) -> Offered {
        Offered {
            challenges: self.clone(),
            key,
        }
    }

    /// What http-01 is to find at this path.
    pub(crate) fn http_answer(&self, path: &str) -> Option<String> {
        let token = path.strip_prefix(HTTP_PREFIX)?;
        self.0.read().http.get(token).cloned()
    }

    /// The TLS side for a client that asks for nothing but tls-alpn-01; `None` for all others, and while nothing is offered.
    pub(crate) fn tls_config(&self, hello: &ClientHello<'_>) -> Option<Arc<ServerConfig>> {
        let mut protocols = hello.alpn()?;
        if protocols.next() != Some(ALPN) || protocols.next().is_some() || !self.offers_tls() {
            return None;
        }
        // A handshake of its own: no client certificate is asked for, and no other certificate can be shown.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .ok()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(OnlyOffered(self.clone())));
        config.alpn_protocols = vec![ALPN.to_vec()];
        Some(Arc::new(config))
    }

    /// Whether tls-alpn-01 is answered for any domain.
    pub(crate) fn offers_tls(&self) -> bool {
        !self.0.read().tls.is_empty()
    }
}

#[derive(Debug)]
struct OnlyOffered(Challenges);

impl ResolvesServerCert for OnlyOffered {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let domain = hello.server_name()?.to_ascii_lowercase();
        self.0.0.read().tls.get(&domain).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u33_an_answer_is_there_as_long_as_it_is_offered() {
        let challenges = Challenges::default();
        let offered = challenges.offer_http("token-1", "token-1.thumb");
        let path = |token: &str| format!("{HTTP_PREFIX}{token}");
        assert_eq!(
            challenges.http_answer(&path("token-1")).as_deref(),
            Some("token-1.thumb")
        );
        for other in ["token", "token-1/", "", "../token-1", "token-1?x"] {
            assert_eq!(challenges.http_answer(&path(other)), None, "{other}");
        }
        assert_eq!(challenges.http_answer("/token-1"), None);
        drop(offered);
        assert_eq!(challenges.http_answer(&path("token-1")), None);
        assert!(!challenges.offers_tls());
    }
}
