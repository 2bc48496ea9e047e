//! Windows.

pub(crate) mod handover;
mod process;
mod signals;
pub(crate) mod supervisor;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use process::{Process, ask_to_end, become_program, bind_to_parent, is_child_of, kill};
pub(crate) use signals::{Asks, Ends, hold_interrupts, name};

/// What becomes of the ports of a gateway that restarts.
pub(crate) const PORTS_OVER_A_RESTART: &str = "were closed for a moment";

/// Whether a gateway has a control socket: its owner comes over loopback, with the credential of the config file.
pub(crate) const HAS_CONTROL_SOCKET: bool = false;

/// Whether a tunnel can be a service: tasks have no way to say what became of one.
pub(crate) const HAS_TUNNEL_SERVICES: bool = false;

/// Not asked for: the standard library does not tell, and output is as wide as in a pipe.
pub(crate) fn columns() -> Option<usize> {
    None
}

/// Not asked for: a folder that leads to another disk is a kind of link here, and links are not followed.
pub(crate) fn mount_points() -> BTreeSet<PathBuf> {
    BTreeSet::new()
}

/// Makes a link to a file; this takes a right of its own, which not every user has.
pub(crate) fn link(target: &Path, at: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, at)
}

/// A program without a window has no terminal to leave.
pub(crate) fn leave_terminal() {}

/// Whether this user may write there, as far as it can be seen without trying.
pub(crate) fn is_writable(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|found| found.is_dir() || !found.permissions().readonly())
}

/// Services run as the user who installs them.
pub(crate) fn is_closed_to(_folder: &Path, _user: u32) -> bool {
    false
}

/// Whether there is a desktop whose browser can be started.
pub(crate) fn has_display(_is_set: impl Fn(&str) -> bool) -> bool {
    true
}

/// Programs that open a link in the browser, each with what comes before the link. No shell sees the link.
pub(crate) fn openers() -> &'static [&'static [&'static str]] {
    &[&["rundll32", "url.dll,FileProtocolHandler"]]
}

/// Leaves the runtime of a command at once: a thread that reads from a console or a pipe cannot be called back here.
pub(crate) fn end_runtime(runtime: tokio::runtime::Runtime) {
    runtime.shutdown_background();
}
