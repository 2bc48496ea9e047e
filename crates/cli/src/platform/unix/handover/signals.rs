//! Signals that come while one program takes the place of the other: they wait for it, none is lost and none ends the process by
//! itself.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{SigSet, Signal};
use signal_hook::consts::{SIGINT, SIGTERM};

/// Whether the process was told to end, noted in the signal handler itself: also when nobody asks the receivers any more.
#[derive(Debug, Clone)]
pub(crate) struct ToldToEnd(Arc<AtomicBool>);

impl ToldToEnd {
    /// Notes SIGINT and SIGTERM from now on.
    pub(crate) fn listen() -> io::Result<Self> {
        let told = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&told))?;
        }
        Ok(Self(told))
    }

    /// Whether one came.
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

fn ours() -> SigSet {
    [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGUSR1,
    ]
    .into_iter()
    .collect()
}

/// Those that mean a running gateway wait until there is one; they would end a process that is about to be it.
pub(super) fn hold_until_it_runs() -> io::Result<()> {
    let set: SigSet = [Signal::SIGHUP, Signal::SIGUSR1].into_iter().collect();
    Ok(set.thread_block()?)
}

/// From now on they wait, also for the program after this one. For the last thread of the process.
pub(super) fn hold() -> io::Result<()> {
    Ok(ours().thread_block()?)
}

/// Lets those in that waited. For the first thread, once it has handlers for them.
pub(crate) fn release() -> io::Result<()> {
    Ok(ours().thread_unblock()?)
}
