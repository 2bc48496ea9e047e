//! Removing files: a link goes, never what it leads to.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Whether there is anything, a link that leads nowhere included.
pub(super) fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// Removes `path` with everything below it except `keep`; says whether there was anything to remove.
pub(super) fn tree(path: &Path, keep: &[PathBuf]) -> Result<bool, String> {
    let keep: Vec<&PathBuf> = keep.iter().filter(|kept| exists(kept)).collect();
    remove(path, &keep).map_err(|error| error.to_string())
}

fn remove(path: &Path, keep: &[&PathBuf]) -> io::Result<bool> {
    if keep.iter().any(|kept| *kept == path) {
        return Ok(false);
    }
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if !found.is_dir() {
        fs::remove_file(path)?;
        return Ok(true);
    }
    let holds_kept = keep.iter().any(|kept| kept.starts_with(path));
    if holds_kept {
        let mut any = false;
        for entry in fs::read_dir(path)? {
            any |= remove(&entry?.path(), keep)?;
        }
        return Ok(any);
    }
    match fs::remove_dir_all(path) {
        // What is mounted there, as containers do, stays as an empty directory.
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy && is_empty(path) => Ok(true),
        removed => removed.map(|()| true),
    }
}

fn is_empty(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_go_and_what_they_lead_to_stays() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir_all(at("state/inner/workspace-other")).unwrap();
        fs::create_dir_all(at("precious")).unwrap();
        fs::write(at("precious/file"), "").unwrap();
        fs::write(at("state/file"), "").unwrap();
        symlink(at("precious"), at("state/link")).unwrap();
        symlink(at("precious/file"), at("state/inner/link")).unwrap();
        symlink("nowhere", at("state/dangling")).unwrap();
        let keep = [at("state/inner/workspace-other")];
        assert_eq!(tree(&at("state"), &keep), Ok(true));
        let left: Vec<_> = fs::read_dir(at("state"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(left, ["inner"]);
        assert!(at("state/inner/workspace-other").is_dir());
        assert!(at("precious/file").exists());
        assert_eq!(tree(&at("state"), &[]), Ok(true));
        assert!(!exists(&at("state")) && at("precious/file").exists());
        assert_eq!(tree(&at("state"), &[]), Ok(false));
    }
}
