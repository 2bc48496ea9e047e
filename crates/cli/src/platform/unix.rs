//! Unix.

pub(crate) mod handover;
mod mounts;
mod process;
mod signals;
pub(crate) mod supervisor;

use std::io;
use std::path::Path;

use rustix::fs::{Access, access};

pub(crate) use mounts::mount_points;
pub(crate) use process::{Process, ask_to_end, become_program, bind_to_parent, is_child_of, kill};
pub(crate) use signals::{Asks, Ends, hold_interrupts, name};

/// What becomes of the ports of a gateway that restarts.
pub(crate) const PORTS_OVER_A_RESTART: &str = "stayed open";

/// Whether a gateway has a control socket.
pub(crate) const HAS_CONTROL_SOCKET: bool = true;

/// Whether a tunnel can be a service.
pub(crate) const HAS_TUNNEL_SERVICES: bool = true;

/// Columns of the terminal that is our standard output.
pub(crate) fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// Makes a link.
pub(crate) fn link(target: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

/// Leaves the terminal of whoever started this process, which may close. Already a leader is as good.
pub(crate) fn leave_terminal() {
    rustix::process::setsid().ok();
}

/// Whether this user may write there.
pub(crate) fn is_writable(path: &Path) -> bool {
    access(path, Access::WRITE_OK).is_ok()
}

/// Whether a folder is closed to a user who is neither its owner nor root.
pub(crate) fn is_closed_to(folder: &Path, user: u32) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    folder
        .metadata()
        .is_ok_and(|found| user != 0 && found.uid() != user && found.mode() & 0o001 == 0)
}

/// Whether there is a desktop whose browser can be started.
pub(crate) fn has_display(is_set: impl Fn(&str) -> bool) -> bool {
    cfg!(target_os = "macos") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// Programs that open a link in the browser, the first that works, each with what comes before the link.
pub(crate) fn openers() -> &'static [&'static [&'static str]] {
    if cfg!(target_os = "macos") {
        &[&["open"]]
    } else {
        &[&["xdg-open"], &["wslview"]]
    }
}

/// Drops the runtime of a command: what it still does in the background comes to its end first.
pub(crate) fn end_runtime(runtime: tokio::runtime::Runtime) {
    drop(runtime);
}
