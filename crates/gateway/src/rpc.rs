//! Requests: name → who may → handler, one file per family of methods.

#![expect(clippy::unnecessary_wraps, reason = "all handlers share one signature")]

pub mod context;
pub mod router;

mod approvals;
mod audit;
mod clients;
mod config;
mod device;
mod environments;
mod exec_file;
mod health;
mod logs;
pub(crate) mod node;
mod presence;
mod proxy_check;
mod quiet;
mod remote;
mod restart;
mod setup;

pub(crate) use approvals::expired as approval_expired;
pub(crate) use audit::follow as follow_audit;
pub(crate) use health::refresh as refresh_health;
pub(crate) use setup::join;

use router::Methods;

/// Registers every family.
pub(crate) fn register(methods: &mut Methods) {
    approvals::register(methods);
    audit::register(methods);
    clients::register(methods);
    proxy_check::register(methods);
    config::register(methods);
    device::register(methods);
    environments::register(methods);
    exec_file::register(methods);
    health::register(methods);
    logs::register(methods);
    node::register(methods);
    presence::register(methods);
    quiet::register(methods);
    setup::register(methods);
    remote::register(methods);
    restart::register(methods);
}
