//! Encryption and certificates.

use openclaw_testkit::TestGateway;
use openclaw_testkit::fault::Broken;
use openclaw_testkit::fault::certificate::{Authority, Days, Pair, nameless_server, self_signed};
use openclaw_testkit::fault::http::{always, gateway_but, status};
use rustls::ServerConfig;
use serde_json::json;

use super::stage::{Answer, Fault};

const NAME: &str = "gw.example.org";

/// A server with TLS that is fine but for its certificate.
async fn server(config: ServerConfig) -> Broken {
    Broken::https(config, gateway_but(|| status("404 Not Found", "", ""))).await
}

/// A fault at a server that has the name.
fn at(
    made: &'static str,
    id: &'static str,
    cause: &'static str,
    fix: &'static str,
    server: Broken,
    scheme: &str,
) -> Fault {
    let address = server.address();
    Fault::new(made, id, cause, fix)
        .url(format!("{scheme}://{NAME}:{}", address.port()))
        .name(NAME, Answer::Addresses(vec![address]))
        .with(server)
}

async fn wss(
    made: &'static str,
    id: &'static str,
    cause: &'static str,
    fix: &'static str,
    pair: Pair,
) -> Fault {
    at(made, id, cause, fix, server(pair.server()).await, "wss")
}

pub(super) async fn all(faults: &mut Vec<Fault>) {
    let authority = Authority::new("Test Authority");
    let root = authority.certificate.clone();
    let private = Authority::new("Private Authority");
    faults.extend([
        wss("a certificate that ended three days ago", "tls_expired", "(3 days ago)", "openclaw gateway status", authority.sign(&[NAME], Days::OVER)).await.trusts(root.clone()),
        wss("a certificate that begins in three days", "tls_not_yet_valid", "the clock of this machine is behind", "timedatectl", authority.sign(&[NAME], Days::LATER)).await.trusts(root.clone()),
        wss("a certificate for another name", "tls_wrong_name", "is for other.example.org, not for gw.example.org", "wss://other.example.org", authority.sign(&["other.example.org"], Days::NOW)).await.trusts(root.clone()),
        wss("a certificate of an unknown authority", "tls_unknown_ca", "Private Authority", "serve the full chain", private.sign(&[NAME], Days::NOW)).await,
        wss("a self-signed certificate that is not pinned", "tls_self_signed", "it has to be pinned once", "gateway.remote.tlsFingerprint", self_signed(&[NAME], Days::NOW)).await,
        wss("a self-signed certificate that has ended", "tls_expired", "ended on", "openclaw gateway status", self_signed(&[NAME], Days::OVER)).await,
        wss("another certificate than the pinned one", "tls_pin_mismatch", "somebody stands in between", "only if both are the same", self_signed(&[NAME], Days::NOW)).await
            .remote("tlsFingerprint", json!("ab".repeat(32))),
        at("a gateway that wants a client certificate", "tls_client_certificate", "mutual TLS", "gateway.tls.requireClientCertificate false",
            server(authority.sign(&[NAME], Days::NOW).mutual(&authority)).await, "wss").trusts(root.clone()),
        at("a server without a certificate for the name", "tls_refused", "it has no certificate for the name gw.example.org", "gateway.tls.domains", server(nameless_server()).await, "wss"),
        // The alert that servers of TLS 1.0 and 1.1 send: level fatal, protocol_version.
        at("a server that speaks TLS 1.0 and 1.1 only", "tls_version", "no TLS version in common", "ssl_protocols TLSv1.2 TLSv1.3",
            Broken::answering(&[21, 3, 1, 0, 2, 2, 70]).await, "wss"),
        at("`wss://` to a port without TLS", "tls_plain_http", "answers plain HTTP", "gateway.tls.mode self", Broken::http(always(|| status("400 Bad Request", "", ""))).await, "wss"),
        at("a connection cut in the TLS handshake", "tls_closed", "in the middle of the TLS handshake", "openssl s_client", Broken::hanging_up().await, "wss"),
        at("a server that never answers the TLS handshake", "tls_timeout", "then said nothing", "openclaw gateway status --deep", Broken::silent().await, "wss").impatient(),
        at("`wss://` to an SSH server", "other_service", "an SSH server", "openclaw gateway status", Broken::greeting(b"SSH-2.0-OpenSSH_9.6\r\n").await, "wss"),
        at("`ws://` to a port with TLS only", "http_tls_expected", "takes TLS only", "gateway.remote.url wss://gw.example.org",
            server(self_signed(&[NAME], Days::NOW).server()).await, "ws"),
        at("`ws://` to nginx on its TLS port", "http_tls_expected", "takes TLS only", "gateway.remote.url wss://gw.example.org",
            Broken::serve_tls_or(self_signed(&[NAME], Days::NOW).server(), "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Length: 5\r\nConnection: close\r\n\r\nplain").await, "ws"),
    ]);
    let plain = TestGateway::start().await;
    let address = plain.address();
    faults.push(
        Fault::new(
            "`wss://` to our own gateway without TLS",
            "tls_plain_http",
            "TLS is off there",
            "gateway.tls.mode self",
        )
        .url(format!("wss://{NAME}:{}", address.port()))
        .name(NAME, Answer::Addresses(vec![address]))
        .with(plain),
    );
    let own = TestGateway::builder()
        .gateway("tls", json!({ "enabled": true }))
        .start()
        .await;
    let address = own.address();
    faults.push(
        Fault::new(
            "our own gateway's certificate, which is not pinned",
            "tls_self_signed",
            "as a gateway makes it by itself",
            "config set gateway.remote.tlsFingerprint",
        )
        .url(format!("wss://127.0.0.1:{}", address.port()))
        .with(own),
    );
}
