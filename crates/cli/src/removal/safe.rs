//! Which paths are never removed, whatever the environment says.

use std::fs;
use std::path::{Path, PathBuf};

use openclaw_config::Paths;

use super::{names, remove};
use crate::platform::mount_points;

/// Names that a directory of ours has, one of them at least. Other programs have an `identity` or a `node.json`, too.
const MARKS: [&str; 6] = [
    "openclaw.json",
    "openclaw.json.last-good",
    "gateway.sqlite",
    "gateway.lock",
    "node.lock",
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
    let own = real(&paths.workspace_dir);
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
        .filter(|path| real(path) != own)
        .collect()
}

/// Whether the way from the state directory to a file in it leads through a link.
pub(super) fn is_behind_a_link(path: &Path, state_dir: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .take_while(|folder| folder.starts_with(state_dir) && *folder != state_dir)
        .any(Path::is_symlink)
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

/// Whether a state directory is where every profile has its own by default, so that all in it is ours.
pub(super) fn is_default_place(state_dir: &Path, home: &Path) -> bool {
    let name = state_dir.file_name().map(|name| name.to_string_lossy());
    let parent = state_dir.parent().map(real);
    parent == Some(real(home)) && name.is_some_and(|name| names::is_state_dir(&name))
}

/// Why this is no state directory, if it exists and has something in it. One at the default place needs no proof, unless
/// something is mounted there.
pub(super) fn not_a_state_dir(path: &Path, home: &Path) -> Option<&'static str> {
    if is_default_place(path, home) && !mount_points().contains(&real(path)) {
        return None;
    }
    let mut entries = fs::read_dir(path).ok()?;
    let is_empty = entries.next().is_none();
    let is_marked = MARKS.iter().any(|name| path.join(name).exists());
    (!is_empty && !is_marked).then_some("does not look like a state directory of openclaw")
}

/// Why a workspace is not surely ours. Only its name and place tell: what lies in it is the person's.
pub(super) fn not_our_workspace(paths: &Paths) -> Option<&'static str> {
    if !remove::exists(&paths.workspace_dir) {
        return None;
    }
    let suffix = match paths.profile.named() {
        Some(name) => format!("-{name}"),
        None => String::new(),
    };
    let usual = paths
        .home
        .join(".openclaw")
        .join(format!("workspace{suffix}"));
    if real(&paths.workspace_dir) != real(&usual) {
        return Some("is a workspace that was chosen, with things of yours in it");
    }
    let usual_state = paths.home.join(format!(".openclaw{suffix}"));
    let is_of_another = real(&usual_state) != real(&paths.state_dir)
        && MARKS.iter().any(|name| usual_state.join(name).exists());
    is_of_another.then_some("is the workspace of another state directory, too")
}

pub(super) fn real(path: &Path) -> PathBuf {
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
