//! One HTTP request written by hand, so that every answer can be looked at, also the ones an HTTP library refuses.

use std::io;

use ::http::{HeaderName, HeaderValue};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

use super::tls;
use crate::target::{GatewayUrl, Scheme};

/// How much of a body is read.
const BODY: usize = 4096;
/// Longest head that is read.
const HEAD: usize = 32 * 1024;
/// Any 16 bytes in base64 will do: the answer to it is fixed, and nothing is protected by it.
const KEY: &str = "d2Fsa2luZy10aGUtd2F5IQ==";
/// What RFC 6455 makes of that key.
const ACCEPT: &str = "jcEuegFhS8PP/A8dkpI41WBb678=";

/// Either kind of stream.
pub(super) trait Both: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Both for T {}

/// A stream after its head was read; what came behind the head is still in it.
pub(super) type Stream = BufReader<Box<dyn Both>>;

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpSeen {
    /// An HTTP answer.
    Answer(Answer),
    /// Something else; its first bytes.
    NotHttp(Vec<u8>),
    /// The TLS connection was ended with this alert.
    Alert(String),
    /// The connection was closed without a word.
    Closed,
    /// Nothing came.
    Silent,
    /// The connection broke.
    Broken(String),
}

/// An HTTP answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Start of the body.
    pub body: String,
}

