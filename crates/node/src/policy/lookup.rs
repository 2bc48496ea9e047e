//! Which file a program name means.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// What the decision wants to know about the disk.
pub trait Files: Send + Sync {
    /// Whether `path` is a file that can be executed.
    fn is_executable(&self, path: &Path) -> bool;
    /// Whether there is anything at `path`.
    fn exists(&self, path: &Path) -> bool;
}

/// The disk of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn is_executable(&self, path: &Path) -> bool {
        use std::os::unix::fs::PermissionsExt as _;

        std::fs::metadata(path)
            .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
    }

    fn exists(&self, path: &Path) -> bool {
        path.symlink_metadata().is_ok()
    }
}

/// Finds the file that starting `name` in `cwd` would run. Names without a slash are looked up in
/// `path`. Names that climb with `..` are never found: links can make them mean something else
/// than they say.
pub fn find_program(name: &str, path: &OsStr, cwd: &Path, files: &dyn Files) -> Option<PathBuf> {
    if name.is_empty() || name.contains('\0') {
        return None;
    }
    if name.contains('/') {
        let found = tidy(&cwd.join(name))?;
        return files.is_executable(&found).then_some(found);
    }
    // An empty member of PATH means the current directory, as for the system itself.
    std::env::split_paths(path)
        .map(|folder| cwd.join(folder).join(name))
        .find(|candidate| files.is_executable(candidate))
        .and_then(|found| tidy(&found))
}

/// The same path without `.` members; none if it is relative or has a `..`.
fn tidy(path: &Path) -> Option<PathBuf> {
    let climbs = path
        .components()
        .any(|part| matches!(part, Component::ParentDir));
    (path.is_absolute() && !climbs).then(|| path.components().collect())
}

/// Replaces a leading `~` by the home directory, if that is known.
pub fn expand_home(text: &str, home: Option<&Path>) -> PathBuf {
    match (text.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_owned(),
        (Some(rest), Some(home)) if rest.starts_with('/') => {
            home.join(rest.trim_start_matches('/'))
        }
        _ => PathBuf::from(text),
    }
}
