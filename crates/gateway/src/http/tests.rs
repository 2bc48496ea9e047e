//! The HTTP surface over real sockets.

mod admission;
mod routes;
mod support;
mod upgrades;
