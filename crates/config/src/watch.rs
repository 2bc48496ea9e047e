//! Follows the config file, the files it includes and `<state>/.env`.
//!
//! A changed file is read after a quiet moment and sent to whoever listens. A bad file changes no
//! setting: the snapshot that is sent then holds the older settings and says what is wrong. A
//! rewrite that changes nothing but `meta`, comments or form is not announced.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::watch;

use crate::env::Env;
use crate::load::{Snapshot, load, load_with};
use crate::paths::Paths;
use crate::schema::ReloadMode;
use crate::store::{ConfigStore, private_dir};

/// A stream of changes is read at least this often.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Keeps the config of one profile current. Watching ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct ConfigWatcher {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    paths: Paths,
    env: Env,
    sender: watch::Sender<Arc<Snapshot>>,
    /// Held while a reload runs, so that reloads never overtake each other.
    files: Mutex<Files>,
}

#[derive(Debug, Default)]
struct Files {
    watcher: Option<RecommendedWatcher>,
    directories: BTreeSet<PathBuf>,
    failure: Option<String>,
    names: Arc<Mutex<BTreeSet<OsString>>>,
}

impl ConfigWatcher {
    /// Loads the config and begins to follow it. Where the system cannot watch files, the reason is
    /// in [`ConfigWatcher::failure`] and only [`ConfigWatcher::reload_now`] reads the file again.
    pub fn start(paths: &Paths, env: &Env) -> Self {
        Self::start_with(paths, env, load(paths, env))
    }

    /// Like [`ConfigWatcher::start`] with a config that was just loaded.
    pub fn start_with(paths: &Paths, env: &Env, first: Snapshot) -> Self {
        remember(paths, &first);
        let (events, received) = channel();
        let names = Arc::default();
        let mut files = Files {
            names: Arc::clone(&names),
            ..Files::default()
        };
        match watcher(events.clone(), names) {
            Ok(watcher) => files.watcher = Some(watcher),
            Err(error) => files.failure = Some(error.to_string()),
        }
        let shared = Arc::new(Shared {
            paths: paths.clone(),
            env: env.clone(),
            sender: watch::Sender::new(Arc::new(first)),
            files: Mutex::new(files),
        });
        let held = shared.sender.borrow().clone();
        shared.follow(&mut shared.files.lock(), &held);
        // What was written between the first reading and now is noticed by nobody else.
        if ConfigStore::new(paths)
            .read()
            .is_ok_and(|stored| stored.hash != held.hash)
        {
            events.send(()).ok();
        }
        let weak = Arc::downgrade(&shared);
        let thread = std::thread::Builder::new().name("config-watch".to_owned());
        if let Err(error) = thread.spawn(move || follow_events(&received, &weak)) {
            shared.files.lock().failure = Some(format!("cannot start the config watcher: {error}"));
        }
        Self { shared }
    }

    /// Returns a receiver that is told about every change that matters.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.shared.sender.subscribe()
    }

    /// The config as last read, also when the last reading was not worth an announcement.
    pub fn current(&self) -> Arc<Snapshot> {
        self.shared.sender.borrow().clone()
    }

    /// Reads the files at once, in every reload mode, and returns the result. Blocks on the disk.
    pub fn reload_now(&self) -> Arc<Snapshot> {
        self.shared.reload()
    }

    /// Why changes are not noticed by themselves.
    pub fn failure(&self) -> Option<String> {
        self.shared.files.lock().failure.clone()
    }
}

impl Shared {
    fn reload(&self) -> Arc<Snapshot> {
        let mut files = self.files.lock();
        let previous = self.sender.borrow().clone();
        let next = Arc::new(load_with(&self.paths, &self.env, Some(&previous)));
        self.follow(&mut files, &next);
        remember(&self.paths, &next);
        for issue in next
            .issues
            .iter()
            .filter(|issue| !previous.issues.contains(issue))
        {
            tracing::warn!(%issue, "config reload: this part keeps its last good settings");
        }
        self.sender.send_if_modified(|held| {
            let matters = differs(held, &next);
            *held = Arc::clone(&next);
            matters
        });
        next
    }

