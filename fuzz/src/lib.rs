//! What several targets need: files that cost no disk time.

use std::path::{Path, PathBuf};

use openclaw_config::{Env, Paths, ProfileChoice};
use tempfile::TempDir;

/// A fresh folder, in memory where the system has such a place: targets write it thousands of times per second.
pub fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("there is room for a folder")
}

/// Environment and paths of a home.
pub fn home(folder: &Path) -> (Env, Paths) {
    let env = Env::from_pairs([
        ("HOME", folder.to_string_lossy().into_owned()),
        ("SET", "value".to_owned()),
        ("EMPTY", String::new()),
    ]);
    let paths = Paths::resolve(&env, &ProfileChoice::default()).expect("a home resolves");
    (env, paths)
}

/// Writes a file and the folders above it.
pub fn write(path: &Path, bytes: &[u8]) -> PathBuf {
    let folder = path.parent().expect("a file has a folder");
    std::fs::create_dir_all(folder).expect("folder");
    std::fs::write(path, bytes).expect("file");
    path.to_owned()
}
