//! Opens the log file for writing, and nothing else that lies in its place.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use openclaw_config::platform::{
    is_open_to_others, is_owned, open_without_waiting, private_dir_builder, private_file_options,
    protect,
};

/// The file, and how it ends.
pub(super) struct Opened {
    pub(super) file: File,
    /// In bytes.
    pub(super) size: u64,
    /// Its last line has no end: who wrote it was stopped, or the disk was full.
    pub(super) torn: bool,
}

/// Opens or makes the file, for this user alone. A link is not followed, as somebody else may have put it
/// there; a pipe or a device is refused without waiting for whoever reads it.
pub(super) fn open(path: &Path) -> io::Result<Opened> {
    if let Some(dir) = path.parent() {
        private_dir_builder().create(dir)?;
    }
    open_in_place(path)
}

/// The same in a directory that must be this user's own, no link to another, and without following one to somebody's file.
pub(super) fn open_own(path: &Path) -> io::Result<Opened> {
    let not_ours = |what: &str| io::Error::new(io::ErrorKind::PermissionDenied, what.to_owned());
    if let Some(dir) = path.parent() {
        private_dir_builder().create(dir)?;
        let found = dir.symlink_metadata()?;
        if !found.is_dir() || !is_owned(&found) {
            return Err(not_ours("its directory belongs to somebody else"));
        }
    }
    let opened = open_in_place(path)?;
    if !is_owned(&opened.file.metadata()?) {
        return Err(not_ours("the file belongs to somebody else"));
    }
    Ok(opened)
}

fn open_in_place(path: &Path) -> io::Result<Opened> {
    let mut options = private_file_options();
    options.create(true).append(true).read(true);
    let mut file = open_without_waiting(&options, false, path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    if is_open_to_others(&metadata) {
        protect(&file)?;
    }
    let size = metadata.len();
    Ok(Opened {
        torn: size > 0 && last_byte(&mut file)? != b'\n',
        file,
        size,
    })
}

fn last_byte(file: &mut File) -> io::Result<u8> {
    let mut byte = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut byte)?;
    Ok(byte[0])
}
