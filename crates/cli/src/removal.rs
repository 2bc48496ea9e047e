//! What `reset` and `uninstall` take away: the paths of one profile, checked before anything goes, and never through a link.

mod remove;
mod safe;
mod stop;

use std::path::{Path, PathBuf};

use openclaw_config::store::{ConfigStore, StoreError};
use serde_json::{Value, json};

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
    /// Removes a file, or a directory except what is kept in it.
    Remove { path: PathBuf, keep: Vec<PathBuf> },
}

impl Step {
    pub(crate) fn remove(path: impl Into<PathBuf>) -> Self {
        Self::Remove {
            path: path.into(),
            keep: Vec::new(),
        }
    }
}

/// Removes the state directory except what belongs to others or is to be kept.
pub(crate) fn state_dir(context: &Context, with_workspace: bool) -> Step {
    let paths = context.paths();
    let mut keep = safe::workspaces_of_others(paths);
    if !with_workspace {
        keep.push(paths.workspace_dir.clone());
    }
    Step::Remove {
        path: paths.state_dir.clone(),
        keep,
    }
}

/// The config file, its backups and what is kept beside it.
pub(crate) fn config_files(context: &Context) -> Vec<Step> {
    let paths = context.paths();
    let store = ConfigStore::new(paths);
    let beside = |suffix: &str| {
        let mut name = store.path().as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let backups = store.backups().into_iter().map(|backup| backup.path);
    [paths.config_path.clone(), store.path().to_owned()]
        .into_iter()
        .chain(backups)
        .chain([beside(".lock"), paths.last_good_file()])
        .fold(Vec::new(), |mut steps, path| {
            let step = Step::remove(path);
            if !steps.contains(&step) {
                steps.push(step);
            }
            steps
        })
}

/// Checks every path, then does the steps in order, or only says what it would do.
pub(crate) fn run(context: &Context, steps: &[Step], dry_run: bool, last: &[String]) -> Outcome {
    let paths = context.paths();
    let ui = context.ui();
    if context.env().config_read_only() {
        return Err(CommandError::new(StoreError::ReadOnly(
            paths.config_path.clone(),
        )));
    }
    let others = safe::others(paths);
    for step in steps {
        if let Step::Remove { path, .. } = step {
            let reason = if *path == paths.state_dir {
                safe::not_a_state_dir(path, &paths.home)
                    .or_else(|| safe::refusal(path, &paths.home, &others))
            } else {
                safe::refusal(path, &paths.home, &others)
            };
            if let Some(reason) = reason {
                return Err(CommandError::plain(format!(
                    "Refusing to remove unsafe path: {}",
                    path.display()
                ))
                .hint(format!("It {reason}; nothing was changed.")));
            }
        }
    }
    let mut done: Vec<Value> = Vec::new();
    let mut failed = false;
    let mut held = None;
    for step in steps {
        let told = match step {
            Step::Stop if dry_run => lines(vec!["[dry-run] stop gateway service".to_owned()]),
            Step::RemoveServices if dry_run => {
                lines(vec!["[dry-run] remove gateway service".to_owned()])
            }
            Step::RetireConfig | Step::Remove { .. } if dry_run => {
                let path = match step {
                    Step::Remove { path, .. } => path,
                    _ => &paths.config_path,
                };
                if !remove::exists(path) {
                    continue;
                }
                let shown = paths.display_home(path);
                vec![Ok((
                    format!("[dry-run] remove {shown}"),
                    Some(path.clone()),
                ))]
            }
            // Nothing goes while it is in use.
            Step::Stop => lines(stop::processes(context)?),
            Step::RemoveServices => lines(stop::services(context)?),
            Step::RetireConfig => removed(context, &paths.config_path, &[], stop::retire(paths)),
            Step::Remove { path, keep } => {
                if held.is_none() {
                    held = Some(stop::hold(context)?);
                }
                removed(context, path, keep, remove::tree(path, keep))
            }
        };
        for told in told {
            match told {
                Ok((text, path)) => {
                    done.push(json!({ "line": text, "path": path }));
                    if !ui.is_json() {
                        ui.line(text)?;
                    }
                }
                Err(text) => {
                    failed = true;
                    ui.note(text);
                }
            }
        }
    }
    drop(held);
    if ui.is_json() {
        ui.json(&json!({ "ok": !failed, "dryRun": dry_run, "done": done }))?;
    } else {
        for text in last {
            ui.line(text)?;
        }
    }
    Ok(if failed { Exit::FAILED } else { Exit::OK })
}

/// A line that was done and the path it is about, or what went wrong.
type Told = Result<(String, Option<PathBuf>), String>;

fn lines(done: Vec<String>) -> Vec<Told> {
    done.into_iter().map(|text| Ok((text, None))).collect()
}

fn removed(
    context: &Context,
    path: &Path,
    keep: &[PathBuf],
    done: Result<bool, String>,
) -> Vec<Told> {
    let mut shown = context.paths().display_home(path);
    let kept: Vec<String> = keep
        .iter()
        .filter(|kept| kept.starts_with(path) && remove::exists(kept))
        .map(|kept| context.paths().display_home(kept))
        .collect();
    if !kept.is_empty() {
        shown = format!("{shown} except {}", kept.join(", "));
    }
    match done {
        Ok(true) => vec![Ok((format!("Removed {shown}"), Some(path.to_owned())))],
        Ok(false) => Vec::new(),
        Err(reason) => vec![Err(format!("Failed to remove {shown}: {reason}"))],
    }
}
