//! The PROXY protocol, versions 1 and 2: what a proxy says about a connection before the first byte of its client.
//!
//! [`parse`] looks at the bytes so far and never reads past the header. It is strict: whoever may speak the protocol is a
//! program that was configured to, so anything odd is an error and not a guess. Who may speak it is decided elsewhere.

mod crc32c;
mod v1;
mod v2;

use std::net::SocketAddr;

/// Longest header that is read, in bytes: version 1 has 107 at most, version 2 grows with what the proxy adds.
pub const MAX_HEADER: usize = 4096;

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Bytes of the header; what follows belongs to the client.
    pub length: usize,
    /// The connection between client and proxy. Absent for `UNKNOWN` and `LOCAL`: the proxy speaks for itself, or cannot say.
    pub addresses: Option<Addresses>,
    /// Whether the client spoke TLS to the proxy, if the proxy says so.
    pub tls: Option<bool>,
}

/// The two ends of the connection that a proxy passes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses {
    /// The client.
    pub source: SocketAddr,
    /// Where it connected to.
    pub destination: SocketAddr,
}

/// What the first bytes of a connection are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// No PROXY header: the connection starts with something else.
    Absent,
    /// Perhaps one; more bytes are needed to tell.
    More,
    /// A whole one.
    Whole(Header),
}

/// Why a header is not usable. The connection must be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Invalid {
    /// Version 1: the line is not one of the forms of the specification.
    #[error("malformed version 1 line")]
    Line,
    /// Version 1: no line end where the specification allows the last one.
    #[error("version 1 line longer than 107 bytes")]
    LongLine,
    /// Version 2: not version 2, or a command that does not exist.
    #[error("unknown version or command")]
    Command,
    /// Version 2: a transport that carries no WebSocket, or one that does not exist.
    #[error("unsupported address family or transport")]
    Family,
    /// Version 2: too short for its own addresses, or longer than [`MAX_HEADER`].
    #[error("header length does not fit its contents")]
    Length,
    /// Version 2: an addition that does not fit the header.
    #[error("malformed addition (TLV)")]
    Addition,
    /// Version 2: the checksum that was sent is not that of the header.
    #[error("wrong CRC32c checksum")]
    Checksum,
}

/// Reads the first bytes of a connection.
pub fn parse(bytes: &[u8]) -> Result<Step, Invalid> {
    match v2::parse(bytes)? {
        Step::Absent => v1::parse(bytes),
        step => Ok(step),
    }
}

#[cfg(test)]
mod tests;
