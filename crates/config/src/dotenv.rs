//! `.env` files.
//!
//! Only `<state>/.env` is read. A `.env` in the working directory is ignored: entering a directory
//! must not be able to change which gateway, token or port is used. Precedence: process
//! environment, then `<state>/.env`, then the `env` block of the config file.

use std::path::Path;

use crate::env::Env;
use crate::validate::Issue;

/// Adds the variables of `file` to `env`. A missing file adds none; an unreadable one is an issue.
pub fn layer(env: &Env, file: &Path) -> (Env, Option<Issue>) {
    match crate::store::read_text(file) {
        Ok(text) => (env.with_dot_env(parse(&text)), None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => (env.clone(), None),
        Err(error) => {
            let issue = Issue::new("env", format!("cannot read {}: {error}", file.display()));
            (env.clone(), Some(issue))
        }
    }
}

/// Reads `NAME=value` lines. `export ` is skipped; `#` starts a comment at the start of a line or
/// after a blank; double quotes allow `\n`, `\t`, `\"` and `\\`, single quotes nothing; quoted
/// values may span lines. The first assignment of a name counts.
pub fn parse(text: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        rest = after;
        let line = line.trim_start();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let name = name.trim();
        if !is_name(name) {
            continue;
        }
        let value = value.trim_start();
        let quote = value
            .chars()
            .next()
            .filter(|first| matches!(first, '"' | '\''));
        let value = match quote {
            Some(quote) => {
                // The quoted text may go on after this line, so it is cut from the whole rest.
                let start = line.len() - value.len() + (text_offset(text, line));
                let (quoted, end) = unquote(&text[start + 1..], quote);
                let after_quote = &text[start + 1 + end..];
                rest = split_line(after_quote).1;
                quoted
            }
            None => strip_comment(value).trim_end().to_owned(),
        };
        if !pairs.iter().any(|(known, _)| known == name) {
            pairs.push((name.to_owned(), value));
        }
    }
    pairs
}

/// Where `part`, a slice of `text`, begins.
fn text_offset(text: &str, part: &str) -> usize {
    part.as_ptr().addr() - text.as_ptr().addr()
}

fn split_line(text: &str) -> (&str, &str) {
    text.split_once('\n').map_or((text, ""), |(line, rest)| {
        (line.trim_end_matches('\r'), rest)
    })
}

fn is_name(name: &str) -> bool {
    let valid =
        |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' || byte == b'-';
    !name.is_empty() && name.bytes().all(valid)
}

fn strip_comment(value: &str) -> &str {
    if value.starts_with('#') {
        return "";
    }
    value
        .find(" #")
        .or_else(|| value.find("\t#"))
        .map_or(value, |start| &value[..start])
}

/// Returns the text up to the closing quote and the byte after it.
fn unquote(text: &str, quote: char) -> (String, usize) {
    let mut out = String::new();
    let mut letters = text.char_indices();
    while let Some((index, letter)) = letters.next() {
        match letter {
            letter if letter == quote => return (out, index + 1),
            '\\' if quote == '"' => match letters.next() {
                Some((_, 'n')) => out.push('\n'),
                Some((_, 't')) => out.push('\t'),
                Some((_, escaped @ ('"' | '\\' | '$'))) => out.push(escaped),
                Some((_, other)) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    (out, text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_are_understood() {
        for (text, expected) in [
            ("A=1\nB = two \r\n", vec![("A", "1"), ("B", "two")]),
            ("export A=1 # note\n# A=2\nA=3", vec![("A", "1")]),
            ("A=a#b", vec![("A", "a#b")]),
            (
                "A=\"x # y\\n\\\"z\\\"\" # c\nB='\\n'",
                vec![("A", "x # y\n\"z\""), ("B", "\\n")],
            ),
            ("A='l1\nl2'\nB=2", vec![("A", "l1\nl2"), ("B", "2")]),
            ("A=\nB=#c\n", vec![("A", ""), ("B", "")]),
            ("nonsense\n=x\na b=c\n", vec![]),
            ("\u{feff}A=\"open", vec![("A", "open")]),
        ] {
            let pairs = parse(text);
            let pairs: Vec<(&str, &str)> = pairs
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            assert_eq!(pairs, expected, "{text:?}");
        }
    }

    #[test]
    fn only_unset_names_are_taken_and_a_missing_file_is_fine() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(".env");
        let env = Env::from_pairs([("A", "process")]);
        assert_eq!(layer(&env, &file).1, None);
        std::fs::write(&file, "A=file\nB=file").unwrap();
        let (env, issue) = layer(&env, &file);
        assert_eq!(
            (env.get("A"), env.get("B"), issue),
            (Some("process"), Some("file"), None)
        );
        assert_eq!(layer(&env, dir.path()).1.unwrap().path, "env");
    }

    proptest! {
        #[test]
        fn any_text_is_handled(text in "[A=\"'\\\\\n# üx]*") {
            parse(&text);
        }

        #[test]
        fn double_quoted_values_round_trip(value in "[^\\\\\"]*") {
            prop_assert_eq!(parse(&format!("A=\"{value}\"\nB=1")), [("A".to_owned(), value), ("B".to_owned(), "1".to_owned())]);
        }
    }
}
