//! The process of a state directory: who it is, and ending it. The lock proves that a process is ours: only its holder
//! wrote its number there, and the lock ends with it.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use openclaw_gateway::listen::holder::PortHolders;
use openclaw_gateway::lock::{LockHeld, peek};
use serde_json::{Value, json};

use crate::error::CommandError;
use crate::platform::ask_to_end;
use crate::ui::format::now_ms;

/// How long a process may take to stop by itself: longer than its own deadline for what is under way.
const GENTLE: Duration = Duration::from_secs(45);
/// Pause between looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Who holds a lock.
pub(crate) fn holder(lock_file: &Path) -> Result<Option<LockHeld>, CommandError> {
    peek(lock_file, now_ms()).map_err(CommandError::new)
}

/// Asks the holder of a lock to end; gives its number.
fn ask(holder: &LockHeld) -> Result<u32, CommandError> {
    let number = holder
        .pid
        .ok_or_else(|| CommandError::new("the lock file names no process id"))?;
    ask_to_end(number)
        .map_err(|error| CommandError::new(format!("cannot signal pid {number}: {error}")))?;
    Ok(number)
}

/// Asks the holder of a lock to end, and waits until it has. Gives its number; `None` when nobody holds it.
pub(crate) fn end(lock_file: &Path) -> Result<Option<u32>, CommandError> {
    let Some(found) = holder(lock_file)? else {
        return Ok(None);
    };
    let number = ask(&found)?;
    wait_until_free(lock_file)?;
    Ok(Some(number))
}

/// Returns when nobody holds the lock.
pub(crate) fn wait_until_free(lock_file: &Path) -> Result<(), CommandError> {
    let end = Instant::now() + GENTLE;
    while let Some(found) = holder(lock_file)? {
        if Instant::now() >= end {
            return Err(CommandError::new(format!(
                "the process did not stop: {found} still holds the lock"
            ))
            .hint(found.pid.map_or_else(String::new, |pid| {
                format!("Fix: look at it, then: kill -KILL {pid}")
            })));
        }
        sleep(PAUSE);
    }
    Ok(())
}

/// Ports that a gateway listens on.
pub(crate) fn ports(held: &LockHeld) -> Vec<u16> {
    let mut ports: Vec<u16> = held
        .addresses
        .iter()
        .filter_map(|address| address.rsplit(':').next()?.parse::<u16>().ok())
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Who listens on these ports now.
pub(crate) fn busy(ports: &[u16]) -> Vec<PortHolders> {
    ports
        .iter()
        .map(|port| PortHolders::find(*port))
        .filter(|found| !found.holders.is_empty())
        .collect()
}

/// Who listens on a port.
pub(crate) fn port_json(holders: &PortHolders) -> Value {
    let listeners: Vec<Value> = holders
        .holders
        .iter()
        .map(|holder| {
            let line = holder.command.as_deref();
            json!({
                "pid": holder.pid,
                "command": line.and_then(|line| line.split(' ').next()),
                "commandLine": line,
                "user": holder.user,
                "address": holder.address.to_string(),
            })
        })
        .collect();
    json!({
        "port": holders.port,
        "status": if listeners.is_empty() { "free" } else { "busy" },
        "listeners": listeners,
        "hints": if listeners.is_empty() { Vec::new() } else { holders.hints() },
    })
}
