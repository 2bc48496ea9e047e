//! What every command gets: output, environment, paths, and the config when it asks for it.

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};

use openclaw_config::load::{Snapshot, load};
use openclaw_config::store::log_dir;
use openclaw_config::{Env, Issue, Paths, Settings};

use crate::error::CommandError;
use crate::ui::Ui;

/// Shared by all commands.
#[derive(Debug)]
pub(crate) struct Context {
    ui: Ui,
    env: Env,
    paths: Paths,
    snapshot: OnceCell<Snapshot>,
    lenient: Cell<bool>,
    untold: Cell<bool>,
}

impl Context {
    /// Looks at nothing yet.
    pub(crate) fn new(ui: Ui, env: Env, paths: Paths) -> Self {
        Self {
            ui,
            env,
            paths,
            snapshot: OnceCell::new(),
            lenient: Cell::new(false),
            untold: Cell::new(false),
        }
    }

    /// Where output goes.
    pub(crate) const fn ui(&self) -> Ui {
        self.ui
    }

    /// The environment, with the layers of the config below it once that is loaded.
    pub(crate) fn env(&self) -> &Env {
        self.snapshot
            .get()
            .map_or(&self.env, |snapshot| &snapshot.env)
    }

    /// The environment of the process alone, for whoever loads the config anew.
    pub(crate) const fn process_env(&self) -> &Env {
        &self.env
    }

    /// Where everything lives.
    pub(crate) const fn paths(&self) -> &Paths {
        &self.paths
    }

    /// A printed command, with the profile in it.
    pub(crate) fn command(&self, command: &str) -> String {
        self.paths.profile.command(command)
    }

    /// Goes on with defaults when the config cannot be used: for the commands that find out what
    /// is wrong.
    pub(crate) fn tolerate_bad_config(&self) {
        self.lenient.set(true);
    }

    /// Says nothing about a config that cannot be used, and goes on with defaults: for the command that judges the config itself.
    pub(crate) fn judge_config(&self) {
        self.lenient.set(true);
        self.untold.set(true);
    }

    /// The config file as it is; loaded once.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        self.snapshot.get_or_init(|| {
            let snapshot = load(&self.paths, &self.env);
            if !snapshot.issues.is_empty() && !self.untold.get() {
                self.ui.note(self.invalid_config(&snapshot));
            }
            snapshot
        })
    }

    /// The same with the config not read yet.
    pub(crate) fn fresh(&self) -> Self {
        Self::new(self.ui, self.env.clone(), self.paths.clone())
    }

    /// The config file as it is now, read once more.
    pub(crate) fn reload(&self) -> Snapshot {
        load(&self.paths, &self.env)
    }

    /// The settings in effect. Fails when part of the gateway section has no usable value, neither
    /// now nor from earlier, unless the command tolerates it.
    pub(crate) fn settings(&self) -> Result<&Settings, CommandError> {
        let snapshot = self.snapshot();
        if self.lenient.get() || snapshot.fatal_issues().is_empty() {
            Ok(&snapshot.settings)
        } else {
            Err(CommandError::silent())
        }
    }

    /// Fails when the environment gives this secret in a way that it cannot be had: another one in its place would be a guess.
    pub(crate) fn needs_secret(&self, name: &str) -> Result<(), CommandError> {
        match self.env.secret_problem(name) {
            None => Ok(()),
            Some(problem) => {
                // A supervisor tries again what may pass by itself.
                let error = if problem.passing {
                    CommandError::plain(problem.to_string())
                } else {
                    CommandError::config(problem.to_string())
                };
                Err(error.hint(format!("Fix: {}", problem.fix)))
            }
        }
    }

    /// Log file of today. Looking does not make the directory.
    pub(crate) fn log_file(&self) -> PathBuf {
        let paths = self.paths();
        let today = jiff::Zoned::now().strftime("%Y-%m-%d").to_string();
        let name = paths.log_file_name(&today);
        // Where the gateway writes when it cannot use the usual place, as in a read-only root.
        let own = paths.state_dir.join("logs");
        let configured = self
            .settings()
            .ok()
            .and_then(|settings| settings.logging.file.clone());
        let wanted = match configured {
            Some(file) => self.env().absolute(&file),
            None => log_dir(paths).join(&name),
        };
        let is_file = |path: &Path| path.symlink_metadata().is_ok_and(|found| found.is_file());
        let instead = own.join(&name);
        if !is_file(&wanted) && is_file(&instead) {
            instead
        } else {
            wanted
        }
    }

    fn invalid_config(&self, snapshot: &Snapshot) -> String {
        let mut lines = vec![
            "Config invalid".to_owned(),
            format!("File: {}", self.paths.display_home(&snapshot.path)),
            "Problem:".to_owned(),
        ];
        lines.extend(
            snapshot
                .issues
                .iter()
                .map(|issue| format!("  - {}", problem(issue))),
        );
        for (sections, what) in [
            (&snapshot.fell_back, "last good values in use for"),
            (&snapshot.defaulted, "defaults in use for"),
        ] {
            if !sections.is_empty() {
                lines.push(format!("Note: {what} {}", sections.join(", ")));
            }
        }
        lines.push(String::new());
        lines.push(format!("Run: {}", self.command("openclaw config validate")));
        lines.join("\n")
    }
}

/// One issue with what would be right.
pub(crate) fn problem(issue: &Issue) -> String {
    match &issue.hint {
        Some(hint) => format!("{} ({hint})", issue.line()),
        None => issue.line(),
    }
}
