//! Connects to an address and finds out whether it leads to this very gateway.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use ring::digest::{SHA256, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::candidates::{Candidate, host_of};
use super::{Endpoint, Source, Survey, Unreachable, WITNESS_HEADER, Witness};
use crate::core::Core;

/// Time for one address, all addresses at once.
const PATIENCE: Duration = Duration::from_secs(4);
/// Longest answer that is read, in bytes: a status line and headers.
const MAX_ANSWER: usize = 16 * 1024;

/// Tries all of them at once, and keeps their order.
pub async fn prove_all(core: &Core, candidates: Vec<Candidate>) -> Survey {
    let own = core.tls.facts().map(|facts| facts.fingerprint);
    let tried = candidates.into_iter().map(|candidate| {
        let own = own.clone();
        async move {
            match candidate {
                Candidate::Skip(skipped) => Err(skipped),
                Candidate::Try { url, source } => {
                    let proof =
                        tokio::time::timeout(PATIENCE, prove(&core.witness, &url, own.as_deref()));
                    let proof = proof.await.unwrap_or_else(|_| {
                        Err(format!("no answer within {} s", PATIENCE.as_secs()))
                    });
                    match proof {
                        Ok(tls_fingerprint) => Ok(Endpoint {
                            url,
                            source,
                            tls_fingerprint,
                            proven: true,
                        }),
                        // The operator came this way a moment ago; that we cannot come back to ourselves through the
                        // same router says nothing about others.
                        Err(_) if source == Source::InUse => Ok(Endpoint {
                            url,
                            source,
                            tls_fingerprint: None,
                            proven: false,
                        }),
                        Err(reason) => Err(Unreachable {
                            url,
                            source,
                            reason,
                        }),
                    }
                }
            }
        }
    });
    let mut survey = Survey::default();
    for outcome in join_all(tried).await {
        match outcome {
            Ok(endpoint) => survey.endpoints.push(endpoint),
            Err(unreachable) => survey.unreachable.push(unreachable),
        }
    }
    survey
}

/// The fingerprint to pin if our own certificate is shown, nothing for plain text and publicly trusted certificates.
async fn prove(witness: &Witness, url: &str, own: Option<&str>) -> Result<Option<String>, String> {
    let (secure, rest) = match url.strip_prefix("wss://") {
        Some(rest) => (true, rest),
        None => (false, url.strip_prefix("ws://").unwrap_or(url)),
    };
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, path.trim_matches('/')),
        None => (rest, ""),
    };
    let host = host_of(url).to_owned();
    let port = authority
        .rsplit_once(':')
        .filter(|_| !authority.ends_with(']'))
        .and_then(|(_, port)| port.parse().ok())
        .unwrap_or(if secure { 443 } else { 80 });
    let tcp = connect(&host, port).await?;
    let nonce = Witness::nonce();
    let path = if path.is_empty() {
        "/healthz".to_owned()
    } else {
        format!("/{path}/healthz")
    };
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\n{WITNESS_HEADER}: {nonce}\r\nAccept: application/json\r\nUser-Agent: openclaw-gateway\r\nConnection: close\r\n\r\n"
    );
    let (answer, pin) = if secure {
        let seen = Arc::new(Seen::new()?);
        let connector = TlsConnector::from(Arc::new(seen.config()?));
        let name = ServerName::try_from(host.clone())
            .map_err(|error| format!("not a host name: {error}"))?;
        let mut stream = connector
            .connect(name.clone(), tcp)
            .await
            .map_err(|error| format!("the TLS handshake failed: {error}"))?;
        let pin = seen.judge(&name, own)?;
        (exchange(&mut stream, &request).await?, pin)
    } else {
        let mut tcp = tcp;
        (exchange(&mut tcp, &request).await?, None)
    };
    recognise(witness, &nonce, &answer)?;
    Ok(pin)
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, String> {
    let addresses: Vec<_> = tokio::net::lookup_host((host, port))
        .await
        .map_err(|error| format!("the name {host} cannot be resolved: {error}"))?
        .collect();
    let mut problem = format!("the name {host} has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => problem = format!("nobody answers at {address}: {error}"),
        }
    }
    Err(problem)
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    request: &str,
) -> Result<String, String> {
    let broken = |error: std::io::Error| format!("the connection broke: {error}");
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut bytes = Vec::new();
    let mut chunk = [0; 2048];
    while bytes.len() < MAX_ANSWER && !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut chunk).await {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            // A TLS peer that leaves without saying so has still answered.
            Err(_) if !bytes.is_empty() => break,
            Err(error) => return Err(broken(error)),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether an answer comes from this gateway.
fn recognise(witness: &Witness, nonce: &str, answer: &str) -> Result<(), String> {
    let mut lines = answer.split("\r\n");
    let status = lines.next().unwrap_or_default();
    let code = status.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with("HTTP/1.") {
        return Err("what answers there does not speak HTTP".to_owned());
    }
    let proof = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case(WITNESS_HEADER))
        .map(|(_, value)| value.trim());
    match proof {
        Some(proof) if witness.answer(nonce).as_deref() == Some(proof) => Ok(()),
        Some(_) => Err("another openclaw gateway answers there".to_owned()),
        None if code == "421" => Err(
            "this gateway does not answer to that name; allow it with gateway.publicOrigin or gateway.controlUi.allowedOrigins"
                .to_owned(),
        ),
        None => Err(format!("something else answers there (HTTP {code})")),
    }
}

