//! TLS on the gateway's port: which certificate is served, made, renewed and read again.
//!
//! A certificate that cannot be used never stops the gateway: this machine goes on over plain loopback, others are told why
//! until it is mended. Connections that are open keep what they began with. Where certificates of an authority come from is not
//! known here: they are pushed ([`TlsSlot::set_issued`]) and shown to clients that ask for their names, beside the gateway's own.

mod certificate;
mod challenge_port;
pub(crate) mod challenges;
mod issued;
mod names;
mod refresh;

use std::path::PathBuf;
use std::sync::Arc;

use openclaw_config::Paths;
use openclaw_config::resolve::TlsPlan;
use openclaw_config::schema::{PlainHttp, Settings, TlsMode};
use parking_lot::RwLock;
use rustls::server::{ResolvesServerCert, ServerConfig, WebPkiClientVerifier};
use tokio_rustls::TlsAcceptor;

pub use certificate::{Facts, Files, TlsProblem};
pub(crate) use challenge_port::show_challenge;
pub use challenge_port::{ChallengeKind, ChallengePort};
pub use challenges::{Challenges, Offered};
pub use issued::Issued;
use issued::{Chooser, IssuedSlot};
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
    /// What a plan and the settings behind it want; `None` when TLS is off.
    pub fn from_plan(plan: &TlsPlan, settings: &Settings, paths: &Paths) -> Option<Self> {
        let tls = &settings.gateway.tls;
        let (from_files, may_make) = match plan.mode.value {
            TlsMode::Off => return None,
            TlsMode::Files => (true, plan.files_may_be_made),
            // A gateway with certificates of an authority has one of its own for those who come by address.
            TlsMode::SelfSigned | TlsMode::Acme | TlsMode::Auto => (false, true),
        };
        let folder = paths.state_dir.join("gateway/tls");
        let path = |set: &Option<String>, name: &str| {
            set.as_ref()
                .filter(|_| from_files)
                .map_or_else(|| folder.join(name), PathBuf::from)
        };
        Some(Self {
            files: Files {
                certificate: path(&tls.cert_path, "gateway-cert.pem"),
                key: path(&tls.key_path, "gateway-key.pem"),
            },
            may_make,
            domains: plan.domains.value.clone(),
            client_authorities: tls
                .require_client_certificate
                .then(|| tls.ca_path.as_ref().map(PathBuf::from).unwrap_or_default()),
            plain_http: tls.plain_http,
        })
    }
}

impl Wanted {
    /// Private key of the gateway's own certificate under this plan; `None` when TLS is off.
    pub fn key_path(plan: &TlsPlan, settings: &Settings, paths: &Paths) -> Option<PathBuf> {
        Some(Self::from_plan(plan, settings, paths)?.files.key)
    }
}

/// The gateway's own certificate under this plan, as far as everybody on this machine may know it: what it shows to clients that
/// come by address.
pub fn own_certificate(plan: &TlsPlan, settings: &Settings, paths: &Paths) -> Option<Facts> {
    Wanted::from_plan(plan, settings, paths)?.files.facts()
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
pub struct TlsSlot {
    serving: Arc<RwLock<Serving>>,
    issued: IssuedSlot,
    challenges: Challenges,
}

impl std::fmt::Debug for TlsSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("TlsSlot").field(&self.facts()).finish()
    }
}

impl TlsSlot {
    /// What a new connection meets.
    pub fn serving(&self) -> Serving {
        self.serving.read().clone()
    }

    /// The gateway's own certificate, if TLS is on: what clients see that come by address, and the one to pin.
    pub fn facts(&self) -> Option<Facts> {
        match &*self.serving.read() {
            Serving::On(active) => Some(active.facts.clone()),
            Serving::Off | Serving::Broken(_) => None,
        }
    }

    /// Fingerprint that a client should pin which connects to this host name or address; `None` when TLS is off, and when
    /// the client will be shown a certificate of an authority, which is checked by its name and changes often.
    pub fn pin_for(&self, host: &str) -> Option<String> {
        let facts = self.facts()?;
        self.issued
            .find(host)
            .is_none()
            .then_some(facts.fingerprint)
    }

    /// The certificates of authorities that are served by name.
    pub fn issued(&self) -> Arc<[Issued]> {
        self.issued.all()
    }

    /// Replaces the certificates of authorities. Connections made from now on see them.
    pub fn set_issued(&self, issued: Vec<Issued>) {
        self.issued.set(issued);
    }

    /// Answers to ACME servers.
    pub fn challenges(&self) -> &Challenges {
        &self.challenges
    }

    fn set(&self, serving: Serving) {
        *self.serving.write() = serving;
    }

    /// Builds what takes connections.
    fn acceptor(
        &self,
        wanted: &Wanted,
        loaded: &certificate::Loaded,
    ) -> Result<TlsAcceptor, TlsProblem> {
        let resolver = Arc::new(Chooser {
            own: Arc::clone(&loaded.certified),
            issued: self.issued.clone(),
        });
        acceptor(wanted, resolver)
    }
}

fn acceptor(
    wanted: &Wanted,
    resolver: Arc<dyn ResolvesServerCert>,
) -> Result<TlsAcceptor, TlsProblem> {
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
    let mut config = builder.with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
