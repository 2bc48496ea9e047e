//! Services of this user that the system's service manager runs.

pub(crate) mod manager;
pub(crate) mod tunnel;
