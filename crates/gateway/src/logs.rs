//! Reads the end of a log file, or what came since a cursor: for `logs.tail`, and for whoever reads the file of a gateway that is down.
//!
//! A cursor is a place between two lines. When the file was replaced since, by size or at midnight, what was still unread of the former one comes first.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

mod open;
#[cfg(test)]
mod tests;

pub use open::open;

/// What was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// The file that was read; of two, the newer one.
    pub file: PathBuf,
    /// Where to go on in it, in bytes.
    pub cursor: u64,
    /// Its size, in bytes.
    pub size: u64,
    /// Whole lines, oldest first.
    pub lines: Vec<String>,
    /// Whether older bytes were left out.
    pub truncated: bool,
    /// Whether the cursor belonged to a former file.
    pub reset: bool,
}

/// Reads `configured`, or the newest log of the same kind while that does not exist yet.
pub fn tail(
    configured: &Path,
    cursor: Option<u64>,
    limit: usize,
    max_bytes: u64,
) -> io::Result<Tail> {
    let path = existing(configured);
    let size = match size(&path) {
        Ok(size) => size,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Between two files for a moment: the place in the former one still counts.
            let rolled = path.with_extension("1.log").exists();
            return Ok(Tail {
                file: path,
                cursor: cursor.filter(|_| rolled).unwrap_or_default(),
                ..Tail::default()
            });
        }
        Err(error) => return Err(error),
    };
    let mut tail = match cursor {
        None => {
            let start = size.saturating_sub(max_bytes);
            Part::read(&path, start, size)?.into_tail(start > 0)
        }
        Some(cursor) if is_place(&path, cursor, size)? => {
            let start = cursor.max(size.saturating_sub(max_bytes));
            let mut tail = Part::read(&path, start, size)?.into_tail(start > cursor);
            tail.reset = tail.truncated;
            tail
        }
        Some(cursor) => {
            let start = size.saturating_sub(max_bytes);
            let mut tail = Part::read(&path, start, size)?.into_tail(start > 0);
            tail.reset = true;
            if start == 0 {
                let (lines, whole) = unread(&path, cursor, max_bytes - size)?;
                tail.lines.splice(0..0, lines);
                tail.truncated = !whole;
            }
            tail
        }
    };
    let surplus = tail.lines.len().saturating_sub(limit);
    tail.lines.drain(..surplus);
    tail.file = path;
    Ok(tail)
}

/// Whole lines of a stretch of a file.
#[derive(Debug)]
struct Part {
    size: u64,
    end: u64,
    lines: Vec<String>,
}

impl Part {
    /// Reads from `start`, which may be inside of a line, up to `size`.
    fn read(path: &Path, start: u64, size: u64) -> io::Result<Self> {
        let mut file = open(path)?;
        // One byte before tells whether the first line is whole.
        let from = start.saturating_sub(1);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(size - from).read_to_end(&mut bytes)?;
        let mut body = bytes.as_slice();
        if start > 0 {
            let whole = body.first() == Some(&b'\n');
            body = body.get(1..).unwrap_or_default();
            if !whole {
                body = body
                    .iter()
                    .position(|byte| *byte == b'\n')
                    .map_or(&[][..], |end| &body[end + 1..]);
            }
        }
        // A line that is still being written is left for the next call.
        let complete = body
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        let rest = u64::try_from(body.len() - complete).unwrap_or(0);
        let mut lines: Vec<String> = body[..complete]
            .split(|byte| *byte == b'\n')
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        lines.pop();
        Ok(Self {
            size,
            end: size - rest,
            lines,
        })
    }

    /// `truncated`: whether something before the start was left out.
    fn into_tail(self, truncated: bool) -> Tail {
        Tail {
            file: PathBuf::new(),
            cursor: self.end,
            size: self.size,
            lines: self.lines,
            truncated,
            reset: false,
        }
    }
}

fn size(path: &Path) -> io::Result<u64> {
    Ok(open(path)?.metadata()?.len())
}

/// Whether a cursor is a place between two lines of this file.
fn is_place(path: &Path, cursor: u64, size: u64) -> io::Result<bool> {
    if cursor == 0 || cursor > size {
        return Ok(cursor == 0);
    }
    let mut file = open(path)?;
    file.seek(SeekFrom::Start(cursor - 1))?;
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(byte == *b"\n")
}

/// What nobody has read of the file before this one; and whether that is all of it.
fn unread(path: &Path, cursor: u64, max_bytes: u64) -> io::Result<(Vec<String>, bool)> {
    for former in formers(path) {
        let Ok(size) = size(&former) else {
            continue;
        };
        if cursor <= size && is_place(&former, cursor, size)? {
            let start = cursor.max(size.saturating_sub(max_bytes));
            let part = Part::read(&former, start, size)?;
            return Ok((part.lines, start == cursor));
        }
    }
    Ok((Vec::new(), true))
}

/// Files that may have been written before this one, the likeliest first.
fn formers(path: &Path) -> Vec<PathBuf> {
    let mut formers = vec![path.with_extension("1.log")];
    let today = path.file_name().and_then(|name| name.to_str());
    if let Some((_, day)) = today.and_then(dated) {
        formers.extend(
            siblings(path)
                .filter_map(|(other, file)| (other < day).then_some(file))
                .max(),
        );
    }
    formers
}

/// The file itself, or the newest one of another day while today's does not exist yet.
fn existing(configured: &Path) -> PathBuf {
    if configured.exists() || configured.with_extension("1.log").exists() {
        return configured.to_owned();
    }
    let newest = siblings(configured).max().map(|(_, file)| file);
    newest.unwrap_or_else(|| configured.to_owned())
}

/// Logs of other days with the same name otherwise: those of another profile are not among them.
fn siblings(path: &Path) -> impl Iterator<Item = (jiff::civil::Date, PathBuf)> {
    let own = path
        .file_name()
        .and_then(|name| name.to_str())
        .and_then(dated)
        .map(|(start, _)| start.to_owned());
    let entries = path.parent().and_then(|folder| fs::read_dir(folder).ok());
    entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(move |entry| {
            let name = entry.file_name();
            let (start, day) = dated(name.to_str()?)?;
            (Some(start) == own.as_deref()).then(|| (day, entry.path()))
        })
}

/// `openclaw-2026-11-22.log` → `openclaw-` and the day.
fn dated(name: &str) -> Option<(&str, jiff::civil::Date)> {
    let stem = name.strip_suffix(".log")?;
    let at = stem.len().checked_sub("2026-11-22".len())?;
    let day = stem.get(at..)?.parse().ok()?;
    Some((&stem[..at], day))
}
