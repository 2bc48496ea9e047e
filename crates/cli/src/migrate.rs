//! Taking over what the program that ran here before left: what there is, doing it, and taking it back.
//!
//! Its files are only read. What is written beside them is noted in one file, so that it can be undone.

mod act;
mod record;
mod survey;
mod undo;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use openclaw_config::Paths;
use openclaw_gateway::lock::{LockInfo, StateLock};
use openclaw_gateway::store::{OfflineBooks, StorePaths};

use crate::error::CommandError;

pub(crate) use act::{carry_over, refuse_a_second};
pub(crate) use survey::{Survey, survey};
pub(crate) use undo::undo;

/// More than any of the files but those of pairings has.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Keeps gateways, other migrations and commands on the pairings away meanwhile; taken before anything is changed.
fn lock(paths: &Paths, now_ms: i64) -> Result<Arc<StateLock>, CommandError> {
    let info = LockInfo::of_this_process(now_ms);
    let lock = StateLock::acquire(&paths.lock_file, info, now_ms).map_err(|error| {
        CommandError::new(error)
            .hint("Nothing was changed.")
            .hint(stop_first(paths))
    })?;
    Ok(Arc::new(lock))
}

fn books(lock: &Arc<StateLock>, paths: &Paths) -> Result<OfflineBooks, CommandError> {
    OfflineBooks::under(Arc::clone(lock), &StorePaths::from(paths)).map_err(CommandError::new)
}

fn stop_first(paths: &Paths) -> String {
    format!(
        "Fix: stop the gateway of this state directory first: {}",
        paths.profile.command("openclaw gateway stop")
    )
}

/// Whether a path is taken, be it by a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn failed(what: &str, path: &Path, error: &io::Error) -> CommandError {
    CommandError::new(format!("cannot {what} {}: {error}", path.display()))
}
