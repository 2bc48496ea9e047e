//! A Debian root: made once by debootstrap, copied afresh for every run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::TaskResult;
use crate::setup::{run as run_command, search_path, target, works};

/// Programs of the machine that runs this, and the packages that have them.
const TOOLS: [(&str, &str); 2] = [
    ("debootstrap", "debootstrap"),
    ("systemd-nspawn", "systemd-container"),
];

/// What the root has besides the smallest Debian: services of users, asking for rights as on any server, and an SSH host for the
/// tunnel.
const INCLUDE: &str = "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,polkitd,openssh-client,openssh-server";

/// Installs what is missing, and says what else is.
pub(super) fn check_tools() -> TaskResult {
    let uid = Command::new("id").arg("-u").output();
    if !uid.is_ok_and(|output| output.stdout.trim_ascii() == b"0") {
        return Err("systemd: this needs root: it makes a Debian root and boots it. Run: sudo -E cargo xtask systemd".to_owned());
    }
    let missing: Vec<&str> = TOOLS
        .iter()
        .filter(|(program, _)| {
            !works(
                Command::new(program)
                    .arg("--version")
                    .env("PATH", search_path()),
            )
        })
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("systemd: installing {}", missing.join(" "));
    run_command(
        Command::new("apt-get")
            .args(["install", "--yes", "--no-install-recommends"])
            .args(&missing)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null()),
    )
    .map_err(|error| {
        format!(
            "systemd: {error}. Fix: install {} by hand",
            missing.join(" and ")
        )
    })
}

/// A root with the program in `/usr/local/bin`, as nobody has used it yet.
pub(super) fn fresh(suite: &str, mirror: &str, binary: &Path) -> Result<PathBuf, String> {
    let folder = target().join("systemd");
    let (base, root) = (folder.join(suite), folder.join("root"));
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    if !base.exists() {
        debootstrap(suite, mirror, &base)?;
    }
    if root.exists() {
        fs::remove_dir_all(&root).map_err(|error| format!("{}: {error}", root.display()))?;
    }
    run_command(
        Command::new("cp")
            .args(["--archive", "--reflink=auto"])
            .args([&base, &root]),
    )?;
    run_command(
        Command::new("install")
            .args(["--mode", "755"])
            .arg(binary)
            .arg(root.join("usr/local/bin/openclaw")),
    )?;
    Ok(root)
}

/// What is half made does not stay.
fn debootstrap(suite: &str, mirror: &str, base: &Path) -> TaskResult {
    println!("systemd: making a root of Debian {suite} (once)");
    let staging = base.with_extension("new");
    if staging.exists() {
        fs::remove_dir_all(&staging).map_err(|error| format!("{}: {error}", staging.display()))?;
    }
    run_command(
        Command::new("debootstrap")
            .args(["--variant=minbase", "--include", INCLUDE, suite])
            .arg(&staging)
            .arg(mirror)
            .env("PATH", search_path())
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null()),
    )
    .map_err(|error| {
        format!("systemd: {error}. Fix: name a mirror that this machine reaches: --mirror <url>")
    })?;
    // Every root is a machine of its own, and names are made at its first boot.
    fs::write(staging.join("etc/machine-id"), "").map_err(|error| error.to_string())?;
    fs::rename(&staging, base).map_err(|error| format!("{}: {error}", base.display()))
}
