//! What an installed service file says: read back from its text, whoever wrote it. Pure.

use std::path::{Path, PathBuf};

use openclaw_config::env;
use openclaw_config::paths::Profile;

use super::kind::Manager;

/// Names that hold secrets.
const SECRETS: [&str; 4] = [
    env::OPENCLAW_GATEWAY_TOKEN,
    env::OPENCLAW_GATEWAY_PASSWORD,
    "CLAWDBOT_GATEWAY_TOKEN",
    "CLAWDBOT_GATEWAY_PASSWORD",
];

/// A service file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Installed {
    /// Its text.
    pub(crate) text: String,
    /// The command line in it.
    pub(crate) words: Vec<String>,
    /// The variables in it.
    pub(crate) environment: Vec<(String, String)>,
}

impl Installed {
    /// Reads the text of a file.
    pub(crate) fn parse(manager: Manager, text: &str) -> Self {
        let (words, environment) = match manager {
            Manager::Systemd(_) => systemd(text),
            Manager::Launchd => launchd(text),
            Manager::TaskScheduler => windows(text),
            Manager::OpenRc => openrc(text),
        };
        Self {
            text: text.to_owned(),
            words,
            environment,
        }
    }

    /// A variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a program of this name wrote it, this one or another release.
    pub(crate) fn is_of_openclaw(&self) -> bool {
        self.variable(env::OPENCLAW_SERVICE_MARKER) == Some("openclaw")
            || self
                .words
                .iter()
                .any(|word| word.contains("openclaw") || word.contains("clawdbot"))
    }

    /// The state directory that it serves, for a home directory.
    pub(crate) fn state_dir(&self, home: &Path) -> PathBuf {
        let named = self
            .variable(env::OPENCLAW_STATE_DIR)
            .or_else(|| self.variable("CLAWDBOT_STATE_DIR"));
        if let Some(named) = named {
            return PathBuf::from(named);
        }
        let profile = self
            .variable(env::OPENCLAW_PROFILE)
            .or_else(|| self.flag("--profile"));
        let home = self.variable("HOME").map_or(home, Path::new);
        match profile.and_then(Profile::parse) {
            Some(profile) if !profile.is_default() => {
                home.join(format!(".openclaw-{}", profile.name()))
            }
            _ => home.join(".openclaw"),
        }
    }

    /// Value of a flag of the command line.
    pub(crate) fn flag(&self, name: &str) -> Option<&str> {
        let with_value = format!("{name}=");
        self.words.iter().enumerate().find_map(|(index, word)| {
            if word == name {
                return self.words.get(index + 1).map(String::as_str);
            }
            word.strip_prefix(&with_value)
        })
    }

    /// Names of secrets whose values stand in the file.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        let variables = self
            .environment
            .iter()
            .filter(|(name, value)| SECRETS.contains(&name.as_str()) && !value.is_empty())
            .map(|(name, _)| name.as_str());
        let flags = ["--token", "--password"]
            .into_iter()
            .filter(|flag| self.flag(flag).is_some());
        variables.chain(flags).collect()
    }

    /// The user that it names, in services of the machine.
    pub(crate) fn user(&self) -> Option<String> {
        self.text.lines().find_map(|line| {
            if let Some(user) = line.strip_prefix("User=") {
                return Some(user.replace("%%", "%"));
            }
            let user = line.strip_prefix("command_user=")?;
            shell_words(user).into_iter().next()
        })
    }

    /// Whether it says what `wanted` says. Which version wrote it does not count.
    pub(crate) fn says(&self, wanted: &str) -> bool {
        let lines = |text: &str| -> Vec<String> {
            let mut version = false;
            text.lines()
                .filter(|line| {
                    // In property lists the value is on the line after the name.
                    let skip = line.contains(env::OPENCLAW_SERVICE_VERSION) || version;
                    version = line.contains(env::OPENCLAW_SERVICE_VERSION)
                        && line.trim_start().starts_with("<key>");
                    !skip
                })
                .map(|line| line.trim_end().to_owned())
                .collect()
        };
        lines(&self.text) == lines(wanted)
    }

    /// The first lines of `wanted` that it does not have, and of its own that are not wanted.
    pub(crate) fn differences(&self, wanted: &str) -> Vec<String> {
        let counts = |line: &&str| {
            !line.trim().is_empty()
                && !line.contains(env::OPENCLAW_SERVICE_VERSION)
                && !SECRETS.iter().any(|secret| line.contains(secret))
        };
        let of = |text: &str, other: &str, sign: &str| -> Vec<String> {
            text.lines()
                .filter(counts)
                .filter(|line| {
                    !other
                        .lines()
                        .any(|known| known.trim_end() == line.trim_end())
                })
                .map(|line| format!("{sign} {}", line.trim()))
                .collect()
        };
        let mut lines = of(&self.text, wanted, "-");
        lines.extend(of(wanted, &self.text, "+"));
        lines
    }
}

