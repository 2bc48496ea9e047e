//! HTTPS to the ACME server: one connection per request, few requests per certificate.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{HOST, HeaderValue, RETRY_AFTER};
use http::{Request, Response};
use http_body_util::{BodyExt, Limited};
use hyper_util::rt::TokioIo;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use jiff::fmt::rfc2822::DateTimeParser;
use parking_lot::Mutex;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::failure::Failure;

/// Time for one request, connecting included.
const PATIENCE: Duration = Duration::from_secs(30);
/// Dates as HTTP writes them. The day of the week says nothing new.
const DATES: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
/// Largest answer; a chain of certificates has some kilobytes.
const MAX_ANSWER: usize = 1024 * 1024;

/// Speaks HTTPS with the public roots and, for private servers, some more. Clones share what they saw.
#[derive(Clone)]
pub(crate) struct Transport {
    tls: Arc<ClientConfig>,
    retry_after: Arc<Mutex<Option<Duration>>>,
}

impl Transport {
    /// Trusts the public roots and those of `ca_file`.
    pub(crate) fn new(ca_file: Option<&Path>) -> Result<Self, Failure> {
        let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
        if let Some(path) = ca_file {
            let unusable = |error: &dyn StdError| {
                Failure::Refused(format!(
                    "gateway.tls.acme.caFile: cannot use {}: {error}",
                    path.display()
                ))
            };
            let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect)
                .map_err(|error| unusable(&error))?;
            if certificates.is_empty() {
                return Err(unusable(&io::Error::other("it holds no certificate")));
            }
            for certificate in certificates {
                roots.add(certificate).map_err(|error| unusable(&error))?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::Unreachable(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            tls: Arc::new(tls),
            retry_after: Arc::default(),
        })
    }

    /// How long the last refused request asks to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        *self.retry_after.lock()
    }

    async fn exchange(self, request: Request<BodyWrapper<Bytes>>) -> io::Result<BytesResponse> {
        let uri = request.uri();
        let host = uri
            .host()
            .ok_or_else(|| io::Error::other(format!("{uri} names no host")))?
            .to_owned();
        if uri.scheme_str() != Some("https") {
            return Err(io::Error::other(format!("{uri} is not https")));
        }
        let bare = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let name = ServerName::try_from(bare.clone())
            .map_err(|error| io::Error::other(format!("{host}: {error}")))?;
        let port = uri.port_u16().unwrap_or(443);
        let stream = TcpStream::connect((bare.as_str(), port))
            .await
            .map_err(|error| io::Error::new(error.kind(), format!("{host}:{port}: {error}")))?;
        let stream = TlsConnector::from(self.tls).connect(name, stream).await?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        let answer = async {
            let response = sender
                .send_request(origin_form(request)?)
                .await
                .map_err(io::Error::other)?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, MAX_ANSWER)
                .collect()
                .await
                .map_err(io::Error::other)?
                .to_bytes();
            if parts.status.is_client_error() || parts.status.is_server_error() {
                *self.retry_after.lock() = wait_asked_for(parts.headers.get(RETRY_AFTER));
            }
            Ok(BytesResponse {
                parts,
                body: Box::new(body),
            })
        };
        let (mut answer, mut connection) = (pin!(answer), pin!(connection));
        tokio::select! {
            biased;
            answer = &mut answer => answer,
            // It may end before the answer has been taken from it.
            _ = &mut connection => answer.await,
        }
    }
}

/// Path and query in the request line, the rest in `Host`.
fn origin_form(
    mut request: Request<BodyWrapper<Bytes>>,
) -> io::Result<Request<BodyWrapper<Bytes>>> {
    let authority = request.uri().authority().map(ToString::to_string);
    let host = HeaderValue::from_str(authority.as_deref().unwrap_or_default())
        .map_err(io::Error::other)?;
    request.headers_mut().insert(HOST, host);
    let path = request.uri().path_and_query();
    let path = path.map_or("/", http::uri::PathAndQuery::as_str).to_owned();
    *request.uri_mut() = path.parse().map_err(io::Error::other)?;
    Ok(request)
}

/// Reads `Retry-After`: seconds, or a date.
fn wait_asked_for(value: Option<&HeaderValue>) -> Option<Duration> {
    let text = value?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DATES.parse_timestamp(text).ok()?;
    SystemTime::from(date)
        .duration_since(SystemTime::now())
        .ok()
}

impl HttpClient for Transport {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let exchange = tokio::time::timeout(PATIENCE, self.clone().exchange(request));
        Box::pin(async move {
            match exchange.await {
                Ok(Ok(response)) => {
                    // The library takes every body for JSON; an error page of something in between is none.
                    Ok(as_problem(response))
                }
                Ok(Err(error)) => Err(Error::Other(Box::new(error))),
                Err(_) => Err(Error::Other(Box::new(io::Error::from(
                    io::ErrorKind::TimedOut,
                )))),
            }
        })
    }
}

/// Gives an error without a problem document one, so that its status is not lost.
fn as_problem(response: BytesResponse) -> BytesResponse {
    let status = response.parts.status;
    let is_error = status.is_client_error() || status.is_server_error();
    let is_json = response
        .parts
        .headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.contains("json"));
    if !is_error || is_json {
        return response;
    }
    let kind = if status == http::StatusCode::TOO_MANY_REQUESTS {
        "urn:ietf:params:acme:error:rateLimited"
    } else {
        "about:blank"
    };
    let problem = serde_json::json!({
        "type": kind, "status": status.as_u16(), "detail": format!("HTTP status {status}"),
    });
    let body = http_body_util::Full::new(Bytes::from(problem.to_string()));
    let mut parts = response.parts;
    parts.headers.remove(http::header::CONTENT_LENGTH);
    BytesResponse::from(Response::from_parts(parts, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u33_the_wait_that_a_server_asks_for_is_read_in_both_forms() {
        let read = |text: &str| wait_asked_for(Some(&HeaderValue::from_str(text).unwrap()));
        assert_eq!(read("120"), Some(Duration::from_secs(120)));
        assert_eq!(read("soon"), None);
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), None, "it is over");
        let far = read("Sun, 21 Oct 2435 07:28:00 GMT").unwrap();
        assert!(far > Duration::from_secs(365 * 86_400));
        assert_eq!(wait_asked_for(None), None);
    }
}
