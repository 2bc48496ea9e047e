//! The openclaw gateway as a library.

pub mod adapters;
pub mod approvals;
pub mod audit;
pub mod auth;
pub mod clock;
pub mod conn;
pub mod control;
pub mod core;
pub mod gate;
pub mod gateway;
pub mod http;
pub mod listen;
pub mod live;
pub mod lock;
pub mod machine;
pub mod nodes;
pub mod pairing;
pub mod peer;
pub mod presence;
pub mod records;
pub mod rpc;
pub mod store;
pub mod subsystems;
pub mod system;
pub mod tasks;
pub mod tls;
