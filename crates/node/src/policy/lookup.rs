//! Which file a program name means.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf, is_separator};

use openclaw_config::platform;

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
        platform::is_executable(path)
    }

    fn exists(&self, path: &Path) -> bool {
        path.symlink_metadata().is_ok()
    }
}

/// Finds the file that starting `name` in `cwd` would run. Names without a slash are looked up in
/// `path`. Names that climb with `..` are never found: links can make them mean something else
/// than they say. On Windows the extensions of `PATHEXT` are tried, and the current directory only where `path` names it.
pub fn find_program(name: &str, path: &OsStr, cwd: &Path, files: &dyn Files) -> Option<PathBuf> {
    if name.is_empty() || name.contains('\0') {
        return None;
    }
    let extensions = platform::executable_extensions();
    let find = |wanted: PathBuf| {
        spellings(wanted, &extensions)
            .into_iter()
            .find(|candidate| files.is_executable(candidate))
    };
    if name.contains(is_separator) {
        return find(tidy(&cwd.join(name))?);
    }
    // An empty member of PATH means the current directory, as for the system itself.
    std::env::split_paths(path)
        .find_map(|folder| find(cwd.join(folder).join(name)))
        .and_then(|found| tidy(&found))
}

/// The files that a name may mean: itself, then with each extension of a program.
fn spellings(path: PathBuf, extensions: &[String]) -> Vec<PathBuf> {
    let longer = extensions.iter().map(|extension| {
        let mut name = path.clone().into_os_string();
        name.push(extension);
        PathBuf::from(name)
    });
    let longer: Vec<_> = longer.collect();
    std::iter::once(path).chain(longer).collect()
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
        (Some(rest), Some(home)) if rest.starts_with(is_separator) => {
            home.join(rest.trim_start_matches(is_separator))
        }
        _ => PathBuf::from(text),
    }
}
