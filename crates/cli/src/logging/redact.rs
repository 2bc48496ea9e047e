//! Takes secrets out of log lines, whoever wrote them there: those that are in use here, and what looks like one.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;

use super::{pattern, word};

/// What is written in place of a secret.
const MASK: &str = "***";
/// Shorter texts would take innocent parts of words with them: they are hidden as whole words, in characters.
const MIN_PART: usize = 4;

/// Knows the secrets in use.
#[derive(Debug, Default)]
pub(crate) struct Redactor {
    known: RwLock<Known>,
    /// Whether what only looks like a secret stays: `logging.redactSensitive` is `off`.
    known_only: AtomicBool,
}

/// Never shown, not even for debugging.
#[derive(Default)]
struct Known(Vec<String>);

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Redactor {
    /// Leaves alone what only looks like a secret.
    #[must_use]
    pub(crate) fn known_only(self, known_only: bool) -> Self {
        self.set_known_only(known_only);
        self
    }

    /// The same for the lines that follow.
    pub(crate) fn set_known_only(&self, known_only: bool) {
        self.known_only.store(known_only, Ordering::Relaxed);
    }

    /// Takes the secrets of a changed config into use. Earlier ones stay secret.
    pub(crate) fn add<'a>(&self, secrets: impl IntoIterator<Item = &'a str>) {
        let mut known = self.known.write();
        for secret in secrets {
            let quoted = serde_json::Value::from(secret).to_string();
            // Inside a line of JSON a secret may look different.
            let inner = quoted[1..quoted.len() - 1].to_owned();
            for form in [secret.to_owned(), inner] {
                if !form.is_empty() && !known.0.contains(&form) {
                    known.0.push(form);
                }
            }
        }
        // A secret that contains another one goes first, so that nothing of it stays.
        known
            .0
            .sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    }

    /// The line without secrets.
    pub(crate) fn clean(&self, line: String) -> String {
        let known = self.known.read();
        let found = known
            .0
            .iter()
            .filter(|secret| line.contains(secret.as_str()));
        let found: Vec<&String> = found.collect();
        let mut line = found.into_iter().fold(line, |line, secret| {
            if secret.chars().count() < MIN_PART {
                word::mask(&line, secret, MASK)
            } else {
                line.replace(secret.as_str(), MASK)
            }
        });
        if !self.known_only.load(Ordering::Relaxed) {
            for range in pattern::find(&line).into_iter().rev() {
                line.replace_range(range, MASK);
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s13_no_live_secret_gets_into_a_line() {
        let redactor = Redactor::default();
        redactor.add([
            "token-1234",
            "token-1234-longer",
            "with \"quotes\"",
            "abc",
            "7",
        ]);
        for (line, clean) in [
            ("sent token-1234-longer!", "sent ***!"),
            ("token-1234 and token-1234", "*** and ***"),
            (r#"{"p":"with \"quotes\""}"#, r#"{"p":"***"}"#),
            ("with \"quotes\"", "***"),
            ("abcd abc-d x_abc stay", "abcd abc-d x_abc stay"),
            (
                "token=abc, (abc) \"abc\" 7 17",
                "token=***, (***) \"***\" *** 17",
            ),
            (
                r#"{"level":7,"abc":"sent abc, 7","time":"07:17"}"#,
                r#"{"level":7,"abc":"sent ***, ***","time":"07:17"}"#,
            ),
        ] {
            assert_eq!(redactor.clean(line.to_owned()), clean);
        }
        redactor.add(["later-secret"]);
        assert_eq!(
            redactor.clean("later-secret token-1234".to_owned()),
            "*** ***"
        );
        assert_eq!(format!("{redactor:?}").matches("token-1234").count(), 0);
    }
}
