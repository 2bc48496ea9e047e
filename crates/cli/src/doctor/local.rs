//! What can be seen of this machine without asking a gateway: environment, config, state, services, the port. Each finding says what
//! mends it; what can be done by us is shown before it is done.

mod config;
mod exposure;
mod repair;
mod services;
mod state;

use openclaw_config::schema::GatewayMode;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::CommandError;
use crate::ui::Ui;
pub(crate) use config::token_patch;
pub(crate) use repair::{Done, Repair, mend};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Good to know.
    Info,
    /// Works, with something to do about it.
    Warning,
    /// Does not work, or lets others in.
    Critical,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Note {
    /// Its name; never changes once it is out.
    pub(crate) id: &'static str,
    /// The heading that it belongs under.
    pub(crate) title: &'static str,
    /// How bad it is.
    pub(crate) level: Level,
    /// What was seen, in whole sentences.
    pub(crate) text: String,
    /// What to do: a command, or a sentence.
    pub(crate) fixes: Vec<String>,
    /// What `--fix` does about it.
    pub(crate) repair: Option<Repair>,
}

impl Note {
    pub(crate) fn new(
        id: &'static str,
        title: &'static str,
        level: Level,
        text: impl Into<String>,
    ) -> Self {
        Self {
            id,
            title,
            level,
            text: text.into(),
            fixes: Vec::new(),
            repair: None,
        }
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fixes.push(fix.into());
        self
    }

    pub(crate) fn repair(mut self, repair: Repair) -> Self {
        self.repair = Some(repair);
        self
    }

    fn lines(&self) -> Vec<String> {
        let mark = match self.level {
            Level::Critical => "- CRITICAL: ",
            Level::Warning | Level::Info => "- ",
        };
        let mut lines: Vec<String> = Vec::new();
        for (index, line) in self.text.lines().enumerate() {
            lines.push(format!("{}{line}", if index == 0 { mark } else { "  " }));
        }
        lines.extend(self.fixes.iter().map(|fix| format!("  Fix: {fix}")));
        lines
    }
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(crate) struct Local {
    notes: Vec<Note>,
}

impl Local {
    /// Looks; changes nothing.
    pub(crate) fn look(context: &Context) -> Result<Self, CommandError> {
        let mut notes = config::look(context)?;
        notes.extend(state::look(context));
        let remote = context.settings()?.gateway.mode == Some(GatewayMode::Remote);
        if remote {
            notes.push(Note::new(
                "gateway_elsewhere",
                "Gateway",
                Level::Info,
                "Gateway mode is remote; skipped local service audit. Run doctor on the host of the gateway, too.",
            ));
        } else {
            notes.extend(services::look(context)?);
        }
        notes.extend(exposure::look(context)?);
        Ok(Self { notes })
    }

    /// What can be done about the findings, each thing once.
    pub(crate) fn repairs(&self) -> Vec<Repair> {
        let mut repairs: Vec<Repair> = Vec::new();
        for repair in self.notes.iter().filter_map(|note| note.repair.as_ref()) {
            if !repairs.contains(repair) {
                repairs.push(repair.clone());
            }
        }
        if repairs
            .iter()
            .any(|repair| matches!(repair, Repair::LastGood(_)))
        {
            // Changes were meant for the file that goes.
            repairs.retain(|repair| !matches!(repair, Repair::Config { .. }));
        }
        repairs
    }

    /// Whether there is anything to do something about.
    pub(crate) fn has_findings(&self) -> bool {
        self.notes.iter().any(|note| note.level != Level::Info)
    }

    /// Whether something does not work, or lets others in.
    pub(crate) fn is_critical(&self) -> bool {
        self.notes.iter().any(|note| note.level == Level::Critical)
    }

    pub(crate) fn print(&self, ui: Ui) -> Result<(), CommandError> {
        let mut titles: Vec<&str> = Vec::new();
        for note in &self.notes {
            if !titles.contains(&note.title) {
                titles.push(note.title);
            }
        }
        for title in titles {
            ui.heading(title)?;
            for note in self.notes.iter().filter(|note| note.title == title) {
                for line in note.lines() {
                    ui.line(line)?;
                }
            }
            ui.blank()?;
        }
        Ok(())
    }

    pub(crate) fn to_json(&self) -> Value {
        let notes = self.notes.iter().map(|note| {
            json!({
                "id": note.id,
                "title": note.title,
                "level": note.level.word(),
                "text": note.text,
                "fixes": note.fixes,
                "repair": note.repair.as_ref().map(Repair::text),
            })
        });
        json!(notes.collect::<Vec<_>>())
    }
}
