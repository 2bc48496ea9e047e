//! `--force`: ends the gateway that holds this state directory, and nothing else.

use std::thread::sleep;
use std::time::{Duration, Instant};

use openclaw_gateway::lock::{LockHeld, peek};

use crate::context::Context;
use crate::error::CommandError;
use crate::platform;
use crate::ui::format::now_ms;

/// How long a gateway may take to stop by itself: longer than its own drain.
const GENTLE: Duration = Duration::from_secs(10);
/// How long the system may take after that.
const HARD: Duration = Duration::from_secs(2);
/// Pause between looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Stops the gateway of this state directory, if one runs. The lock proves that the process is
/// that gateway: only its holder wrote its number there, and the lock ends with it.
pub(crate) fn stop_running(context: &Context) -> Result<(), CommandError> {
    let ui = context.ui();
    let Some(holder) = holder(context)? else {
        ui.note("force: no gateway of this state directory is running");
        return Ok(());
    };
    let failed = |reason: &str| CommandError::plain(format!("Force: Error: {reason}"));
    let pid = holder
        .pid
        .ok_or_else(|| failed("the running gateway does not say which process it is"))?;
    let name = holder.exe.as_deref().unwrap_or("gateway").to_owned();
    let cannot =
        |error: std::io::Error| failed(&format!("failed to kill pid {pid} ({name}): {error}"));
    platform::ask_to_end(pid).map_err(cannot)?;
    if !wait_until_free(context, GENTLE)? {
        ui.note("force: escalated to SIGKILL");
        platform::kill(pid).map_err(cannot)?;
        if !wait_until_free(context, HARD)? {
            return Err(failed(&format!("pid {pid} does not end")));
        }
    }
    ui.note(format!("force: stopped pid {pid} ({name})"));
    Ok(())
}

fn holder(context: &Context) -> Result<Option<LockHeld>, CommandError> {
    peek(&context.paths().lock_file, now_ms())
        .map_err(|error| CommandError::plain(format!("Force: Error: {error}")))
}

fn wait_until_free(context: &Context, limit: Duration) -> Result<bool, CommandError> {
    let end = Instant::now() + limit;
    loop {
        if holder(context)?.is_none() {
            return Ok(true);
        }
        if Instant::now() >= end {
            return Ok(false);
        }
        sleep(PAUSE);
    }
}
