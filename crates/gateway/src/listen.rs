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
pub(crate) mod steps;
pub(crate) mod unix;

pub use bind::{BindError, Listeners, MissingListener};
pub use inherited::{HandedOver, Inherited};
pub use interfaces::{
    InterfaceAddress, in_tailscale_range, interface_addresses, is_public, local_host,
};
pub use password::{WeakPassword, WeakToken, token_weakness, weakness};
pub use plan::{BindPlan, BindRefused, BindRequest, Guard, Waiting, bind_plan};
pub use set::{ListenerHandle, ListenerSet, Place};
