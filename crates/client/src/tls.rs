//! TLS trust: public roots, extra roots, or one pinned certificate.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use parking_lot::Mutex;
use ring::digest::{SHA256, digest};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WantsClientCert, WebPkiServerVerifier};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::error::{ConnectError, TransportError};
use crate::target::Host;

/// SHA-256 of a certificate in DER.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        let hash = digest(&SHA256, certificate);
        Self(hash.as_ref().try_into().expect("SHA-256 has 32 bytes"))
    }

    /// 64 hex digits in lower case, without colons.
    pub fn to_hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = TlsError;

    /// Parses 64 hex digits; colons, spaces, case and a `sha256:` or `SHA256 Fingerprint=` prefix do not matter.
    fn from_str(text: &str) -> Result<Self, TlsError> {
        let bad = || TlsError::BadFingerprint(text.to_owned());
        let lower = text.trim().to_ascii_lowercase();
        let rest = ["sha256 fingerprint=", "sha-256:", "sha256:", "sha256="]
            .iter()
            .find_map(|prefix| lower.strip_prefix(prefix))
            .unwrap_or(&lower);
        let digits: String = rest.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
        let bytes = HEXLOWER.decode(digits.as_bytes()).map_err(|_| bad())?;
        bytes.try_into().map(Self).map_err(|_| bad())
    }
}

impl fmt::Display for Fingerprint {
    /// Upper case with colons, as browsers and `openssl` show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(f, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whom to trust on `wss://`.
#[derive(Debug, Clone, Default)]
pub struct TlsOptions {
    /// Roots beside the public ones.
    pub roots: Vec<CertificateDer<'static>>,
    /// The one certificate to accept; replaces every other check. Requires a `wss` target.
    pub fingerprint: Option<Fingerprint>,
    /// Whom the certificate must be for, when the connection goes to another address than the URL's host, as through a
    /// tunnel. Default: the host of the URL.
    pub server_name: Option<Host>,
    /// Shown to a gateway that asks for a client certificate. Default: none.
    pub certificate: Option<ClientCertificate>,
}

impl TlsOptions {
    /// Trusts the authorities in a PEM file beside the public ones.
    pub fn add_roots(&mut self, path: &Path) -> Result<(), TlsError> {
        self.roots.extend(certificates(path)?);
        Ok(())
    }
}

/// A client certificate and its key.
#[derive(Debug, Clone)]
pub struct ClientCertificate(Arc<CertifiedKey>);

impl ClientCertificate {
    /// Reads the chain (leaf first) and the key from PEM files.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain = certificates(certificate)?;
        let key_file = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, &error))?;
        let signing = any_supported_type(&key_file).map_err(|error| unusable(key, &error))?;
        let certified = CertifiedKey::new(chain, signing);
        if certified.keys_match().is_err() {
            let why = format!("it is not the key of {}", certificate.display());
            return Err(unusable(key, &why));
        }
        Ok(Self(Arc::new(certified)))
    }
}

impl ResolvesClientCert for ClientCertificate {
    fn resolve(
        &self,
        _root_hint_subjects: &[&[u8]],
        _sigschemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unusable(path, &error))?;
    if found.is_empty() {
        return Err(unusable(path, &"it holds no certificate"));
    }
    Ok(found)
}

fn unusable(path: &Path, why: &dyn fmt::Display) -> TlsError {
    TlsError::Setup(format!("cannot use {}: {why}", path.display()))
}

/// Finishes a client's configuration with the certificate of the options, if there is one.
pub(crate) fn with_certificate(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    certificate: Option<&ClientCertificate>,
) -> ClientConfig {
    match certificate {
        Some(certificate) => builder.with_client_cert_resolver(Arc::new(certificate.clone())),
        None => builder.with_no_client_auth(),
    }
}

