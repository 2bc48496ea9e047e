//! Opens a log file for reading, and nothing else that lies in its place.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use openclaw_config::platform::open_without_waiting;

/// Opens as the writer does: no link, as it could lead to a file that only this user may read, and no pipe or device, as reading
/// one could wait for ever.
pub fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = open_without_waiting(options.read(true), false, path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ))
    }
}