    /// Watches the directories of every file that counts. Directories, because a file that is
    /// replaced by renaming is another file.
    fn follow(&self, files: &mut Files, snapshot: &Snapshot) {
        let wanted = files_that_count(&self.paths, snapshot);
        *files.names.lock() = wanted
            .iter()
            .filter_map(|path| path.file_name())
            .map(OsString::from)
            .collect();
        let Files {
            watcher: Some(watcher),
            directories,
            failure,
            ..
        } = files
        else {
            return;
        };
        for directory in wanted.iter().filter_map(|path| path.parent()) {
            if directories.contains(directory) {
                continue;
            }
            if directory == self.paths.state_dir && !directory.exists() {
                // Only worth a word when watching then fails.
                drop(private_dir(directory));
            }
            match watcher.watch(directory, RecursiveMode::NonRecursive) {
                Ok(()) => drop(directories.insert(directory.to_owned())),
                Err(error) => {
                    *failure = Some(format!("cannot watch {}: {error}", directory.display()));
                }
            }
        }
    }
}

fn files_that_count(paths: &Paths, snapshot: &Snapshot) -> BTreeSet<PathBuf> {
    let named = [&paths.config_path, &paths.dot_env_file]
        .into_iter()
        .chain(&snapshot.include_files);
    named
        .flat_map(|path| [Some(tidy(path)), std::fs::canonicalize(path).ok()])
        .flatten()
        .collect()
}

/// Removes `.` components, as in `./more.json5`.
fn tidy(path: &Path) -> PathBuf {
    path.components().collect()
}

fn watcher(
    events: Sender<()>,
    names: Arc<Mutex<BTreeSet<OsString>>>,
) -> notify::Result<RecommendedWatcher> {
    notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let counts = match event {
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => false,
            Ok(event) => {
                let names = names.lock();
                event.need_rescan() || event.paths.iter().any(|path| concerns(path, &names))
            }
            // Something was missed; reading once more does no harm.
            Err(_) => true,
        };
        if counts {
            // Nobody listens only while the watcher is being dropped.
            let _ = events.send(());
        }
    })
}

/// Mounted config maps are switched by renaming a link called `..data`.
fn concerns(path: &Path, names: &BTreeSet<OsString>) -> bool {
    path.file_name()
        .is_some_and(|name| names.contains(name) || name == "..data")
}

fn follow_events(events: &Receiver<()>, shared: &Weak<Shared>) {
    while events.recv().is_ok() {
        let Some((mode, quiet)) = shared.upgrade().map(|shared| {
            let reload = &shared.sender.borrow().settings.gateway.reload;
            (reload.mode, Duration::from_millis(reload.debounce_ms))
        }) else {
            return;
        };
        if mode == ReloadMode::Off {
            tracing::info!("config reload disabled (gateway.reload.mode=off)");
            continue;
        }
        let deadline = Instant::now() + LONGEST_WAIT.max(quiet);
        while Instant::now() < deadline {
            match events.recv_timeout(quiet) {
                Ok(()) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        match shared.upgrade() {
            Some(shared) => drop(shared.reload()),
            None => return,
        }
    }
}

fn remember(paths: &Paths, snapshot: &Snapshot) {
    if let Err(error) = snapshot.remember_good(paths) {
        tracing::warn!(%error, "the last good config could not be kept");
    }
}

/// True when a listener could act differently.
fn differs(held: &Snapshot, next: &Snapshot) -> bool {
    held.settings.gateway != next.settings.gateway
        || without_meta(&held.resolved).ne(without_meta(&next.resolved))
        || held.env != next.env
        || held.issues != next.issues
        || held.warnings != next.warnings
}

fn without_meta(config: &Value) -> impl Iterator<Item = (&String, &Value)> {
    config
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, _)| *key != "meta")
}

#[cfg(test)]
mod tests;
