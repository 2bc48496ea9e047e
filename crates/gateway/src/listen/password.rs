//! Whether a password or a token may guard a listener that others can reach.

/// Shortest password that may guard a listener others can reach, in characters.
pub const MIN_PASSWORD_CHARS: usize = 12;

/// Tokens below this many characters fall to guessing.
const MIN_TOKEN_CHARS: usize = 8;

/// Shortest token that may guard a listener others can reach, in characters.
pub const MIN_OPEN_TOKEN_CHARS: usize = 6;
/// Shortest token about which nothing is said there, in characters.
pub const GOOD_TOKEN_CHARS: usize = 16;

/// What is weak about a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakToken {
    /// Fewer than [`MIN_OPEN_TOKEN_CHARS`] characters: tried out in no time.
    #[error("shorter than {MIN_OPEN_TOKEN_CHARS} characters")]
    Tiny,
    /// Fewer than [`GOOD_TOKEN_CHARS`] characters.
    #[error("shorter than {GOOD_TOKEN_CHARS} characters")]
    Short,
    /// A common word or a pattern.
    #[error("a common word or a pattern")]
    Common,
}

/// What is weak about a token, if anything.
pub fn token_weakness(token: &str) -> Option<WeakToken> {
    match token.chars().count() {
        chars if chars < MIN_OPEN_TOKEN_CHARS => Some(WeakToken::Tiny),
        chars if chars < GOOD_TOKEN_CHARS => Some(WeakToken::Short),
        _ => (weakness(token) == Some(WeakPassword::Common)).then_some(WeakToken::Common),
    }
}

/// What is weak about a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Fewer than [`MIN_PASSWORD_CHARS`] characters.
    #[error("shorter than {MIN_PASSWORD_CHARS} characters")]
    Short,
    /// On every list of common passwords, or a pattern.
    #[error("a common password")]
    Common,
}

/// What is weak about a password, if anything.
pub fn weakness(password: &str) -> Option<WeakPassword> {
    if password.chars().count() < MIN_PASSWORD_CHARS {
        return Some(WeakPassword::Short);
    }
    let folded: String = password
        .chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let common = is_repetition(password)
        || (!folded.is_empty() && is_repetition(&folded))
        || (!folded.is_empty() && is_run(&folded))
        || COMMON_WORDS.iter().any(|word| {
            let rest = folded.replace(word, "");
            rest.len() < folded.len()
                && rest.len() <= 4
                && rest.bytes().all(|byte| byte.is_ascii_digit())
        });
    common.then_some(WeakPassword::Common)
}

/// Whether a token falls to guessing: others than this program may have chosen it.
pub fn is_weak_token(token: &str) -> bool {
    token.chars().count() < MIN_TOKEN_CHARS || weakness(token) == Some(WeakPassword::Common)
}

/// Words that, alone or repeated, with up to four digits, make a password every list has.
const COMMON_WORDS: [&str; 14] = [
    "password",
    "passw0rd",
    "changeme",
    "letmein",
    "administrator",
    "admin",
    "welcome",
    "qwertyuiop",
    "qwerty",
    "iloveyou",
    "openclaw",
    "gateway",
    "secret",
    "default",
];

/// The same one to four characters over and over.
fn is_repetition(text: &str) -> bool {
    let characters: Vec<_> = text.chars().collect();
    (1..=4).any(|period| {
        characters
            .iter()
            .zip(characters.iter().skip(period))
            .all(|(earlier, later)| earlier == later)
    })
}

/// Characters that only count up or down, as in 1234567890 or zyxwvut.
fn is_run(text: &str) -> bool {
    let steps = |step: i32| {
        text.chars()
            .zip(text.chars().skip(1))
            .all(|(earlier, later)| {
                let difference = later as i32 - earlier as i32;
                difference == step
                    || (earlier, later) == ('9', '0')
                    || (earlier, later) == ('0', '9')
            })
    };
    steps(1) || steps(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u11_weak_tokens_are_named() {
        for (token, expected) in [
            ("x", Some(WeakToken::Tiny)),
            ("12345", Some(WeakToken::Tiny)),
            ("abc123", Some(WeakToken::Short)),
            ("your-token", Some(WeakToken::Short)),
            ("openclaw-openclaw", Some(WeakToken::Common)),
            ("aaaaaaaaaaaaaaaa", Some(WeakToken::Common)),
            ("5f1e0c2d9b8a7f60", None),
        ] {
            assert_eq!(token_weakness(token), expected, "{token}");
        }
    }

    #[test]
    fn u11_weak_passwords_are_named() {
        use WeakPassword::{Common, Short};
        let cases = [
            ("", Some(Short)),
            ("hunter2", Some(Short)),
            ("elevenchars", Some(Short)),
            ("\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}\u{e4}", Some(Short)),
            ("password1234", Some(Common)),
            ("Password-Password!", Some(Common)),
            ("openclaw-openclaw-1", Some(Common)),
            ("aaaaaaaaaaaaaa", Some(Common)),
            ("abcabcabcabcabc", Some(Common)),
            ("1234-5678-90123", Some(Common)),
            ("abcdefghijklmnop", Some(Common)),
            ("............", Some(Common)),
            ("twelve chars", None),
            ("correct horse battery", None),
            ("}!$%&/()=?+*#'-_", None),
            ("password made by a long rule", None),
        ];
        for (password, expected) in cases {
            assert_eq!(weakness(password), expected, "{password}");
        }
    }
}
