//! `wss`: pins, roots, and what happens without either.

use std::sync::Arc;

use openclaw_client::tls::TlsError;
use openclaw_client::{
    Client, ClientOptions, ConnectError, Fingerprint, Target, TlsOptions, TransportError,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use tokio_rustls::TlsAcceptor;

use crate::gateway::{FakeGateway, Peer};

fn acceptor() -> (TlsAcceptor, CertificateDer<'static>) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), certificate)
}

async fn connect(
    tls: impl FnOnce(&CertificateDer<'static>) -> TlsOptions,
) -> (Result<Client, ConnectError>, Fingerprint) {
    let gateway = FakeGateway::bind().await;
    let (acceptor, certificate) = acceptor();
    let target = Target::parse(&format!("wss://{}", gateway.address())).unwrap();
    let mut options = ClientOptions::operator(target, "test");
    options.tls = tls(&certificate);
    let script = async {
        // A client that does not trust the certificate leaves in the middle of this.
        let stream = acceptor.accept(gateway.stream().await).await.ok()?;
        let mut peer = Peer::upgrade(stream).await;
        peer.welcome(4, Value::Null).await;
        Some(peer)
    };
    let (client, _peer) = tokio::join!(Client::connect(options), script);
    (client, Fingerprint::of(&certificate))
}

#[tokio::test]
async fn the_pinned_certificate_is_enough() {
    let (client, fingerprint) = connect(|certificate| TlsOptions {
        fingerprint: Some(Fingerprint::of(certificate)),
        ..TlsOptions::default()
    })
    .await;
    let link = client.unwrap().link().unwrap();
    assert_eq!(link.tls_fingerprint, Some(fingerprint));
}

#[tokio::test]
async fn another_certificate_than_the_pinned_one() {
    let expected = Fingerprint::of(b"another");
    let (client, actual) = connect(|certificate| TlsOptions {
        roots: vec![certificate.clone()],
        fingerprint: Some(expected),
        ..TlsOptions::default()
    })
    .await;
    let error = client.unwrap_err();
    assert_eq!(error.to_string(), "gateway tls fingerprint mismatch");
    let ConnectError::Tls(error) = error else {
        panic!("not a tls error")
    };
    assert_eq!(error, TlsError::FingerprintMismatch { expected, actual });
}

#[tokio::test]
async fn an_unknown_certificate_is_refused_with_its_fingerprint() {
    let (client, fingerprint) = connect(|_| TlsOptions::default()).await;
    let text = client.unwrap_err().to_string();
    assert!(
        text.starts_with("gateway tls certificate is not trusted ("),
        "{text}"
    );
    assert!(text.ends_with(&fingerprint.to_string()), "{text}");
}

#[tokio::test]
async fn an_extra_root_is_trusted() {
    let (client, _) = connect(|certificate| TlsOptions {
        roots: vec![certificate.clone()],
        ..TlsOptions::default()
    })
    .await;
    client.unwrap();
}

#[tokio::test]
async fn a_fingerprint_needs_wss() {
    let gateway = FakeGateway::bind().await;
    let mut options = gateway.operator();
    options.tls.fingerprint = Some(Fingerprint::of(b"x"));
    let error = Client::connect(options).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "gateway tls fingerprint requires wss:// gateway url"
    );
}

#[tokio::test]
async fn a_plain_url_of_a_gateway_with_tls_is_told_so() {
    let gateway = FakeGateway::bind().await;
    let (acceptor, certificate) = acceptor();
    let target = Target::parse(&format!("ws://{}", gateway.address())).unwrap();
    let options = ClientOptions::operator(target, "test");
    let script = async {
        // The request that it does not understand, and the look after it.
        assert!(acceptor.accept(gateway.stream().await).await.is_err());
        acceptor.accept(gateway.stream().await).await.ok();
    };
    let (client, ()) = tokio::join!(Client::connect(options), script);
    let error = client.unwrap_err();
    let ConnectError::Unreachable(TransportError::TlsExpected { pin, .. }) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*pin, Some(Fingerprint::of(&certificate)));
    let expected = format!(
        "{} takes TLS only, but the URL says ws://",
        gateway.address()
    );
    assert_eq!(error.what_happened(), expected);
    // The line that people know stays.
    assert!(error.to_string().starts_with("gateway closed (1006 "));
}
