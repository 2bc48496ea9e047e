//! HTTP answers as wrong as they come.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use super::gateway::{self, Talk};
use super::{Stream, hold};

/// What a server says to a request.
pub type Page = Arc<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// A request.
#[derive(Debug)]
pub struct Asked {
    /// Path and query.
    pub path: String,
    /// Whether it asks for a WebSocket.
    pub upgrade: bool,
    head: String,
}

impl Asked {
    /// Whether the request has this header line, in any case.
    pub fn has(&self, line: &str) -> bool {
        let mut lines = self.head.lines();
        lines.any(|one| one.eq_ignore_ascii_case(line))
    }
}

/// An answer.
#[derive(Debug)]
pub enum Reply {
    /// These bytes.
    Bytes(String),
    /// A WebSocket that goes on like this.
    WebSocket(Talk),
    /// A 101 that belongs to another request.
    WrongAccept,
    /// A 101 and then these bytes.
    Garbage(&'static [u8]),
    /// Nothing, ever.
    Nothing,
}

/// The same answer to everything.
pub fn always(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Page {
    Arc::new(move |_| reply())
}

/// A status with headers and a body.
pub fn status(status: &str, headers: &str, body: &str) -> Reply {
    Reply::Bytes(format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    ))
}

/// A gateway whose liveness page answers, and whose WebSocket is answered like this.
pub fn gateway_but(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Page {
    Arc::new(move |asked| {
        if asked.upgrade {
            reply()
        } else {
            status(
                "200 OK",
                "Content-Type: application/json\r\n",
                r#"{"ok":true,"status":"live"}"#,
            )
        }
    })
}

/// A WebSocket that talks like this.
pub fn talking(talk: impl Fn() -> Talk + Send + Sync + 'static) -> Page {
    gateway_but(move || Reply::WebSocket(talk()))
}

pub(super) async fn serve(mut stream: Stream, page: Page) {
    let Some(asked) = read(&mut stream).await else {
        return;
    };
    match page(&asked) {
        Reply::Bytes(text) => {
            let _sent = stream.write_all(text.as_bytes()).await;
            let _ended = stream.shutdown().await;
        }
        Reply::WebSocket(talk) => {
            let accept = gateway::accept_key(&asked.head);
            let _sent = stream.write_all(switching(&accept).as_bytes()).await;
            gateway::talk(stream, talk).await;
        }
        Reply::WrongAccept => {
            let _sent = stream
                .write_all(switching("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=").as_bytes())
                .await;
            hold(stream).await;
        }
        Reply::Garbage(bytes) => {
            let accept = gateway::accept_key(&asked.head);
            let _sent = stream.write_all(switching(&accept).as_bytes()).await;
            let _sent = stream.write_all(bytes).await;
            hold(stream).await;
        }
        Reply::Nothing => hold(stream).await,
    }
}

fn switching(accept: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

async fn read(stream: &mut Stream) -> Option<Asked> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
        // What does not begin like a request is answered at once, as servers do.
        if !bytes[0].is_ascii_uppercase() {
            break;
        }
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let upgrade = head.to_ascii_lowercase().contains("upgrade: websocket");
    Some(Asked {
        path,
        upgrade,
        head,
    })
}

/// Adds lines to the head of the first request and passes everything on.
pub(super) async fn pass_on(stream: TcpStream, behind: SocketAddr, lines: &'static str) {
    let mut near: Stream = Box::new(stream);
    let Some(asked) = read(&mut near).await else {
        return;
    };
    let Ok(mut far) = TcpStream::connect(behind).await else {
        return;
    };
    let head = asked.head.trim_end_matches("\r\n");
    let head = format!("{head}\r\n{lines}\r\n");
    if far.write_all(head.as_bytes()).await.is_ok() {
        let _ended = copy_bidirectional(&mut near, &mut far).await;
    }
}
