//! The `dev` profile: its config is made when it is missing, and can be set aside.

use std::fs;
use std::path::PathBuf;

use openclaw_config::edit::ConfigEditor;
use serde_json::json;

use crate::app::VERSION;
use crate::context::Context;
use crate::error::CommandError;
use crate::ui::format::now_ms;

/// Makes the dev config ready; with `reset`, moves what is there out of the way first.
pub(super) fn prepare(context: &Context, reset: bool) -> Result<(), CommandError> {
    let paths = context.paths();
    if reset {
        set_aside(context)?;
    }
    if paths.config_path.exists() {
        return Ok(());
    }
    ConfigEditor::new(paths, context.process_env())
        .with_version(VERSION)
        .set_all(&[
            ("gateway.mode", json!("local")),
            ("gateway.bind", json!("loopback")),
        ])
        .map_err(|error| CommandError::config(format!("cannot write the dev config: {error}")))?;
    context.ui().note(format!(
        "Dev config ready: {}",
        paths.display_home(&paths.config_path)
    ));
    Ok(())
}

/// Nothing is deleted: everything keeps its name with the time behind it.
fn set_aside(context: &Context) -> Result<(), CommandError> {
    let paths = context.paths();
    let state = &paths.state_dir;
    let stamp = now_ms();
    let aside = [
        paths.config_path.clone(),
        state.join("credentials"),
        state.join("identity"),
        state.join("agents"),
        paths.workspace_dir.clone(),
    ];
    for path in aside.into_iter().filter(|path| path.exists()) {
        let mut name = path.clone().into_os_string();
        name.push(format!(".reset-{stamp}"));
        let moved = PathBuf::from(name);
        fs::rename(&path, &moved).map_err(|error| {
            CommandError::new(format!("cannot move {}: {error}", path.display()))
        })?;
        context.ui().note(format!(
            "Set aside: {} -> {}",
            paths.display_home(&path),
            paths.display_home(&moved)
        ));
    }
    Ok(())
}
