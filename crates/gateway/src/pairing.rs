//! The books of who is paired: devices and node surfaces. In memory, no sockets, no disk.
//!
//! Every operation returns the [`Change`](crate::records::Change)s to be made durable; the caller commits them before
//! it answers, and announces the outcome afterwards.

pub mod devices;
pub mod setups;
pub mod surfaces;
pub mod view;