/// Takes any certificate, and remembers it to be judged afterwards.
#[derive(Debug)]
struct Seen {
    provider: Arc<CryptoProvider>,
    chain: Mutex<Vec<CertificateDer<'static>>>,
}

impl Seen {
    #[expect(clippy::unnecessary_wraps, reason = "used with ? beside others")]
    fn new() -> Result<Self, String> {
        Ok(Self {
            provider: Arc::new(rustls::crypto::ring::default_provider()),
            chain: Mutex::default(),
        })
    }

    fn config(self: &Arc<Self>) -> Result<ClientConfig, String> {
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let verifier: Arc<dyn ServerCertVerifier> = Arc::clone(self) as _;
        let mut config = builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Our own certificate is pinned; another one has to be one that every client trusts.
    fn judge(&self, name: &ServerName<'_>, own: Option<&str>) -> Result<Option<String>, String> {
        let chain = self.chain.lock();
        let (leaf, rest) = chain.split_first().ok_or("it showed no certificate")?;
        let fingerprint = data_encoding::HEXLOWER.encode(digest(&SHA256, leaf).as_ref());
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let trusted = WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(&self.provider),
        )
        .build()
        .map_err(|error| error.to_string())?
        .verify_server_cert(leaf, rest, name, &[], UnixTime::now());
        match trusted {
            Ok(_) => Ok(None),
            Err(_) if own == Some(fingerprint.as_str()) => Ok(Some(fingerprint)),
            Err(error) => Err(format!(
                "its certificate is neither ours nor publicly trusted: {error}"
            )),
        }
    }
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let mut chain = vec![leaf.clone().into_owned()];
        chain.extend(intermediates.iter().map(|one| one.clone().into_owned()));
        *self.chain.lock() = chain;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
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
    fn only_our_own_answer_counts() {
        let (us, others) = (Witness::default(), Witness::default());
        let nonce = Witness::nonce();
        let answer =
            |proof: &str| format!("HTTP/1.1 200 OK\r\nX-OpenClaw-Reach: {proof}\r\n\r\n{{}}");
        let ours = answer(&us.answer(&nonce).unwrap());
        assert_eq!(recognise(&us, &nonce, &ours), Ok(()));
        for (answer, expected) in [
            (
                answer(&others.answer(&nonce).unwrap()),
                "another openclaw gateway",
            ),
            (
                "HTTP/1.1 200 OK\r\n\r\n".to_owned(),
                "something else answers there (HTTP 200)",
            ),
            (
                "HTTP/1.1 421 Misdirected Request\r\n\r\n".to_owned(),
                "does not answer to that name",
            ),
            ("SSH-2.0-OpenSSH".to_owned(), "does not speak HTTP"),
            (String::new(), "does not speak HTTP"),
        ] {
            let reason = recognise(&us, &nonce, &answer).unwrap_err();
            assert!(reason.contains(expected), "{reason}");
        }
    }
}
