//! TLS on the gateway's port, beside plain HTTP.

use std::sync::Arc;

use openclaw_gateway::subsystems::SubsystemState;
use openclaw_testkit::TestGateway;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

async fn ask(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, head: &str) -> String {
    let request = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A TLS peer may leave without a farewell.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8(answer).unwrap()
}

async fn plain(gateway: &TestGateway) -> String {
    let stream = TcpStream::connect(gateway.address()).await.unwrap();
    ask(stream, "GET /healthz HTTP/1.1").await
}

/// Over TLS, trusting nothing but the certificate in the state directory.
async fn secure(gateway: &TestGateway) -> std::io::Result<String> {
    let path = gateway.state_dir().join("gateway/tls/gateway-cert.pem");
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(path).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(gateway.address()).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await?;
    Ok(ask(stream, "GET /healthz HTTP/1.1").await)
}

fn config(tls: &Value) -> Value {
    json!({ "gateway": {
        "mode": "local",
        "auth": { "token": openclaw_testkit::gateway::TOKEN },
        "tls": tls,
    } })
}

async fn until(gateway: &TestGateway, wanted: impl Fn(&SubsystemState) -> bool) {
    let subsystems = &gateway.gateway.core().subsystems;
    let reached = async {
        while !subsystems.all().get("tls").is_some_and(&wanted) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), reached)
        .await
        .unwrap_or_else(|_| panic!("{:?}", subsystems.all()));
}

#[tokio::test]
async fn u33_http_and_https_share_the_port_and_follow_the_config() {
    let gateway = TestGateway::builder()
        .gateway("tls", json!({ "enabled": true }))
        .start()
        .await;
    assert!(secure(&gateway).await.unwrap().starts_with("HTTP/1.1 200"));
    assert!(plain(&gateway).await.starts_with("HTTP/1.1 200"));

    gateway.apply_config(&config(&json!({ "enabled": true, "plainHttp": "refuse" })));
    let refused = async {
        loop {
            let answer = plain(&gateway).await;
            if answer.starts_with("HTTP/1.1 426") {
                return answer;
            }
        }
    };
    let answer = tokio::time::timeout(std::time::Duration::from_secs(20), refused)
        .await
        .unwrap();
    assert!(answer.contains("use https://localhost"), "{answer}");
    assert!(secure(&gateway).await.unwrap().starts_with("HTTP/1.1 200"));

    gateway.apply_config(&config(&json!({ "enabled": false })));
    until(&gateway, |state| *state == SubsystemState::Off).await;
    assert!(plain(&gateway).await.starts_with("HTTP/1.1 200"));
    assert!(secure(&gateway).await.is_err());
}

#[tokio::test]
async fn u33_a_broken_certificate_stops_nothing_and_heals() {
    let gateway = TestGateway::builder()
        .gateway("tls", json!({ "enabled": true, "autoGenerate": false }))
        .start()
        .await;
    let is_degraded = |state: &SubsystemState| matches!(state, SubsystemState::Degraded { .. });
    until(&gateway, is_degraded).await;
    assert!(plain(&gateway).await.starts_with("HTTP/1.1 200"));
    let mut owner = gateway.owner().await;
    assert_eq!(owner.request("health", json!({})).await["ok"], true);

    gateway.apply_config(&config(&json!({ "enabled": true })));
    until(&gateway, |state| matches!(state, SubsystemState::Up { .. })).await;
    assert!(secure(&gateway).await.unwrap().starts_with("HTTP/1.1 200"));
}
