//! Services of this machine that a service manager runs: what they are called, what their files say, what is done to
//! them. Pure parts first (`kind`, `plan`, `installed`, `decide`), then those that look and act.

pub(crate) mod account;
pub(crate) mod act;
pub(crate) mod ask;
pub(crate) mod compare;
pub(crate) mod decide;
pub(crate) mod find;
pub(crate) mod install;
pub(crate) mod installed;
pub(crate) mod kind;
pub(crate) mod lifecycle;
pub(crate) mod linger;
pub(crate) mod manager;
pub(crate) mod nearby;
pub(crate) mod plan;
pub(crate) mod running;
pub(crate) mod tunnel;
