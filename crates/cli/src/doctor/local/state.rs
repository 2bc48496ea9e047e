//! Where everything is kept: state directory, config file, records.

use std::path::Path;

use openclaw_config::platform::space;
use openclaw_gateway::store::{StorePaths, offline};

use super::{Level, Note, Repair};
use crate::context::Context;
use crate::platform::is_writable;
use crate::ui::format::now_ms;

const TITLE: &str = "State integrity";
/// Less than this is too little for records, logs and backups.
const MIN_FREE_BYTES: u64 = 64 * 1024 * 1024;

pub(super) fn look(context: &Context) -> Vec<Note> {
    let paths = context.paths();
    let state = &paths.state_dir;
    let shown = paths.display_home(state);
    if !state.exists() {
        let note = Note::new(
            "state_dir_missing",
            TITLE,
            Level::Info,
            format!(
                "State directory missing ({shown}); config, records and keys are kept there. The first start makes it."
            ),
        );
        return vec![note.repair(Repair::MakeDir(state.clone()))];
    }
    let mut notes = Vec::new();
    if !state.is_dir() {
        notes.push(
            Note::new(
                "state_dir_no_folder",
                TITLE,
                Level::Critical,
                format!("{shown} is not a folder."),
            )
            .fix(format!(
                "move it away: mv {} {}.away",
                state.display(),
                state.display()
            )),
        );
        return notes;
    }
    if !is_writable(state) {
        notes.push(not_writable(
            "state_dir_not_writable",
            "State directory",
            &shown,
            state,
        ));
    }
    let config = &paths.config_path;
    if config.exists() && !is_writable(config) && !context.env().config_read_only() {
        let shown = paths.display_home(config);
        notes.push(not_writable(
            "config_not_writable",
            "Config file",
            &shown,
            config,
        ));
    }
    if is_writable(state)
        && let Err(error) = offline::view(&StorePaths::from(paths), now_ms())
    {
        notes.push(
            Note::new(
                "records_unreadable",
                TITLE,
                Level::Critical,
                format!(
                    "The records of devices and nodes cannot be read ({}): {error}.",
                    paths.display_home(&paths.database_file)
                ),
            )
            .fix("start the gateway: it puts the newest whole copy back, and keeps the damaged file beside it"),
        );
    }
    if let Some(space) = space(state) {
        let free = space.available;
        if free < MIN_FREE_BYTES {
            let (free, least) = (free / 1_048_576, MIN_FREE_BYTES / 1_048_576);
            notes.push(
                Note::new(
                    "disk_full",
                    TITLE,
                    Level::Critical,
                    format!("The disk of {shown} has {free} MiB left; below {least} MiB pairing and config changes may fail."),
                )
                .fix(format!("see what takes the room: du -xh {} | sort -h | tail", state.display())),
            );
        }
    }
    notes
}

fn not_writable(id: &'static str, what: &str, shown: &str, path: &Path) -> Note {
    Note::new(
        id,
        TITLE,
        Level::Critical,
        format!("{what} not writable ({shown})."),
    )
    .fix(format!("sudo chown -R \"$(id -un)\" {}", path.display()))
}
