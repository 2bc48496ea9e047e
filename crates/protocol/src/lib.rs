//! Wire types of the openclaw gateway protocol, generations 3 and 4.
//!
//! This crate owns names, shapes, numbers and signatures of the wire, and nothing that does I/O:
//! frames ([`frame`]), errors and close codes ([`error`]), the connect handshake ([`handshake`]),
//! device proof ([`device`]), scopes ([`scope`]), the one list of methods and events ([`method`],
//! [`event`]), their params and payloads ([`methods`]), the wording for invalid ones ([`schema`]), what
//! people compare when they pair ([`pairing_code`], [`fingerprint`]), setup codes ([`setup_code`]), how gateways are found
//! ([`discovery`], [`dns`]) and every protocol number ([`limits`]).

#![warn(missing_docs)]

pub mod device;
pub mod discovery;
pub mod dns;
pub mod error;
pub mod event;
pub mod fingerprint;
pub mod frame;
pub mod handshake;
#[cfg(test)]
mod laws;
pub mod limits;
pub mod method;
pub mod methods;
pub mod pairing_code;
#[cfg(test)]
mod reference;
pub mod scan;
pub mod schema;
pub mod scope;
pub mod setup_code;
mod strict;
#[cfg(test)]
mod typescript;

/// Oldest protocol generation the gateway speaks (release 2026.1.30).
pub const PROTOCOL_MIN: u32 = 3;
/// Newest protocol generation the gateway speaks (release 2026.9.6).
pub const PROTOCOL_MAX: u32 = 4;
