//! Puts everything back. Each step looks at what is there first, so that one that was cut off can be done again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openclaw_config::Paths;
use openclaw_config::hash::sha256_hex;
use openclaw_config::store::read_regular;
use openclaw_gateway::lock::StateLock;
use openclaw_gateway::store::import;

use super::record::{Record, Written};
use super::{beside, books, failed, is_there, lock};
use crate::error::CommandError;
use crate::ui::format::one_line;

/// What becomes of a database that a migration made.
pub(super) enum Databases {
    /// It may hold what came since.
    SetAside,
    /// It was made just now; these are older.
    RemoveBut(Vec<PathBuf>),
}

/// Takes the last migration back; what was changed since is kept beside. Gives the lines that say so, and where the
/// migration came from; `None` when there is none.
pub(crate) fn undo(
    paths: &Paths,
    now_ms: i64,
) -> Result<Option<(Vec<String>, PathBuf)>, CommandError> {
    // A look without the lock, which would be made.
    if Record::load(paths)?.is_none() {
        return Ok(None);
    }
    let lock = lock(paths, now_ms)?;
    let Some(mut record) = Record::load(paths)? else {
        return Ok(None);
    };
    if record.undone_at_ms.is_none() {
        record.undone_at_ms = Some(now_ms);
        record.save(paths).map_err(CommandError::new)?;
    }
    let lines = put_back(&record, paths, &lock, &Databases::SetAside)
        .and_then(|lines| forget(paths).map(|()| lines))
        .map_err(|error| {
            error.hint(format!(
                "Nothing is lost. Fix the problem, then continue with: {}",
                paths.profile.command("openclaw migrate --undo")
            ))
        })?;
    Ok(Some((lines, record.from)))
}

/// Removes the record of a migration, which is the last step of taking it back.
pub(super) fn forget(paths: &Paths) -> Result<(), CommandError> {
    remove(&Record::file(paths))
}

/// Everything but the record.
pub(super) fn put_back(
    record: &Record,
    paths: &Paths,
    lock: &Arc<StateLock>,
    databases: &Databases,
) -> Result<Vec<String>, CommandError> {
    let mut back = Back {
        at_ms: record.undone_at_ms.unwrap_or(record.at_ms),
        paths,
        lines: Vec::new(),
    };
    // First, what lets somebody in.
    if record.database_created {
        back.database(databases)?;
    } else if !record.imported.is_empty() {
        back.pairings(record, lock)?;
    }
    for file in record.files.iter().rev() {
        back.file(file)?;
    }
    if record
        .files
        .iter()
        .any(|file| file.path == paths.config_path)
    {
        back.last_good()?;
    }
    for folder in record.folders.iter().rev() {
        // What was put into it since is not ours to remove.
        drop(fs::remove_dir(folder));
    }
    Ok(back.lines)
}

struct Back<'a> {
    at_ms: i64,
    paths: &'a Paths,
    lines: Vec<String>,
}

