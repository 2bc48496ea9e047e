//! Connections: the handshake, one actor per socket, its bounded outbox, and the table of who is connected.

pub mod actor;
mod browser;
pub(crate) mod enroll;
mod farewell;
mod guessing;
pub mod handshake;
pub mod hello;
pub mod hub;
pub mod outbox;
pub(crate) mod setup;
