//! Opens the log file for writing, and nothing else that lies in its place.

use std::fs::File;
use std::io;
use std::path::Path;

use openclaw_config::platform::{
    is_open_to_others, open_without_waiting, private_dir_builder, private_file_options,
    set_permission_bits,
};

/// Opens or makes the file, for this user alone, and gives its size. A link is not followed, as somebody else may have put it
/// there; a pipe or a device is refused without waiting for whoever reads it.
pub(super) fn open(path: &Path) -> io::Result<(File, u64)> {
    if let Some(dir) = path.parent() {
        private_dir_builder().create(dir)?;
    }
    let mut options = private_file_options();
    let file = open_without_waiting(options.create(true).append(true), false, path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ));
    }
    if is_open_to_others(&metadata) {
        set_permission_bits(path, 0o600)?;
    }
    Ok((file, metadata.len()))
}
