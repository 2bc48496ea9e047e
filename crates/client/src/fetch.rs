//! One page of a gateway, under the same rules of trust as its WebSocket.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::error::{ConnectError, TransportError};
use crate::options::ClientOptions;
use crate::session::{open_tcp, open_unix, server_name};
use crate::target::Scheme;
use crate::tls::Verifier;

/// Longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 64 * 1024;

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Body as text.
    pub body: String,
}

/// Fetches the page at the path of the target's URL, as JSON if the gateway has it so. No credential is sent, redirects
/// are not followed, and plain text only goes where a connection of these options would go in plain text.
pub async fn fetch(options: &ClientOptions) -> Result<Page, ConnectError> {
    let limit = options.connect_timeout;
    match tokio::time::timeout(limit, get(options)).await {
        Ok(page) => page,
        Err(_) => Err(ConnectError::Timeout(limit)),
    }
}

/// Fetches a page over the control socket of a gateway on this machine.
pub async fn fetch_by_socket(
    socket: &Path,
    path: &str,
    limit: Duration,
) -> Result<Page, ConnectError> {
    let page = async {
        let stream = open_unix(socket).await?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nUser-Agent: openclaw\r\nConnection: close\r\n\r\n"
        );
        exchange(stream, &request).await
    };
    match tokio::time::timeout(limit, page).await {
        Ok(page) => page,
        Err(_) => Err(ConnectError::Timeout(limit)),
    }
}

async fn get(options: &ClientOptions) -> Result<Page, ConnectError> {
    let url = options
        .target
        .url()
        .ok_or_else(|| broken("a socket has no pages"))?;
    let tcp = open_tcp(url, options).await?;
    let port = match (url.scheme, url.port) {
        (Scheme::Ws, 80) | (Scheme::Wss, 443) => String::new(),
        (_, port) => format!(":{port}"),
    };
    let query = url.query.as_ref().map(|query| format!("?{query}"));
    let request = format!(
        "GET {}{} HTTP/1.1\r\nHost: {}{port}\r\nAccept: application/json\r\nUser-Agent: openclaw\r\nConnection: close\r\n\r\n",
        url.path,
        query.unwrap_or_default(),
        url.host.header(),
    );
    match url.scheme {
        Scheme::Ws => exchange(tcp, &request).await,
        Scheme::Wss => {
            let verifier: Arc<Verifier> = Verifier::new(&options.tls)?;
            let config = verifier.client_config()?;
            let stream = TlsConnector::from(config)
                .connect(server_name(&url.host)?, tcp)
                .await
                .map_err(|error| verifier.explain(error))?;
            exchange(stream, &request).await
        }
    }
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &str,
) -> Result<Page, ConnectError> {
    let broken = |error: io::Error| broken(&error.to_string());
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut bytes = Vec::new();
    let read = stream.take(MAX_ANSWER).read_to_end(&mut bytes).await;
    // A TLS peer may leave without a farewell.
    if bytes.is_empty() {
        read.map_err(broken)?;
    }
    parse(&String::from_utf8_lossy(&bytes))
}

fn broken(what: &str) -> ConnectError {
    ConnectError::Unreachable(TransportError::Broken(what.to_owned()))
}

fn parse(text: &str) -> Result<Page, ConnectError> {
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or_else(|| broken("what answers there does not speak HTTP"))?;
    let status = head
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.split(' ').nth(1)?.parse().ok())
        .ok_or_else(|| broken("what answers there does not speak HTTP"))?;
    let chunked = head.lines().any(|line| {
        let line = line.to_ascii_lowercase();
        line.starts_with("transfer-encoding:") && line.contains("chunked")
    });
    Ok(Page {
        status,
        body: if chunked {
            unchunk(body)
        } else {
            body.to_owned()
        },
    })
}

/// The text of a chunked body; proxies like to send it so.
fn unchunk(mut rest: &str) -> String {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = size.split(';').next().unwrap_or_default().trim();
        let Some(size) = usize::from_str_radix(size, 16)
            .ok()
            .filter(|size| *size > 0)
        else {
            break;
        };
        let Some(chunk) = after.get(..size) else {
            body.push_str(after);
            break;
        };
        body.push_str(chunk);
        rest = after
            .get(size..)
            .unwrap_or_default()
            .trim_start_matches("\r\n");
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_proxies_send_them() {
        let page = parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        assert_eq!((page.status, page.body.as_str()), (200, "{}"));
        let page = parse(
            "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n2;x=1\r\n1}\r\n0\r\n\r\n",
        );
        assert_eq!(page.unwrap().body, "{\"a\":1}");
        for bad in ["", "SSH-2.0", "HTTP/1.1 abc\r\n\r\n"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert_eq!(unchunk("zz\r\nab"), "");
        assert_eq!(unchunk("ffff\r\nab"), "ab");
    }
}