/// Why TLS was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A fingerprint is set for a plaintext target.
    #[error("gateway tls fingerprint requires wss:// gateway url")]
    FingerprintNeedsTls,
    /// Another certificate than the pinned one.
    #[error("gateway tls fingerprint mismatch")]
    FingerprintMismatch {
        /// The pin.
        expected: Fingerprint,
        /// What the gateway showed.
        actual: Fingerprint,
    },
    /// No fingerprint: the gateway showed no certificate.
    #[error("gateway tls fingerprint unavailable")]
    FingerprintUnavailable,
    /// The certificate is not signed by a trusted root, or not valid for this name and time.
    #[error(
        "gateway tls certificate is not trusted ({reason}); its sha256 fingerprint is {fingerprint}"
    )]
    Untrusted {
        /// What is wrong with it.
        reason: String,
        /// Its fingerprint, to be pinned after it was compared with the gateway's own.
        fingerprint: Fingerprint,
    },
    /// Text that is not a SHA-256 fingerprint.
    #[error("invalid tls fingerprint (64 hex digits expected): {0}")]
    BadFingerprint(String),
    /// TLS cannot be set up.
    #[error("tls setup failed: {0}")]
    Setup(String),
}

/// Checks certificates against the public roots and those of the options.
pub(crate) fn web_verifier(options: &TlsOptions) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
    let setup = |error: &dyn fmt::Display| TlsError::Setup(error.to_string());
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    for root in &options.roots {
        roots.add(root.clone()).map_err(|error| setup(&error))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| setup(&error))
}

/// Checks certificates and remembers what it saw, so that errors and status can name it.
#[derive(Debug)]
pub(crate) struct Verifier {
    pin: Option<Fingerprint>,
    web: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
    client_certificate: Option<ClientCertificate>,
    seen: Mutex<Option<CertificateDer<'static>>>,
}

impl Verifier {
    pub(crate) fn new(options: &TlsOptions) -> Result<Arc<Self>, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let web = if options.fingerprint.is_some() {
            None
        } else {
            Some(web_verifier(options)?)
        };
        Ok(Arc::new(Self {
            pin: options.fingerprint,
            web,
            provider,
            client_certificate: options.certificate.clone(),
            seen: Mutex::new(None),
        }))
    }

    pub(crate) fn client_config(self: &Arc<Self>) -> Result<Arc<ClientConfig>, TlsError> {
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(self.clone());
        let mut config = with_certificate(builder, self.client_certificate.as_ref());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Fingerprint of the certificate that was last shown.
    pub(crate) fn seen(&self) -> Option<Fingerprint> {
        self.seen.lock().as_deref().map(Fingerprint::of)
    }

    /// The certificate that was last shown.
    pub(crate) fn certificate(&self) -> Option<CertificateDer<'static>> {
        self.seen.lock().clone()
    }

    /// What a failed TLS handshake means.
    pub(crate) fn explain(&self, error: std::io::Error) -> ConnectError {
        let certificate_error = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .and_then(|inner| match inner {
                rustls::Error::InvalidCertificate(reason) => Some(reason.to_string()),
                rustls::Error::NoCertificatesPresented => Some("no certificate".to_owned()),
                _ => None,
            });
        let Some(reason) = certificate_error else {
            return ConnectError::Unreachable(TransportError::Tls(Arc::new(error)));
        };
        let error = match (self.pin, self.seen()) {
            (Some(expected), Some(actual)) => TlsError::FingerprintMismatch { expected, actual },
            (None, Some(fingerprint)) => TlsError::Untrusted {
                reason,
                fingerprint,
            },
            (_, None) => TlsError::FingerprintUnavailable,
        };
        ConnectError::Tls(error)
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let fingerprint = Fingerprint::of(end_entity);
        *self.seen.lock() = Some(end_entity.clone().into_owned());
        match (self.pin, &self.web) {
            (Some(pin), _) if pin == fingerprint => Ok(ServerCertVerified::assertion()),
            (None, Some(web)) => {
                web.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            _ => Err(rustls::Error::InvalidCertificate(
                rustls::CertificateError::ApplicationVerificationFailure,
            )),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_forms() {
        let hex = Fingerprint::of(b"x").to_hex();
        let shown = Fingerprint::of(b"x").to_string();
        for text in [
            hex.clone(),
            hex.to_uppercase(),
            shown.clone(),
            format!("sha256:{hex}"),
            format!("SHA256 Fingerprint={shown}"),
            format!(" {shown} "),
        ] {
            assert_eq!(text.parse(), Ok(Fingerprint::of(b"x")), "{text}");
        }
        for text in ["", "aa", "zz", &hex[1..], &format!("{hex}0")] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
