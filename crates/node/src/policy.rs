//! Whether this machine runs a command: a pure decision over values.
//!
//! [`decide`] looks at the command, the rules of the agent and the answer of the person who was
//! asked, and says yes or no. It touches the disk only through [`Files`], so that tables can test
//! it. What it allows is tied to program paths: the program that was looked at is the one to start.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use openclaw_config::exec_approvals::{AllowlistEntry, Ask, ResolvedPolicy, Security};

mod command;
mod lookup;
mod pattern;
mod safe_bins;
mod shell;
#[cfg(test)]
mod tests;

pub use command::{Command, CommandMismatch, format_argv};
pub use lookup::{Disk, Files, expand_home, find_program};
pub use safe_bins::DEFAULT_SAFE_BINS;

use shell::Word;

/// What was asked of this machine.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The command, with its shell script taken apart if it has one.
    pub command: &'a Command,
    /// Directory that relative paths start from.
    pub cwd: &'a Path,
    /// `PATH` of the child.
    pub path: &'a OsStr,
    /// `PATH` of this program; what short names mean when the caller has no say.
    pub host_path: &'a OsStr,
    /// Home directory for `~` in patterns.
    pub home: Option<&'a Path>,
    /// What the caller says a person answered.
    pub approval: Approval,
    /// Whether the command needs to see the screen.
    pub needs_screen_recording: bool,
}

/// What a person answered to the question whether a command may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Approval {
    /// Nobody agreed.
    #[default]
    None,
    /// Yes, this time.
    Once,
    /// Yes, from now on.
    Always,
}

/// What the answer depends on besides the question.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The rules of the agent that asks.
    pub policy: &'a ResolvedPolicy,
    /// Filters that may run on their standard input without being listed.
    pub safe_bins: &'a [String],
    /// Programs that installed skills need.
    pub skill_bins: &'a BTreeSet<String>,
    /// Whether upper and lower case are the same in patterns.
    pub fold_case: bool,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The command may run.
    Allow(Allowed),
    /// It may not.
    Refuse(Refusal),
}

/// What to do with a command that may run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Allowed {
    /// The program the decision was made about; none if it was not found, then starting it fails.
    pub program: Option<PathBuf>,
    /// Program paths that the person allowed from now on.
    pub remember: Vec<PathBuf>,
    /// Program paths that were to be remembered but can run any other program, so they are not.
    pub too_wide: Vec<PathBuf>,
    /// Entries that let the command through.
    pub used: Vec<Used>,
}

/// One entry of the list and the program it matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Id of the entry.
    pub id: Option<String>,
    /// Its pattern.
    pub pattern: String,
    /// The program.
    pub resolved: PathBuf,
}

/// Why a command may not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// This machine runs nothing.
    #[error("SYSTEM_RUN_DISABLED: security=deny")]
    SecurityDeny,
    /// Somebody has to agree first.
    #[error("SYSTEM_RUN_DENIED: approval required")]
    ApprovalRequired,
    /// The list does not cover it and nobody is to be asked.
    #[error("SYSTEM_RUN_DENIED: allowlist miss")]
    AllowlistMiss,
    /// A program without a screen cannot record it.
    #[error("PERMISSION_MISSING: screenRecording")]
    ScreenRecording,
    /// The script that was agreed to has other content now.
    #[error("SYSTEM_RUN_DENIED: approval script operand changed before execution")]
    ScriptChanged,
}

impl Refusal {
    /// The `reason` member of the `exec.denied` event.
    pub fn reason(self) -> &'static str {
        match self {
            Self::SecurityDeny => "security=deny",
            Self::ApprovalRequired | Self::ScriptChanged => "approval-required",
            Self::AllowlistMiss => "allowlist-miss",
            Self::ScreenRecording => "permission:screenRecording",
        }
    }
}

/// Answers one question. An approval counts only where these rules ask for one: it never lifts
/// `deny`, and it does not widen a list whose owner wants no questions.
pub fn decide(question: &Question<'_>, rules: &Rules<'_>, files: &dyn Files) -> Decision {
    let policy = rules.policy;
    if policy.security == Security::Deny {
        return Decision::Refuse(Refusal::SecurityDeny);
    }
    let judge = Judge {
        question,
        rules,
        files,
    };
    let listed = policy.security == Security::Allowlist;
    let verdict = judge.command();
    let asks = match policy.ask {
        Ask::Always => true,
        Ask::OnMiss => listed && !verdict.satisfied,
        Ask::Off => false,
    };
    let agreed = asks && question.approval != Approval::None;
    if asks && !agreed {
        return Decision::Refuse(Refusal::ApprovalRequired);
    }
    if listed && !verdict.satisfied && !agreed {
        return Decision::Refuse(Refusal::AllowlistMiss);
    }
    if question.needs_screen_recording {
        return Decision::Refuse(Refusal::ScreenRecording);
    }
    let mut allowed = Allowed {
        program: judge.find(question.command.program()),
        ..Allowed::default()
    };
    if listed {
        allowed.used = verdict.used;
        if agreed && question.approval == Approval::Always {
            (allowed.too_wide, allowed.remember) = verdict
                .missed
                .into_iter()
                .partition(|path| safe_bins::runs_others(path));
        }
    }
    Decision::Allow(allowed)
}

