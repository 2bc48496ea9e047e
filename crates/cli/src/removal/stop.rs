//! Ending what runs before its files go.

use std::path::PathBuf;

use openclaw_config::Paths;
use openclaw_config::store::{ConfigStore, FileLock, StoreError, write_private};

use crate::context::Context;
use crate::error::CommandError;
use crate::service::kind::Kind;
use crate::service::lifecycle::{self, Args};
use crate::service::tunnel::{Manager, forget};
use crate::service::{find, nearby, running};

/// What runs for a state directory.
const KINDS: [Kind; 2] = [Kind::Gateway, Kind::Node];
/// Places that a service of one kind can be installed in at the same time, at most.
const MANAGERS: usize = 4;

/// Ends the gateway and the node host of this state directory, their services first. Whose they are is proven by the state
/// directory that the service file names and by the lock, so that no other profile's is ever meant.
pub(super) fn processes(context: &Context) -> Result<Vec<String>, CommandError> {
    let mut lines = Vec::new();
    for kind in KINDS {
        // Also one that was written by hand: its manager would start it again.
        let is_served = !nearby::of_state(kind, context.env(), context.paths()).is_empty();
        if is_served {
            lines.extend(lifecycle::stop(context, kind, Args::default())?.lines);
        }
        if let Some(pid) = running::end(&kind.lock_file(context.paths()))? {
            lines.push(format!("Stopped the {} (pid {pid})", kind.word()));
        }
    }
    Ok(lines)
}

/// Takes the services of this profile away, and ends what runs without one.
pub(super) fn services(context: &Context) -> Result<Vec<String>, CommandError> {
    let mut lines = tunnel(context)?;
    for kind in KINDS {
        for _ in 0..MANAGERS {
            if !is_installed(context, kind) {
                break;
            }
            lines.extend(lifecycle::uninstall(context, kind, Args::default())?.lines);
        }
    }
    lines.extend(processes(context)?);
    Ok(lines)
}

/// Whether a service of this state directory is there.
fn is_installed(context: &Context, kind: Kind) -> bool {
    let paths = context.paths();
    find::all(kind, context.env(), paths)
        .iter()
        .any(|found| found.is_of(&paths.state_dir))
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
        drop(crate::service::manager::run(env, &step.words));
    }
    std::fs::remove_file(&file).map_err(|error| {
        CommandError::plain(format!("Failed to remove {}: {error}", file.display()))
    })?;
    forget(paths);
    for step in &after {
        drop(crate::service::manager::run(env, &step.words));
    }
    Ok(vec![format!("Removed {}", paths.display_home(&file))])
}

/// Locks of this state directory.
pub(super) fn locks(paths: &Paths) -> Vec<PathBuf> {
    KINDS.map(|kind| kind.lock_file(paths)).into()
}

/// Nobody starts for this state directory while its files go. With `all`, locks that are not there are made: whoever starts
/// needs them.
pub(super) fn hold(context: &Context, all: bool) -> Result<Vec<FileLock>, CommandError> {
    let paths = context.paths();
    let mut held = Vec::new();
    for kind in KINDS {
        let lock = kind.lock_file(paths);
        let may_be_made = all && paths.state_dir.is_dir();
        if !may_be_made && !lock.exists() {
            continue;
        }
        match FileLock::try_acquire(&lock).map_err(CommandError::new)? {
            Some(lock) => held.push(lock),
            None => {
                return Err(CommandError::plain(format!(
                    "A {} of this profile was started meanwhile; stop it, then run this again.",
                    kind.word()
                )));
            }
        }
    }
    Ok(held)
}

/// The config file becomes the newest backup; the copy that would bring it back goes. Of a link only the link goes, and its
/// backup lies beside it.
pub(super) fn retire(paths: &Paths) -> Result<bool, String> {
    let path = &paths.config_path;
    let text = |error: StoreError| error.to_string();
    let stored = ConfigStore::new(paths).read().map_err(text)?;
    let Some(raw) = &stored.raw else {
        return Ok(false);
    };
    if path.is_symlink() {
        write_private(path, raw.as_bytes()).map_err(text)?;
        if path.is_symlink() {
            return Err("it is a link that cannot be replaced".to_owned());
        }
    }
    let done = ConfigStore::new(paths)
        .take_back(&stored.hash, None)
        .map_err(text)?;
    super::remove::file(&paths.last_good_file())?;
    Ok(done)
}
