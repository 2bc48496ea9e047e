//! The flags that count wherever they stand on the line.

use openclaw_config::ProfileChoice;

/// Flags that are not part of a command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Globals {
    /// `--profile` and `--dev`.
    pub(crate) profile: ProfileChoice,
    /// `--json`.
    pub(crate) json: bool,
    /// `--no-color`.
    pub(crate) no_color: bool,
    /// `-V`, `-v`, `--version`.
    pub(crate) version: bool,
}

impl Globals {
    /// Takes the global flags out of `words`. What follows `--` is not ours.
    pub(crate) fn take(words: impl IntoIterator<Item = String>) -> (Self, Vec<String>) {
        let mut globals = Self::default();
        let mut rest = Vec::new();
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--" => {
                    rest.push(word);
                    rest.extend(words);
                    break;
                }
                "--json" => globals.json = true,
                "--no-color" => globals.no_color = true,
                "-V" | "-v" | "--version" => globals.version = true,
                "--dev" => globals.profile.dev = true,
                "--profile" => {
                    let value = words.next_if(|next| !next.starts_with('-'));
                    globals.profile.profile = Some(value.unwrap_or_default());
                }
                other => match other.strip_prefix("--profile=") {
                    Some(name) => globals.profile.profile = Some(name.to_owned()),
                    None => rest.push(word),
                },
            }
        }
        (globals, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(line: &str) -> (Globals, Vec<String>) {
        Globals::take(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn flags_count_at_any_position() {
        for line in [
            "--profile rescue --json gateway health",
            "gateway --profile rescue --json health",
            "gateway health --json --profile=rescue",
        ] {
            let (globals, rest) = take(line);
            assert_eq!(globals.profile, ProfileChoice::named("rescue"), "{line}");
            assert!(globals.json, "{line}");
            assert_eq!(rest, ["gateway", "health"], "{line}");
        }
        let (globals, rest) = take("gateway --dev");
        assert_eq!(globals.profile, ProfileChoice::dev());
        assert_eq!(rest, ["gateway"]);
        for line in ["-v", "gateway -V", "nodes list --version"] {
            assert!(take(line).0.version, "{line}");
        }
    }

    #[test]
    fn words_after_two_dashes_stay() {
        let (globals, rest) = take("nodes run --node x -- cargo --version --json");
        assert_eq!(globals, Globals::default());
        assert_eq!(
            rest,
            [
                "nodes",
                "run",
                "--node",
                "x",
                "--",
                "cargo",
                "--version",
                "--json"
            ]
        );
    }

    #[test]
    fn a_profile_without_a_name_is_kept_as_empty() {
        for line in ["--profile", "--profile --json status", "--profile="] {
            assert_eq!(take(line).0.profile, ProfileChoice::named(""), "{line}");
        }
    }
}
