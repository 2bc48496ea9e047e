//! The log file: one per day, rolled by size, old ones of this profile removed.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Zoned;
use jiff::civil::Date;
use openclaw_config::Paths;
use openclaw_config::platform::{file_identity, is_owned};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::open::{Opened, open, open_own};

/// Older files of a day that grew too large: `.1` is the newest of them.
const ARCHIVES: u32 = 5;
/// Files that were not written for this long are removed.
const KEEP: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Which file is written.
#[derive(Debug)]
pub(super) enum Place {
    /// Always this one.
    Fixed(PathBuf),
    /// One per day.
    Daily {
        /// The directory.
        dir: PathBuf,
        /// Gives the names.
        paths: Box<Paths>,
        /// The day, as it is here.
        today: fn() -> Date,
    },
}

impl Place {
    /// One per day in this directory.
    pub(super) fn daily(dir: PathBuf, paths: &Paths) -> Self {
        Self::Daily {
            dir,
            paths: Box::new(paths.clone()),
            today,
        }
    }

    /// A file of a person's choice is opened as it is; among others' files in a directory, only one of our own.
    fn open(&self, path: &Path) -> io::Result<Opened> {
        match self {
            Self::Fixed(_) => open(path),
            Self::Daily { .. } => open_own(path),
        }
    }

    /// The file that lines go to now.
    pub(super) fn today(&self) -> PathBuf {
        match self {
            Self::Fixed(path) => path.clone(),
            Self::Daily { dir, paths, today } => {
                dir.join(paths.log_file_name(&today().to_string()))
            }
        }
    }
}

/// The day on the clock of this machine.
fn today() -> Date {
    Zoned::now().date()
}

/// Path of the file that is written now; shared with whoever reads it.
#[derive(Debug, Clone, Default)]
pub(crate) struct CurrentFile(Arc<Mutex<PathBuf>>);

impl CurrentFile {
    /// The path.
    pub(crate) fn path(&self) -> PathBuf {
        self.0.lock().clone()
    }
}

/// Another place and size limit for the lines that follow.
#[derive(Debug, Clone, Default)]
pub(super) struct Redirect(Arc<Mutex<Option<(Place, u64)>>>);

impl Redirect {
    /// Writes elsewhere from the next line on. A file that cannot be opened there is an error, and nothing changes.
    pub(super) fn to(&self, place: Place, max_bytes: u64) -> io::Result<()> {
        place.open(&place.today())?;
        *self.0.lock() = Some((place, max_bytes));
        Ok(())
    }
}

/// Lines that no file has, since the last one that could be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    /// How many.
    pub(crate) lines: u64,
    /// The file, and why it was not written.
    pub(crate) reason: String,
}

/// What becomes of the lines; none is lost while this is `None`.
pub(crate) type Losses = watch::Receiver<Option<Lost>>;

/// A file that is replaced by the next one in time.
#[derive(Debug)]
pub(super) struct RollingFile {
    redirect: Redirect,
    losses: watch::Sender<Option<Lost>>,
    /// The last line was not written to its end.
    torn: bool,
    place: Place,
    max_bytes: u64,
    current: CurrentFile,
    path: PathBuf,
    /// None while no file can be written.
    file: Option<File>,
    size: u64,
}

impl RollingFile {
    /// Opens the file of today, 0600, and removes old ones.
    pub(super) fn open(place: Place, max_bytes: u64, current: CurrentFile) -> io::Result<Self> {
        let opened = place.open(&place.today())?;
        let rolling = Self {
            file: Some(opened.file),
            size: opened.size,
            torn: opened.torn,
            ..Self::nowhere(place, max_bytes, current)
        };
        rolling.prune();
        Ok(rolling)
    }

    /// Drops lines until it is told to go on elsewhere, or a new day begins.
    pub(super) fn nowhere(place: Place, max_bytes: u64, current: CurrentFile) -> Self {
        let path = place.today();
        current.0.lock().clone_from(&path);
        Self {
            redirect: Redirect::default(),
            losses: watch::Sender::default(),
            torn: false,
            place,
            max_bytes,
            current,
            path,
            file: None,
            size: 0,
        }
    }

