//! `openclaw completion`: a static script, printed or installed; and the manual pages.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap_complete::Shell as ScriptShell;

use crate::app::VERSION;
use crate::args;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// Comment above the line that is added to a shell's start file.
const MARKER: &str = "# OpenClaw Completion";

/// Arguments of `completion`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    #[arg(short, long, value_enum, default_value = "zsh", value_name = "shell")]
    shell: Shell,
    /// Add it to the start file of the shell
    #[arg(short, long)]
    install: bool,
    /// Write the manual pages of every command into this folder instead
    #[arg(long, value_name = "folder", value_hint = clap::ValueHint::DirPath, conflicts_with = "install")]
    man: Option<PathBuf>,
    /// Do not ask (nothing is asked anyway)
    #[arg(short, long, hide = true)]
    yes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Shell {
    Zsh,
    Bash,
    #[value(name = "powershell")]
    Power,
    Fish,
}

impl Shell {
    const fn script(self) -> ScriptShell {
        match self {
            Self::Zsh => ScriptShell::Zsh,
            Self::Bash => ScriptShell::Bash,
            Self::Power => ScriptShell::PowerShell,
            Self::Fish => ScriptShell::Fish,
        }
    }

    /// The start file below the home directory.
    fn start_file(self, home: &Path) -> Option<PathBuf> {
        match self {
            Self::Zsh => Some(home.join(".zshrc")),
            Self::Bash => {
                let profile = home.join(".bash_profile");
                let rc = home.join(".bashrc");
                Some(if !rc.exists() && profile.exists() {
                    profile
                } else {
                    rc
                })
            }
            Self::Fish => Some(home.join(".config").join("fish").join("config.fish")),
            Self::Power => None,
        }
    }

    const fn source_line(self) -> &'static str {
        match self {
            Self::Fish => "openclaw completion --shell fish | source",
            Self::Zsh => "source <(openclaw completion --shell zsh)",
            Self::Bash | Self::Power => "source <(openclaw completion --shell bash)",
        }
    }
}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        if let Some(folder) = &self.man {
            return manual(context, folder);
        }
        if self.install {
            return self.install(context);
        }
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell.script(),
            &mut args::tree(),
            "openclaw",
            &mut script,
        );
        context.ui().pass_out(&script)?;
        Ok(Exit::OK)
    }

    fn install(self, context: &Context) -> Outcome {
        let ui = context.ui();
        let home = &context.paths().home;
        let Some(file) = self.shell.start_file(home) else {
            return Err(CommandError::new("no start file known for this shell")
                .hint("Fix: add the printed script to the profile of the shell."));
        };
        let shown = file.display();
        let before = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(CommandError::new(format!("cannot read {shown}: {error}"))),
        };
        if before.contains(MARKER) {
            ui.line(format!("Completion already installed in {shown}"))?;
            return Ok(Exit::OK);
        }
        ui.line(format!("Installing completion to {shown}..."))?;
        let gap = if before.is_empty() || before.ends_with('\n') {
            ""
        } else {
            "\n"
        };
        append(
            &file,
            &format!("{gap}\n{MARKER}\n{}\n", self.shell.source_line()),
        )
        .map_err(|error| CommandError::new(format!("cannot write {shown}: {error}")))?;
        ui.line(format!(
            "Completion installed. Restart your shell or run: source {shown}"
        ))?;
        Ok(Exit::OK)
    }
}

/// One page per command, as `man openclaw-nodes-run` looks for it.
fn manual(context: &Context, folder: &Path) -> Outcome {
    let shown = folder.display();
    let failed =
        |error| CommandError::new(format!("cannot write manual pages to {shown}: {error}"));
    std::fs::create_dir_all(folder).map_err(failed)?;
    // Not the built tree: that one has a page for each `help` too.
    clap_mangen::generate_to(args::Cli::command().version(VERSION), folder).map_err(failed)?;
    let ui = context.ui();
    ui.line(format!(
        "Manual pages are in {shown}; read one with: man {shown}/openclaw.1"
    ))?;
    Ok(Exit::OK)
}

/// The file belongs to the user: its mode, and what it links to, stay as they are.
fn append(file: &Path, text: &str) -> std::io::Result<()> {
    if let Some(dir) = file.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(file)?;
    file.write_all(text.as_bytes())
}
