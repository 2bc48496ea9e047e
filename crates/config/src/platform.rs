//! What differs between systems and is asked for by several crates: who may open a file, names of variables, the machine.
//!
//! One seam with two sides of the same shape; whoever calls it says nothing about systems.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

/// Room on a file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// All of it.
    pub total: u64,
    /// What we may still fill.
    pub available: u64,
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;

    use super::*;

    #[test]
    fn private_files_and_folders_are_ours() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/b");
        private_dir_builder().create(&folder).unwrap();
        let file = folder.join("file");
        let mut options = private_file_options();
        let mut opened = options.write(true).create_new(true).open(&file).unwrap();
        opened.write_all(b"x").unwrap();
        for path in [&folder, &file] {
            let found = fs::metadata(path).unwrap();
            assert!(is_owned(&found) && !is_open_to_others(&found));
        }
        sync_dir(&folder).unwrap();
        let found = fs::metadata(&file).unwrap();
        assert_eq!(
            file_identity(&found),
            file_identity(&opened.metadata().unwrap())
        );
        assert!(!host_name().is_empty() && !os_release().is_empty());
    }
}
