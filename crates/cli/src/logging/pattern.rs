//! Finds what looks like a credential in a line of the log: credentials that this process does not know itself. Pure.

use std::ops::Range;

/// Names whose value is a credential, in lower case.
const NAMES: [&str; 12] = [
    "token",
    "password",
    "passwd",
    "secret",
    "apikey",
    "api_key",
    "ticket",
    "accesstoken",
    "refreshtoken",
    "bootstraptoken",
    "setupcode",
    "authorization",
];
/// Shortest value after such a name that is taken for a credential; shorter ones are words like `missing`.
const MIN_VALUE: usize = 8;
/// How credentials of well-known services begin, and how much follows at least.
const PREFIXES: [(&str, usize); 16] = [
    ("sk-", 8),
    ("ghp_", 20),
    ("github_pat_", 20),
    ("xoxb-", 10),
    ("xoxa-", 10),
    ("xoxp-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("xapp-", 10),
    ("gsk_", 10),
    ("AIza", 20),
    ("pplx-", 10),
    ("npm_", 10),
    ("eyJ", 40),
    ("oc-pair://", 10),
    ("/j/", 22),
];
const KEY_BEGINS: &str = "-----BEGIN ";
const KEY_ENDS: &str = "-----END ";

/// Where the credentials of a line are, in order and apart from each other.
pub(super) fn find(line: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    found.extend(named(line));
    found.extend(bearers(line));
    found.extend(prefixed(line));
    found.extend(private_key(line));
    found.sort_by_key(|range| (range.start, range.end));
    let mut apart: Vec<Range<usize>> = Vec::new();
    for range in found {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// `token=…`, `"password":"…"`, `--token …`
fn named(line: &str) -> impl Iterator<Item = Range<usize>> {
    let lower = line.to_ascii_lowercase();
    NAMES.iter().flat_map(move |name| {
        let ends: Vec<usize> = lower
            .match_indices(name)
            .map(|(at, name)| (at, at + name.len()))
            .filter_map(|(at, end)| value_start(line, at, end))
            .collect();
        ends.into_iter().filter_map(|start| {
            let end = start + value_length(&line[start..]);
            (end - start >= MIN_VALUE).then_some(start..end)
        })
    })
}

/// Where the value begins that belongs to the name between `at` and `end`.
fn value_start(line: &str, at: usize, end: usize) -> Option<usize> {
    let rest = &line[end..];
    // `--token value`
    let word = line[..at]
        .rsplit(|c: char| c.is_whitespace() || c == '"')
        .next();
    if word.is_some_and(|word| word.starts_with("--")) && rest.starts_with(' ') {
        return Some(end + 1);
    }
    // A quote closes the name in JSON; inside of a string of JSON there is a backslash before it.
    let skip = |text: &str, what: &[char]| text.len() - text.trim_start_matches(what).len();
    let closed = skip(rest, &['\\', '"']);
    let after = rest.get(closed..)?;
    let sign = after
        .chars()
        .next()
        .filter(|sign| matches!(sign, '=' | ':'))?;
    // `token: words` is a sentence, unless the name was quoted.
    if sign == ':' && closed == 0 {
        return None;
    }
    let value = &after[1..];
    let opened = skip(value, &['\\', '"', ' ']);
    Some(end + closed + 1 + opened)
}

/// `Bearer …`
fn bearers(line: &str) -> impl Iterator<Item = Range<usize>> {
    let lower = line.to_ascii_lowercase();
    let starts: Vec<usize> = lower
        .match_indices("bearer ")
        .map(|(at, word)| at + word.len())
        .collect();
    starts.into_iter().filter_map(|start| {
        let length = value_length(&line[start..]);
        (length >= 18).then_some(start..start + length)
    })
}

fn prefixed(line: &str) -> impl Iterator<Item = Range<usize>> {
    PREFIXES.iter().flat_map(move |(prefix, least)| {
        line.match_indices(prefix).filter_map(move |(at, _)| {
            let is_word = line[..at]
                .chars()
                .next_back()
                .is_some_and(|c| c.is_ascii_alphanumeric());
            let start = at + prefix.len();
            let length = value_length(&line[start..]);
            let inside = prefix.starts_with('/') || !is_word;
            (inside && length >= *least).then_some(at..start + length)
        })
    })
}

/// The body of a private key: everything between its first and its last line.
fn private_key(line: &str) -> Option<Range<usize>> {
    let begins = line.find(KEY_BEGINS)?;
    let first = &line[begins..];
    let head = first.find("PRIVATE KEY-----")?;
    let start = begins + head + "PRIVATE KEY-----".len();
    let end = line[start..]
        .find(KEY_ENDS)
        .map_or(line.len(), |at| start + at);
    Some(start..end)
}

/// Length of a value: up to what cannot be part of a credential.
fn value_length(text: &str) -> usize {
    text.find(|c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(
                c,
                '"' | '\'' | '\\' | '&' | ',' | ';' | ')' | ']' | '}' | '<' | '>'
            )
    })
    .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(line: &str) -> String {
        let mut text = line.to_owned();
        for range in find(line).into_iter().rev() {
            text.replace_range(range, "***");
        }
        text
    }

    #[test]
    fn u30_what_looks_like_a_credential_is_masked() {
        for (line, clean) in [
            ("GET /?token=0123456789abcdef&x=1", "GET /?token=***&x=1"),
            (
                "url=http://h/#ticket=abcdefgh1234",
                "url=http://h/#ticket=***",
            ),
            (
                "OPENCLAW_GATEWAY_PASSWORD=correct-horse set",
                "OPENCLAW_GATEWAY_PASSWORD=*** set",
            ),
            (r#"{"token":"abcdefgh","n":1}"#, r#"{"token":"***","n":1}"#),
            (
                r#"{"0":"{\"accessToken\": \"abcdefgh\"}"}"#,
                r#"{"0":"{\"accessToken\": \"***\"}"}"#,
            ),
            ("run --token abcdefgh --port 1", "run --token *** --port 1"),
            ("run --auth-token=abcdefgh", "run --auth-token=***"),
            (
                "Authorization: Bearer abcdefghijklmnopqr",
                "Authorization: Bearer ***",
            ),
            ("key sk-abcdefgh1234 used", "key *** used"),
            ("ghp_0123456789abcdefghij.", "***"),
            ("GET /j/0123456789abcdefghijkl", "GET ***"),
            (
                "-----BEGIN PRIVATE KEY-----abc-----END PRIVATE KEY-----",
                "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----",
            ),
        ] {
            assert_eq!(masked(line), clean);
        }
    }

    #[test]
    fn what_is_no_credential_stays() {
        for line in [
            "unauthorized: invalid token (gateway token mismatch: provide gateway auth token)",
            "gateway.auth.token is unset",
            "token: see the config file",
            "auth token=none mode=token",
            "task-something-long risk-assessment",
            "bearer of bad news",
            "deviceTokens=12345678 tokens",
            r#"{"tokenBytes":12345678,"token":null}"#,
            "secrets: 3",
            "ü token",
        ] {
            assert_eq!(masked(line), line);
        }
    }
}
