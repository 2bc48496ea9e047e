//! Removing files: a link goes, never what it leads to, and neither does what is mounted or belongs to others.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use openclaw_config::platform::{device, file_identity};
use openclaw_gateway::lock::{LockHeld, peek};

use super::names::{self, Found};
use crate::platform::mount_points;
use crate::ui::format::now_ms;

/// Locks of the programs that run for a state directory; where one lies, there is one.
const LOCKS: [&str; 2] = ["gateway.lock", "node.lock"];

/// Why something stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It was to be kept.
    Asked,
    /// Something is mounted there.
    Mounted,
    /// Another gateway has its state there.
    OtherState,
    /// It is not of this program.
    Foreign,
    /// It was not there when the removal began.
    New,
}

/// What stays, by the name under which it was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) path: PathBuf,
    pub(super) why: Why,
}

/// What is, or would be, done.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Whether there was anything to remove.
    pub(super) any: bool,
    pub(super) kept: Vec<Kept>,
    /// Another program that runs on what would go, with its state directory.
    pub(super) in_use: Option<(PathBuf, LockHeld)>,
}

/// A directory to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tree {
    /// It.
    pub(super) path: PathBuf,
    /// What stays in it.
    pub(super) keep: Vec<PathBuf>,
    /// What goes last, when everything else is gone.
    pub(super) last: Vec<PathBuf>,
    /// When there may be things of others in it, its path within the state directory: then only our names go.
    pub(super) shared: Option<PathBuf>,
    /// What goes in any case, with all that is in it.
    pub(super) also: Vec<PathBuf>,
    /// Whether it may be mounted itself, and hold locks: a state directory.
    pub(super) is_state: bool,
}

impl Tree {
    /// All of a directory.
    pub(super) fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            keep: Vec::new(),
            last: Vec::new(),
            shared: None,
            also: Vec::new(),
            is_state: false,
        }
    }

    /// What removing it would do.
    pub(super) fn look(&self) -> Done {
        let mut walk = Walk::new(self, true);
        // What cannot be looked at is told when it is to be removed.
        drop(walk.start());
        walk.done
    }

    /// Removes it.
    pub(super) fn remove(&self) -> Result<Done, String> {
        let mut walk = Walk::new(self, false);
        walk.start().map_err(|error| error.to_string())?;
        if walk.done.kept.iter().any(|kept| kept.path == self.path) {
            return Ok(walk.done);
        }
        for path in &self.last {
            walk.done.any |= file(path)?;
        }
        match fs::remove_dir(&self.path) {
            // What is mounted there, as containers do, stays as an empty directory.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ResourceBusy | ErrorKind::NotFound | ErrorKind::NotADirectory
                ) => {}
            Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {
                if walk.done.kept.is_empty() {
                    walk.done.kept.push(Kept {
                        path: self.path.clone(),
                        why: Why::New,
                    });
                }
            }
            removed => {
                removed.map_err(|error| error.to_string())?;
                walk.done.any = true;
            }
        }
        Ok(walk.done)
    }
}

/// Removes one file or link; says whether there was one. A directory is no file, whatever was said about it.
pub(super) fn file(path: &Path) -> Result<bool, String> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Ok(found) if found.is_dir() => return Err("it is a directory".to_owned()),
        _ => {}
    }
    fs::remove_file(path)
        .map(|()| true)
        .map_err(|error| error.to_string())
}

/// Whether there is anything, a link that leads nowhere included.
pub(super) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

struct Walk<'a> {
    tree: &'a Tree,
    /// Nothing is removed.
    looks: bool,
    keep: BTreeSet<(u64, u64)>,
    mounts: BTreeSet<PathBuf>,
    device: Option<u64>,
    done: Done,
}

impl<'a> Walk<'a> {
    fn new(tree: &'a Tree, looks: bool) -> Self {
        // A link that is to be kept stays, and so does what it leads to.
        let metadata = |path: &PathBuf| {
            [fs::symlink_metadata(path), fs::metadata(path)]
                .into_iter()
                .flatten()
        };
        Self {
            tree,
            looks,
            keep: tree
                .keep
                .iter()
                .flat_map(metadata)
                .map(|found| file_identity(&found))
                .collect(),
            mounts: mount_points(),
            device: None,
            done: Done::default(),
        }
    }

