//! Finding members of JSON text without building anything, for frames that are mostly passed on.
//!
//! Everything here takes a subset of what `serde_json` takes, at the speed of a search for quotes; "no" only means that
//! `serde_json` has to be asked. What is taken is valid JSON, so that it may be copied into another frame.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

/// Levels of arrays and objects that are followed.
const MAX_DEPTH: u32 = 64;

/// Calls `member` with each key and the raw text of its value, until it says no. `false` when it did, when a key has
/// escapes, or when the text is not one object.
pub fn object<'a>(text: &'a str, mut member: impl FnMut(&'a str, &'a str) -> bool) -> bool {
    let mut scanner = Scanner { text, at: 0 };
    scanner.space();
    let done = scanner.members(0, &mut |key, value| member(key, value));
    scanner.space();
    done.is_some() && scanner.at == text.len()
}

/// The raw values of these members; others are passed over. `None` also when one of them is there twice.
pub fn members<'a, const N: usize>(
    text: &'a str,
    names: [&str; N],
) -> Option<[Option<&'a str>; N]> {
    let mut found = [None; N];
    let taken = object(text, |key, raw| {
        let place = names.iter().position(|name| *name == key);
        place.is_none_or(|place| found[place].replace(raw).is_none())
    });
    taken.then_some(found)
}

/// Whether the text is one JSON value. `false` may be wrong for deep nesting.
pub fn is_value(text: &str) -> bool {
    let mut scanner = Scanner { text, at: 0 };
    scanner.space();
    let done = scanner.value(0);
    scanner.space();
    done.is_some() && scanner.at == text.len()
}

/// The content of a raw string literal without escapes.
pub fn plain_string(raw: &str) -> Option<&str> {
    let content = raw.strip_prefix('"')?.strip_suffix('"')?;
    memchr2(b'"', b'\\', content.as_bytes())
        .is_none()
        .then_some(content)
}

/// The content of a raw string literal, which has been found valid.
pub fn unescape(raw: &str) -> Option<Cow<'_, str>> {
    let content = raw.strip_prefix('"')?.strip_suffix('"')?;
    let Some(mut at) = memchr(b'\\', content.as_bytes()) else {
        return Some(Cow::Borrowed(content));
    };
    let mut out = String::with_capacity(content.len());
    let mut from = 0;
    loop {
        out.push_str(&content[from..at]);
        out.push(match content.as_bytes().get(at + 1)? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            // Surrogates and the like: rare enough.
            _ => return serde_json::from_str(raw).ok().map(Cow::Owned),
        });
        from = at + 2;
        match memchr(b'\\', &content.as_bytes()[from..]) {
            Some(next) => at = from + next,
            None => break,
        }
    }
    out.push_str(&content[from..]);
    Some(Cow::Owned(out))
}

