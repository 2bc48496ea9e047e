//! The command of a request: an argument list, or a script inside a shell call.

use super::shell;

/// Shells whose `-c` script is taken apart.
const SHELLS: [&str; 6] = ["sh", "bash", "dash", "zsh", "ksh", "ash"];
/// How `cmd.exe` is called with a script.
const CMD_FLAGS: [&str; 3] = ["/d", "/s", "/c"];

/// A command that can be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A program and its arguments.
    Argv(Vec<String>),
    /// A shell that gets one script.
    Shell {
        /// The whole argument list.
        argv: Vec<String>,
        /// The script in it.
        script: String,
        /// Whether the script is in the language of POSIX shells.
        posix: bool,
        /// Whether the caller named the script besides the argument list.
        explicit: bool,
    },
}

/// The text that was shown to people is not the command that would run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("rawCommand does not match command")]
pub struct CommandMismatch;

impl Command {
    /// Reads a command. `argv` must not be empty. `raw` is the text that people were shown: the
    /// script of a shell call, or the argument list written as one line.
    pub fn new(argv: Vec<String>, raw: Option<&str>) -> Result<Self, CommandMismatch> {
        let raw = raw.map(str::trim).filter(|raw| !raw.is_empty());
        let script = shell_script(&argv).map(|(script, posix)| (script.to_owned(), posix));
        let explicit = match (raw, &script) {
            (None, _) => false,
            (Some(raw), Some((script, _))) if raw == script.trim() => true,
            (Some(raw), _) if shows(raw, &argv) => false,
            (Some(_), _) => return Err(CommandMismatch),
        };
        Ok(match script {
            Some((script, posix)) => Self::Shell {
                argv,
                script,
                posix,
                explicit,
            },
            None => Self::Argv(argv),
        })
    }

    /// The argument list to start.
    pub fn argv(&self) -> &[String] {
        match self {
            Self::Argv(argv) | Self::Shell { argv, .. } => argv,
        }
    }

    /// The program as it was written.
    pub fn program(&self) -> &str {
        self.argv().first().map_or("", String::as_str)
    }

    /// The line that describes the command to people.
    pub fn text(&self) -> String {
        match self {
            Self::Shell {
                script,
                explicit: true,
                ..
            } => script.trim().to_owned(),
            Self::Argv(argv) | Self::Shell { argv, .. } => format_argv(argv),
        }
    }
}

/// The script of a call like `sh -lc <script>` or `cmd.exe /d /s /c <script>`, and whether it is
/// the former.
fn shell_script(argv: &[String]) -> Option<(&str, bool)> {
    let (program, arguments) = argv.split_first()?;
    let name = program.rsplit(['/', '\\']).next()?;
    match arguments {
        [flag, script] if SHELLS.contains(&name) && (flag == "-c" || flag == "-lc") => {
            Some((script, true))
        }
        [flags @ .., script]
            if name.eq_ignore_ascii_case("cmd.exe")
                && flags.len() == CMD_FLAGS.len()
                && flags
                    .iter()
                    .zip(CMD_FLAGS)
                    .all(|(flag, known)| flag == known) =>
        {
            Some((script, false))
        }
        _ => None,
    }
}

/// Whether `raw` is `argv` as one line, in whatever style of quoting.
fn shows(raw: &str, argv: &[String]) -> bool {
    raw == format_argv(argv) || shell::words(raw).is_some_and(|words| words == argv)
}

/// Writes an argument list as one line: arguments with spaces or quotes get double quotes.
pub fn format_argv(argv: &[String]) -> String {
    let quote = |argument: &String| {
        let plain = !argument.is_empty()
            && !argument
                .chars()
                .any(|character| character.is_whitespace() || character == '"');
        if plain {
            argument.clone()
        } else {
            format!("\"{}\"", argument.replace('"', "\\\""))
        }
    };
    argv.iter().map(quote).collect::<Vec<_>>().join(" ")
}