/// What the list says about a command.
#[derive(Default)]
struct Verdict {
    satisfied: bool,
    used: Vec<Used>,
    /// Programs that were found but are not covered.
    missed: Vec<PathBuf>,
}

struct Judge<'a> {
    question: &'a Question<'a>,
    rules: &'a Rules<'a>,
    files: &'a dyn Files,
}

impl Judge<'_> {
    fn find(&self, name: &str) -> Option<PathBuf> {
        find_program(name, self.question.path, self.question.cwd, self.files)
    }

    fn command(&self) -> Verdict {
        match self.question.command {
            Command::Argv(argv) => {
                let words: Vec<Word> = argv.iter().map(|text| Word::literal(text)).collect();
                self.segments(&[words], false)
            }
            Command::Shell {
                script,
                posix,
                explicit,
                ..
            } => self.script(script, *posix, *explicit),
        }
    }

    fn script(&self, script: &str, posix: bool, explicit: bool) -> Verdict {
        let shell = self.find(self.question.command.program());
        let understood = posix && shell.as_deref().is_some_and(|path| self.is_shell(path));
        let verdict = understood
            .then(|| shell::split(script))
            .flatten()
            .map(|segments| self.segments(&segments, true))
            .unwrap_or_default();
        if verdict.satisfied || explicit {
            return verdict;
        }
        // A list that names the shell itself covers whatever the shell runs.
        match shell.and_then(|path| self.listed(&path)) {
            Some(used) => Verdict {
                satisfied: true,
                used: vec![used],
                missed: Vec::new(),
            },
            None => verdict,
        }
    }

    /// Whether `path` is a shell of the system and not just a file of that name.
    fn is_shell(&self, path: &Path) -> bool {
        let Some(name) = path.file_name().and_then(OsStr::to_str) else {
            return false;
        };
        ["/bin", "/usr/bin"]
            .iter()
            .any(|folder| Path::new(folder).join(name) == path)
            || self.is_own(path, name)
    }

    fn segments(&self, segments: &[Vec<Word>], in_shell: bool) -> Verdict {
        let mut verdict = Verdict {
            satisfied: true,
            ..Verdict::default()
        };
        for words in segments {
            let Some((first, arguments)) = words.split_first() else {
                return Verdict::default();
            };
            let found = if in_shell && shell::is_shell_business(words) {
                None
            } else {
                self.find(&first.text)
            };
            let Some(path) = found else {
                verdict.satisfied = false;
                continue;
            };
            if let Some(used) = self.listed(&path) {
                verdict.used.push(used);
            } else if !self.is_safe(&path, arguments) && !self.is_skill(&path) {
                verdict.satisfied = false;
                if !verdict.missed.contains(&path) {
                    verdict.missed.push(path);
                }
            }
        }
        verdict
    }

    fn listed(&self, path: &Path) -> Option<Used> {
        let matches = |entry: &&AllowlistEntry| {
            !entry.is_restricted()
                && pattern::matches(
                    &entry.pattern,
                    path,
                    self.question.home,
                    self.rules.fold_case,
                )
        };
        let entry = self.rules.policy.allowlist.iter().find(matches)?;
        Some(Used {
            id: entry.id.clone(),
            pattern: entry.pattern.clone(),
            resolved: path.to_owned(),
        })
    }

    /// Whether `path` is what its own name means here, whatever `PATH` the caller brought.
    fn is_own(&self, path: &Path, name: &str) -> bool {
        let question = self.question;
        find_program(name, question.host_path, question.cwd, self.files).as_deref() == Some(path)
    }

    fn is_safe(&self, path: &Path, arguments: &[Word]) -> bool {
        let Some(name) = path.file_name().and_then(OsStr::to_str) else {
            return false;
        };
        self.rules.safe_bins.iter().any(|safe| safe.trim() == name)
            && self.is_own(path, name)
            && safe_bins::reads_only_its_input(name, arguments, self.question.cwd, self.files)
    }

    fn is_skill(&self, path: &Path) -> bool {
        let Some(name) = path.file_name().and_then(OsStr::to_str) else {
            return false;
        };
        self.rules.policy.auto_allow_skills
            && self.rules.skill_bins.contains(name)
            && self.is_own(path, name)
    }
}
