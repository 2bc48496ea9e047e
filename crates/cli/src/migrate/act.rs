//! Carries the files over, imports the pairings, and puts everything back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use openclaw_config::Paths;
use openclaw_config::hash::sha256_hex;
use openclaw_config::store::{private_dir, write_private};
use openclaw_gateway::lock::{LockInfo, StateLock};
use openclaw_gateway::store::{OfflineBooks, StorePaths};

use super::record::{Record, Written};
use super::survey::Survey;
use crate::error::CommandError;

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
    private_dir(&paths.state_dir).map_err(CommandError::new)?;
    let mut record = Record::new(now_ms, &survey.from, !paths.database_file.exists());
    let result = carry(survey, paths, now_ms, &mut record);
    if let Err(error) = result {
        // Half a migration is worse than none.
        let back = put_back(&record, paths, now_ms, false);
        drop(fs::remove_file(Record::file(paths)));
        return Err(match back {
            Ok(_) => error.hint("Nothing was changed."),
            Err(second) => error.hint(format!("Taking back what was written failed: {second}")),
        });
    }
    let records = result.unwrap_or_default();
    Ok(Done { records, record })
}

fn carry(
    survey: &Survey,
    paths: &Paths,
    now_ms: i64,
    record: &mut Record,
) -> Result<usize, CommandError> {
    // Noted first: a crash in between leaves something to undo by.
    for (from, to) in &survey.copies {
        let bytes = fs::read(from).map_err(|error| failed("read", from, &error))?;
        let before = keep(to, now_ms)?;
        record.files.push(Written {
            path: to.clone(),
            before,
            hash: sha256_hex(&bytes),
        });
        record.save(paths).map_err(CommandError::new)?;
        write_private(to, &bytes).map_err(CommandError::new)?;
    }
    if survey.in_place && paths.config_path.is_file() {
        // The gateway will complete the config; whoever goes back gets the old one.
        let bytes = fs::read(&paths.config_path)
            .map_err(|error| failed("read", &paths.config_path, &error))?;
        record.files.push(Written {
            path: paths.config_path.clone(),
            before: keep(&paths.config_path, now_ms)?,
            hash: sha256_hex(&bytes),
        });
    }
    record.save(paths).map_err(CommandError::new)?;
    let books = OfflineBooks::open(&StorePaths::from(paths), now_ms)
        .map_err(|error| CommandError::new(error).hint(stop_first(paths)))?;
    let records = books.import().records();
    books.close().map_err(CommandError::new)?;
    Ok(records)
}

/// Takes a migration back; what was changed since is kept beside. Gives the lines that say so.
pub(crate) fn undo(
    record: &Record,
    paths: &Paths,
    now_ms: i64,
) -> Result<Vec<String>, CommandError> {
    let info = LockInfo::of_this_process(now_ms);
    let lock = StateLock::acquire(&paths.lock_file, info, now_ms)
        .map_err(|error| CommandError::new(error).hint(stop_first(paths)))?;
    let lines = put_back(record, paths, now_ms, true)?;
    fs::remove_file(Record::file(paths))
        .map_err(|error| failed("remove", &Record::file(paths), &error))?;
    drop(lock);
    Ok(lines)
}

fn stop_first(paths: &Paths) -> String {
    format!(
        "Fix: stop the gateway of this state directory first: {}",
        paths.profile.command("openclaw gateway stop")
    )
}

fn put_back(
    record: &Record,
    paths: &Paths,
    now_ms: i64,
    tell: bool,
) -> Result<Vec<String>, CommandError> {
    let mut lines = Vec::new();
    for file in record.files.iter().rev() {
        let now = match fs::read(&file.path) {
            Ok(bytes) => Some(sha256_hex(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed("read", &file.path, &error)),
        };
        if now.as_ref().is_some_and(|hash| *hash != file.hash) {
            let aside = beside(&file.path, &format!(".undone-{now_ms}"));
            fs::rename(&file.path, &aside).map_err(|error| failed("move", &file.path, &error))?;
            if tell {
                lines.push(format!(
                    "Kept what was changed since: {}",
                    paths.display_home(&aside)
                ));
            }
        }
        match &file.before {
            Some(before) => {
                fs::rename(before, &file.path).map_err(|error| failed("move", before, &error))?;
                lines.push(format!("Restored {}", paths.display_home(&file.path)));
            }
            None if file.path.exists() => {
                fs::remove_file(&file.path)
                    .map_err(|error| failed("remove", &file.path, &error))?;
                lines.push(format!("Removed {}", paths.display_home(&file.path)));
            }
            None => {}
        }
    }
    if record.database_created {
        for path in database_files(paths)? {
            let aside = beside(&path, &format!(".undone-{now_ms}"));
            fs::rename(&path, &aside).map_err(|error| failed("move", &path, &error))?;
            lines.push(format!("Set aside {}", paths.display_home(&aside)));
        }
    }
    Ok(lines)
}

/// The database and what belongs to it.
fn database_files(paths: &Paths) -> Result<Vec<PathBuf>, CommandError> {
    let name = paths
        .database_file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut files = Vec::new();
    let entries = match fs::read_dir(&paths.state_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        Err(error) => return Err(failed("list", &paths.state_dir, &error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| failed("list", &paths.state_dir, &error))?;
        let found = entry.file_name().to_string_lossy().into_owned();
        if found.starts_with(&name) && !found.contains(".undone-") && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Copies a file beside itself before it is replaced.
fn keep(path: &Path, now_ms: i64) -> Result<Option<PathBuf>, CommandError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path, &error)),
    };
    let copy = beside(path, &format!(".before-migration-{now_ms}"));
    write_private(&copy, &bytes).map_err(CommandError::new)?;
    Ok(Some(copy))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn failed(what: &str, path: &Path, error: &io::Error) -> CommandError {
    CommandError::new(format!("cannot {what} {}: {error}", path.display()))
}
