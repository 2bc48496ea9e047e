//! Opens the database: a new one, a good one, or what can be saved of a damaged one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use openclaw_config::platform::{
    is_open_to_others, private_dir_builder, private_file_options, set_permission_bits, sync_dir,
};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::schema::{self, APPLICATION_ID, FORMAT_KEY, GENERATION_KEY, MIGRATIONS};
use super::writer::is_damage;
use super::{StoreError, StoreReport, now_ms, recover, rows, snapshot};

/// How long another process may keep the database busy, as a shell that inspects it does.
const BUSY: Duration = Duration::from_secs(2);

/// Why a database cannot be used as it is.
#[derive(Debug)]
pub(super) enum Unusable {
    /// It has to be recovered.
    Damaged(String),
    /// It may well be good; leave it alone.
    Failed(StoreError),
}

/// The path with `suffix` appended to the file name.
pub(super) fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Opens the database at `path`.
pub(super) fn open(path: &Path) -> Result<(Connection, StoreReport), StoreError> {
    make_folder(path)?;
    recover::finish_interrupted(path)?;
    if !exists(path)? {
        if exists(&sibling(path, "-wal"))? || exists(&snapshot::path(path))? {
            return recover::run(
                path,
                "the file is gone, but not what belongs to it".to_owned(),
            );
        }
        let fresh = sibling(path, ".new");
        let connection = create(&fresh)?;
        finish(&fresh, connection)?;
        recover::install(&fresh, path)?;
        let report = StoreReport {
            created: true,
            recovery: None,
        };
        return Ok((must_open(path)?, report));
    }
    match inspect(path) {
        Ok(connection) => Ok((connection, StoreReport::default())),
        Err(Unusable::Failed(error)) => Err(error),
        Err(Unusable::Damaged(damage)) => recover::run(path, damage),
    }
}

/// Opens a database that was written a moment ago.
pub(super) fn must_open(path: &Path) -> Result<Connection, StoreError> {
    inspect(path).map_err(|unusable| match unusable {
        Unusable::Failed(error) => error,
        Unusable::Damaged(damage) => StoreError::Quarantine {
            path: path.to_owned(),
            damage,
            source: io::Error::other("the disk does not keep what is written to it").into(),
        },
    })
}

fn exists(path: &Path) -> Result<bool, StoreError> {
    path.try_exists()
        .map_err(|error| StoreError::file("look for", path, error))
}

/// A folder that exists keeps its mode: it may be shared on purpose, and the files are private in any case.
fn make_folder(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    private_dir_builder()
        .create(folder)
        .map_err(|error| StoreError::file("create", folder, error))
}

/// Creates an empty file that only the owner may read, replacing a leftover.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    private_file_options()
        .write(true)
        .create_new(true)
        .open(path)
}

pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    sync_dir(path.parent().unwrap_or(Path::new(".")))
}

/// A new database with every table.
pub(super) fn create(path: &Path) -> Result<Connection, StoreError> {
    for suffix in ["-wal", "-shm"] {
        recover::remove(&sibling(path, suffix))?;
    }
    create_private(path).map_err(|error| StoreError::file("create", path, error))?;
    let create = || {
        let mut connection = connect(path)?;
        schema::tune(&connection)?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        // Whether this file is ever used is decided after `finish` has synced it as a whole.
        connection.pragma_update(None, "synchronous", "OFF")?;
        schema::make_writable(&connection)?;
        schema::migrate(&mut connection, &MIGRATIONS)?;
        Ok(connection)
    };
    create().map_err(|error| StoreError::database(path, error))
}

/// Closes a new database so that all of it is in its one file and on the disk.
pub(super) fn finish(path: &Path, connection: Connection) -> Result<(), StoreError> {
    checkpoint(&connection, "TRUNCATE")
        .and_then(|()| connection.close().map_err(|(_, error)| error))
        .map_err(|error| StoreError::database(path, error))?;
    // Some systems flush only what may be written.
    OpenOptions::new()
        .write(true)
        .open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| StoreError::file("write", path, error))
}

/// Folds the write-ahead log into the database, as far as readers allow.
pub(super) fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<()> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), (), |_| Ok(()))
}

pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    Ok(connection)
}

/// A connection that only reads, for questions that may take long.
pub(super) fn connect_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    schema::tune(&connection)?;
    Ok(connection)
}

/// Opens and checks a database. Nothing is written before it has passed.
pub(super) fn inspect(path: &Path) -> Result<Connection, Unusable> {
    inspect_header(path)?;
    let mut connection = connect(path).map_err(|error| sort(path, error))?;
    inspect_content(path, &mut connection).map_err(|unusable| match unusable {
        Trouble::Database(error) => sort(path, error),
        Trouble::Unusable(unusable) => unusable,
    })?;
    if fs::metadata(path).is_ok_and(|found| is_open_to_others(&found)) {
        set_permission_bits(path, 0o600)
            .map_err(|error| Unusable::Failed(StoreError::file("restrict", path, error)))?;
    }
    Ok(connection)
}

enum Trouble {
    Database(rusqlite::Error),
    Unusable(Unusable),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

fn damaged<T>(damage: impl Into<String>) -> Result<T, Trouble> {
    Err(Trouble::Unusable(Unusable::Damaged(damage.into())))
}

/// What the library does not check: an empty file passes as a new database, and one with an unknown write version
/// opens read-only.
fn inspect_header(path: &Path) -> Result<(), Unusable> {
    let failed = |error| Unusable::Failed(StoreError::file("read", path, error));
    let mut header = Vec::new();
    File::open(path)
        .map_err(failed)?
        .take(100)
        .read_to_end(&mut header)
        .map_err(failed)?;
    let damage = if header.is_empty() {
        "the file is empty"
    } else if header.len() < 100 {
        "the file is cut off"
    } else if !header.starts_with(b"SQLite format 3\0") {
        "the file is not a database"
    } else if header[18] != 2 || header[19] != 2 {
        "the file header is wrong"
    } else {
        return Ok(());
    };
    Err(Unusable::Damaged(damage.to_owned()))
}

fn inspect_content(path: &Path, connection: &mut Connection) -> Result<(), Trouble> {
    // A file that is not ours to change must not be changed by closing it either.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    schema::tune(connection)?;
    let format = schema::format(connection)?;
    let noted: Option<i64> =
        rows::own_value(connection, FORMAT_KEY)?.and_then(|text| text.parse().ok());
    let known = schema::known_format();
    if format > known && noted.is_none_or(|noted| noted == format) {
        return Err(Trouble::Unusable(Unusable::Failed(
            StoreError::LaterVersion {
                path: path.to_owned(),
                found: format,
                known,
            },
        )));
    }
    if noted != Some(format) {
        return damaged("the format number is wrong");
    }
    let application: i32 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application != APPLICATION_ID {
        return damaged("the database is of another program");
    }
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))?;
    if verdict != "ok" {
        return damaged(verdict.lines().last().unwrap_or_default());
    }
    let generation = rows::own_value(connection, GENERATION_KEY)?
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    if snapshot::read(path).is_some_and(|snapshot| snapshot.generation > generation) {
        return damaged("changes that were stored are missing");
    }
    schema::make_writable(connection)?;
    schema::migrate(connection, &MIGRATIONS)?;
    rows::state(connection, now_ms())?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok(())
}

/// Tells damage from trouble around the file.
fn sort(path: &Path, error: rusqlite::Error) -> Unusable {
    use rusqlite::ErrorCode;
    let environment = [
        ErrorCode::DatabaseBusy,
        ErrorCode::DatabaseLocked,
        ErrorCode::CannotOpen,
        ErrorCode::PermissionDenied,
        ErrorCode::ReadOnly,
        ErrorCode::SystemIoFailure,
        ErrorCode::DiskFull,
        ErrorCode::OutOfMemory,
        ErrorCode::FileLockingProtocolFailed,
    ];
    let code = error.sqlite_error_code();
    if !is_damage(&error) && code.is_some_and(|code| environment.contains(&code)) {
        Unusable::Failed(StoreError::database(path, error))
    } else {
        Unusable::Damaged(error.to_string())
    }
}
