//! `logs.tail`: the end of the log file, or what came since a cursor.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use openclaw_protocol::error::WireError;
use serde::Deserialize;
use serde_json::json;

use crate::rpc::context::{Call, Payload, RpcResult, parse_checked};
use crate::rpc::router::Methods;
use crate::tasks;

pub(super) fn register(methods: &mut Methods) {
    methods.later("logs.tail", crate::later!(tail));
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    cursor: Option<u64>,
    limit: Option<usize>,
    max_bytes: Option<u64>,
}

/// Lines unless asked otherwise, and at most.
const LINES: (usize, usize) = (500, 5_000);
/// Bytes unless asked otherwise, and at most.
const BYTES: (u64, u64) = (250_000, 1_000_000);

async fn tail(call: Call) -> RpcResult {
    let params: Params = parse_checked(call.method, &call.params)?;
    let limit = params.limit.unwrap_or(LINES.0);
    let max_bytes = params.max_bytes.unwrap_or(BYTES.0);
    if limit == 0 || limit > LINES.1 {
        let rule = if limit == 0 {
            "must be >= 1".to_owned()
        } else {
            format!("must be <= {}", LINES.1)
        };
        return Err(WireError::invalid(format!(
            "invalid logs.tail params: at /limit: {rule}"
        )));
    }
    if max_bytes == 0 || max_bytes > BYTES.1 {
        let rule = if max_bytes == 0 {
            "must be >= 1".to_owned()
        } else {
            format!("must be <= {}", BYTES.1)
        };
        return Err(WireError::invalid(format!(
            "invalid logs.tail params: at /maxBytes: {rule}"
        )));
    }
    let configured = call.core.log_file();
    let read = tasks::blocking("logs tail", move || {
        let file = existing(&configured);
        read_tail(&file, params.cursor, limit, max_bytes).map(|tail| (file, tail))
    });
    match read.await {
        Some(Ok((file, tail))) => Ok(Payload::of(&json!({
            "file": file,
            "cursor": tail.cursor,
            "size": tail.size,
            "lines": tail.lines,
            "truncated": tail.truncated,
            "reset": tail.reset,
        }))),
        Some(Err(error)) => Err(WireError::unavailable(format!("log read failed: {error}"))),
        None => Err(WireError::unavailable(
            "log read failed: see the gateway's console",
        )),
    }
}

/// The file itself, or the newest dated sibling while today's does not exist yet.
fn existing(configured: &Path) -> PathBuf {
    if configured.exists() {
        return configured.to_owned();
    }
    let dated = |name: &str| {
        name.starts_with("openclaw-") && Path::new(name).extension().is_some_and(|end| end == "log")
    };
    let newest = configured
        .parent()
        .and_then(|folder| std::fs::read_dir(folder).ok())
        .and_then(|entries| {
            entries
                .flatten()
                .filter(|entry| entry.file_name().to_str().is_some_and(dated))
                .max_by_key(|entry| entry.metadata().and_then(|meta| meta.modified()).ok())
        });
    newest.map_or_else(|| configured.to_owned(), |entry| entry.path())
}

#[derive(Debug, PartialEq, Eq)]
struct Tail {
    cursor: u64,
    size: u64,
    lines: Vec<String>,
    truncated: bool,
    reset: bool,
}

fn read_tail(path: &Path, cursor: Option<u64>, limit: usize, max_bytes: u64) -> io::Result<Tail> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Tail {
                cursor: 0,
                size: 0,
                lines: Vec::new(),
                truncated: false,
                reset: false,
            });
        }
        Err(error) => return Err(error),
    };
    let size = file.metadata()?.len();
    let newest = size.saturating_sub(max_bytes);
    let (start, reset, truncated) = match cursor {
        None => (newest, false, newest > 0),
        Some(cursor) if cursor > size => (newest, true, newest > 0),
        Some(cursor) if size - cursor > max_bytes => (newest, true, true),
        Some(cursor) => (cursor, false, false),
    };
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
    let surplus = lines.len().saturating_sub(limit);
    lines.drain(..surplus);
    Ok(Tail {
        cursor: size - rest,
        size,
        lines,
        truncated,
        reset,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn tail(
        text: &str,
        cursor: Option<u64>,
        limit: usize,
        max: u64,
    ) -> (Vec<String>, u64, bool, bool) {
        let file = file(text);
        let tail = read_tail(file.path(), cursor, limit, max).unwrap();
        (tail.lines, tail.cursor, tail.truncated, tail.reset)
    }

    #[test]
    fn tails_by_cursor_size_and_limit() {
        let text = "one\ntwo\nthree\n";
        let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (cursor, limit, max, expected) in [
            (
                None,
                10,
                100,
                (lines(&["one", "two", "three"]), 14, false, false),
            ),
            (None, 2, 100, (lines(&["two", "three"]), 14, false, false)),
            (None, 10, 7, (lines(&["three"]), 14, true, false)),
            (None, 10, 6, (lines(&["three"]), 14, true, false)),
            (
                Some(4),
                10,
                100,
                (lines(&["two", "three"]), 14, false, false),
            ),
            (Some(14), 10, 100, (lines(&[]), 14, false, false)),
            (Some(0), 10, 6, (lines(&["three"]), 14, true, true)),
            (
                Some(99),
                10,
                100,
                (lines(&["one", "two", "three"]), 14, false, true),
            ),
        ] {
            assert_eq!(
                tail(text, cursor, limit, max),
                expected,
                "{cursor:?} {limit} {max}"
            );
        }
    }

    #[test]
    fn a_line_that_is_still_written_comes_whole_with_the_next_call() {
        let (lines, cursor, ..) = tail("one\ntw", None, 10, 100);
        assert_eq!((lines, cursor), (vec!["one".to_owned()], 4));
        let (lines, cursor, ..) = tail("one\ntwo\n", Some(4), 10, 100);
        assert_eq!((lines, cursor), (vec!["two".to_owned()], 8));
    }

    #[test]
    fn a_missing_file_is_empty() {
        let tail = read_tail(Path::new("/nonexistent/x.log"), Some(7), 10, 100).unwrap();
        assert_eq!(
            tail,
            Tail {
                cursor: 0,
                size: 0,
                lines: Vec::new(),
                truncated: false,
                reset: false
            }
        );
    }
}
