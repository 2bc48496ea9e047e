//! What `reset` and `uninstall` take away: the paths of one profile, checked before anything goes, and never through a link.

mod named;
mod names;
mod remove;
mod safe;
mod say;
mod stop;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use openclaw_config::store::{ConfigStore, StoreError};
use serde_json::{Value, json};

use self::remove::Tree;
use crate::context::Context;
use crate::error::{CommandError, Exit, Outcome};

/// One thing that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ends what runs for this state directory.
    Stop,
    /// Takes the services of this profile away, and ends what they run.
    RemoveServices,
    /// Puts the config file among its backups.
    RetireConfig,
    /// Removes one file or link, never a directory.
    RemoveFile(PathBuf),
    /// Removes a directory except what stays in it.
    Remove(Directory),
}

/// A directory to remove, and what must be proven about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directory {
    tree: Tree,
    role: Role,
    /// Why it is not known whose everything in it is, as part of a sentence.
    unsure: Option<String>,
}

impl Directory {
    const fn new(tree: Tree, role: Role) -> Self {
        Self {
            tree,
            role,
            unsure: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    State,
    Workspace,
    Other,
}

impl Step {
    fn tree(tree: Tree, role: Role) -> Self {
        Self::Remove(Directory::new(tree, role))
    }
}

/// Removes the state directory except what belongs to others or is to be kept.
pub(crate) fn state_dir(context: &Context, with_workspace: bool) -> Step {
    let paths = context.paths();
    let named = named::by_config(context);
    let mut keep = safe::workspaces_of_others(paths);
    keep.extend(
        named
            .folders
            .into_iter()
            .filter(|path| *path != paths.workspace_dir),
    );
    let also = if with_workspace {
        vec![paths.workspace_dir.clone()]
    } else {
        keep.push(paths.workspace_dir.clone());
        Vec::new()
    };
    let is_careful = is_shared(context) || named.unsure.is_some();
    let tree = Tree {
        keep,
        last: stop::locks(paths),
        shared: is_careful.then(PathBuf::new),
        also,
        is_state: true,
        ..Tree::of(&paths.state_dir)
    };
    Step::Remove(Directory {
        unsure: named.unsure.filter(|_| !is_shared(context)),
        ..Directory::new(tree, Role::State)
    })
}

/// Removes the workspace.
pub(crate) fn workspace(context: &Context) -> Step {
    Step::tree(Tree::of(&context.paths().workspace_dir), Role::Workspace)
}

/// Removes directories of the state directory.
pub(crate) fn parts(context: &Context, names: impl IntoIterator<Item = PathBuf>) -> Vec<Step> {
    let paths = context.paths();
    let named = named::by_config(context);
    let is_careful = is_shared(context) || named.unsure.is_some();
    let keep = [named.folders, vec![paths.workspace_dir.clone()]].concat();
    let part = |name: PathBuf| Tree {
        keep: keep.clone(),
        shared: is_careful.then(|| name.clone()),
        ..Tree::of(&paths.state_dir.join(name))
    };
    names
        .into_iter()
        .map(|name| Step::tree(part(name), Role::Other))
        .collect()
}

/// The files of the database.
pub(crate) fn database_files(context: &Context) -> Vec<Step> {
    let paths = context.paths();
    let is_ours = |path: &PathBuf| {
        path.strip_prefix(&paths.state_dir).is_ok_and(|below| {
            names::look(path, below, path.is_dir() && !path.is_symlink()) == names::Found::Ours
        })
    };
    let files = paths.database_files().into_iter().filter(is_ours);
    files.map(Step::RemoveFile).collect()
}

/// Removes another directory of ours.
pub(crate) fn directory(path: &Path) -> Step {
    Step::tree(Tree::of(path), Role::Other)
}

/// The config file or the link to it, its backups and what is kept beside it.
pub(crate) fn config_files(context: &Context) -> Vec<Step> {
    let paths = context.paths();
    let store = ConfigStore::new(paths);
    let mut lock = store.path().as_os_str().to_owned();
    lock.push(".lock");
    let backups = store.backups().into_iter().map(|backup| backup.path);
    let mut files: Vec<PathBuf> = [paths.config_path.clone()]
        .into_iter()
        .chain(backups)
        .chain(beside(&paths.config_path))
        .chain([lock.into(), paths.last_good_file()])
        .collect();
    let mut seen = HashSet::new();
    files.retain(|path| seen.insert(path.clone()));
    files.into_iter().map(Step::RemoveFile).collect()
}

/// What is written beside the config file, also when a damaged one was replaced, or a migration was done or taken back.
fn beside(config: &Path) -> Vec<PathBuf> {
    let (Some(dir), Some(name)) = (config.parent(), config.file_name()) else {
        return Vec::new();
    };
    let name = name.to_string_lossy();
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .filter(|entry| names::is_aside(&name, &entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect()
}

/// Whether the workspace is the usual one of this profile, which a removal may take.
pub(crate) fn is_our_workspace(context: &Context) -> bool {
    safe::not_our_workspace(context.paths()).is_none()
}

/// Whether things of others may be in the state directory, as it is at a place that somebody chose.
fn is_shared(context: &Context) -> bool {
    let paths = context.paths();
    !safe::is_default_place(&paths.state_dir, &paths.home)
}

/// Checks every path, and says what would go and what would stay.
pub(crate) fn show(context: &Context, steps: &[Step]) -> Result<(), CommandError> {
    check(context, steps)?;
    let mut lines = Vec::new();
    for step in steps {
        match step {
            Step::RemoveServices => lines.push("the services of this profile".to_owned()),
            step => {
                for told in say::planned(context, step) {
                    lines.push(match told {
                        say::Line::Gone(text, _) => text,
                        say::Line::Kept(text, _) => format!("(not {text})"),
                    });
                }
            }
        }
    }
    if lines.is_empty() {
        context.ui().note("There is nothing to remove.");
    } else {
        context.ui().note("This will be removed:");
    }
    for line in lines {
        context.ui().note(format!("  {line}"));
    }
    Ok(())
}

/// Refuses what is not surely ours, before anything is changed.
fn check(context: &Context, steps: &[Step]) -> Result<(), CommandError> {
    let paths = context.paths();
    if context.env().config_read_only() {
        return Err(CommandError::new(StoreError::ReadOnly(
            paths.config_path.clone(),
        )));
    }
    let others = safe::others(paths);
    for step in steps {
        let (path, reason, role) = match step {
            Step::RemoveFile(path) => {
                let is_directory =
                    std::fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
                let reason = if is_directory {
                    Some("is a directory where a file was expected")
                } else {
                    safe::is_behind_a_link(path, &paths.state_dir).then_some(
                        "is reached through a link to a directory; remove what it leads to by hand, then the link",
                    )
                };
                (path, reason, Role::Other)
            }
            Step::Remove(Directory { tree, role, .. }) => {
                let reason = match role {
                    Role::State => safe::not_a_state_dir(&tree.path, &paths.home),
                    Role::Workspace => safe::not_our_workspace(paths),
                    Role::Other => None,
                };
                (&tree.path, reason, *role)
            }
            Step::Stop | Step::RemoveServices | Step::RetireConfig => continue,
        };
        // What no removal may take is said first: the advice for a workspace would be wrong there.
        let refused = safe::refusal(path, &paths.home, &others);
        if let Some(why) = refused.or(reason) {
            let error = CommandError::plain(format!(
                "Refusing to remove unsafe path: {}",
                path.display()
            ));
            let why = format!("It {why}; nothing was changed.");
            return Err(if refused.is_none() && role == Role::Workspace {
                error.hints([
                    why,
                    format!(
                        "Fix: remove it yourself (rm -r {}), or everything but it: {}",
                        say::quoted(path),
                        context.command("openclaw uninstall --state")
                    ),
                ])
            } else {
                error.hint(why)
            });
        }
        if let Step::Remove(Directory { tree, .. }) = step
            && let Some((dir, holder)) = tree.look().in_use
        {
            return Err(CommandError::plain(format!(
                "Refusing to remove {}: another program runs on {} ({holder})",
                path.display(),
                dir.display()
            ))
            .hint(format!(
                "Nothing was changed. Stop it first: OPENCLAW_STATE_DIR={} openclaw gateway stop",
                say::quoted(&dir)
            )));
        }
    }
    Ok(())
}

/// Checks every path, then does the steps in order, or only says what it would do. `last` is said at the end.
pub(crate) fn run(
    context: &Context,
    steps: &[Step],
    dry_run: bool,
    last: &dyn Fn() -> Vec<String>,
) -> Outcome {
    let ui = context.ui();
    check(context, steps)?;
    let takes_all = steps
        .iter()
        .any(|step| matches!(step, Step::Remove(directory) if directory.role == Role::State));
    let mut lines: Vec<Value> = Vec::new();
    let mut kept: Vec<Value> = Vec::new();
    let mut failed = false;
    let mut held = None;
    for step in steps {
        let removes = matches!(step, Step::RemoveFile(_) | Step::Remove(_));
        if removes && !dry_run && held.is_none() {
            held = Some(stop::hold(context, takes_all)?);
        }
        let told = match step {
            Step::Stop if dry_run => Ok(say::plain(["[dry-run] stop gateway service"])),
            Step::RemoveServices if dry_run => Ok(say::plain(["[dry-run] remove gateway service"])),
            step if dry_run => Ok(say::dry(context, step)),
            // Nothing goes while it is in use.
            Step::Stop => Ok(say::plain(stop::processes(context)?)),
            Step::RemoveServices => Ok(say::plain(stop::services(context)?)),
            step => say::done(context, step),
        };
        match told {
            Ok(told) => {
                for told in told {
                    let (say::Line::Gone(text, path) | say::Line::Kept(text, path)) = &told;
                    if !ui.is_json() {
                        ui.line(text)?;
                    }
                    let line = json!({ "line": text, "path": path });
                    match told {
                        say::Line::Gone(..) => lines.push(line),
                        say::Line::Kept(..) => kept.push(line),
                    }
                }
            }
            Err(text) => {
                failed = true;
                ui.note(text);
            }
        }
    }
    drop(held);
    if ui.is_json() {
        ui.json(&json!({ "ok": !failed, "dryRun": dry_run, "done": lines, "kept": kept }))?;
    } else {
        for text in last() {
            ui.line(text)?;
        }
    }
    Ok(if failed { Exit::FAILED } else { Exit::OK })
}
