//! Ends the process of a tunnel, and nobody else.

use std::io;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::place::Place;
use crate::error::CommandError;
use crate::platform::Process;

/// How long it may take to end its `ssh` and itself.
const GENTLE: Duration = Duration::from_secs(5);
/// How long the system may take after that.
const HARD: Duration = Duration::from_secs(2);
/// Pause between looks.
const PAUSE: Duration = Duration::from_millis(20);

/// What there was to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// A process with this id.
    Process(u32),
    /// Nothing.
    Nothing,
}

/// Stops the tunnel, if it runs. The lock proves which process that is; one that has ended in the meantime, and whose number
/// somebody else has now, is never signalled.
pub(crate) fn stop(place: &Place) -> Result<Stopped, CommandError> {
    let Some(before) = place.holder().map_err(CommandError::new)? else {
        return Ok(Stopped::Nothing);
    };
    let pid = before
        .pid
        .ok_or_else(|| CommandError::new("the process of the tunnel does not say who it is"))?;
    let Ok(process) = Process::of(pid) else {
        return Ok(Stopped::Nothing);
    };
    // Whoever holds the lock now is the process that was looked up a moment ago, or it is another one.
    let now = place.holder().map_err(CommandError::new)?;
    let same =
        now.is_some_and(|now| (now.pid, now.started_at_ms) == (before.pid, before.started_at_ms));
    if !same {
        return Ok(Stopped::Nothing);
    }
    let failed = |error: io::Error| {
        CommandError::new(format!("cannot end the tunnel's process {pid}: {error}"))
    };
    process.ask_to_end().map_err(failed)?;
    if !wait_until_free(place, GENTLE)? {
        process.kill().map_err(failed)?;
        if !wait_until_free(place, HARD)? {
            return Err(failed(io::ErrorKind::TimedOut.into()));
        }
    }
    Ok(Stopped::Process(before.pid.unwrap_or_default()))
}

fn wait_until_free(place: &Place, limit: Duration) -> Result<bool, CommandError> {
    let end = Instant::now() + limit;
    loop {
        if place.holder().map_err(CommandError::new)?.is_none() {
            return Ok(true);
        }
        if Instant::now() >= end {
            return Ok(false);
        }
        sleep(PAUSE);
    }
}
