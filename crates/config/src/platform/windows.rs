//! Windows: access is a matter of the folder. What is made below a user's profile inherits an access list that names that
//! user, the administrators and the system; files made here rely on it, and nothing here reads or changes access lists. A state
//! directory elsewhere is as private as whoever made that folder has seen to.

#![allow(
    clippy::disallowed_methods,
    reason = "variables that the system itself sets; none of ours is read here"
)]

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::MetadataExt as _;
use std::os::windows::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use super::Space;

/// Between folders in variables such as `PATH`.
pub const PATH_SEPARATOR: char = ';';

/// How often a file that somebody holds open is tried to be replaced, and the pause between.
const REPLACE_ATTEMPTS: u32 = 25;
const REPLACE_PAUSE: Duration = Duration::from_millis(20);
/// No window for a program without one (`CREATE_NO_WINDOW`).
const NO_WINDOW: u32 = 0x0800_0000;

/// Stands for this user, who has no number here; never that of the administrator of a Unix machine.
pub fn user_id() -> u32 {
    u32::MAX
}

/// Whether this process may do what only the administrator of the machine may. What needs that here says so when it is refused.
pub fn is_administrator() -> bool {
    false
}

/// The environment of this process. Upper and lower case are the same in names here (`Path`); they are given in upper case.
pub fn process_variables() -> Vec<(OsString, OsString)> {
    std::env::vars_os()
        .map(|(name, value)| (name.to_ascii_uppercase(), value))
        .collect()
}

/// The folder for temporary files: the one of the user, where no variable of ours names another.
pub(crate) fn temp_dir(tmpdir: Option<&str>) -> PathBuf {
    tmpdir.map_or_else(std::env::temp_dir, PathBuf::from)
}

/// Below the folder for temporary files, which lies in the user's profile; a folder at the root of a disk would be everybody's.
pub(crate) fn log_dir(temporary: PathBuf) -> PathBuf {
    temporary.join("openclaw")
}

/// Makes folders, missing parents too. Who may enter them is inherited.
pub fn private_dir_builder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    builder
}

/// Options for files of this user. Who may open them is inherited.
pub fn private_file_options() -> OpenOptions {
    OpenOptions::new()
}

/// Opens a file; nothing that has a path in a folder keeps whoever opens it waiting here. A link is followed only when
/// `follows_links` says so.
pub fn open_without_waiting(
    options: &OpenOptions,
    follows_links: bool,
    path: &Path,
) -> io::Result<File> {
    if !follows_links && fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a symbolic link, which is not followed",
        ));
    }
    options.open(path)
}

/// Pipes lie in a place of their own, where no secret is looked for.
pub(crate) fn is_pipe(_found: &Metadata) -> bool {
    false
}

/// Not told: everything counts as one file system.
pub fn device(_found: &Metadata) -> u64 {
    0
}

/// Whose a file is stands in its access list, which is not read.
pub fn is_owned(_found: &Metadata) -> bool {
    true
}

/// What others may do stands in the access list, which is not read.
pub fn is_open_to_others(_found: &Metadata) -> bool {
    false
}

/// There are no such bits.
pub fn permission_bits(_found: &Metadata) -> Option<u32> {
    None
}

/// The inherited access list stays.
pub fn protect(_file: &File) -> io::Result<()> {
    Ok(())
}

/// There are no such bits; the inherited access list stays.
pub fn set_permission_bits(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Tells a file from others by when it was made. A file that takes the name of one that was removed a few seconds ago looks
/// like that one, because the file system remembers the time.
pub fn file_identity(found: &Metadata) -> (u64, u64) {
    (found.creation_time(), 0)
}

/// Puts a file in the place of another one, in one step. Virus scanners and indexers hold files open for a moment, in which
/// they cannot be replaced.
pub(crate) fn replace(from: &Path, to: &Path) -> io::Result<()> {
    for _ in 1..REPLACE_ATTEMPTS {
        match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                std::thread::sleep(REPLACE_PAUSE);
            }
            renamed => return renamed,
        }
    }
    fs::rename(from, to)
}

/// The file system keeps the order of its own changes; folders cannot be flushed.
pub fn sync_dir(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Whether a file may be run: its extension says so, and `PATHEXT` says which.
pub fn is_executable(path: &Path) -> bool {
    let extension = path
        .extension()
        .map(|text| format!(".{}", text.to_string_lossy()));
    let runs = extension.is_some_and(|extension| {
        executable_extensions()
            .iter()
            .any(|known| known.eq_ignore_ascii_case(&extension))
    });
    // A colon would lead to something hidden behind another file.
    let plain = path
        .file_name()
        .is_some_and(|name| !name.to_string_lossy().contains(':'));
    runs && plain && path.is_file()
}

/// The extensions of programs, each with its dot, in the order in which they are tried.
pub fn executable_extensions() -> Vec<String> {
    let listed = std::env::var("PATHEXT").unwrap_or_default();
    let listed: Vec<String> = listed
        .split(PATH_SEPARATOR)
        .map(|text| text.trim().to_lowercase())
        .filter(|text| text.len() > 1 && text.starts_with('.'))
        .collect();
    if listed.is_empty() {
        [".com", ".exe", ".bat", ".cmd"].map(str::to_owned).to_vec()
    } else {
        listed
    }
}

/// The name of this machine.
pub fn host_name() -> String {
    std::env::var("COMPUTERNAME")
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// The release of the system, such as `10.0.26100.1742`: what `ver` says, asked once.
pub fn os_release() -> String {
    static RELEASE: OnceLock<String> = OnceLock::new();
    RELEASE
        .get_or_init(|| asked_release().unwrap_or_else(|| "unknown".to_owned()))
        .clone()
}

fn asked_release() -> Option<String> {
    let output = Command::new("cmd")
        .args(["/D", "/C", "ver"])
        .creation_flags(NO_WINDOW)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    // "Microsoft Windows [Version 10.0.26100.1742]", with other words in other languages.
    String::from_utf8_lossy(&output.stdout)
        .split(|character: char| !character.is_ascii_digit() && character != '.')
        .find(|word| word.matches('.').count() >= 2)
        .map(str::to_owned)
}

/// Not known: the standard library does not ask for it.
pub fn space(_path: &Path) -> Option<Space> {
    None
}
