//! How ages, durations, ids and lists are written.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// Characters of an id in a table; enough to be unique and to be typed back.
const SHORT_ID: usize = 12;

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or_default()
}

/// Text with control characters, and those that turn the writing direction around, written as `\u001b`: what others say
/// must neither steer a terminal nor look like something else. Line ends and tabs
/// stay, and JSON stays JSON.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let obeyed = |letter: char| {
        let turns_writing_around = matches!(
            letter,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        );
        turns_writing_around || letter.is_control() && !matches!(letter, '\n' | '\t')
    };
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if obeyed(letter) {
            // A String takes everything.
            let _always = write!(shown, "\\u{:04x}", u32::from(letter));
        } else {
            shown.push(letter);
        }
    }
    Cow::Owned(shown)
}

/// What others say about themselves, on one line: line ends and tabs are shown too, and long text is cut.
pub(crate) fn one_line(text: &str) -> String {
    one_line_of(text, 300)
}

/// The same with another number of characters that are shown.
pub(crate) fn one_line_of(text: &str, longest: usize) -> String {
    let shown: String = text.chars().take(longest).collect();
    let cut = if shown.len() < text.len() { "…" } else { "" };
    let shown = printable(&shown).replace('\n', "\\n").replace('\t', "\\t");
    format!("{shown}{cut}")
}

/// `14s`, `3m`, `2h`, `5d`: the age of something that happened at `then`.
pub(crate) fn age(now: i64, then: i64) -> String {
    let seconds = (now - then).max(0) / 1000;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// [`age`] with `ago`; empty when the time is unknown.
pub(crate) fn ago(now: i64, then: Option<i64>) -> String {
    then.map_or_else(String::new, |then| format!("{} ago", age(now, then)))
}

/// The first characters of an id.
pub(crate) fn short_id(id: &str) -> String {
    id.chars().take(SHORT_ID).collect()
}

/// Reads `500`, `500ms`, `10s`, `1m`, `2h` or `1d` as milliseconds.
pub(crate) fn duration_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: i64 = number.parse().ok()?;
    let factor = match unit.to_ascii_lowercase().as_str() {
        "" | "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// Words joined by ` · `, empty ones left out.
pub(crate) fn dotted<S: AsRef<str>>(parts: impl IntoIterator<Item = S>) -> String {
    let mut text = String::new();
    for part in parts {
        if part.as_ref().is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push_str(" · ");
        }
        text.push_str(part.as_ref());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_json_stays_json() {
        assert_eq!(printable("a\tb\n"), "a\tb\n");
        assert_eq!(printable("\u{1b}[2J\r\u{9b}"), "\\u001b[2J\\u000d\\u009b");
        assert_eq!(printable("\u{202e}evil"), "\\u202eevil");
        let json = serde_json::to_string("\u{7f}").unwrap();
        let back: String = serde_json::from_str(&printable(&json)).unwrap();
        assert_eq!(back, "\u{7f}");
    }

    #[test]
    fn what_others_say_stays_on_its_line() {
        assert_eq!(one_line("a\nb\tc\u{1b}[2J"), "a\\nb\\tc\\u001b[2J");
        assert_eq!(one_line(&"x".repeat(400)).chars().count(), 301);
        assert_eq!(one_line("plain"), "plain");
    }

    #[test]
    fn ages() {
        for (seconds, expected) in [
            (-5, "0s"),
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (3_599, "59m"),
            (3_600, "1h"),
            (86_399, "23h"),
            (86_400, "1d"),
            (864_000, "10d"),
        ] {
            assert_eq!(age(seconds * 1000, 0), expected, "{seconds}");
        }
        assert_eq!(ago(5_000, Some(0)), "5s ago");
        assert_eq!(ago(5_000, None), "");
    }

    #[test]
    fn durations() {
        for (text, expected) in [
            ("500", Some(500)),
            ("500ms", Some(500)),
            ("10s", Some(10_000)),
            ("1m", Some(60_000)),
            ("2h", Some(7_200_000)),
            (" 1D ", Some(86_400_000)),
            ("x", None),
            ("", None),
            ("1w", None),
            ("-1s", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(duration_ms(text), expected, "{text}");
        }
    }

    #[test]
    fn joins_what_is_there() {
        assert_eq!(dotted(["a", "", "b"]), "a · b");
        assert_eq!(dotted([""; 2]), "");
    }
}
