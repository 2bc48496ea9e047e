//! Unix: owners and permission bits, `uname`, `statvfs`.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _,
    PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::Space;

/// Between folders in variables such as `PATH`.
pub const PATH_SEPARATOR: char = ':';

/// The numeric id of the user that runs this process.
pub fn user_id() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Whether this process may do what only the administrator of the machine may.
pub fn is_administrator() -> bool {
    rustix::process::geteuid().is_root()
}

/// The environment of this process.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the environment is read"
)]
pub fn process_variables() -> Vec<(OsString, OsString)> {
    std::env::vars_os().collect()
}

/// The folder for temporary files where no variable names one.
pub(crate) fn temp_dir(tmpdir: Option<&str>) -> PathBuf {
    PathBuf::from(tmpdir.unwrap_or("/tmp"))
}

/// The folder that log readers of every user look in.
pub(crate) fn log_dir(_temporary: PathBuf) -> PathBuf {
    PathBuf::from("/tmp/openclaw")
}

/// Makes folders, missing parents too, that only this user may enter.
pub fn private_dir_builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder
}

/// Files that are made with these options are for this user alone.
pub fn private_file_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Opens a file without ever waiting, as opening a pipe does for its other end. A link is followed only when `follows_links` says so.
pub fn open_without_waiting(
    options: &OpenOptions,
    follows_links: bool,
    path: &Path,
) -> io::Result<File> {
    let mut flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    if !follows_links {
        flags |= OFlags::NOFOLLOW;
    }
    options
        .clone()
        .custom_flags(flags.bits().cast_signed())
        .open(path)
        .map_err(|error| match Errno::from_io_error(&error) {
            Some(Errno::LOOP) if !follows_links => {
                unusable("a symbolic link, which is not followed")
            }
            // A pipe that nobody reads from, opened for writing.
            Some(Errno::NXIO) => unusable("not a regular file"),
            _ => error,
        })
}

fn unusable(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

/// Whether it is a pipe.
pub(crate) fn is_pipe(found: &Metadata) -> bool {
    found.file_type().is_fifo()
}

/// The file system that a file is on.
pub fn device(found: &Metadata) -> u64 {
    found.dev()
}

/// Whether a file belongs to the user that this process acts as.
pub fn is_owned(found: &Metadata) -> bool {
    found.uid() == rustix::process::geteuid().as_raw()
}

/// Whether anybody else may do anything with a file.
pub fn is_open_to_others(found: &Metadata) -> bool {
    found.mode() & 0o077 != 0
}

/// The permission bits of a file.
pub fn permission_bits(found: &Metadata) -> Option<u32> {
    Some(found.mode() & 0o7777)
}

/// Keeps others from an open file, whatever has its name by now.
pub fn protect(file: &File) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(0o600))
}

/// Gives a file these permission bits.
pub fn set_permission_bits(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// Tells a file from every other one, also when it gets another name.
pub fn file_identity(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}

/// Puts a file in the place of another one, in one step.
pub(crate) fn replace(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Makes a rename in a folder survive a power cut.
pub fn sync_dir(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all())
}

/// Whether a file may be run.
pub fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// The extensions of programs: none, permission bits say what is one.
pub fn executable_extensions() -> Vec<String> {
    Vec::new()
}

/// The name of this machine.
pub fn host_name() -> String {
    let uname = rustix::system::uname();
    let name = uname.nodename().to_string_lossy().into_owned();
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name
    }
}

/// The release of the system.
pub fn os_release() -> String {
    rustix::system::uname()
        .release()
        .to_string_lossy()
        .into_owned()
}

/// The room where a path lies.
pub fn space(path: &Path) -> Option<Space> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(Space {
        total: stat.f_blocks.saturating_mul(stat.f_frsize),
        available: stat.f_bavail.saturating_mul(stat.f_frsize),
    })
}
