//! `openclaw config edit`: the file in the editor of whoever asks, checked before it counts.

mod copy;

use std::io::{self, IsTerminal as _};
use std::process::Command;

use openclaw_config::edit::{Base, ConfigEditor, EditError, changed_keys};
use openclaw_config::store::{ConfigStore, StoreError};
use openclaw_config::text;

use super::{counts, warn};
use crate::app::VERSION;
use crate::context::{Context, problem};
use crate::error::{CommandError, Exit, Outcome};
use crate::ui::ask::confirm;
use copy::PrivateCopy;
pub(crate) use copy::sweep;

/// What a config that does not exist yet begins with.
const EMPTY: &str = "{\n}\n";

/// Arguments of `config edit`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

impl Args {
    pub(crate) fn run(self, context: &Context) -> Outcome {
        let Self {} = self;
        if !io::stdin().is_terminal() || !context.ui().is_terminal() {
            return Err(CommandError::new(
                "config edit opens an editor, and there is no terminal here",
            )
            .hint(format!(
                "Change single values with: {}",
                context.command("openclaw config set <path> <value>")
            )));
        }
        if context.env().config_read_only() {
            let path = context.paths().config_path.clone();
            return Err(CommandError::new(StoreError::ReadOnly(path)));
        }
        let editor = editor(context)?;
        let store = ConfigStore::new(context.paths());
        let mut base = store.read().map_err(CommandError::new)?;
        let first = base.raw.clone().unwrap_or_else(|| EMPTY.to_owned());
        let copy = PrivateCopy::new(&context.paths().state_dir, &first)?;
        loop {
            open(&editor, &copy)?;
            let text = copy.read()?;
            if text == first && base.raw.as_ref().is_none_or(|raw| *raw == first) {
                context.ui().line("Nothing changed.")?;
                return Ok(Exit::OK);
            }
            let hash = base.raw.is_some().then_some(base.hash.as_str());
            let written = ConfigEditor::new(context.paths(), context.process_env())
                .with_version(VERSION)
                .replace(Base::Hash(hash), &text);
            let error = match written {
                Ok(edited) => {
                    warn(context, &edited);
                    let parse =
                        |raw: &str| text::parse(raw).unwrap_or_else(|_| serde_json::Value::Null);
                    let before = base.raw.as_deref().map(parse).unwrap_or_default();
                    let keys = changed_keys(&before, &parse(&text));
                    let file = context.paths().display_home(&context.paths().config_path);
                    let what = if keys.is_empty() {
                        "only its form changed".to_owned()
                    } else {
                        keys.join(", ")
                    };
                    let counts = counts(context, keys.iter().map(String::as_str));
                    context
                        .ui()
                        .line(format!("Updated {file}: {what}. {counts}"))?;
                    return Ok(Exit::OK);
                }
                Err(error) => error,
            };
            if let EditError::Store(StoreError::Changed | StoreError::BaseHashRequired) = &error {
                let theirs = store.read().map_err(CommandError::new)?;
                let parse = |raw: &Option<String>| {
                    raw.as_deref()
                        .and_then(|raw| text::parse(raw).ok())
                        .unwrap_or_default()
                };
                let keys = changed_keys(&parse(&base.raw), &parse(&theirs.raw));
                context.ui().note(format!(
                    "Not written: somebody else changed the file meanwhile ({}). Writing your text now would undo that.",
                    if keys.is_empty() { "its form".to_owned() } else { keys.join(", ") }
                ));
                base = theirs;
            } else {
                explain(context, &error);
            }
            if !confirm("Edit again?", true)? {
                context
                    .ui()
                    .line("Dropped; the config file is as it was.")?;
                return Ok(Exit::FAILED);
            }
        }
    }
}

fn explain(context: &Context, error: &EditError) {
    let ui = context.ui();
    if let EditError::Invalid(issues) = error {
        ui.note("Not written: the config would not be valid.");
        for issue in issues {
            ui.note(format!("  - {}", problem(issue)));
        }
    } else {
        ui.note(format!("Not written: {error}"));
    }
}

/// What the person uses, as a line for the shell; else what most systems have.
fn editor(context: &Context) -> Result<String, CommandError> {
    let env = context.process_env();
    let named = ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(|name| env.get_process(name))
        .find(|editor| !editor.trim().is_empty());
    if let Some(editor) = named {
        return Ok(editor.to_owned());
    }
    let path = env.get_process("PATH").unwrap_or_default();
    let is_there = |name: &&str| {
        path.split(':')
            .any(|dir| std::path::Path::new(dir).join(name).is_file())
    };
    ["editor", "nano", "vi"]
        .into_iter()
        .find(is_there)
        .map(str::to_owned)
        .ok_or_else(|| {
            CommandError::new("no editor found: neither VISUAL nor EDITOR is set")
                .hint("Set one, as in: EDITOR=nano openclaw config edit")
        })
}

fn open(editor: &str, copy: &PrivateCopy) -> Result<(), CommandError> {
    // An editor may come with arguments, as in `code --wait`; the shell knows how to read them.
    let status = Command::new("sh")
        .args(["-c", &format!("{editor} \"$1\""), "openclaw config edit"])
        .arg(copy.path())
        .status()
        .map_err(|error| CommandError::new(format!("cannot start {editor}: {error}")))?;
    if status.success() {
        return Ok(());
    }
    Err(CommandError::new(format!(
        "{editor} ended with {status}; the config file is as it was"
    ))
    .hint("Choose another editor with VISUAL or EDITOR."))
}