    fn start(&mut self) -> io::Result<()> {
        let path = &self.tree.path;
        let Ok(found) = fs::symlink_metadata(path) else {
            return Ok(());
        };
        self.device = Some(device(&found));
        // The system names mount points without links.
        let real = match (path.parent().map(fs::canonicalize), path.file_name()) {
            (Some(Ok(parent)), Some(name)) => parent.join(name),
            _ => path.clone(),
        };
        self.walk(&real, Path::new(""), &found, self.tree.shared.is_none())
            .map(drop)
    }

    /// Says whether everything is gone; the root itself is left to the caller.
    fn walk(
        &mut self,
        real: &Path,
        below: &Path,
        found: &Metadata,
        whole: bool,
    ) -> io::Result<bool> {
        let is_root = below.as_os_str().is_empty();
        let path = if is_root {
            self.tree.path.clone()
        } else {
            self.tree.path.join(below)
        };
        if self.tree.last.contains(&path) {
            self.done.any = true;
            return Ok(true);
        }
        let ours = match &self.tree.shared {
            Some(within) if !whole && !self.tree.also.contains(&path) => {
                names::look(&path, &within.join(below), found.is_dir())
            }
            _ => Found::Ours,
        };
        if let Some(why) = self.stays(real, &path, is_root, found, ours) {
            self.keep(path, below, why);
            return Ok(false);
        }
        if !found.is_dir() {
            // Also when the root itself is a file or a link: it goes, and nothing is left for the caller.
            return self.remove(path, below, |path| fs::remove_file(path));
        }
        let entries = match fs::read_dir(&path) {
            Err(_) if self.looks => {
                self.done.any = true;
                return Ok(true);
            }
            entries => entries?,
        };
        let mut names: Vec<_> = entries
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<_>>()?;
        names.sort();
        let mut all = true;
        for name in names {
            match fs::symlink_metadata(path.join(&name)) {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                found => {
                    let (real, below) = (real.join(&name), below.join(&name));
                    all &= self.walk(&real, &below, &found?, ours == Found::Ours)?;
                }
            }
        }
        if is_root {
            self.done.any |= all;
            return Ok(all);
        }
        if !all {
            return Ok(false);
        }
        self.remove(path, below, |path| fs::remove_dir(path))
    }

    fn stays(
        &mut self,
        real: &Path,
        path: &Path,
        is_root: bool,
        found: &Metadata,
        ours: Found,
    ) -> Option<Why> {
        if self.keep.contains(&file_identity(found)) {
            return Some(Why::Asked);
        }
        let is_mounted =
            self.mounts.contains(real) || (found.is_dir() && self.device != Some(device(found)));
        if is_mounted && !(is_root && self.tree.is_state) {
            return Some(Why::Mounted);
        }
        if ours == Found::Foreign || (ours == Found::Above && !found.is_dir()) {
            return Some(Why::Foreign);
        }
        if found.is_dir() && !(is_root && self.tree.is_state) {
            let locks = LOCKS.map(|name| path.join(name));
            let held = locks
                .iter()
                .filter(|lock| lock.is_file())
                .find_map(|lock| peek(lock, now_ms()).ok().flatten());
            if let Some(held) = held {
                self.done.in_use = Some((path.to_owned(), held));
            }
            if locks.iter().any(|lock| exists(lock)) {
                return Some(Why::OtherState);
            }
        }
        None
    }

    fn remove(
        &mut self,
        path: PathBuf,
        below: &Path,
        remove: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<bool> {
        if !self.looks {
            match remove(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
                Err(error) if error.kind() == ErrorKind::ResourceBusy => {
                    self.keep(path, below, Why::Mounted);
                    return Ok(false);
                }
                removed => removed?,
            }
        }
        self.done.any = true;
        Ok(true)
    }

    /// What is foreign is named by its first part: there may be much of it.
    fn keep(&mut self, path: PathBuf, below: &Path, why: Why) {
        let path = match below.components().next() {
            Some(first) if why == Why::Foreign => self.tree.path.join(first),
            _ => path,
        };
        let kept = Kept { path, why };
        if !self.done.kept.contains(&kept) {
            self.done.kept.push(kept);
        }
    }
}

#[cfg(test)]
mod tests;
