//! An accepted connection whose first bytes may have been read to find out what they are.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::either::Either;

use crate::platform::UnixStream;

/// An accepted connection: TCP or Unix.
pub(super) type Stream = Either<TcpStream, UnixStream>;

/// Bytes read at once while looking: a TLS hello or a request head usually fits.
const STEP: usize = 1024;

/// A connection and what was read ahead of it.
#[derive(Debug)]
pub(super) struct Incoming {
    stream: Stream,
    /// Read, and not yet handed out.
    front: Vec<u8>,
    /// Bytes of `front` that were handed out.
    taken: usize,
}

impl Incoming {
    pub(super) fn new(stream: Stream) -> Self {
        Self {
            stream,
            front: Vec::new(),
            taken: 0,
        }
    }

    /// What was read ahead.
    pub(super) fn front(&self) -> &[u8] {
        &self.front[self.taken..]
    }

    /// Reads more ahead; false at the end of the connection.
    pub(super) async fn read_ahead(&mut self) -> io::Result<bool> {
        self.front.reserve(STEP);
        Ok(self.stream.read_buf(&mut self.front).await? > 0)
    }

    /// Drops bytes that were read ahead.
    pub(super) fn skip(&mut self, length: usize) {
        self.taken = (self.taken + length).min(self.front.len());
    }

    /// The connection itself, for a last word.
    pub(super) fn into_stream(self) -> Stream {
        self.stream
    }
}

impl AsyncRead for Incoming {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let front = self.front();
        if front.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let length = front.len().min(buffer.remaining());
        buffer.put_slice(&front[..length]);
        self.skip(length);
        if self.front().is_empty() {
            // A connection lives long; what it began with does not have to.
            self.front = Vec::new();
            self.taken = 0;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Incoming {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