type Parts = (Vec<String>, Vec<(String, String)>);

fn systemd(text: &str) -> Parts {
    let mut words = Vec::new();
    let mut environment = Vec::new();
    for line in joined(text) {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        match key.trim() {
            "ExecStart" if !value.trim().is_empty() => {
                words = systemd_words(value)
                    .into_iter()
                    .map(|word| word.replace("$$", "$"))
                    .collect();
            }
            "Environment" => environment.extend(
                systemd_words(value)
                    .iter()
                    .filter_map(|word| pair(word))
                    .collect::<Vec<_>>(),
            ),
            _ => {}
        }
    }
    (words, environment)
}

/// Lines, with those that end in a backslash joined to the next; no comments.
fn joined(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('#') || line.starts_with(';') {
            continue;
        }
        let part = line.strip_suffix('\\').unwrap_or(line);
        match lines.last_mut().filter(|_| open) {
            Some(last) => {
                last.push(' ');
                last.push_str(part);
            }
            None => lines.push(part.to_owned()),
        }
        open = line.ends_with('\\');
    }
    lines
}

/// Splits as systemd does: quotes of both kinds, backslashes, `%%`.
fn systemd_words(text: &str) -> Vec<String> {
    words(text, |_| true)
        .into_iter()
        .map(|word| word.replace("%%", "%"))
        .collect()
}

/// Splits at blanks outside of quotes; `escapes` says within which quote, or none, a backslash counts.
fn words(text: &str, escapes: impl Fn(Option<char>) -> bool) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, quote) {
            ('\\', within) if escapes(within) => {
                let word = word.get_or_insert_default();
                word.extend(characters.next());
            }
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

fn pair(word: &str) -> Option<(String, String)> {
    word.split_once('=')
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
}

fn launchd(text: &str) -> Parts {
    let after = |key: &str| {
        text.split_once(&format!("<key>{key}</key>"))
            .map(|(_, rest)| rest)
            .unwrap_or_default()
    };
    let strings = |text: &str| -> Vec<String> {
        text.split("<string>")
            .skip(1)
            .filter_map(|part| part.split_once("</string>"))
            .map(|(string, _)| unescaped(string))
            .collect()
    };
    let array = after("ProgramArguments").split("</array>").next();
    let mut words = strings(array.unwrap_or_default());
    if words.first().is_some_and(|word| word == "/bin/sh") {
        // The wrapper that reads the environment file.
        words.drain(..words.len().min(4));
    }
    let dict = after("EnvironmentVariables").split("</dict>").next();
    let environment = dict
        .unwrap_or_default()
        .split("<key>")
        .skip(1)
        .filter_map(|part| {
            let (name, rest) = part.split_once("</key>")?;
            Some((unescaped(name), strings(rest).into_iter().next()?))
        })
        .collect();
    (words, environment)
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

fn windows(text: &str) -> Parts {
    let mut environment = Vec::new();
    let mut words = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        let lower = line.to_ascii_lowercase();
        if let Some(set) = lower
            .starts_with("set ")
            .then(|| line[4..].trim().trim_matches('"'))
        {
            environment.extend(pair(&set.replace("%%", "%")));
        } else if !["@", "rem ", "cd ", "if "]
            .iter()
            .any(|skip| lower.starts_with(skip))
            && !line.is_empty()
        {
            words = windows_words(&line.replace("%%", "%"));
        }
    }
    (words, environment)
}

fn windows_words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in line.split('"').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn openrc(text: &str) -> Parts {
    let mut environment = Vec::new();
    let (mut program, mut arguments) = (Vec::new(), Vec::new());
    for line in text.lines() {
        if let Some(export) = line.strip_prefix("export ") {
            environment.extend(shell_words(export).first().and_then(|word| pair(word)));
        } else if let Some(value) = line.strip_prefix("command=") {
            program = shell_words(value);
        } else if let Some(value) = line.strip_prefix("command_args=") {
            // Quoted twice.
            arguments = shell_words(&shell_words(value).concat());
        }
    }
    program.extend(arguments);
    (program, environment)
}

/// Splits as `sh` does, without expansions.
fn shell_words(text: &str) -> Vec<String> {
    words(text, |within| within != Some('\''))
}
