//! A server that is limiting us, which pebble never does: a small one of our own, over real HTTPS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::stage::{acme, assert_serves, config, gateway, until_degraded};

/// What the server was asked.
#[derive(Debug, Default)]
struct Counts {
    orders: AtomicUsize,
}

/// Answers everything but orders, which it limits for two hours.
async fn limiting_server(folder: &std::path::Path) -> (String, Arc<Counts>) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("ca.pem"), made.cert.pem()).unwrap();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", socket.local_addr().unwrap());
    let counts = Arc::new(Counts::default());
    let (counted, own) = (Arc::clone(&counts), base.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = socket.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let request = read_request(&mut stream).await;
            let answer = answer(&request, &own, &counted);
            drop(stream.write_all(answer.as_bytes()).await);
            drop(stream.shutdown().await);
        }
    });
    (base, counts)
}

async fn read_request(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return text,
            Ok(count) => bytes.extend(&part[..count]),
        }
    }
}

fn answer(request: &str, base: &str, counts: &Counts) -> String {
    let path = request.split(' ').nth(1).unwrap_or_default();
    let (status, headers, body) = match path {
        "/dir" => (
            "200 OK",
            String::new(),
            json!({ "newNonce": format!("{base}/nonce"), "newAccount": format!("{base}/account"), "newOrder": format!("{base}/order") }),
        ),
        "/account" => (
            "201 Created",
            format!("location: {base}/account/1\r\n"),
            json!({ "status": "valid" }),
        ),
        "/order" => {
            counts.orders.fetch_add(1, Ordering::Relaxed);
            (
                "429 Too Many Requests",
                "retry-after: 7200\r\n".to_owned(),
                json!({ "type": "urn:ietf:params:acme:error:rateLimited", "detail": "too many certificates already issued", "status": 429 }),
            )
        }
        _ => ("200 OK", String::new(), json!({})),
    };
    let body = if request.starts_with("HEAD") {
        String::new()
    } else {
        body.to_string()
    };
    format!(
        "HTTP/1.1 {status}\r\nreplay-nonce: nonce\r\ncontent-type: application/json\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn u33_a_limit_of_the_server_is_kept_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let (base, counts) = limiting_server(folder.path()).await;
    let settings = json!({
        "agreeToTerms": true, "directoryUrl": format!("{base}/dir"), "caFile": folder.path().join("ca.pem"),
    });
    let tls = acme(&settings);
    let mut home = None;
    let mut planned = None;
    for start in 0..3 {
        let mut builder = gateway(tls.clone());
        if let Some(home) = home.take() {
            builder = builder.home(home);
        }
        let gateway_ = builder.start().await;
        let (reason, _, next_try) = until_degraded(&gateway_, "acme").await;
        assert!(
            reason.contains("too many certificates already issued"),
            "{reason}"
        );
        let left = next_try - gateway_.gateway.core().now_ms();
        assert!(left > 7_190_000, "{left}");
        assert_eq!(*planned.get_or_insert(next_try), next_try, "start {start}");
        assert_serves(&gateway_).await;
        // Not even other settings make it ask again.
        let mut other = settings.clone();
        other["email"] = json!(format!("owner{start}@example.test"));
        gateway_.apply_config(&config(&acme(&other)));
        until_degraded(&gateway_, "acme").await;
        home = Some(gateway_.stop().await.1);
    }
    assert_eq!(counts.orders.load(Ordering::Relaxed), 1);
}
