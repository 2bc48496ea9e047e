//! Which paths are never removed, whatever the environment says.

use std::fs;
use std::path::{Path, PathBuf};

use openclaw_config::Paths;

/// Names that a directory of ours has, one of them at least.
const MARKS: [&str; 8] = [
    "openclaw.json",
    "openclaw.json.last-good",
    "gateway.sqlite",
    "gateway.lock",
    "node.json",
    "node.lock",
    "identity",
    "exec-approvals.json",
];

/// State directories of other profiles of this user.
pub(super) fn others(paths: &Paths) -> Vec<PathBuf> {
    let own = real(&paths.state_dir);
    let entries = fs::read_dir(&paths.home).into_iter().flatten().flatten();
    entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name == ".openclaw" || name.starts_with(".openclaw-")
        })
        .map(|entry| entry.path())
        .filter(|path| path.is_dir() && real(path) != own)
        .collect()
}

/// Workspaces of other profiles lie in the state directory of the default one.
pub(super) fn workspaces_of_others(paths: &Paths) -> Vec<PathBuf> {
    let entries = fs::read_dir(&paths.state_dir)
        .into_iter()
        .flatten()
        .flatten();
    entries
        .filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("workspace-")
        })
        .map(|entry| entry.path())
        .filter(|path| *path != paths.workspace_dir)
        .collect()
}

/// Why `path` must not be removed, as the end of a sentence that begins with `It`.
pub(super) fn refusal(path: &Path, home: &Path, others: &[PathBuf]) -> Option<&'static str> {
    if !path.is_absolute() {
        return Some("is not an absolute path");
    }
    let (real_path, real_home) = (real(path), real(home));
    for (path, home) in [(path, home), (&real_path, &real_home)] {
        if path.components().any(|part| part.as_os_str() == "..") {
            return Some("leads upwards");
        }
        if home.starts_with(path) {
            return Some("is or holds the home directory");
        }
        // `/`, `/etc`, `/var` and the like.
        if path.components().count() <= 2 {
            return Some("is a directory of the system");
        }
        if others
            .iter()
            .any(|other| other.starts_with(path) || real(other).starts_with(path))
        {
            return Some("holds the state of another profile");
        }
    }
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) && path.is_dir() {
        return Some("is a link to a directory; remove what it leads to by hand, then the link");
    }
    None
}

/// Why this is no state directory, if it exists and has something in it. One where every profile has its own by default needs
/// no proof.
pub(super) fn not_a_state_dir(path: &Path, home: &Path) -> Option<&'static str> {
    let name = path.file_name().map(|name| name.to_string_lossy());
    if path.parent() == Some(home) && name.is_some_and(|name| name.starts_with(".openclaw")) {
        return None;
    }
    let mut entries = fs::read_dir(path).ok()?;
    let is_empty = entries.next().is_none();
    let is_marked = MARKS.iter().any(|name| path.join(name).exists());
    (!is_empty && !is_marked).then_some("does not look like a state directory of openclaw")
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_holds_more_than_ours_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home/ann");
        let at = |name: &str| home.join(name);
        fs::create_dir_all(at(".openclaw")).unwrap();
        fs::create_dir_all(at(".openclaw-rescue/deep")).unwrap();
        fs::create_dir_all(at("documents")).unwrap();
        fs::write(at("documents/letter"), "").unwrap();
        symlink(&home, at("link-to-home")).unwrap();
        symlink(at("documents"), at("link-to-documents")).unwrap();
        let others = [at(".openclaw-rescue")];
        for (path, refused) in [
            (PathBuf::from("/"), true),
            (PathBuf::from("/etc"), true),
            (PathBuf::from("state"), true),
            (home.clone(), true),
            (dir.path().join("home"), true),
            (dir.path().join("home/bob/.."), true),
            (at("link-to-home"), true),
            (at("link-to-documents"), true),
            (at(".openclaw-rescue"), true),
            (at(".openclaw"), false),
            (at(".openclaw/openclaw.json"), false),
            (at("nothing"), false),
        ] {
            let found = refusal(&path, &home, &others);
            assert_eq!(found.is_some(), refused, "{}: {found:?}", path.display());
        }
        assert!(not_a_state_dir(&at("documents"), &home).is_some());
        assert!(not_a_state_dir(&at(".openclaw"), &home).is_none());
        fs::write(at("documents/gateway.sqlite"), "").unwrap();
        assert!(not_a_state_dir(&at("documents"), &home).is_none());
    }
}
