//! Reads files that somebody else may have put in place.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::path::Path;

use crate::platform::open_without_waiting;

/// Reads a file of at most `limit` bytes. A pipe, device or directory in its place is refused: reading one could wait for ever.
pub fn read_regular(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut options = OpenOptions::new();
    let file = open_without_waiting(options.read(true), true, path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file; move it away",
        ));
    }
    let too_large = || {
        let text = format!("larger than {} MiB; move it away", limit >> 20);
        io::Error::new(io::ErrorKind::InvalidData, text)
    };
    if found.len() > limit {
        return Err(too_large());
    }
    // It may grow while it is read.
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(too_large());
    }
    Ok(bytes)
}
