//! Ending what runs before its files go.

use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use openclaw_config::Paths;
use openclaw_config::store::{ConfigStore, FileLock};
use openclaw_gateway::lock::peek;
use rustix::process::{Pid, Signal, kill_process};

use crate::context::Context;
use crate::error::CommandError;
use crate::service::tunnel::{Manager, forget};
use crate::ui::format::now_ms;

/// How long a process may take to end: longer than its own drain.
const PATIENCE: Duration = Duration::from_secs(30);
/// Pause between looks.
const PAUSE: Duration = Duration::from_millis(20);

fn locks(paths: &Paths) -> [(&'static str, PathBuf); 2] {
    [
        ("gateway", paths.lock_file.clone()),
        ("node host", paths.state_dir.join("node.lock")),
    ]
}

/// Ends the gateway and the node host of this state directory. Its lock proves which process that is, so that no other
/// profile's is ever meant.
pub(super) fn processes(context: &Context) -> Result<Vec<String>, CommandError> {
    let mut lines = Vec::new();
    for (name, lock) in locks(context.paths()) {
        let holder = || peek(&lock, now_ms()).map_err(CommandError::new);
        let Some(held) = holder()? else { continue };
        let pid = held
            .pid
            .and_then(|pid| i32::try_from(pid).ok())
            .and_then(Pid::from_raw)
            .ok_or_else(|| {
                CommandError::plain(format!(
                    "A {name} of this profile runs and does not say which process it is; stop it first."
                ))
            })?;
        kill_process(pid, Signal::TERM).map_err(|error| {
            CommandError::plain(format!(
                "Cannot stop the {name} (pid {}): {error}",
                pid.as_raw_nonzero()
            ))
        })?;
        let end = Instant::now() + PATIENCE;
        while holder()?.is_some() {
            if Instant::now() >= end {
                return Err(CommandError::plain(format!(
                    "The {name} (pid {}) does not end; stop it, then run this again.",
                    pid.as_raw_nonzero()
                )));
            }
            sleep(PAUSE);
        }
        lines.push(format!("Stopped the {name} (pid {})", pid.as_raw_nonzero()));
    }
    Ok(lines)
}

/// Takes the services of this profile away.
pub(super) fn services(context: &Context) -> Result<Vec<String>, CommandError> {
    let mut lines = tunnel(context)?;
    lines.extend(processes(context)?);
    Ok(lines)
}

fn tunnel(context: &Context) -> Result<Vec<String>, CommandError> {
    let (env, paths) = (context.env(), context.paths());
    let manager = Manager::of_this_system();
    let file = manager.file(env, paths);
    let ours = std::fs::read_to_string(&file).is_ok_and(|text| Manager::is_tunnel(&text));
    if !ours {
        return Ok(Vec::new());
    }
    let (before, after) = manager.end(&paths.profile, env.uid());
    for step in &before {
        // A service that does not run cannot be stopped; its file goes all the same.
        drop(crate::service::manager::run(&step.words));
    }
    std::fs::remove_file(&file).map_err(|error| {
        CommandError::plain(format!("Failed to remove {}: {error}", file.display()))
    })?;
    forget(paths);
    for step in &after {
        drop(crate::service::manager::run(&step.words));
    }
    Ok(vec![format!("Removed {}", paths.display_home(&file))])
}

/// Nobody starts for this state directory while its files go.
pub(super) fn hold(context: &Context) -> Result<Vec<FileLock>, CommandError> {
    let mut held = Vec::new();
    for (name, lock) in locks(context.paths()) {
        if !lock.exists() {
            continue;
        }
        match FileLock::try_acquire(&lock).map_err(CommandError::new)? {
            Some(lock) => held.push(lock),
            None => {
                return Err(CommandError::plain(format!(
                    "A {name} of this profile was started meanwhile; stop it, then run this again."
                )));
            }
        }
    }
    Ok(held)
}

/// The config file becomes the newest backup; the copy that would bring it back goes.
pub(super) fn retire(paths: &Paths) -> Result<bool, String> {
    let store = ConfigStore::new(paths);
    let stored = store.read().map_err(|error| error.to_string())?;
    if stored.raw.is_none() {
        return Ok(false);
    }
    let done = store
        .take_back(&stored.hash, None)
        .map_err(|error| error.to_string())?;
    super::remove::tree(&paths.last_good_file(), &[])?;
    Ok(done)
}
