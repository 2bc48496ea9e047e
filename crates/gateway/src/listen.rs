//! Listening: which addresses ([`plan`]), the sockets ([`bind`]), who holds a busy port ([`holder`]) and the accept loops.

pub(crate) mod accept;
pub mod bind;
pub mod custom;
pub mod holder;
mod incoming;
pub mod inherited;
pub mod interfaces;
pub mod password;
pub mod plan;
mod preface;
mod secured;
pub mod set;
pub mod socket;
pub(crate) mod steps;
#[cfg(unix)]
pub(crate) mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix::UnixSocket;
#[cfg(windows)]
use windows::UnixSocket;

pub use bind::{BindError, Listeners, MissingListener};
pub use inherited::{HandedOver, Inherited};
pub use interfaces::{
    InterfaceAddress, in_tailscale_range, interface_addresses, is_public, local_host,
};
pub use password::{WeakPassword, WeakToken, token_weakness, weakness};
pub use plan::{BindPlan, BindRefused, BindRequest, Guard, Waiting, bind_plan};
pub use set::{ListenerHandle, ListenerSet, Place};
pub use socket::{listen_on, receive_on};
