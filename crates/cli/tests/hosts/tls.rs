//! TLS from another host: plain HTTP, pins, authorities, client certificates.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use openclaw_gateway::tls::Files;
use openclaw_testkit::hosts::{Host, Network, Process, Ran, Switch, until};
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const ADDRESS: &str = "10.77.0.1:18789";
const URL: &str = "wss://10.77.0.1:18789";

fn two(network: &Network) -> (Host, Host, Switch) {
    let lan = network.switch();
    let (gateway, laptop) = (network.host("gateway"), network.host("laptop"));
    gateway.plug(&lan, "eth0", &["10.77.0.1/24"]);
    laptop.plug(&lan, "eth0", &["10.77.0.2/24"]);
    (gateway, laptop, lan)
}

fn started(host: &Host, tls: &Value) -> Process {
    host.configure(&json!({
        "mode": "local", "bind": "lan", "auth": { "mode": "token", "token": TOKEN }, "tls": tls,
    }));
    let mut gateway = host.start(&["gateway", "run"]);
    gateway.until("listening on");
    gateway
}

/// Head of the answer to a plain request.
fn plain(host: &Host, address: &str) -> String {
    host.inside(|| {
        let mut stream = TcpStream::connect(address).unwrap();
        let request =
            format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    })
}

fn call(host: &Host, more: &[&str]) -> Ran {
    let words = ["gateway", "call", "health", "--url", URL, "--token", TOKEN];
    host.run(&[&words[..], more].concat())
}

fn own_fingerprint(host: &Host) -> String {
    let status = host.run(&["gateway", "status", "--json"]).ok().json();
    status["gateway"]["tlsFingerprint"]
        .as_str()
        .expect("a fingerprint")
        .to_owned()
}

#[test]
fn u33_another_host_is_sent_to_https_and_gets_in_with_the_pin_only() {
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")) else {
        return;
    };
    let (gateway, laptop, _lan) = two(&network);
    let running = started(&gateway, &json!({ "mode": "self" }));
    let moved = plain(&laptop, ADDRESS);
    assert!(moved.starts_with("HTTP/1.1 308"), "{moved}");
    assert!(
        moved.contains("location: https://10.77.0.1:18789/healthz"),
        "{moved}"
    );
    assert!(plain(&gateway, "127.0.0.1:18789").starts_with("HTTP/1.1 200"));

    let pin = own_fingerprint(&gateway);
    let unknown = call(&laptop, &[]).fails(1);
    assert!(
        unknown
            .err
            .contains("gateway tls certificate is not trusted"),
        "{unknown:?}"
    );
    assert!(
        unknown.err.contains(&format!("--tls-fingerprint {pin}")),
        "{unknown:?}"
    );
    let wrong = "00".repeat(32);
    let mismatch = call(&laptop, &["--tls-fingerprint", &wrong]).fails(1);
    assert!(
        mismatch.err.contains("gateway tls fingerprint mismatch"),
        "{mismatch:?}"
    );
    assert!(
        mismatch.err.contains("Pinned: sha256 00:00"),
        "{mismatch:?}"
    );
    assert!(mismatch.err.contains("Shown:  sha256 "), "{mismatch:?}");
    let unpaired = call(&laptop, &["--tls-fingerprint", &pin]).fails(1);
    assert!(unpaired.err.contains("pairing required"), "{unpaired:?}");
    drop(gateway.run(&["devices", "approve", "--latest"]).ok());
    drop(call(&laptop, &["--tls-fingerprint", &pin]).ok());

    // The certificate itself as an authority: its names count then.
    let copied = laptop.path("gateway.pem");
    fs::copy(
        gateway.path(".openclaw/gateway/tls/gateway-cert.pem"),
        &copied,
    )
    .unwrap();
    let words = ["gateway", "call", "health", "--url", URL, "--token", TOKEN];
    let trusted = laptop
        .openclaw(&words)
        .env("OPENCLAW_TLS_CA_FILE", &copied)
        .output()
        .unwrap();
    assert!(trusted.status.success(), "{trusted:?}");
    assert!(running.stop().success());
}

#[test]
fn u33_a_new_address_of_the_host_comes_into_the_certificate_while_it_runs() {
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")) else {
        return;
    };
    let (gateway, laptop, _lan) = two(&network);
    let running = started(&gateway, &json!({ "mode": "self", "plainHttp": "refuse" }));
    let before = own_fingerprint(&gateway);
    gateway.add_address("eth0", "10.77.0.9/24");
    let files = Files {
        certificate: gateway.path(".openclaw/gateway/tls/gateway-cert.pem"),
        key: gateway.path(".openclaw/gateway/tls/gateway-key.pem"),
    };
    until("the new address in the certificate", || {
        let facts = files.facts()?;
        facts
            .names
            .ips
            .contains(&"10.77.0.9".parse().unwrap())
            .then_some(())
    });
    let after = own_fingerprint(&gateway);
    assert_ne!(after, before);
    let unpaired = until("the new certificate is served", || {
        let ran = call(&laptop, &["--tls-fingerprint", &after]);
        (!ran.err.contains("fingerprint mismatch")).then_some(ran)
    });
    assert!(unpaired.err.contains("pairing required"), "{unpaired:?}");
    // Nobody is served in the clear, and the owner still comes in.
    assert!(plain(&gateway, "127.0.0.1:18789").starts_with("HTTP/1.1 426"));
    drop(gateway.run(&["health"]).ok());
    assert!(running.stop().success());
}

#[test]
fn u33_client_certificates_are_asked_for_and_checked() {
    let Some(network) = Network::new(env!("CARGO_BIN_EXE_openclaw")) else {
        return;
    };
    let (gateway, laptop, _lan) = two(&network);
    let authority = Authority::new();
    gateway.write("clients.pem", &authority.certificate());
    let running = started(
        &gateway,
        &json!({
            "mode": "self", "caPath": gateway.path("clients.pem"), "requireClientCertificate": true,
        }),
    );
    let remote = json!({ "url": URL, "token": TOKEN, "tlsFingerprint": own_fingerprint(&gateway) });
    let with = |certificate: Option<(String, String)>| {
        let mut remote = remote.clone();
        if let Some((chain, key)) = certificate {
            laptop.write("client.pem", &chain);
            laptop.write("client-key.pem", &key);
            remote["tlsClientCert"] = json!(laptop.path("client.pem"));
            remote["tlsClientKey"] = json!(laptop.path("client-key.pem"));
        }
        laptop.configure(&json!({ "mode": "remote", "remote": remote }));
        laptop.run(&["health"]).fails(1)
    };
    for (what, certificate) in [
        ("absent", None),
        ("of a stranger", Some(Authority::new().client())),
    ] {
        let refused = with(certificate);
        assert!(
            !refused.err.contains("pairing required"),
            "{what}: {refused:?}"
        );
    }
    let admitted = with(Some(authority.client()));
    assert!(admitted.err.contains("pairing required"), "{admitted:?}");
    drop(gateway.run(&["health"]).ok());
    assert!(running.stop().success());
}

/// Signs certificates of clients.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// Its own certificate, PEM.
    fn certificate(&self) -> String {
        let certificate: &rcgen::Certificate = self.0.as_ref();
        certificate.pem()
    }

    /// A certificate and its key, PEM.
    fn client(&self) -> (String, String) {
        let mut params = CertificateParams::new(vec!["laptop".to_owned()]).unwrap();
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}
