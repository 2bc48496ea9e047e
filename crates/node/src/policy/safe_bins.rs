//! Filters that may run without being listed, as long as they only read their standard input, and
//! programs that are too powerful to be listed by a click.

use std::ffi::OsStr;
use std::path::Path;

use super::lookup::Files;
use super::shell::Word;

/// Filters that are safe when the configuration names none.
pub const DEFAULT_SAFE_BINS: [&str; 9] = [
    "jq", "grep", "cut", "sort", "uniq", "head", "tail", "tr", "wc",
];

/// Options through which a filter reads or writes files or runs programs, in spite of its place
/// among the safe ones.
struct Reach {
    name: &'static str,
    /// Letters of short options.
    letters: &'static str,
    /// Long options without the dashes; abbreviations count too.
    long: &'static [&'static str],
    /// Whether a plain argument can name a file to write.
    operand_is_output: bool,
    /// Text that gives a filter program more than its input.
    text: &'static [&'static str],
}

const REACH: [Reach; 5] = [
    Reach {
        name: "sort",
        letters: "oT",
        long: &[
            "output",
            "compress-program",
            "files0-from",
            "temporary-directory",
        ],
        operand_is_output: false,
        text: &[],
    },
    Reach {
        name: "grep",
        letters: "frRd",
        long: &[
            "file",
            "recursive",
            "dereference-recursive",
            "directories",
            "exclude-from",
        ],
        operand_is_output: false,
        text: &[],
    },
    Reach {
        name: "wc",
        letters: "",
        long: &["files0-from"],
        operand_is_output: false,
        text: &[],
    },
    Reach {
        name: "jq",
        letters: "fL",
        long: &[
            "from-file",
            "slurpfile",
            "rawfile",
            "argfile",
            "library-path",
            "run-tests",
        ],
        operand_is_output: false,
        text: &["env", "ENV", "import", "include"],
    },
    Reach {
        name: "uniq",
        letters: "",
        long: &[],
        operand_is_output: true,
        text: &[],
    },
];

/// Programs that run other programs or code given as arguments. Listing one of them would list
/// everything, so an "always" does not.
const RUNS_OTHERS: [&str; 40] = [
    "ash",
    "awk",
    "bash",
    "bun",
    "busybox",
    "chroot",
    "dash",
    "deno",
    "doas",
    "env",
    "find",
    "fish",
    "gawk",
    "gdb",
    "ionice",
    "ksh",
    "lua",
    "make",
    "mawk",
    "nice",
    "node",
    "nohup",
    "npx",
    "osascript",
    "parallel",
    "perl",
    "php",
    "pwsh",
    "python",
    "ruby",
    "script",
    "setsid",
    "sh",
    "ssh",
    "stdbuf",
    "sudo",
    "time",
    "timeout",
    "xargs",
    "zsh",
];

/// Whether a program with these arguments reads nothing but its standard input.
pub(super) fn reads_only_its_input(
    name: &str,
    arguments: &[Word],
    cwd: &Path,
    files: &dyn Files,
) -> bool {
    let reach = REACH.iter().find(|reach| reach.name == name);
    let mut operands_only = false;
    arguments.iter().all(|word| {
        let text = word.text.as_str();
        if word.expands {
            return false;
        }
        if operands_only {
            return !names_file(text, cwd, files)
                && reach.is_none_or(|reach| !reach.takes_operand(text));
        }
        if text == "-" {
            return true;
        }
        if text == "--" {
            operands_only = true;
            return true;
        }
        let value = match text.strip_prefix("--") {
            Some(option) => option.split_once('=').map(|(_, value)| value),
            None if text.starts_with('-') => None,
            None => Some(text),
        };
        if value.is_some_and(|value| names_file(value, cwd, files)) {
            return false;
        }
        reach.is_none_or(|reach| !reach.reaches_out(text))
    })
}

impl Reach {
    fn takes_operand(&self, operand: &str) -> bool {
        self.operand_is_output || self.text.iter().any(|text| operand.contains(text))
    }

    fn reaches_out(&self, argument: &str) -> bool {
        if let Some(option) = argument.strip_prefix("--") {
            let option = option.split_once('=').map_or(option, |(name, _)| name);
            return self.long.iter().any(|long| long.starts_with(option));
        }
        match argument.strip_prefix('-') {
            // jq also takes its long options with one dash.
            Some(letters) => {
                letters.contains(|letter| self.letters.contains(letter))
                    || self.long.contains(&letters)
            }
            None => self.takes_operand(argument),
        }
    }
}

fn names_file(value: &str, cwd: &Path, files: &dyn Files) -> bool {
    let drive = |value: &str| {
        let mut characters = value.chars();
        characters
            .next()
            .is_some_and(|letter| letter.is_ascii_alphabetic())
            && characters.next() == Some(':')
            && matches!(characters.next(), Some('/' | '\\'))
    };
    if value.is_empty() {
        return false;
    }
    value == "."
        || value == ".."
        || value.starts_with(['/', '~', '\\'])
        || value.starts_with("./")
        || value.starts_with("../")
        || drive(value)
        || files.exists(&cwd.join(value))
}

/// Whether the program at `path` runs whatever its arguments say. Version numbers at the end of a
/// name do not matter.
pub(super) fn runs_others(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(OsStr::to_str)
        .unwrap_or_default()
        .to_ascii_lowercase();
    let base = name
        .strip_suffix(".exe")
        .unwrap_or(&name)
        .trim_end_matches(|character: char| {
            character.is_ascii_digit() || character == '.' || character == '-'
        });
    RUNS_OTHERS.contains(&base)
}