impl Back<'_> {
    fn file(&mut self, file: &Written) -> Result<(), CommandError> {
        let path = &file.path;
        let Some(before) = &file.before else {
            if is(path, &file.hash) {
                remove(path)?;
                self.say("Removed", path);
            } else if is_there(path) {
                self.set_aside("Kept what was changed since:", path)?;
            }
            return Ok(());
        };
        // Records of the first version do not say what was there before.
        let copied = || read_regular(before, import::MAX_FILE_BYTES).ok();
        let original = file.original.clone();
        let original = original.or_else(|| copied().map(|bytes| sha256_hex(&bytes)));
        if original.is_some_and(|original| is(path, &original)) {
            remove(before)?;
            self.lines.push(format!(
                "{} is as it was before",
                self.paths.display_home(path)
            ));
            return Ok(());
        }
        if !is_there(before) {
            self.lines.push(format!(
                "{} stays as it is: the copy of what was there before, {}, is gone",
                self.paths.display_home(path),
                self.paths.display_home(before)
            ));
            return Ok(());
        }
        if is_there(path) && !is(path, &file.hash) {
            self.set_aside("Kept what was changed since:", path)?;
        }
        fs::rename(before, path).map_err(|error| failed("move", before, &error))?;
        self.say("Restored", path);
        Ok(())
    }

    /// The last good config of the migrated gateway would come back, with its secrets, as soon as the restored file is damaged.
    fn last_good(&self) -> Result<(), CommandError> {
        let last_good = self.paths.last_good_file();
        let is_this_one = read_regular(&self.paths.config_path, import::MAX_FILE_BYTES)
            .is_ok_and(|config| is(&last_good, &sha256_hex(&config)));
        if is_this_one {
            return Ok(());
        }
        remove(&last_good)
    }

    fn database(&mut self, databases: &Databases) -> Result<(), CommandError> {
        for path in database_files(self.paths)? {
            match databases {
                Databases::SetAside => self.set_aside("Set aside", &path)?,
                Databases::RemoveBut(older) if older.contains(&path) => {}
                Databases::RemoveBut(_) => remove(&path)?,
            }
        }
        Ok(())
    }

    fn pairings(&mut self, record: &Record, lock: &Arc<StateLock>) -> Result<(), CommandError> {
        let books = books(lock, self.paths)?;
        let state = books.load().map_err(CommandError::new)?;
        let back = record.imported.take_back(&state, self.at_ms);
        if !back.changes.is_empty() {
            books.commit(back.changes).map_err(CommandError::new)?;
        }
        books.close().map_err(CommandError::new)?;
        if back.removed > 0 {
            self.lines
                .push(format!("Removed {} imported pairings", back.removed));
        }
        for kept in back.kept {
            self.lines.push(format!(
                "Kept {}: somebody decided about it since; see {}",
                one_line(&kept),
                self.paths.profile.command("openclaw devices list")
            ));
        }
        Ok(())
    }

    fn set_aside(&mut self, what: &str, path: &Path) -> Result<(), CommandError> {
        let name = format!(".undone-{}", self.at_ms);
        // An earlier try may have used the name.
        let names = (1..).map(|number| format!("{name}-{number}"));
        let aside = std::iter::once(name.clone())
            .chain(names)
            .map(|suffix| beside(path, &suffix))
            .find(|aside| !is_there(aside))
            .unwrap_or_else(|| beside(path, &name));
        fs::rename(path, &aside).map_err(|error| failed("move", path, &error))?;
        self.say(what, &aside);
        Ok(())
    }

    fn say(&mut self, what: &str, path: &Path) {
        self.lines
            .push(format!("{what} {}", self.paths.display_home(path)));
    }
}

/// The database and what belongs to it.
pub(super) fn database_files(paths: &Paths) -> Result<Vec<PathBuf>, CommandError> {
    let name = paths.database_file.file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    let mut files = Vec::new();
    let entries = match fs::read_dir(&paths.state_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
        Err(error) => return Err(failed("list", &paths.state_dir, &error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| failed("list", &paths.state_dir, &error))?;
        let found = entry.file_name().to_string_lossy().into_owned();
        if found.starts_with(&*name) && !found.contains(".undone-") && entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a file has this content, or is this link.
fn is(path: &Path, fingerprint: &str) -> bool {
    let link = fs::read_link(path).is_ok_and(|target| fingerprint_of_link(&target) == fingerprint);
    let content = || {
        read_regular(path, import::MAX_FILE_BYTES)
            .is_ok_and(|bytes| sha256_hex(&bytes) == fingerprint)
    };
    link || content()
}

/// Stands for a link where a hash stands for content.
pub(super) fn fingerprint_of_link(target: &Path) -> String {
    let text = [&b"link to "[..], target.as_os_str().as_encoded_bytes()].concat();
    sha256_hex(&text)
}

/// Removes a file; one that is gone already is as good.
fn remove(path: &Path) -> Result<(), CommandError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed("remove", path, &error))
        }
        _ => Ok(()),
    }
}
