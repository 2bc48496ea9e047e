//! DNS messages (RFC 1035, 2782, 6891), as far as service discovery needs them: the wide-area responder, its client and the
//! check that announcements go out.
//!
//! Decoding is total: every input gives a message or an error, in time and memory bounded by the length of the input.

mod decode;
mod encode;
mod message;
mod name;
#[cfg(test)]
mod tests;

pub use message::{
    CLASS_ANY, CLASS_IN, Data, Edns, Flags, Message, Question, Record, Soa, kind, rcode,
};
pub use name::{Name, NameError};

/// Why bytes are no DNS message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DnsError {
    /// The message ends inside something.
    #[error("the message ends too early")]
    Truncated,
    /// A label, name or pointer breaks the rules.
    #[error("a name is malformed: {0}")]
    Name(#[from] NameError),
    /// The data of a record does not have the form of its type.
    #[error("the data of a record is malformed")]
    Data,
    /// More records than any answer of ours or to us can have.
    #[error("more than {MAX_RECORDS} records")]
    TooMany,
    /// More than one OPT record, or one that is not of the root.
    #[error("the EDNS record is malformed")]
    Edns,
}

/// Most records that a message may have.
pub const MAX_RECORDS: usize = 512;
