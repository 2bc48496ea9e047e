//! The node host: runs commands on this machine for a gateway, as far as its owner allows.
//!
//! - [`commands`]: what the node can do and who answers
//! - [`policy`]: whether a command may run, as a pure decision
//! - [`exec`]: running it, with limits
//! - [`deadline`]: the one limit of a run
//! - [`invoke`]: calls, answers and events as they go over the wire
//! - [`host`]: the connection that brings the calls
#![warn(missing_docs)]

pub mod commands;
pub mod deadline;
pub mod exec;
pub mod host;
pub mod invoke;
mod platform;
pub mod policy;

pub use commands::{Commands, HostPolicy, Machine};
pub use host::{Host, HostError, HostEvent, HostEvents, HostOptions, NodeFile, NodeIdentity};
pub use invoke::{CommandError, InvokeOutcome, InvokeRequest, NodeEvent};
