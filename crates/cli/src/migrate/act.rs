//! Carries the files over and imports the pairings.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_config::Paths;
use openclaw_config::hash::sha256_hex;
use openclaw_config::store::{private_dir, read_regular, write_private};
use openclaw_gateway::lock::StateLock;
use openclaw_gateway::store::import::{self, Trace};

use super::record::{self, Record, Written};
use super::survey::Survey;
use super::undo::{self, Databases, fingerprint_of_link};
use super::{beside, books, failed, is_there, lock};
use crate::error::CommandError;
use crate::platform::link;

/// What was done.
#[derive(Debug)]
pub(crate) struct Done {
    /// Pairings that the database holds now and did not before.
    pub(crate) records: usize,
    /// What was written.
    pub(crate) record: Record,
}

/// Does what the survey found. Nothing that exists is lost: it is copied beside itself first.
pub(crate) fn carry_over(
    survey: &Survey,
    paths: &Paths,
    now_ms: i64,
) -> Result<Done, CommandError> {
    for copy in &survey.copies {
        if copy.to != paths.config_path {
            record::inside(&copy.to, paths).map_err(|problem| {
                CommandError::new(problem)
                    .hint("Nothing was changed.")
                    .hint("Fix: replace the link by a folder, then migrate again")
            })?;
        }
    }
    private_dir(&paths.state_dir).map_err(CommandError::new)?;
    let lock = lock(paths, now_ms)?;
    // Somebody may have been quicker.
    refuse_a_second(paths)?;
    let databases = undo::database_files(paths)?;
    let mut record = Record::new(now_ms, &survey.from, !is_there(&paths.database_file));
    match carry(survey, paths, &lock, &mut record) {
        Ok(records) => Ok(Done { records, record }),
        Err(error) => Err(take_back(error, &record, paths, &lock, databases)),
    }
}

/// Half a migration is worse than none.
fn take_back(
    error: CommandError,
    record: &Record,
    paths: &Paths,
    lock: &Arc<StateLock>,
    databases: Vec<PathBuf>,
) -> CommandError {
    let back = undo::put_back(record, paths, lock, &Databases::RemoveBut(databases))
        .and_then(|_| undo::forget(paths));
    match back {
        Ok(()) => error.hint("Nothing was changed."),
        Err(second) => {
            let hints: Vec<String> = second.hint_lines().into_iter().map(str::to_owned).collect();
            error
                .hint(format!("Taking back what was written failed: {second}"))
                .hints(hints)
                .hint(format!(
                    "Then finish it with: {}",
                    paths.profile.command("openclaw migrate --undo")
                ))
        }
    }
}

/// One migration at a time can be taken back.
pub(crate) fn refuse_a_second(paths: &Paths) -> Result<(), CommandError> {
    let Some(record) = Record::load(paths)? else {
        return Ok(());
    };
    Err(CommandError::new(format!(
        "{} was migrated already",
        paths.display_home(&record.from)
    ))
    .hint(format!(
        "Take that back first: {}",
        paths.profile.command("openclaw migrate --undo")
    )))
}

fn carry(
    survey: &Survey,
    paths: &Paths,
    lock: &Arc<StateLock>,
    record: &mut Record,
) -> Result<usize, CommandError> {
    let at_ms = record.at_ms;
    let books = books(lock, paths)?;
    let state = books.load().map_err(CommandError::new)?;
    let (changes, report) = import::plan(&state, &survey.from, at_ms);
    // All is noted before it is done: whatever ends this in between leaves something to undo by.
    record.imported = Trace::of(&changes);
    for copy in &survey.copies {
        note_folders(record, &copy.to, paths);
        let keep = Keep::plan(&copy.to, at_ms, true)?;
        record.files.push(keep.written(&copy.to, &copy.bytes));
        record.save(paths).map_err(CommandError::new)?;
        keep.make()?;
        write_private(&copy.to, &copy.bytes).map_err(CommandError::new)?;
    }
    let is_copied = |path: &Path| survey.copies.iter().any(|copy| copy.to == path);
    if survey.in_place && paths.config_path.is_file() && !is_copied(&paths.config_path) {
        // The gateway will complete the config; whoever goes back gets the old one.
        let keep = Keep::plan(&paths.config_path, at_ms, false)?;
        if let Keep::File { bytes, .. } = &keep {
            record.files.push(keep.written(&paths.config_path, bytes));
        }
        record.save(paths).map_err(CommandError::new)?;
        keep.make()?;
    }
    record.save(paths).map_err(CommandError::new)?;
    if !changes.is_empty() {
        books.commit(changes).map_err(CommandError::new)?;
    }
    books.close().map_err(CommandError::new)?;
    Ok(report.records())
}

fn note_folders(record: &mut Record, file: &Path, paths: &Paths) {
    let folders = file.ancestors().skip(1);
    let mut made: Vec<PathBuf> = folders
        .take_while(|folder| *folder != paths.state_dir && folder.starts_with(&paths.state_dir))
        .filter(|folder| !is_there(folder) && !record.folders.iter().any(|known| known == folder))
        .map(Path::to_owned)
        .collect();
    made.reverse();
    record.folders.extend(made);
}

/// How what is at a place is kept beside it.
enum Keep {
    Nothing,
    File {
        bytes: Vec<u8>,
        copy: PathBuf,
    },
    /// A link that is going to be replaced: what it leads to is not touched.
    Link {
        target: PathBuf,
        copy: PathBuf,
    },
}

impl Keep {
    fn plan(path: &Path, at_ms: i64, is_replaced: bool) -> Result<Self, CommandError> {
        let copy = beside(path, &format!(".before-migration-{at_ms}"));
        if is_replaced && let Ok(target) = fs::read_link(path) {
            return Ok(Self::Link { target, copy });
        }
        match read_regular(path, import::MAX_FILE_BYTES) {
            Ok(bytes) => Ok(Self::File { bytes, copy }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::Nothing),
            Err(error) => Err(failed("read", path, &error)),
        }
    }

    fn written(&self, path: &Path, bytes: &[u8]) -> Written {
        let (before, original) = match self {
            Self::Nothing => (None, None),
            Self::File { bytes, copy } => (Some(copy.clone()), Some(sha256_hex(bytes))),
            Self::Link { target, copy } => (Some(copy.clone()), Some(fingerprint_of_link(target))),
        };
        Written {
            path: path.to_owned(),
            before,
            original,
            hash: sha256_hex(bytes),
        }
    }

    fn make(&self) -> Result<(), CommandError> {
        match self {
            Self::Nothing => Ok(()),
            Self::File { bytes, copy } => write_private(copy, bytes).map_err(CommandError::new),
            Self::Link { target, copy } => {
                link(target, copy).map_err(|error| failed("write", copy, &error))
            }
        }
    }
}
