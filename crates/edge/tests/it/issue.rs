//! Certificates come, over both challenges, and are renewed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::pebble::{self, Pebble, Setup, free_port};
use crate::stage::{
    DOMAIN, acme, assert_serves, config, folder, gateway, is_up, issued, shown, until, wait_for,
};

#[tokio::test]
async fn u33_http_01_is_answered_on_the_gateways_own_port() {
    if !pebble::is_installed() {
        return;
    }
    let gateway_ = gateway(json!({ "mode": "self", "plainHttp": "refuse" }))
        .start()
        .await;
    let own = shown(&gateway_, "localhost").await;
    let pebble = Pebble::start(Setup {
        http_port: gateway_.gateway.port(),
        ..Setup::default()
    })
    .await;
    let mut settings = pebble.settings();
    settings["challenge"] = json!("http-01");
    settings["email"] = json!("owner@example.test");
    let mut tls = acme(&settings);
    tls["plainHttp"] = json!("refuse");
    gateway_.apply_config(&config(&tls));
    until(&gateway_, "acme", is_up).await;
    let certificate = issued(&gateway_);
    assert_eq!(shown(&gateway_, DOMAIN).await, certificate);
    let own_now = shown(&gateway_, "localhost").await;
    assert_ne!(own_now, certificate);
    let core = gateway_.gateway.core();
    assert_eq!(
        core.tls.pin_for(DOMAIN),
        None,
        "authorities are checked by name"
    );
    assert_eq!(core.tls.pin_for("192.0.2.1"), Some(own_now.clone()));
    assert_ne!(own, "");
    until(&gateway_, "tls", is_up).await;

    // Private files, and no answer is left behind.
    let folder = folder(gateway_.state_dir());
    for name in [
        "account.json",
        "account-key.json",
        "claw.example.test/certificate.pem",
    ] {
        let mode = fs::metadata(folder.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(!folder.join(DOMAIN).join("next-key.pem").exists());

    // A restart serves it at once and asks nobody.
    let account = fs::read(folder.join("account.json")).unwrap();
    let (_, home) = gateway_.stop().await;
    drop(pebble);
    let again = gateway(tls).home(home).start().await;
    until(&again, "acme", is_up).await;
    assert_eq!(shown(&again, DOMAIN).await, certificate);
    assert_eq!(shown(&again, "localhost").await, own_now);
    assert_eq!(fs::read(folder.join("account.json")).unwrap(), account);
}

#[tokio::test]
async fn u33_tls_alpn_01_is_answered_where_client_certificates_are_asked_for() {
    if !pebble::is_installed() {
        return;
    }
    let home = gateway(json!({ "mode": "self" })).start().await;
    let port = home.gateway.port();
    let pebble = Pebble::start(Setup {
        tls_port: port,
        ..Setup::default()
    })
    .await;
    let mut settings = pebble.settings();
    settings["challenge"] = json!("tls-alpn-01");
    let mut tls = acme(&settings);
    tls["requireClientCertificate"] = json!(true);
    tls["caPath"] = json!(pebble.authority());
    home.apply_config(&config(&tls));
    until(&home, "acme", is_up).await;
    issued(&home);
    assert_serves(&home).await;
}

#[tokio::test]
async fn u33_extra_ports_are_open_only_for_the_challenge_and_auto_tries_both() {
    if !pebble::is_installed() {
        return;
    }
    // http-01 is looked for where nobody answers, tls-alpn-01 on the extra port.
    let (http_port, tls_port) = (free_port(), free_port());
    let pebble = Pebble::start(Setup {
        tls_port,
        binding: Some((
            "kid-1",
            "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W",
        )),
        ..Setup::default()
    })
    .await;
    let mut settings = pebble.settings();
    settings["httpPort"] = json!(http_port);
    settings["tlsPort"] = json!(tls_port);
    let gateway_ = gateway(acme(&settings)).start().await;
    until(&gateway_, "acme", is_up).await;
    assert_eq!(shown(&gateway_, DOMAIN).await, issued(&gateway_));
    for port in [http_port, tls_port] {
        wait_for("the extra port is closed", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_err()
        })
        .await;
    }
}

#[tokio::test]
async fn u33_a_certificate_is_renewed_while_the_old_one_is_served() {
    if !pebble::is_installed() {
        return;
    }
    let http_port = free_port();
    let pebble = Pebble::start(Setup {
        http_port,
        validity_secs: 9,
        ..Setup::default()
    })
    .await;
    let mut settings = pebble.settings();
    settings["httpPort"] = json!(http_port);
    let gateway_ = gateway(acme(&settings)).start().await;
    until(&gateway_, "acme", is_up).await;
    let first = issued(&gateway_);
    let account = folder(gateway_.state_dir()).join("account.json");
    let account_before = fs::read(&account).unwrap();
    wait_for("another certificate", || issued(&gateway_) != first).await;
    assert_eq!(shown(&gateway_, DOMAIN).await, issued(&gateway_));
    assert_eq!(
        fs::read(&account).unwrap(),
        account_before,
        "the same account"
    );
    until(&gateway_, "acme", is_up).await;
}
