//! Connected nodes: which commands they may run, who holds the slot, and the invocations in flight.

pub mod invoke;
pub mod policy;
pub mod registry;
