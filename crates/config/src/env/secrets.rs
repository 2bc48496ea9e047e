//! Which variables hold secrets: one table for everybody who has to keep them from somebody else.

use std::fmt;
use std::process::Command;

use super::{
    NAMES, OPENCLAW_GATEWAY_PASSWORD, OPENCLAW_GATEWAY_PASSWORD_FILE, OPENCLAW_GATEWAY_TOKEN,
    OPENCLAW_GATEWAY_TOKEN_FILE,
};
use crate::platform;
use crate::redact::is_secret_key;

/// A variable with a secret, and the one that names a file with its value.
pub(super) const SECRETS: [(&str, &str); 2] = [
    (OPENCLAW_GATEWAY_TOKEN, OPENCLAW_GATEWAY_TOKEN_FILE),
    (OPENCLAW_GATEWAY_PASSWORD, OPENCLAW_GATEWAY_PASSWORD_FILE),
];
/// How the names of this program begin, now and in earlier releases.
const BEGINNINGS: [&str; 3] = ["OPENCLAW_", "CLAWDBOT_", "MOLTBOT_"];

/// Every documented name that holds a secret or says where one is, older names included.
pub fn secret_names() -> impl Iterator<Item = &'static str> {
    SECRETS
        .into_iter()
        .flat_map(|(name, file)| [Some(name), legacy(name), Some(file)])
        .flatten()
}

/// Whether a variable of this program holds a secret or says where one is. Names that nothing reads count, too: an earlier
/// release did, or a later one will.
pub fn is_own_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let Some(rest) = BEGINNINGS
        .iter()
        .find_map(|beginning| name.strip_prefix(beginning))
    else {
        return false;
    };
    is_secret_key(rest.strip_suffix("_FILE").unwrap_or(rest))
}

/// Keeps the secrets of this program from a program of somebody else that it starts.
pub fn keep_secrets_from(command: &mut Command) {
    let secret = platform::process_variables()
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| name.to_str().is_some_and(is_own_secret));
    for name in secret {
        command.env_remove(name);
    }
}

/// The older form of a name.
pub(super) fn legacy(name: &str) -> Option<&'static str> {
    NAMES.iter().find(|known| known.name == name)?.legacy
}

/// What is to be said about the place of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretNote {
    /// The variable whose value is meant.
    pub secret: &'static str,
    /// The variable that is set.
    pub variable: &'static str,
    /// What is the matter with it; never the secret.
    pub what: String,
    /// What to do.
    pub fix: String,
    /// Whether it may be gone at the next look, as a file of a disk that is not mounted yet.
    pub passing: bool,
}

impl fmt::Display for SecretNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.variable, self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_rule_say_the_same() {
        let table: Vec<&str> = secret_names().collect();
        assert_eq!(
            table,
            [
                "OPENCLAW_GATEWAY_TOKEN",
                "CLAWDBOT_GATEWAY_TOKEN",
                "OPENCLAW_GATEWAY_TOKEN_FILE",
                "OPENCLAW_GATEWAY_PASSWORD",
                "CLAWDBOT_GATEWAY_PASSWORD",
                "OPENCLAW_GATEWAY_PASSWORD_FILE",
            ]
        );
        for known in NAMES {
            for name in std::iter::once(known.name).chain(known.legacy) {
                assert_eq!(is_own_secret(name), table.contains(&name), "{name}");
            }
        }
        for (name, expected) in [
            ("MOLTBOT_GATEWAY_TOKEN", true),
            ("OPENCLAW_METRICS_TOKEN", true),
            ("OPENCLAW_SOME_API_KEY_FILE", true),
            ("openclaw_gateway_token", true),
            ("GITHUB_TOKEN", false),
            ("OPENCLAW_SHOW_SECRETS", false),
            ("OPENCLAW_", false),
        ] {
            assert_eq!(is_own_secret(name), expected, "{name}");
        }
    }
}
