//! How others find this gateway: what is announced ([`records`]), to whom it can be announced ([`reach`]), and the announcer
//! of the local network (`mdns`), a subsystem that may fail alone. Wide-area discovery is announced by an adapter in a crate
//! above, from the same records.

mod check;
mod daemon;
pub mod facts;
pub(crate) mod mdns;
pub mod reach;
pub mod records;
mod ssh;
