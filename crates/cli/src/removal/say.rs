//! What is said about a step.

use std::path::{Path, PathBuf};

use super::remove::{self, Done, Why};
use super::{Directory, Step, stop};
use crate::context::Context;

/// Names of what stays that are shown; there may be many.
const SHOWN: usize = 8;

/// A line, and the path it is about.
#[derive(Debug)]
pub(super) enum Line {
    /// About something that is done.
    Gone(String, Option<PathBuf>),
    /// About something that stays.
    Kept(String, Option<PathBuf>),
}

pub(super) fn plain<T: Into<String>>(lines: impl IntoIterator<Item = T>) -> Vec<Line> {
    lines
        .into_iter()
        .map(|text| Line::Gone(text.into(), None))
        .collect()
}

/// Does a step that removes something.
pub(super) fn done(context: &Context, step: &Step) -> Result<Vec<Line>, String> {
    let paths = context.paths();
    let failed = |path: &Path| {
        let shown = paths.display_home(path);
        move |reason: String| format!("Failed to remove {shown}: {reason}")
    };
    let lines = match step {
        Step::Stop | Step::RemoveServices => Vec::new(),
        Step::RetireConfig => {
            let path = &paths.config_path;
            let lines = file(context, path);
            let done = stop::retire(paths).map_err(failed(path))?;
            if done { lines } else { Vec::new() }
        }
        Step::RemoveFile(path) => {
            let lines = file(context, path);
            let done = remove::file(path).map_err(failed(path))?;
            if done { lines } else { Vec::new() }
        }
        Step::Remove(directory) => {
            let done = directory
                .tree
                .remove()
                .map_err(failed(&directory.tree.path))?;
            tree(context, directory, &done)
        }
    };
    Ok(named("Removed ", "Kept ", lines))
}

/// What a step would remove.
pub(super) fn planned(context: &Context, step: &Step) -> Vec<Line> {
    match step {
        Step::Stop | Step::RemoveServices => Vec::new(),
        Step::RetireConfig => file(context, &context.paths().config_path),
        Step::RemoveFile(path) => file(context, path),
        Step::Remove(directory) => tree(context, directory, &directory.tree.look()),
    }
}

/// The same, as a dry run says it.
pub(super) fn dry(context: &Context, step: &Step) -> Vec<Line> {
    named(
        "[dry-run] remove ",
        "[dry-run] keep ",
        planned(context, step),
    )
}

fn named(gone: &str, kept: &str, lines: Vec<Line>) -> Vec<Line> {
    lines
        .into_iter()
        .map(|line| match line {
            Line::Gone(text, path) => Line::Gone(format!("{gone}{text}"), path),
            Line::Kept(text, path) => Line::Kept(format!("{kept}{text}"), path),
        })
        .collect()
}

fn file(context: &Context, path: &Path) -> Vec<Line> {
    if !remove::exists(path) {
        return Vec::new();
    }
    let shown = |path: &Path| context.paths().display_home(path);
    let mut lines = vec![Line::Gone(shown(path), Some(path.to_owned()))];
    let target = std::fs::canonicalize(path);
    if let Ok(target) = target
        && path.is_symlink()
    {
        let text = format!("{}: {} is only a link to it", shown(&target), shown(path));
        lines.push(Line::Kept(text, Some(target)));
    }
    lines
}

fn tree(context: &Context, directory: &Directory, done: &Done) -> Vec<Line> {
    let shown = |path: &Path| context.paths().display_home(path);
    let tree = &directory.tree;
    let stays: Vec<String> = done
        .kept
        .iter()
        .filter(|kept| kept.path != tree.path)
        .map(|kept| shown(&kept.path))
        .collect();
    let is_any = |why: Why| done.kept.iter().any(|kept| kept.why == why);
    let mut lines = Vec::new();
    if done.any {
        let whole = shown(&tree.path);
        let text = if is_any(Why::New) {
            format!("what was in {whole}")
        } else if stays.is_empty() {
            whole
        } else if is_any(Why::Foreign) {
            format!(
                "what openclaw wrote in {whole}; this stays: {}",
                list(&stays)
            )
        } else if done.kept.iter().all(|kept| kept.why == Why::Asked) {
            format!("{whole} except {}", list(&stays))
        } else {
            format!("what was in {whole}; this stays: {}", list(&stays))
        };
        lines.push(Line::Gone(text, Some(tree.path.clone())));
    }
    for kept in &done.kept {
        let path = &kept.path;
        let reason = match kept.why {
            Why::Mounted => "something is mounted there; unmount it, or empty it yourself",
            Why::New => "something new appeared in it meanwhile",
            Why::OtherState => {
                lines.push(Line::Kept(
                    format!(
                        "{}: it is another state directory, to be removed with: OPENCLAW_STATE_DIR={} openclaw uninstall --state",
                        shown(path),
                        quoted(path)
                    ),
                    Some(path.clone()),
                ));
                continue;
            }
            Why::Asked if *path == tree.path => "it is the workspace, too",
            Why::Asked | Why::Foreign => continue,
        };
        let text = format!("{}: {reason}", shown(path));
        lines.push(Line::Kept(text, Some(path.clone())));
    }
    if let Some(unsure) = &directory.unsure
        && is_any(Why::Foreign)
    {
        let whole = shown(&tree.path);
        lines.push(Line::Kept(
            format!(
                "the rest of {whole}: {unsure}, so which folders in it hold files of yours is not known; look at what stays, then remove it yourself: rm -r {}",
                quoted(&tree.path)
            ),
            Some(tree.path.clone()),
        ));
    }
    lines
}

fn list(names: &[String]) -> String {
    let first = names.iter().take(SHOWN).cloned().collect::<Vec<_>>();
    let more = names.len().saturating_sub(SHOWN);
    if more == 0 {
        first.join(", ")
    } else {
        format!("{} and {more} more", first.join(", "))
    }
}

/// A path as one word for a shell.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"/._-+:@".contains(&byte));
    if is_plain {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
