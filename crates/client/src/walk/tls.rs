//! A TLS handshake that goes on whatever the certificate is, and tells what is wrong with it.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use parking_lot::Mutex;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::target::Host;
use crate::tls::{
    ClientCertificate, Fingerprint, TlsError, TlsOptions, web_verifier, with_certificate,
};

/// How much of what came first is kept.
const KEPT: usize = 256;

/// What the handshake showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsSeen {
    /// It came about.
    Done(Secured),
    /// The server ended it with this alert, such as `ProtocolVersion`.
    Alert(String),
    /// The server offers no version or cipher that we take.
    Incompatible(String),
    /// Something answered that is not TLS; its first bytes.
    NotTls(Vec<u8>),
    /// The connection was closed.
    Closed,
    /// Nothing came.
    Silent,
    /// Anything else.
    Failed(String),
}

/// A finished handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secured {
    /// Such as `TLS 1.3`.
    pub version: String,
    /// What was shown.
    pub certificate: Shown,
    /// What that is worth to us.
    pub trust: Trust,
}

/// A certificate as it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256 of its DER.
    pub fingerprint: Fingerprint,
    /// Names and addresses it is for.
    pub names: Vec<String>,
    /// Who signed it.
    pub issuer: String,
    /// Whether it signed itself.
    pub self_signed: bool,
    /// Start of its validity, seconds since the epoch.
    pub not_before: i64,
    /// End of its validity, seconds since the epoch.
    pub not_after: i64,
}

/// What a certificate is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// It is the pinned one.
    Pinned,
    /// A known authority vouches for it, for this name and time.
    Authority,
    /// It is not the pinned one.
    PinMismatch(Fingerprint),
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// It is for other names.
    WrongName,
    /// Nobody we know vouches for it.
    UnknownIssuer,
    /// Anything else.
    Other(String),
}

/// Shakes hands and tells what was seen.
pub(super) async fn look(
    stream: TcpStream,
    host: &Host,
    options: &TlsOptions,
) -> Result<TlsSeen, TlsError> {
    let watcher = Watcher::new(options)?;
    let config = watcher.client_config()?;
    let name = server_name(host)?;
    let mut recorder = Recorder::new(stream);
    let kept = Arc::clone(&recorder.kept);
    let outcome = TlsConnector::from(config)
        .connect(name, &mut recorder)
        .await;
    let kept = kept.lock().clone();
    Ok(match outcome {
        Ok(stream) => {
            let version = match stream.get_ref().1.protocol_version() {
                Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3".to_owned(),
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2".to_owned(),
                other => format!("{other:?}"),
            };
            match watcher.seen.lock().clone() {
                Some((certificate, trust)) => TlsSeen::Done(Secured {
                    version,
                    certificate,
                    trust,
                }),
                None => TlsSeen::Failed("the server showed no readable certificate".to_owned()),
            }
        }
        Err(error) => failure(&error, kept),
    })
}

/// Opens a stream to whoever answers. What is sent over it must not be secret.
pub(super) async fn open(
    stream: TcpStream,
    host: &Host,
    options: &TlsOptions,
) -> io::Result<TlsStream<TcpStream>> {
    let watcher = Watcher::new(options).map_err(io::Error::other)?;
    let config = watcher.client_config().map_err(io::Error::other)?;
    let name = server_name(host).map_err(io::Error::other)?;
    TlsConnector::from(config).connect(name, stream).await
}

/// The alert in an error of a TLS stream, such as `CertificateRequired`.
pub(super) fn alert(error: &io::Error) -> Option<String> {
    let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    match inner {
        rustls::Error::AlertReceived(alert) => Some(alert_name(*alert)),
        _ => None,
    }
}

fn alert_name(alert: AlertDescription) -> String {
    format!("{alert:?}")
}

fn failure(error: &io::Error, kept: Vec<u8>) -> TlsSeen {
    let inner = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::AlertReceived(alert)) => TlsSeen::Alert(alert_name(*alert)),
        Some(rustls::Error::PeerIncompatible(why)) => TlsSeen::Incompatible(format!("{why:?}")),
        Some(rustls::Error::InvalidMessage(_)) if !is_tls(&kept) => TlsSeen::NotTls(kept),
        Some(other) => TlsSeen::Failed(other.to_string()),
        None if !kept.is_empty() && !is_tls(&kept) => TlsSeen::NotTls(kept),
        None => match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => TlsSeen::Closed,
            _ => TlsSeen::Failed(error.to_string()),
        },
    }
}

