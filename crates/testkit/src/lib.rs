//! Test support: a gateway in this process, a raw wire client that says exactly what it is told, and device keys.
//!
//! Everything here fails by panicking with what was expected and what came: it is only ever used by tests and benchmarks.

pub mod device;
pub mod fault;
pub mod gateway;
#[cfg(target_os = "linux")]
pub mod hosts;
pub mod tailscale;
pub mod wire;

pub use device::TestDevice;
pub use gateway::{TestGateway, TestGatewayBuilder};
pub use tailscale::StandIn;
pub use wire::{Ended, Frame, Wire};