    /// How the file is told to go on elsewhere.
    pub(super) fn redirect(&self) -> Redirect {
        self.redirect.clone()
    }

    /// What is lost, for whoever tells it.
    pub(super) fn losses(&self) -> Losses {
        self.losses.subscribe()
    }

    /// Has the right file open for a line of this length.
    fn roll(&mut self, next: u64) -> io::Result<()> {
        let redirected = self.redirect.0.lock().take();
        let is_new = redirected.is_some() && self.file.is_none();
        if let Some((place, max_bytes)) = redirected {
            (self.place, self.max_bytes) = (place, max_bytes);
        }
        let today = self.place.today();
        if today != self.path || is_new {
            self.switch(today)?;
            self.prune();
        } else if self.is_gone() {
            // Nobody finds what is written to the former one.
            self.file = None;
            self.switch(today)?;
        } else if self.file.is_none() && self.losses.borrow().is_some() {
            self.switch(today)?;
        } else if self.size > 0 && self.size + next > self.max_bytes {
            // A file that cannot be replaced goes on to be written: better a large log than none.
            archive(&self.path).and_then(|()| self.switch(today)).ok();
        }
        Ok(())
    }

    /// Whether somebody removed the file or moved it away: what is written to it then, nobody finds.
    fn is_gone(&self) -> bool {
        let Some(file) = &self.file else {
            return false;
        };
        let ours = file.metadata().map(|metadata| file_identity(&metadata));
        let named = fs::symlink_metadata(&self.path).map(|metadata| file_identity(&metadata));
        match (ours, named) {
            (Ok(ours), Ok(named)) => ours != named,
            (_, Err(error)) => error.kind() == io::ErrorKind::NotFound,
            (Err(_), Ok(_)) => false,
        }
    }

    fn switch(&mut self, path: PathBuf) -> io::Result<()> {
        let opened = self.place.open(&path)?;
        self.current.0.lock().clone_from(&path);
        (self.path, self.file) = (path, Some(opened.file));
        (self.size, self.torn) = (opened.size, opened.torn);
        Ok(())
    }

    /// Removes files of this profile that nobody wrote for a while. Whatever is not certainly ours
    /// stays.
    fn prune(&self) {
        let Place::Daily { dir, paths, .. } = &self.place else {
            return;
        };
        let Ok(entries) = fs::read_dir(dir) else {
            return;
        };
        let now = SystemTime::now();
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_ours = name.to_str().is_some_and(|name| is_log_name(paths, name));
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            let is_old = metadata
                .modified()
                .is_ok_and(|modified| now.duration_since(modified).is_ok_and(|age| age > KEEP));
            let own = is_owned(&metadata);
            if is_ours && is_old && own && metadata.is_file() {
                // One that cannot be removed is tried again tomorrow.
                fs::remove_file(entry.path()).ok();
            }
        }
    }
}

impl Write for RollingFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let rolled = self.roll(line.len() as u64);
        let written = match &mut self.file {
            Some(file) => append(file, &mut self.torn, line).map(|bytes| self.size += bytes),
            None => rolled,
        };
        match written {
            Ok(()) => drop(self.losses.send_if_modified(|lost| lost.take().is_some())),
            Err(error) => self.losses.send_modify(|lost| {
                let lines = lost.as_ref().map_or(0, |lost| lost.lines) + 1;
                let reason = format!("cannot write {}: {error}", self.path.display());
                *lost = Some(Lost { lines, reason });
            }),
        }
        // The writer has nobody to tell it to.
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

/// Appends a line, on a line of its own; gives the bytes that were written.
fn append(file: &mut File, torn: &mut bool, line: &[u8]) -> io::Result<u64> {
    let before = u64::from(*torn);
    if *torn {
        file.write_all(b"\n")?;
    }
    // Whatever of it is there then has no end.
    *torn = true;
    file.write_all(line)?;
    *torn = false;
    Ok(line.len() as u64 + before)
}

