//! The plan of a run: exactly what a person agrees to, and the check that it is still the same.

use std::path::{Path, PathBuf};

use openclaw_config::hash::sha256_hex;
use serde::{Deserialize, Serialize};

/// Larger files are not bound to the plan: reading them would hold up every run.
const BOUND_BYTES: u64 = 64 * 1024 * 1024;

/// What `system.run.prepare` answers and `system.run` may carry along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Plan {
    /// The argument list.
    pub(super) argv: Vec<String>,
    /// The directory; none means that of the node.
    pub(super) cwd: Option<String>,
    /// The line to show.
    pub(super) command_text: String,
    /// A shorter line to show: the script of a shell call.
    #[serde(default)]
    pub(super) command_preview: Option<String>,
    /// The agent that asks.
    pub(super) agent_id: Option<String>,
    /// Its session.
    pub(super) session_key: Option<String>,
    /// The file whose content is part of what is agreed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mutable_file_operand: Option<FileOperand>,
}

/// A file whose content decides what a command does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileOperand {
    /// Its place in the argument list.
    pub(super) argv_index: usize,
    /// Where it lies.
    pub(super) path: String,
    /// SHA-256 of its content in hex.
    pub(super) sha256: String,
}

impl FileOperand {
    /// Finds the file that decides what a command does: the script that an interpreter gets as its
    /// first argument, else the program. A script that comes after options is not looked for, and
    /// then the program is bound.
    pub(super) fn of(argv: &[String], program: Option<&Path>, cwd: &Path) -> Option<Self> {
        let program = program?;
        let script = argv
            .get(1)
            .filter(|argument| is_interpreter(program) && !argument.starts_with('-'))
            .map(|argument| cwd.join(argument))
            .filter(|path| path.is_file());
        match script {
            Some(script) => Self::new(1, &script),
            None => Self::new(0, program),
        }
    }

    fn new(argv_index: usize, path: &Path) -> Option<Self> {
        Some(Self {
            argv_index,
            path: path.to_str()?.to_owned(),
            sha256: sha256_hex(&read_bound(path)?),
        })
    }

    /// Whether the file still is what was agreed to, and still is the one the command names.
    pub(super) fn is_unchanged(&self, argv: &[String], program: Option<&Path>, cwd: &Path) -> bool {
        let named = match self.argv_index {
            0 => program.map(Path::to_owned),
            index => argv.get(index).map(|argument| cwd.join(argument)),
        };
        let path = PathBuf::from(&self.path);
        named.is_some_and(|named| same_file(&named, &path))
            && read_bound(&path).is_some_and(|content| sha256_hex(&content) == self.sha256)
    }
}

fn same_file(one: &Path, other: &Path) -> bool {
    one == other
        || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn read_bound(path: &Path) -> Option<Vec<u8>> {
    let file = path.metadata().ok()?;
    if !file.is_file() || file.len() > BOUND_BYTES {
        return None;
    }
    std::fs::read(path).ok()
}

fn is_interpreter(program: &Path) -> bool {
    const INTERPRETERS: [&str; 14] = [
        "ash", "bash", "bun", "dash", "deno", "ksh", "lua", "node", "perl", "php", "python",
        "ruby", "sh", "zsh",
    ];
    let name = program
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let name = name
        .strip_suffix(".exe")
        .unwrap_or(&name)
        .trim_end_matches(|character: char| character.is_ascii_digit() || character == '.');
    INTERPRETERS.contains(&name)
}
