//! The file of a service, as text. Pure: the same value gives the same text on every machine, so that an installed
//! file can be compared with what would be written now.
//!
//! No secret is ever part of the value: credentials stay in the config or in an owner-only file that is only named.

mod launchd;
mod openrc;
pub(crate) mod systemd;
mod windows;

use std::fmt;
use std::path::{Path, PathBuf};

use openclaw_config::env;
use openclaw_config::paths::Profile;

use super::kind::{Kind, Manager, Scope};
use crate::app::VERSION;
pub(crate) use launchd::plist_text;

/// A service to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    /// What it runs.
    pub(crate) kind: Kind,
    /// For which profile.
    pub(crate) profile: Profile,
    /// This program.
    pub(crate) program: PathBuf,
    /// What follows `gateway run` or `node run`.
    pub(crate) arguments: Vec<String>,
    /// Home directory of the user it runs as.
    pub(crate) home: PathBuf,
    /// State directory.
    pub(crate) state_dir: PathBuf,
    /// Config file.
    pub(crate) config_path: PathBuf,
    /// Name of that user, for services of the machine.
    pub(crate) user: Option<String>,
}

/// Why a service cannot be written into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    what: &'static str,
    text: String,
    why: &'static str,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, text, why } = self;
        write!(
            f,
            "cannot write a service file: {what} {text:?} holds {why}"
        )
    }
}

impl Service {
    /// Text of its file.
    pub(crate) fn render(&self, manager: Manager, name: &str) -> Result<String, Refused> {
        self.check(manager)?;
        Ok(match manager {
            Manager::Systemd(scope) => systemd::unit(self, scope),
            Manager::Launchd => launchd::agent(self, name),
            Manager::TaskScheduler => windows::script(self),
            Manager::OpenRc => openrc::init_script(self),
        })
    }

    /// Its command line, the program first.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words = vec![self.program.display().to_string()];
        if let Some(name) = self.profile.named() {
            words.extend(["--profile".to_owned(), name.to_owned()]);
        }
        words.extend([self.kind.word().to_owned(), "run".to_owned()]);
        words.extend(self.arguments.iter().cloned());
        words
    }

    /// Its environment. State directory and config are always named: nothing that happens to be set elsewhere may
    /// lead it to those of another gateway.
    pub(crate) fn environment(&self, os: &str) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("HOME", self.home.display().to_string()),
            ("PATH", path(os, &self.home)),
        ];
        if let Some(name) = self.profile.named() {
            pairs.push((env::OPENCLAW_PROFILE, name.to_owned()));
        }
        pairs.extend([
            (
                env::OPENCLAW_STATE_DIR,
                self.state_dir.display().to_string(),
            ),
            (
                env::OPENCLAW_CONFIG_PATH,
                self.config_path.display().to_string(),
            ),
            (env::OPENCLAW_SERVICE_MARKER, "openclaw".to_owned()),
            (env::OPENCLAW_SERVICE_KIND, self.kind.word().to_owned()),
            (env::OPENCLAW_SERVICE_VERSION, VERSION.to_owned()),
        ]);
        pairs
    }

    /// Owner-only file with more variables; need not exist.
    pub(crate) fn environment_file(&self) -> PathBuf {
        self.kind.environment_file(&self.state_dir)
    }

    /// `OpenClaw Gateway (profile: rescue)`.
    fn description(&self) -> String {
        let what = match self.kind {
            Kind::Gateway => "OpenClaw Gateway",
            Kind::Node => "OpenClaw Node Host",
        };
        match self.profile.named() {
            None => what.to_owned(),
            Some(name) => format!("{what} (profile: {name})"),
        }
    }

    /// The command that writes the file again.
    fn install_command(&self) -> String {
        self.profile
            .command(&format!("openclaw {} install", self.kind.word()))
    }

    /// Refuses what no escaping can carry.
    fn check(&self, manager: Manager) -> Result<(), Refused> {
        let words = self.words();
        let values = [
            ("the home directory", self.home.display().to_string()),
            ("the state directory", self.state_dir.display().to_string()),
            ("the config path", self.config_path.display().to_string()),
            ("the user", self.user.clone().unwrap_or_default()),
        ];
        let arguments = words.iter().skip(1).map(|word| ("the argument", word));
        let all = values
            .iter()
            .map(|(what, text)| (*what, text))
            .chain([("the program", &words[0])])
            .chain(arguments);
        for (what, text) in all {
            let refuse = |why| {
                Err(Refused {
                    what,
                    text: text.clone(),
                    why,
                })
            };
            if text.chars().any(char::is_control) {
                return refuse("a line break or control character");
            }
            if manager == Manager::TaskScheduler && text.contains('"') {
                return refuse("a quote, which a Windows script cannot carry");
            }
            if what == "the program" {
                if matches!(manager, Manager::Systemd(_)) && text.contains('$') {
                    return refuse("a $, which systemd does not take in a program's path");
                }
                if manager == Manager::OpenRc && text.contains(char::is_whitespace) {
                    return refuse("a space, which OpenRC does not take in a program's path");
                }
            }
        }
        Ok(())
    }
}

/// Where a service finds programs: the same for every shell that installs it, what the user can write last.
fn path(os: &str, home: &Path) -> String {
    let system: &[&str] = match os {
        "macos" => &[
            "/opt/homebrew/bin",
            "/usr/local/bin",
            "/usr/bin",
            "/bin",
            "/usr/sbin",
            "/sbin",
        ],
        _ => &[
            "/usr/local/sbin",
            "/usr/local/bin",
            "/usr/sbin",
            "/usr/bin",
            "/sbin",
            "/bin",
        ],
    };
    format!("{}:{}", system.join(":"), home.join(".local/bin").display())
}

/// A word for `sh`.
pub(crate) fn shell_word(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// One line of an environment file, as both systemd and `sh` read it.
pub(crate) fn environment_line(name: &str, value: &str) -> String {
    let mut line = format!("{name}=\"");
    for character in value.chars() {
        if matches!(character, '"' | '\\' | '$' | '`') {
            line.push('\\');
        }
        line.push(character);
    }
    line.push_str("\"\n");
    line
}

#[cfg(test)]
mod tests;
