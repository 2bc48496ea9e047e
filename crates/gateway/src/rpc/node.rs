//! Nodes: lists, invocations, and what nodes themselves report.

mod invoke;
mod list;
mod pair;
mod report;

pub(crate) use invoke::{Inner, cancel, invoke_inside};
pub(super) use list::entries;
pub(crate) use pair::apply_surface;

use crate::rpc::router::Methods;

pub(super) fn register(methods: &mut Methods) {
    list::register(methods);
    invoke::register(methods);
    pair::register(methods);
    report::register(methods);
}