impl Answer {
    /// The first header of this name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as JSON, if it is JSON.
    pub fn json(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// Whether this is the liveness page of a gateway.
    pub fn is_live_page(&self) -> bool {
        self.status == 200 && self.json().is_some_and(|body| body["status"] == "live")
    }
}

/// Asks for the WebSocket.
pub(super) fn upgrade_request(url: &GatewayUrl, headers: &[(HeaderName, HeaderValue)]) -> String {
    let query = url.query.as_ref().map(|query| format!("?{query}"));
    let path = format!("{}{}", url.path, query.unwrap_or_default());
    let mut request = head(&path, url, headers);
    request.push_str("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    request.extend(["Sec-WebSocket-Key: ", KEY, "\r\n\r\n"]);
    request
}

/// Asks for the liveness page below the same path.
pub(super) fn live_request(url: &GatewayUrl, headers: &[(HeaderName, HeaderValue)]) -> String {
    let path = format!("{}/healthz", url.path.trim_end_matches('/'));
    let mut request = head(&path, url, headers);
    request.push_str("Connection: close\r\n\r\n");
    request
}

fn head(path: &str, url: &GatewayUrl, headers: &[(HeaderName, HeaderValue)]) -> String {
    let port = match (url.scheme, url.port) {
        (Scheme::Ws, 80) | (Scheme::Wss, 443) => String::new(),
        (_, port) => format!(":{port}"),
    };
    let mut request = format!(
        "GET {path} HTTP/1.1\r\nHost: {}{port}\r\n",
        url.host.header()
    );
    for (name, value) in headers {
        if let Ok(value) = value.to_str() {
            request.extend([name.as_str(), ": ", value, "\r\n"]);
        }
    }
    request
}

/// Whether a 101 answers our key.
pub(super) fn accepts(answer: &Answer) -> bool {
    answer.header("sec-websocket-accept") == Some(ACCEPT)
}

/// Sends a request and reads the answer; the stream goes on after a 101.
pub(super) async fn exchange(stream: Box<dyn Both>, request: &str) -> (HttpSeen, Option<Stream>) {
    let mut stream = BufReader::new(stream);
    let seen = match talk(&mut stream, request).await {
        Ok(seen) => seen,
        Err(error) => failure(&error),
    };
    (seen, Some(stream))
}

fn failure(error: &io::Error) -> HttpSeen {
    if let Some(alert) = tls::alert(error) {
        return HttpSeen::Alert(alert);
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => HttpSeen::Closed,
        _ => HttpSeen::Broken(error.to_string()),
    }
}

async fn talk(stream: &mut Stream, request: &str) -> io::Result<HttpSeen> {
    let sent = async {
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await
    };
    // A server that closes at once may have said why; what it said is read first.
    let sent = sent.await;
    let first = stream.fill_buf().await;
    let first = match (first, sent) {
        (Ok(bytes), _) if !bytes.is_empty() => bytes.to_vec(),
        (Err(error), _) | (Ok(_), Err(error)) => return Err(error),
        (Ok(_), Ok(())) => return Ok(HttpSeen::Closed),
    };
    let prefix = b"HTTP/1.";
    let compared = first.len().min(prefix.len());
    if first[..compared] != prefix[..compared] {
        return Ok(HttpSeen::NotHttp(first[..first.len().min(256)].to_vec()));
    }
    let mut lines = Vec::new();
    let mut total = 0;
    loop {
        let mut line = Vec::new();
        let read = (&mut *stream)
            .take(HEAD as u64)
            .read_until(b'\n', &mut line)
            .await?;
        total += read;
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        if read == 0 || total > HEAD {
            return Ok(HttpSeen::NotHttp(first[..first.len().min(256)].to_vec()));
        }
        if text.is_empty() {
            break;
        }
        lines.push(text);
    }
    let Some(mut answer) = parse(&lines) else {
        return Ok(HttpSeen::NotHttp(first[..first.len().min(256)].to_vec()));
    };
    if answer.status != 101 {
        answer.body = body(stream, &answer).await;
    }
    Ok(HttpSeen::Answer(answer))
}

/// Reads what there is of a body; one that breaks off is as good as it is.
async fn body(stream: &mut Stream, answer: &Answer) -> String {
    let announced = answer
        .header("content-length")
        .and_then(|length| length.parse().ok())
        .unwrap_or(BODY);
    let mut bytes = Vec::new();
    let mut limited = stream.take(announced.min(BODY) as u64);
    // Servers that keep the connection open without a length would be waited for.
    let wait = std::time::Duration::from_millis(500);
    let _ended = tokio::time::timeout(wait, limited.read_to_end(&mut bytes)).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if answer.header("transfer-encoding").is_some() {
        unchunk(&text)
    } else {
        text
    }
}

/// Takes the sizes out of a chunked body.
fn unchunk(text: &str) -> String {
    let mut rest = text;
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = size.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(size, 16) else {
            break;
        };
        let Some(chunk) = after.get(..size.min(after.len())).filter(|_| size > 0) else {
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

fn parse(lines: &[String]) -> Option<Answer> {
    let (first, rest) = lines.split_first()?;
    let status = first.split(' ').nth(1)?.parse().ok()?;
    let headers = rest
        .iter()
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        })
        .collect();
    Some(Answer {
        status,
        headers,
        body: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_key_has_its_fixed_answer() {
        let text = format!("{KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
        let hash = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        assert_eq!(data_encoding::BASE64.encode(hash.as_ref()), ACCEPT);
    }

    #[tokio::test]
    async fn answers_are_read_as_they_come() {
        for (sent, seen) in [
            (
                "HTTP/1.1 302 Found\r\nLocation: https://x/\r\nContent-Length: 2\r\n\r\nokmore",
                HttpSeen::Answer(Answer {
                    status: 302,
                    headers: vec![
                        ("location".into(), "https://x/".into()),
                        ("content-length".into(), "2".into()),
                    ],
                    body: "ok".into(),
                }),
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                HttpSeen::Answer(Answer {
                    status: 200,
                    headers: vec![("transfer-encoding".into(), "chunked".into())],
                    body: "abcde".into(),
                }),
            ),
            (
                "SSH-2.0-x\r\n",
                HttpSeen::NotHttp(b"SSH-2.0-x\r\n".to_vec()),
            ),
            ("", HttpSeen::Closed),
        ] {
            let (near, mut far) = tokio::io::duplex(1024);
            let other = async move {
                far.write_all(sent.as_bytes()).await.unwrap();
                let mut asked = [0; 16];
                far.read_exact(&mut asked).await.unwrap();
            };
            let (got, ()) = tokio::join!(exchange(Box::new(near), "GET / HTTP/1.1\r\n\r\n"), other);
            assert_eq!(got.0, seen);
        }
    }
}