/// Whether bytes begin like a TLS record.
pub(super) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [20..=23, 3, ..])
}

fn server_name(host: &Host) -> Result<ServerName<'static>, TlsError> {
    match host {
        Host::Name(name) => ServerName::try_from(name.clone())
            .map_err(|error| TlsError::Setup(format!("{name}: {error}"))),
        Host::V4(address) => Ok(ServerName::from(IpAddr::V4(*address))),
        Host::V6(address, _) => Ok(ServerName::from(IpAddr::V6(*address))),
    }
}

/// Judges a certificate and lets the handshake go on.
#[derive(Debug)]
struct Watcher {
    pin: Option<Fingerprint>,
    web: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    certificate: Option<ClientCertificate>,
    seen: Mutex<Option<(Shown, Trust)>>,
}

impl Watcher {
    fn new(options: &TlsOptions) -> Result<Arc<Self>, TlsError> {
        Ok(Arc::new(Self {
            pin: options.fingerprint,
            web: web_verifier(options)?,
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            certificate: options.certificate.clone(),
            seen: Mutex::new(None),
        }))
    }

    fn client_config(self: &Arc<Self>) -> Result<Arc<ClientConfig>, TlsError> {
        let builder = ClientConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(self.clone());
        let mut config = with_certificate(builder, self.certificate.as_ref());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn trust(
        &self,
        shown: &Shown,
        judged: Result<ServerCertVerified, rustls::Error>,
        now: UnixTime,
    ) -> Trust {
        match self.pin {
            Some(pin) if pin == shown.fingerprint => return Trust::Pinned,
            Some(pin) => return Trust::PinMismatch(pin),
            None => {}
        }
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        match judged {
            Ok(_) => Trust::Authority,
            Err(rustls::Error::InvalidCertificate(error)) => match error {
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    Trust::Expired
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    Trust::NotYetValid
                }
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => Trust::WrongName,
                _ if shown.not_after < now => Trust::Expired,
                _ if shown.not_before > now => Trust::NotYetValid,
                _ if shown.self_signed => Trust::UnknownIssuer,
                CertificateError::UnknownIssuer => Trust::UnknownIssuer,
                other => Trust::Other(other.to_string()),
            },
            Err(other) => Trust::Other(other.to_string()),
        }
    }
}

impl ServerCertVerifier for Watcher {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let judged =
            self.web
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        if let Some(shown) = Shown::of(end_entity) {
            let trust = self.trust(&shown, judged, now);
            *self.seen.lock() = Some((shown, trust));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.web.supported_verify_schemes()
    }
}

impl Shown {
    /// Reads a certificate in DER.
    pub fn of(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let alternatives = certificate.subject_alternative_name().ok().flatten();
        let names = alternatives
            .iter()
            .flat_map(|extension| &extension.value.general_names)
            .filter_map(|name| match name {
                GeneralName::DNSName(name) => Some((*name).to_owned()),
                GeneralName::IPAddress(bytes) => ip(bytes).map(|ip| ip.to_string()),
                _ => None,
            })
            .collect();
        let validity = certificate.validity();
        Some(Self {
            fingerprint: Fingerprint::of(der),
            names,
            issuer: certificate.issuer().to_string(),
            self_signed: certificate.issuer() == certificate.subject(),
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
        })
    }
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(bytes));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

/// Keeps the first bytes that came.
struct Recorder {
    stream: TcpStream,
    kept: Arc<Mutex<Vec<u8>>>,
}

impl Recorder {
    fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            kept: Arc::default(),
        }
    }
}

impl AsyncRead for Recorder {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let mut kept = self.kept.lock();
        let room = KEPT.saturating_sub(kept.len());
        let new = &buf.filled()[before..];
        kept.extend_from_slice(&new[..new.len().min(room)]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
