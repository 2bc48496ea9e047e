//! The HTTP surface over real sockets.

mod admission;
mod canvas;
mod listeners;
mod routes;
mod support;
mod ui;
mod upgrades;
