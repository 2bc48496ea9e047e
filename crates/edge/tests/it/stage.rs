//! A gateway with the ACME part, and what its clients see.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use openclaw_edge::acme::Acme;
use openclaw_gateway::subsystems::SubsystemState;
use openclaw_testkit::{TestGateway, TestGatewayBuilder};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::pebble::PATIENCE;

/// The domain of every test.
pub(crate) const DOMAIN: &str = "claw.example.test";

/// A gateway with these settings under `gateway.tls`.
pub(crate) fn gateway(tls: Value) -> TestGatewayBuilder {
    TestGateway::builder()
        .adapter(|| Box::new(Acme))
        .gateway("tls", tls)
}

/// `gateway.tls` for a server with these settings.
pub(crate) fn acme(settings: &Value) -> Value {
    json!({ "mode": "acme", "domains": [DOMAIN], "acme": settings })
}

/// A whole config.
pub(crate) fn config(tls: &Value) -> Value {
    json!({ "gateway": {
        "mode": "local", "auth": { "mode": "token", "token": openclaw_testkit::gateway::TOKEN }, "tls": tls,
    } })
}

/// Waits for a state of a part.
pub(crate) async fn until(
    gateway: &TestGateway,
    part: &str,
    wanted: impl Fn(&SubsystemState) -> bool,
) -> SubsystemState {
    let subsystems = &gateway.gateway.core().subsystems;
    let mut changes = subsystems.changes();
    let reached = async {
        loop {
            if let Some(state) = subsystems.get(part).filter(&wanted) {
                return state;
            }
            changes.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, reached)
        .await
        .unwrap_or_else(|_| panic!("{:?}", subsystems.all()))
}

pub(crate) fn is_up(state: &SubsystemState) -> bool {
    matches!(state, SubsystemState::Up { .. })
}

/// Reason, fix and time of the next try of a part that does not work.
pub(crate) async fn until_degraded(gateway: &TestGateway, part: &str) -> (String, String, i64) {
    let degraded = |state: &SubsystemState| matches!(state, SubsystemState::Degraded { .. });
    match until(gateway, part, degraded).await {
        SubsystemState::Degraded {
            reason,
            fix,
            next_try_at_ms,
        } => (reason, fix, next_try_at_ms.unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

/// Whether the gateway serves everybody on this machine, whatever became of certificates.
pub(crate) async fn assert_serves(gateway: &TestGateway) {
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Fingerprint of the certificate that a client is shown which asks for `name`.
pub(crate) async fn shown(gateway: &TestGateway, name: &str) -> String {
    let provider = Arc::new(ring::default_provider());
    let seen = Arc::new(Anything(provider.clone()));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(seen)
        .with_no_client_auth();
    let stream = TcpStream::connect(gateway.address()).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap();
    let (_, session) = stream.get_ref();
    let certificate = &session.peer_certificates().unwrap()[0];
    openclaw_gateway::tls::Facts::of(certificate)
        .unwrap()
        .fingerprint
}

/// Fingerprint of the certificate that the gateway has for the domain.
pub(crate) fn issued(gateway: &TestGateway) -> String {
    let issued = gateway.gateway.core().tls.issued();
    assert_eq!(issued.len(), 1);
    assert!(issued[0].covers(DOMAIN));
    issued[0].facts.fingerprint.clone()
}

/// The folder of the only server that the gateway has met.
pub(crate) fn folder(state_dir: &std::path::Path) -> PathBuf {
    let acme = state_dir.join("gateway/acme");
    let mut found = std::fs::read_dir(&acme).unwrap();
    let folder = found.next().unwrap().unwrap().path();
    assert!(found.next().is_none());
    folder
}

/// What is remembered about the domain.
pub(crate) fn record(state_dir: &std::path::Path) -> Value {
    let path = folder(state_dir).join(DOMAIN).join("record.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Waits until something on disk or elsewhere has come about.
pub(crate) async fn wait_for(what: &str, mut reached: impl FnMut() -> bool) {
    let waiting = async {
        while !reached() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("not reached: {what}"));
}

/// Takes every certificate: the tests only look which one it is.
#[derive(Debug)]
struct Anything(Arc<CryptoProvider>);

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
