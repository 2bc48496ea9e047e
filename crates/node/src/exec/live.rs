//! The output of a program while it runs, for whoever watches it.
//!
//! The program never waits for the watcher: what the watcher does not fetch in time is left out, and how much that was is told
//! with the next piece.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::capture::Stream;

/// Most bytes that wait to be fetched.
pub const LIVE_LIMIT: usize = 64 * 1024;
/// Most bytes of one piece.
pub const PIECE_LIMIT: usize = 16 * 1024;

/// A piece of output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// `stdout` or `stderr`.
    pub stream: &'static str,
    /// Whole characters.
    pub text: String,
    /// Bytes that were left out before it.
    pub dropped: u64,
}

#[derive(Debug, Default)]
struct Buffer {
    pieces: VecDeque<Piece>,
    bytes: usize,
    dropped: u64,
    /// Begin of a character whose end has not come yet, of both streams.
    begun: [Vec<u8>; 2],
}

#[derive(Debug, Default)]
struct Shared {
    buffer: Mutex<Buffer>,
    news: Notify,
}

/// Both ends of the output of one run.
#[derive(Debug, Clone, Default)]
pub struct LiveOutput(Arc<Shared>);

impl LiveOutput {
    /// Hands on what the program printed, as far as there is room.
    pub(super) fn add(&self, stream: Stream, bytes: &[u8]) {
        let (index, name) = match stream {
            Stream::Out => (0, "stdout"),
            Stream::Err => (1, "stderr"),
        };
        let mut buffer = self.0.buffer.lock();
        let mut data = std::mem::take(&mut buffer.begun[index]);
        data.extend_from_slice(bytes);
        let begun = data.split_off(data.len() - unfinished(&data));
        buffer.begun[index] = begun;
        if data.is_empty() {
            return;
        }
        if buffer.bytes + data.len() > LIVE_LIMIT {
            buffer.dropped += data.len() as u64;
            return;
        }
        buffer.bytes += data.len();
        let text = String::from_utf8_lossy(&data);
        let dropped = std::mem::take(&mut buffer.dropped);
        match buffer.pieces.back_mut() {
            Some(last) if last.stream == name && dropped == 0 => last.text.push_str(&text),
            _ => buffer.pieces.push_back(Piece {
                stream: name,
                text: text.into_owned(),
                dropped,
            }),
        }
        drop(buffer);
        self.0.news.notify_one();
    }

    /// The next piece that waits; at the end also an empty one that says how much was left out.
    pub fn take(&self, at_the_end: bool) -> Option<Piece> {
        let mut buffer = self.0.buffer.lock();
        let Some(first) = buffer.pieces.front_mut() else {
            let dropped = if at_the_end {
                std::mem::take(&mut buffer.dropped)
            } else {
                0
            };
            return (dropped > 0).then(|| Piece {
                stream: "stdout",
                text: String::new(),
                dropped,
            });
        };
        let mut end = first.text.len().min(PIECE_LIMIT);
        while !first.text.is_char_boundary(end) {
            end -= 1;
        }
        let rest = first.text.split_off(end);
        let piece = Piece {
            stream: first.stream,
            text: std::mem::replace(&mut first.text, rest),
            dropped: std::mem::take(&mut first.dropped),
        };
        if first.text.is_empty() {
            buffer.pieces.pop_front();
        }
        buffer.bytes = buffer.pieces.iter().map(|piece| piece.text.len()).sum();
        Some(piece)
    }

    /// Waits until there may be something to take.
    pub async fn news(&self) {
        self.0.news.notified().await;
    }
}

/// Bytes at the end that begin a character and do not finish it.
fn unfinished(data: &[u8]) -> usize {
    for (back, byte) in data.iter().rev().take(3).enumerate() {
        let have = back + 1;
        let needs = match byte {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if needs > have { have } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(stream: &'static str, text: &str, dropped: u64) -> Piece {
        Piece {
            stream,
            text: text.to_owned(),
            dropped,
        }
    }

    #[test]
    fn output_comes_in_order_and_characters_stay_whole() {
        let live = LiveOutput::default();
        let snowman = "☃".as_bytes();
        live.add(Stream::Out, b"a");
        live.add(Stream::Out, &snowman[..2]);
        live.add(Stream::Err, b"oh");
        live.add(Stream::Out, &snowman[2..]);
        live.add(Stream::Out, b"\xffz");
        assert_eq!(live.take(false), Some(piece("stdout", "a", 0)));
        assert_eq!(live.take(false), Some(piece("stderr", "oh", 0)));
        assert_eq!(live.take(false), Some(piece("stdout", "☃\u{fffd}z", 0)));
        assert_eq!(live.take(true), None);
    }

    #[test]
    fn what_is_not_fetched_is_left_out_and_counted() {
        let live = LiveOutput::default();
        let much = vec![b'x'; LIVE_LIMIT];
        live.add(Stream::Out, &much);
        live.add(Stream::Out, b"lost");
        let mut fetched = 0;
        while let Some(piece) = live.take(false) {
            assert!(piece.text.len() <= PIECE_LIMIT);
            assert_eq!(piece.dropped, 0);
            fetched += piece.text.len();
        }
        assert_eq!(fetched, LIVE_LIMIT);
        live.add(Stream::Out, b"more");
        assert_eq!(live.take(false), Some(piece("stdout", "more", 4)));
        live.add(Stream::Out, &much);
        live.add(Stream::Err, b"gone");
        while live.take(false).is_some() {}
        assert_eq!(live.take(true), Some(piece("stdout", "", 4)));
    }
}