/// Appends `text` as a string literal.
pub fn push_escaped(out: &mut String, text: &str) {
    if has_control(text.as_bytes()) {
        out.push_str(&serde_json::to_string(text).expect("a string always encodes"));
        return;
    }
    out.push('"');
    let mut rest = text;
    while let Some(at) = memchr2(b'"', b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        out.push('\\');
        out.push_str(&rest[at..=at]);
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Whether a byte below the space is there. Looks at every byte, which is faster than stopping at the first.
fn has_control(bytes: &[u8]) -> bool {
    bytes.iter().fold(u8::MAX, |least, byte| least.min(*byte)) < b' '
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: u32) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' => self.members(depth, &mut |_, _| true),
            b'[' => self.elements(depth),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    fn members(
        &mut self,
        depth: u32,
        member: &mut dyn FnMut(&'a str, &'a str) -> bool,
    ) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        self.take(b'{')?;
        self.space();
        if self.take(b'}').is_some() {
            return Some(());
        }
        loop {
            let key = self.at;
            self.string()?;
            let key = &self.text[key + 1..self.at - 1];
            if memchr(b'\\', key.as_bytes()).is_some() {
                return None;
            }
            self.space();
            self.take(b':')?;
            self.space();
            let value = self.at;
            self.value(depth + 1)?;
            if !member(key, &self.text[value..self.at]) {
                return None;
            }
            self.space();
            if self.take(b'}').is_some() {
                return Some(());
            }
            self.take(b',')?;
            self.space();
        }
    }

    fn elements(&mut self, depth: u32) -> Option<()> {
        if depth >= MAX_DEPTH {
            return None;
        }
        self.take(b'[')?;
        self.space();
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            self.value(depth + 1)?;
            self.space();
            if self.take(b']').is_some() {
                return Some(());
            }
            self.take(b',')?;
            self.space();
        }
    }

    fn string(&mut self) -> Option<()> {
        self.take(b'"')?;
        let bytes = self.text.as_bytes();
        loop {
            let end = self.at + memchr2(b'"', b'\\', &bytes[self.at..])?;
            if has_control(&bytes[self.at..end]) {
                return None;
            }
            self.at = end + 1;
            if bytes[end] == b'"' {
                return Some(());
            }
            match self.peek()? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                b'u' => {
                    let digits = bytes.get(self.at + 1..self.at + 5)?;
                    if !digits.iter().all(u8::is_ascii_hexdigit) {
                        return None;
                    }
                    self.at += 5;
                }
                _ => return None,
            }
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let found = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        found.then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<()> {
        // A sign is the only part that may be missing without a trace.
        let _sign = self.take(b'-');
        if self.take(b'0').is_none() {
            self.digits()?;
        }
        if self.take(b'.').is_some() {
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let from = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > from).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn all_members(text: &str) -> Option<Vec<(&str, &str)>> {
        let mut found = Vec::new();
        object(text, |key, value| {
            found.push((key, value));
            true
        })
        .then_some(found)
    }

    #[test]
    fn members_are_found_with_their_raw_values() {
        let text = r#" { "a" : [1, {"b": "}"}] , "c":"\"x\\","d":-1.5e+3 ,"e":null} "#;
        let expected = vec![
            ("a", r#"[1, {"b": "}"}]"#),
            ("c", r#""\"x\\""#),
            ("d", "-1.5e+3"),
            ("e", "null"),
        ];
        assert_eq!(all_members(text), Some(expected));
        assert_eq!(all_members("{}"), Some(vec![]));
    }

    #[test]
    fn what_is_not_json_is_not_taken() {
        for text in [
            "",
            "{",
            "[]",
            "{}x",
            r#"{"a":1,}"#,
            r#"{"a":01}"#,
            r#"{"a":+1}"#,
            r#"{"a":1.}"#,
            r#"{"a":.5}"#,
            r#"{"a":1e}"#,
            r#"{"a":tru}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u12g4"}"#,
            r#"{"a" 1}"#,
            r#"{"a":"b}"#,
            r"{a:1}",
            "{\"a\":\"\n\"}",
            "{\"a\":\u{a0}1}",
        ] {
            assert_eq!(all_members(text), None, "{text}");
        }
        let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(!is_value(&deep));
    }

    proptest! {
        #[test]
        fn never_takes_what_serde_refuses(text in r#"[\{\}\[\]",:\\\-a-f0-9u.eE+ tn\x00-\x20]{0,40}"#) {
            if is_value(&text) {
                prop_assert!(serde_json::from_str::<Value>(&text).is_ok() || lone_surrogate(&text));
            }
        }

        #[test]
        fn escapes_there_and_back(text in any::<String>()) {
            let mut raw = String::new();
            push_escaped(&mut raw, &text);
            prop_assert_eq!(&raw, &serde_json::to_string(&text).unwrap());
            prop_assert!(is_value(&raw));
            prop_assert_eq!(unescape(&raw).unwrap(), text);
        }
    }

    /// Valid text whose string has no content in Rust; copied as it is, as by serde's raw values.
    fn lone_surrogate(text: &str) -> bool {
        serde_json::from_str::<&serde_json::value::RawValue>(text).is_ok()
    }
}
