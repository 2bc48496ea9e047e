//! What a program printed, up to a limit for both streams together.

/// Bytes kept of both streams together.
pub const OUTPUT_LIMIT: usize = 200_000;
/// Line at the end of output that was cut.
pub const TRUNCATED: &str = "... (truncated)";
/// One of the two streams.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stream {
    Out,
    Err,
}

#[derive(Debug, Default)]
pub(super) struct Capture {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    truncated: bool,
}

impl Capture {
    /// Keeps `bytes` as far as there is room and forgets the rest.
    pub(super) fn add(&mut self, stream: Stream, bytes: &[u8]) {
        let room = OUTPUT_LIMIT - self.stdout.len() - self.stderr.len();
        let kept = bytes.len().min(room);
        self.truncated |= kept < bytes.len();
        let buffer = match stream {
            Stream::Out => &mut self.stdout,
            Stream::Err => &mut self.stderr,
        };
        buffer.extend_from_slice(&bytes[..kept]);
    }

    /// Both texts; cut output ends with [`TRUNCATED`], on the error stream if that has any.
    pub(super) fn into_text(self) -> (String, String) {
        let mut stdout = text(self.stdout, self.truncated);
        let mut stderr = text(self.stderr, self.truncated);
        if self.truncated {
            let marked = if stderr.trim().is_empty() {
                &mut stdout
            } else {
                &mut stderr
            };
            if !marked.is_empty() && !marked.ends_with('\n') {
                marked.push('\n');
            }
            marked.push_str(TRUNCATED);
        }
        (stdout, stderr)
    }
}

/// Bytes that are no UTF-8 become replacement characters; a character that the limit cut in two is
/// left out.
fn text(mut bytes: Vec<u8>, cut: bool) -> String {
    if cut && let Err(error) = std::str::from_utf8(&bytes) {
        let incomplete_end = error.error_len().is_none();
        if incomplete_end {
            bytes.truncate(error.valid_up_to());
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_counts_both_streams_and_is_marked_once() {
        let mut capture = Capture::default();
        capture.add(Stream::Err, b"oh");
        capture.add(Stream::Out, &vec![b'x'; OUTPUT_LIMIT]);
        capture.add(Stream::Err, b"more");
        let (stdout, stderr) = capture.into_text();
        assert_eq!(stdout.len(), OUTPUT_LIMIT - 2);
        assert_eq!(stderr, format!("oh\n{TRUNCATED}"));

        let mut capture = Capture::default();
        capture.add(Stream::Out, &vec![b'x'; OUTPUT_LIMIT + 1]);
        let (stdout, stderr) = capture.into_text();
        assert_eq!(stdout.len(), OUTPUT_LIMIT + 1 + TRUNCATED.len());
        assert!(stdout.ends_with(&format!("x\n{TRUNCATED}")));
        assert_eq!(stderr, "");
    }

    #[test]
    fn exactly_the_limit_is_not_truncated() {
        let mut capture = Capture::default();
        capture.add(Stream::Out, &vec![b'x'; OUTPUT_LIMIT]);
        assert_eq!(capture.into_text().0.len(), OUTPUT_LIMIT);
    }

    #[test]
    fn characters_are_not_cut_in_two_and_other_bytes_are_replaced() {
        let mut capture = Capture::default();
        capture.add(Stream::Out, &vec![b'x'; OUTPUT_LIMIT - 1]);
        capture.add(Stream::Out, "ä".as_bytes());
        assert_eq!(
            capture.into_text().0.len(),
            OUTPUT_LIMIT - 1 + 1 + TRUNCATED.len()
        );
        let mut capture = Capture::default();
        capture.add(Stream::Out, b"a\xffb");
        assert_eq!(capture.into_text().0, "a\u{fffd}b");
    }
}
