//! No service manager wants to be told here: the task scheduler looks at the process.

use tokio_util::task::AbortOnDropHandle;

/// It serves.
pub(crate) fn ready(_status: &str) {}

/// It ends.
pub(crate) fn stopping() {}

/// A new program takes its place.
pub(crate) fn restarting() {}

/// Nobody waits for signs of life.
pub(crate) fn watchdog() -> Option<AbortOnDropHandle<()>> {
    None
}
