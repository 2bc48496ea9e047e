//! A WebSocket client for load: one buffer each way, no copies it can avoid, no checks that a test would make.
//!
//! Its masking key is zero. The server unmasks all the same, and no proxy lies between the two that a random key would
//! protect.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes asked of the kernel at least, per read.
const READ: usize = 4 * 1024;
/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

const TEXT: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xA;
/// First byte of a frame that is a whole message.
const FINAL: u8 = 0x80;
/// Second byte of a frame from a client.
const MASKED: u8 = 0x80;
/// The length follows in two bytes.
const MEDIUM: u8 = 0x7E;
/// The length follows in eight bytes.
const LONG: u8 = 0x7F;

/// Why there is no connection.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The system or the connection failed.
    Io(io::Error),
    /// An HTTP answer other than 101, with the wait it asks for.
    Http { retry_after: Option<Duration> },
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    inbox: BytesMut,
    outbox: Vec<u8>,
}

impl Socket {
    /// Connects and upgrades.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Refused> {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut inbox = BytesMut::with_capacity(READ);
        let end = loop {
            if let Some(end) = inbox.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut inbox).await? == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
        };
        let head = inbox.split_to(end);
        if head.starts_with(b"HTTP/1.1 101 ") {
            return Ok(Self {
                stream,
                inbox,
                outbox: Vec::new(),
            });
        }
        let head = String::from_utf8_lossy(&head);
        let retry_after = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let seconds = value.trim().parse().ok()?;
            name.eq_ignore_ascii_case("retry-after")
                .then_some(Duration::from_secs(seconds))
        });
        Err(Refused::Http { retry_after })
    }

    /// Queues a text message.
    pub(crate) fn queue(&mut self, text: &[u8]) {
        self.queue_frame(TEXT, text);
    }

    fn queue_frame(&mut self, opcode: u8, payload: &[u8]) {
        self.outbox.push(FINAL | opcode);
        if let Ok(short @ 0..=125) = u8::try_from(payload.len()) {
            self.outbox.push(MASKED | short);
        } else if let Ok(medium) = u16::try_from(payload.len()) {
            self.outbox.push(MASKED | MEDIUM);
            self.outbox.extend_from_slice(&medium.to_be_bytes());
        } else {
            self.outbox.push(MASKED | LONG);
            let long = payload.len() as u64;
            self.outbox.extend_from_slice(&long.to_be_bytes());
        }
        self.outbox.extend_from_slice(&[0; 4]);
        self.outbox.extend_from_slice(payload);
    }

    /// Writes what is queued, in one piece.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        if !self.outbox.is_empty() {
            self.stream.write_all(&self.outbox).await?;
            self.outbox.clear();
            if self.outbox.capacity() > 64 * 1024 {
                self.outbox = Vec::new();
            }
        }
        Ok(())
    }

    /// Sends one text message.
    pub(crate) async fn send(&mut self, text: &[u8]) -> io::Result<()> {
        self.queue(text);
        self.flush().await
    }

    /// Writes bytes until the system takes no more; for a client that never reads.
    pub(crate) fn stuff(&mut self) -> io::Result<()> {
        while !self.outbox.is_empty() {
            match self.stream.try_write(&self.outbox) {
                Ok(written) => drop(self.outbox.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Bytes queued and not written.
    pub(crate) fn queued(&self) -> usize {
        self.outbox.len()
    }

    /// The next text message that has already come in. Answers pings; a close frame is the end.
    pub(crate) fn buffered(&mut self) -> io::Result<Option<Bytes>> {
        while let Some((opcode, payload)) = self.take_frame() {
            match opcode {
                TEXT => return Ok(Some(payload)),
                PING => self.queue_frame(PONG, &payload),
                CLOSE => return Err(closed(&payload)),
                _ => {}
            }
        }
        Ok(None)
    }

    fn take_frame(&mut self) -> Option<(u8, Bytes)> {
        let (head, length) = match *self.inbox.get(1)? {
            MEDIUM => (4, usize::from(u16::from_be_bytes(self.bytes_at(2)?))),
            LONG => (
                10,
                usize::try_from(u64::from_be_bytes(self.bytes_at(2)?)).expect("frames fit memory"),
            ),
            short => (2, usize::from(short)),
        };
        if self.inbox.len() < head + length {
            self.inbox.reserve(head + length - self.inbox.len());
            return None;
        }
        let opcode = self.inbox[0] & 0xF;
        self.inbox.advance(head);
        Some((opcode, self.inbox.split_to(length).freeze()))
    }

    fn bytes_at<const N: usize>(&self, start: usize) -> Option<[u8; N]> {
        self.inbox.get(start..start + N)?.try_into().ok()
    }

    /// Reads once, whatever there is.
    pub(crate) async fn fill(&mut self) -> io::Result<()> {
        self.inbox.reserve(READ);
        if self.stream.read_buf(&mut self.inbox).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    /// The next text message.
    pub(crate) async fn next(&mut self) -> io::Result<Bytes> {
        loop {
            let message = self.buffered()?;
            self.flush().await?;
            match message {
                Some(message) => return Ok(message),
                None => self.fill().await?,
            }
        }
    }

    /// The next text message that `wanted` picks.
    pub(crate) async fn next_where(&mut self, wanted: impl Fn(&[u8]) -> bool) -> io::Result<Bytes> {
        let picked = async {
            loop {
                let message = self.next().await?;
                if wanted(&message) {
                    return Ok(message);
                }
            }
        };
        match tokio::time::timeout(PATIENCE, picked).await {
            Ok(picked) => picked,
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Closes as a well-behaved client does: close frame, the other side's, end.
    pub(crate) async fn close(mut self) -> io::Result<()> {
        self.queue_frame(CLOSE, &1000_u16.to_be_bytes());
        self.flush().await?;
        loop {
            self.inbox.clear();
            self.inbox.reserve(READ);
            match self.stream.read_buf(&mut self.inbox).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // The other side may be gone for good already.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Cuts the connection as a dying network does: no close frame, a reset.
    pub(crate) fn cut(self) -> io::Result<()> {
        rustix::net::sockopt::set_socket_linger(&self.stream, Some(Duration::ZERO))?;
        Ok(())
    }
}

fn closed(payload: &[u8]) -> io::Error {
    let reason = String::from_utf8_lossy(payload.get(2..).unwrap_or_default()).into_owned();
    io::Error::new(io::ErrorKind::ConnectionAborted, reason)
}
