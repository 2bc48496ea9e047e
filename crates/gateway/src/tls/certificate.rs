//! Certificates: read from files, looked at, or made by ourselves.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use openclaw_config::store::{private_dir, write_private};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, SanType,
};
use ring::digest::{SHA256, digest};
use rustls::RootCertStore;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use time::{Duration, OffsetDateTime};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::platform::FileStamp;

use super::names::Names;

/// Subject of certificates that we make, and that earlier releases made.
const COMMON_NAME: &str = "openclaw-gateway";
/// Life of a certificate that we make: the longest that every client platform accepts.
const LIFE: Duration = Duration::days(825);
/// Valid a little before it is made, for clients whose clock is behind.
const BACKDATED: Duration = Duration::hours(1);

/// Why there is no usable certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct TlsProblem {
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub fix: String,
}

impl TlsProblem {
    pub(super) fn new(reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            fix: fix.into(),
        }
    }
}

/// Where the certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// Chain, PEM, leaf first.
    pub certificate: PathBuf,
    /// Key, PEM.
    pub key: PathBuf,
}

/// What identifies a state of the two files without reading them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp([Option<FileStamp>; 2]);

/// What tells a state of the file at a path from an earlier one.
pub(super) fn stamp_of(path: &Path) -> Option<FileStamp> {
    Some(FileStamp::of(&fs::metadata(path).ok()?))
}

impl Files {
    /// The state of the files now. Links are followed: certificates are often swapped by relinking.
    pub fn stamp(&self) -> Stamp {
        Stamp([stamp_of(&self.certificate), stamp_of(&self.key)])
    }

    /// Reads the certificate only: what everybody may know.
    pub fn facts(&self) -> Option<Facts> {
        let leaf = CertificateDer::from_pem_file(&self.certificate).ok()?;
        Facts::of(&leaf)
    }

    /// Reads both and checks that they belong together.
    pub fn load(&self) -> Result<Loaded, TlsProblem> {
        let stamp = self.stamp();
        let missing = |path: &Path, other: &Path| {
            TlsProblem::new(
                format!("{} is missing", path.display()),
                format!(
                    "put it back, or remove {} as well to have a new pair made",
                    other.display()
                ),
            )
        };
        if stamp.0[0].is_none() {
            return Err(missing(&self.certificate, &self.key));
        }
        if stamp.0[1].is_none() {
            return Err(missing(&self.key, &self.certificate));
        }
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect)
            .map_err(|error| unreadable(&self.certificate, &error))?;
        let Some(leaf) = chain.first() else {
            let reason = format!("{} holds no certificate", self.certificate.display());
            return Err(TlsProblem::new(reason, "put a PEM certificate chain there"));
        };
        let facts = Facts::of(leaf).ok_or_else(|| {
            let reason = format!("{} is no X.509 certificate", self.certificate.display());
            TlsProblem::new(reason, "put a PEM certificate chain there, leaf first")
        })?;
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| unreadable(&self.key, &error))?;
        let key = any_supported_type(&key).map_err(|error| unreadable(&self.key, &error))?;
        let certified = CertifiedKey::new(chain, key);
        if certified.keys_match().is_err() {
            return Err(TlsProblem::new(
                format!(
                    "{} and {} do not belong together",
                    self.certificate.display(),
                    self.key.display()
                ),
                "put the key of this certificate there",
            ));
        }
        Ok(Loaded {
            certified: Arc::new(certified),
            facts,
            stamp,
        })
    }

    /// Makes a new pair for `names` and writes it, the key first: a new certificate without its key would be of no use.
    pub fn make(&self, names: &Names, now: SystemTime) -> Result<(), TlsProblem> {
        let (certificate, key) = self_signed(names, now).map_err(|error| {
            TlsProblem::new(
                format!("no certificate could be made: {error}"),
                "try again",
            )
        })?;
        for (path, text) in [(&self.key, &key), (&self.certificate, &certificate)] {
            let written = path
                .parent()
                .map_or(Ok(()), private_dir)
                .and_then(|()| write_private(path, text.as_bytes()));
            written.map_err(|error| {
                TlsProblem::new(
                    format!("cannot write {}: {error}", path.display()),
                    "make the folder writable, or set gateway.tls.certPath and keyPath",
                )
            })?;
        }
        Ok(())
    }
}

fn unreadable(path: &Path, error: &dyn std::error::Error) -> TlsProblem {
    let denied = error
        .source()
        .and_then(|source| source.downcast_ref::<io::Error>())
        .is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied);
    let fix = if denied {
        "let the user of the gateway read it"
    } else {
        "put a PEM file there"
    };
    TlsProblem::new(format!("cannot use {}: {error}", path.display()), fix)
}

