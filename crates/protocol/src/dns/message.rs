//! The parts of a message.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::name::Name;

/// Numbers of record types.
pub mod kind {
    /// IPv4 address.
    pub const A: u16 = 1;
    /// Name server.
    pub const NS: u16 = 2;
    /// Alias.
    pub const CNAME: u16 = 5;
    /// Start of authority.
    pub const SOA: u16 = 6;
    /// Pointer.
    pub const PTR: u16 = 12;
    /// Texts.
    pub const TXT: u16 = 16;
    /// IPv6 address.
    pub const AAAA: u16 = 28;
    /// Service.
    pub const SRV: u16 = 33;
    /// EDNS.
    pub const OPT: u16 = 41;
    /// Incremental zone transfer.
    pub const IXFR: u16 = 251;
    /// Zone transfer.
    pub const AXFR: u16 = 252;
    /// Any type.
    pub const ANY: u16 = 255;
}

/// Response codes.
pub mod rcode {
    /// No error.
    pub const NOERROR: u16 = 0;
    /// The query is malformed.
    pub const FORMERR: u16 = 1;
    /// The name does not exist.
    pub const NXDOMAIN: u16 = 3;
    /// The operation is not known.
    pub const NOTIMP: u16 = 4;
    /// The operation is not allowed.
    pub const REFUSED: u16 = 5;
    /// The EDNS version is not known.
    pub const BADVERS: u16 = 16;
}

/// The internet.
pub const CLASS_IN: u16 = 1;
/// Any class, in questions.
pub const CLASS_ANY: u16 = 255;

/// The second word of the header, without the response code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags(pub u16);

impl Flags {
    /// A response.
    pub const RESPONSE: u16 = 0x8000;
    /// The answer comes from the one who knows.
    pub const AUTHORITATIVE: u16 = 0x0400;
    /// Something was left out.
    pub const TRUNCATED: u16 = 0x0200;
    /// The asker wants recursion.
    pub const RECURSION_DESIRED: u16 = 0x0100;

    /// Whether this bit is set.
    pub const fn has(self, bit: u16) -> bool {
        self.0 & bit != 0
    }

    /// What is asked for: 0 for a query.
    pub const fn opcode(self) -> u16 {
        (self.0 >> 11) & 0xf
    }
}

/// A message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message {
    /// Chosen by the asker.
    pub id: u16,
    /// Header bits.
    pub flags: Flags,
    /// Response code, 12 bits with EDNS.
    pub rcode: u16,
    /// What is asked.
    pub questions: Vec<Question>,
    /// What is answered.
    pub answers: Vec<Record>,
    /// Who knows.
    pub authorities: Vec<Record>,
    /// What helps.
    pub additionals: Vec<Record>,
    /// Whether and how the sender speaks EDNS.
    pub edns: Option<Edns>,
}

/// EDNS of a message; options are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edns {
    /// Largest UDP message that the sender takes, bytes.
    pub udp_size: u16,
    /// Version, 0.
    pub version: u8,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Name.
    pub name: Name,
    /// Record type, see [`kind`].
    pub kind: u16,
    /// Class.
    pub class: u16,
}

/// A record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Owner.
    pub name: Name,
    /// Class.
    pub class: u16,
    /// Seconds that it may be kept.
    pub ttl: u32,
    /// The data.
    pub data: Data,
}

/// The data of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// IPv4 address.
    A(Ipv4Addr),
    /// IPv6 address.
    Aaaa(Ipv6Addr),
    /// Pointer.
    Ptr(Name),
    /// Name server.
    Ns(Name),
    /// Alias.
    Cname(Name),
    /// Service.
    Srv {
        /// Lower is tried first.
        priority: u16,
        /// Share among equals.
        weight: u16,
        /// Port.
        port: u16,
        /// Host.
        target: Name,
    },
    /// Texts, each at most 255 bytes.
    Txt(Vec<Vec<u8>>),
    /// Start of authority.
    Soa(Soa),
    /// A type that is not read.
    Other {
        /// Number of the type.
        kind: u16,
        /// As on the wire.
        bytes: Vec<u8>,
    },
}

/// Data of a start of authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Soa {
    /// First name server.
    pub primary: Name,
    /// Mailbox of the owner, as a name.
    pub mailbox: Name,
    /// Version of the zone.
    pub serial: u32,
    /// Seconds.
    pub refresh: u32,
    /// Seconds.
    pub retry: u32,
    /// Seconds.
    pub expire: u32,
    /// Seconds that "does not exist" may be kept.
    pub minimum: u32,
}

impl Data {
    /// Number of the type.
    pub fn kind(&self) -> u16 {
        match self {
            Self::A(_) => kind::A,
            Self::Aaaa(_) => kind::AAAA,
            Self::Ptr(_) => kind::PTR,
            Self::Ns(_) => kind::NS,
            Self::Cname(_) => kind::CNAME,
            Self::Srv { .. } => kind::SRV,
            Self::Txt(_) => kind::TXT,
            Self::Soa(_) => kind::SOA,
            Self::Other { kind, .. } => *kind,
        }
    }
}

impl Message {
    /// A question to somebody else.
    pub fn query(id: u16, name: Name, kind: u16, recursion: bool, edns: Option<Edns>) -> Self {
        Self {
            id,
            flags: Flags(if recursion {
                Flags::RECURSION_DESIRED
            } else {
                0
            }),
            questions: vec![Question {
                name,
                kind,
                class: CLASS_IN,
            }],
            edns,
            ..Self::default()
        }
    }

    /// Whether it is an answer.
    pub fn is_response(&self) -> bool {
        self.flags.has(Flags::RESPONSE)
    }

    /// Every record but EDNS.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.answers
            .iter()
            .chain(&self.authorities)
            .chain(&self.additionals)
    }
}
