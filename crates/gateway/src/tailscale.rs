//! Tailscale Serve and Funnel: one route of the daemon that leads to a listener of our own.
//!
//! The part never stops, delays or narrows the others: whatever is wrong with the daemon, the gateway serves as if Tailscale
//! did not exist, the state says what is wrong and what to do, and it is tried again. What is asked of the daemon is one route,
//! known by its target, which is the ingress listener: a port of 127.0.0.1 that is remembered in the state directory. Routes of
//! others are never touched, and nothing is ever reset.
//!
//! `wanted` says what the settings ask for, `serve_config` what has to change in the daemon's configuration (both pure);
//! `daemon` is how the daemon is asked, by `local_api` where that is permitted and by `command` else; `driver` brings
//! them together.

mod client;
mod command;
mod daemon;
mod driver;
mod facts;
mod ingress;
mod local_api;
mod record;
mod serve_config;
mod trouble;
mod wanted;

pub(crate) use driver::{Exposure, spawn};
pub use facts::TailnetFacts;
pub(crate) use ingress::Vouchers;
pub use trouble::Trouble;

/// Name among the parts that may fail.
pub const TAILSCALE: &str = "tailscale";