/// Moves the file aside: it becomes `.1`, the former `.1` becomes `.2`, and so on.
fn archive(path: &Path) -> io::Result<()> {
    let numbered = |number: u32| path.with_extension(format!("{number}.log"));
    for number in (1..ARCHIVES).rev() {
        match fs::rename(numbered(number), numbered(number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::rename(path, numbered(1))
}

/// Whether a name is one that this profile gives: a day, then perhaps a number.
fn is_log_name(paths: &Paths, name: &str) -> bool {
    let pattern = paths.log_file_name("\0");
    let Some((start, _)) = pattern.split_once('\0') else {
        return false;
    };
    let Some(rest) = name
        .strip_prefix(start)
        .and_then(|rest| rest.strip_suffix(".log"))
    else {
        return false;
    };
    let (day, number) = rest.split_once('.').unwrap_or((rest, "1"));
    day.parse::<jiff::civil::Date>().is_ok()
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use openclaw_config::{Env, ProfileChoice};

    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn paths(profile: &ProfileChoice) -> Paths {
        Paths::resolve_with(&Env::from_pairs([("HOME", "/h")]), profile, &|_| false).unwrap()
    }

    #[test]
    fn only_own_names_are_pruned() {
        let default = paths(&ProfileChoice::unset());
        let rescue = paths(&ProfileChoice::named("rescue"));
        for (name, ours, theirs) in [
            ("openclaw-2026-11-22.log", true, false),
            ("openclaw-2026-11-22.3.log", true, false),
            ("openclaw-rescue-2026-11-22.log", false, true),
            ("openclaw-2026-11-22.log.gz", false, false),
            ("openclaw-2026-13-22.log", false, false),
            ("openclaw-.log", false, false),
            ("notes.log", false, false),
        ] {
            assert_eq!(is_log_name(&default, name), ours, "{name}");
            assert_eq!(is_log_name(&rescue, name), theirs, "{name}");
        }
    }

    #[test]
    fn u22_the_file_goes_on_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let current = CurrentFile::default();
        let mut file =
            RollingFile::open(Place::Fixed(at("one.log")), 1_000, current.clone()).unwrap();
        let redirect = file.redirect();
        file.write_all(b"first\n").unwrap();
        redirect.to(Place::Fixed(at("two.log")), 1_000).unwrap();
        file.write_all(b"second\n").unwrap();
        let read = |name: &str| fs::read_to_string(at(name)).unwrap();
        assert_eq!(
            (read("one.log"), read("two.log")),
            ("first\n".to_owned(), "second\n".to_owned())
        );
        assert_eq!(current.path(), at("two.log"));
        // A place that cannot be written changes nothing.
        redirect
            .to(Place::Fixed(at("two.log/three.log")), 1_000)
            .unwrap_err();
        file.write_all(b"third\n").unwrap();
        assert_eq!(read("two.log"), "second\nthird\n");
    }

    #[test]
    fn lines_that_no_file_has_are_counted_and_the_next_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gateway.log");
        fs::write(&path, "cut o").unwrap();
        let place = || Place::Fixed(path.clone());
        let mut file = RollingFile::open(place(), 1_000, CurrentFile::default()).unwrap();
        let losses = file.losses();
        file.write_all(b"first\n").unwrap();
        assert_eq!(*losses.borrow(), None);
        // As a disk without room: the file takes nothing.
        let good = file.file.replace(File::open(&path).unwrap());
        for _ in 0..2 {
            file.write_all(b"lost\n").unwrap();
        }
        let lost = losses.borrow().clone().unwrap();
        assert_eq!(lost.lines, 2);
        let told = format!("cannot write {}: ", path.display());
        assert!(lost.reason.starts_with(&told), "{lost:?}");
        file.file = good;
        file.write_all(b"second\n").unwrap();
        assert_eq!(*losses.borrow(), None);
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "cut o\nfirst\n\nsecond\n"
        );
        // Something else is there now, and the former file has no name any more.
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        file.write_all(b"lost\n").unwrap();
        assert_eq!(losses.borrow().as_ref().map(|lost| lost.lines), Some(1));
        fs::remove_dir(&path).unwrap();
        file.write_all(b"third\n").unwrap();
        assert_eq!(*losses.borrow(), None);
        assert_eq!(fs::read_to_string(&path).unwrap(), "third\n");
    }

    #[test]
    fn what_is_no_regular_file_is_not_written_and_does_not_hold_anybody_up() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("folder.log")).unwrap();
        std::os::unix::fs::symlink(at("elsewhere"), at("link.log")).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(at("pipe.log"))
            .status();
        assert!(made.unwrap().success());
        let current = CurrentFile::default();
        for name in ["folder.log", "link.log", "pipe.log"] {
            let place = Place::Fixed(at(name));
            RollingFile::open(place, 1_000, current.clone()).unwrap_err();
        }
        assert!(!at("elsewhere").exists());
        // Without a file, lines are dropped until there is one.
        let mut file = RollingFile::nowhere(Place::Fixed(at("pipe.log")), 1_000, current.clone());
        file.write_all(b"first\n").unwrap();
        fs::remove_file(at("pipe.log")).unwrap();
        file.redirect()
            .to(Place::Fixed(at("pipe.log")), 1_000)
            .unwrap();
        file.write_all(b"second\n").unwrap();
        assert_eq!(fs::read_to_string(at("pipe.log")).unwrap(), "second\n");
    }

    #[test]
    fn a_full_file_is_moved_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gateway.log");
        let current = CurrentFile::default();
        let mut file = RollingFile::open(Place::Fixed(path.clone()), 10, current.clone()).unwrap();
        for line in ["aaaaaaa\n", "bbbbbbb\n", "ccccccc\n"] {
            file.write_all(line.as_bytes()).unwrap();
        }
        let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap();
        assert_eq!(read("gateway.log"), "ccccccc\n");
        assert_eq!(read("gateway.1.log"), "bbbbbbb\n");
        assert_eq!(read("gateway.2.log"), "aaaaaaa\n");
        assert_eq!(current.path(), path);
        for number in 0..9 {
            file.write_all(format!("line {number}\n").as_bytes())
                .unwrap();
        }
        let mut names: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let kept = (1..=5).map(|number| format!("gateway.{number}.log"));
        assert_eq!(
            names,
            kept.chain(["gateway.log".to_owned()]).collect::<Vec<_>>()
        );
        assert_eq!(read("gateway.5.log"), "line 3\n");
        let mode = fs::metadata(&path).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o600);
    }

    #[test]
    fn a_new_day_begins_a_new_file_and_a_removed_one_is_made_again() {
        use std::sync::atomic::{AtomicI8, Ordering};
        static DAY: AtomicI8 = AtomicI8::new(22);
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("openclaw");
        let place = Place::Daily {
            dir: dir.clone(),
            paths: Box::new(paths(&ProfileChoice::unset())),
            today: || jiff::civil::date(2026, 11, DAY.load(Ordering::Relaxed)),
        };
        let current = CurrentFile::default();
        let mut file = RollingFile::open(place, 1_000, current.clone()).unwrap();
        file.write_all(b"before midnight\n").unwrap();
        DAY.store(23, Ordering::Relaxed);
        file.write_all(b"after midnight\n").unwrap();
        let read = |day: &str| fs::read_to_string(dir.join(format!("openclaw-2026-11-{day}.log")));
        assert_eq!(read("22").unwrap(), "before midnight\n");
        assert_eq!(read("23").unwrap(), "after midnight\n");
        assert_eq!(current.path(), dir.join("openclaw-2026-11-23.log"));
        // A cleaner of temporary files takes the directory away.
        fs::remove_dir_all(&dir).unwrap();
        file.write_all(b"still here\n").unwrap();
        assert_eq!(read("23").unwrap(), "still here\n");
        let mode = fs::metadata(&dir).unwrap().mode() & 0o777;
        assert_eq!(mode, 0o700);
        // Another program rolls the file by its own rules.
        fs::rename(current.path(), dir.join("moved.log")).unwrap();
        file.write_all(b"next\n").unwrap();
        assert_eq!(read("23").unwrap(), "next\n");
    }
}