/// Authorities of client certificates.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore, TlsProblem> {
    if path.as_os_str().is_empty() {
        return Err(TlsProblem::new(
            "gateway.tls.requireClientCertificate needs gateway.tls.caPath",
            "openclaw config set gateway.tls.caPath <file>",
        ));
    }
    let mut roots = RootCertStore::empty();
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(path, &error))?;
    for certificate in certificates {
        roots
            .add(certificate)
            .map_err(|error| unreadable(path, &error))?;
    }
    Ok(roots)
}

/// A pair that can be served.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// For the TLS library.
    pub certified: Arc<CertifiedKey>,
    /// What the leaf says.
    pub facts: Facts,
    /// The files it came from.
    pub stamp: Stamp,
}

/// What a certificate says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// SHA-256 of the certificate in DER: 64 hex digits.
    pub fingerprint: String,
    /// Whom it is for.
    pub names: Names,
    /// Begin of its validity, milliseconds since the epoch.
    pub not_before_ms: i64,
    /// End of its validity, milliseconds since the epoch.
    pub not_after_ms: i64,
    /// Whether we made it. One without any alternative name was made by an earlier release: clients have pinned it, and
    /// it stays as it is.
    pub own: bool,
}

impl Facts {
    /// Reads a certificate in DER.
    pub fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let mut names = Names::default();
        let alternatives = certificate.subject_alternative_name().ok().flatten();
        for name in alternatives
            .iter()
            .flat_map(|extension| &extension.value.general_names)
        {
            match name {
                GeneralName::DNSName(name) => {
                    names.dns.insert(name.to_ascii_lowercase());
                }
                GeneralName::IPAddress(bytes) => {
                    if let Ok(bytes) = <[u8; 4]>::try_from(*bytes) {
                        names.ips.insert(IpAddr::from(bytes));
                    } else if let Ok(bytes) = <[u8; 16]>::try_from(*bytes) {
                        names.ips.insert(IpAddr::from(bytes));
                    }
                }
                _ => {}
            }
        }
        let is_ours = certificate
            .subject()
            .iter_common_name()
            .any(|name| name.as_str() == Ok(COMMON_NAME));
        Some(Self {
            fingerprint: data_encoding::HEXLOWER.encode(digest(&SHA256, der).as_ref()),
            own: is_ours && alternatives.is_some(),
            names,
            not_before_ms: certificate.validity().not_before.timestamp() * 1_000,
            not_after_ms: certificate.validity().not_after.timestamp() * 1_000,
        })
    }
}

/// A P-256 certificate and its key, PEM.
fn self_signed(names: &Names, now: SystemTime) -> Result<(String, String), rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, COMMON_NAME);
    let now = OffsetDateTime::from(now);
    params.not_before = now - BACKDATED;
    params.not_after = now + LIFE;
    for name in &names.dns {
        params
            .subject_alt_names
            .push(SanType::DnsName(name.as_str().try_into()?));
    }
    let ips = names.ips.iter().copied().map(SanType::IpAddress);
    params.subject_alt_names.extend(ips);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn files(folder: &Path) -> Files {
        Files {
            certificate: folder.join("tls/cert.pem"),
            key: folder.join("tls/key.pem"),
        }
    }

    fn names() -> Names {
        Names::of_gateway("studio", &["claw.example.org".to_owned()], &[], &[])
    }

    #[test]
    fn u33_a_made_certificate_says_what_it_is_for() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        files.make(&names(), SystemTime::now()).unwrap();
        let loaded = files.load().unwrap();
        assert!(loaded.facts.own);
        assert_eq!(loaded.facts.names, names());
        assert_eq!(loaded.facts.fingerprint.len(), 64);
        let life = loaded.facts.not_after_ms / 1_000 - OffsetDateTime::now_utc().unix_timestamp();
        assert!((824 * 86_400..=825 * 86_400).contains(&life), "{life}");
        assert_eq!(loaded.stamp, files.stamp());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&files.key), 0o600);
    }

    #[test]
    fn u33_what_is_wrong_with_the_files_is_said_with_a_fix() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        files.make(&names(), SystemTime::now()).unwrap();
        let key = fs::read(&files.key).unwrap();
        files.make(&names(), SystemTime::now()).unwrap();
        let problem = |what: &str| {
            let problem = files.load().unwrap_err();
            assert!(problem.reason.contains(what), "{problem:?}");
            assert!(!problem.fix.is_empty());
        };
        fs::write(&files.key, key).unwrap();
        problem("do not belong together");
        fs::write(&files.key, "rubbish").unwrap();
        problem("key.pem");
        fs::remove_file(&files.key).unwrap();
        problem("key.pem is missing");
        fs::write(&files.certificate, "").unwrap();
        fs::write(&files.key, "").unwrap();
        problem("holds no certificate");
    }
}
