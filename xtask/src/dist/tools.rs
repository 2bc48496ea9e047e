//! Zig and cargo-zigbuild, installed from their Python packages below `target/tools`, and the packer.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::TaskResult;
use crate::setup::{run as run_command, search_path, target, works};

/// Fixed, so that the same commit gives the same bytes.
const PACKAGES: [&str; 2] = ["ziglang==0.17.1", "cargo-zigbuild==0.24.1"];

/// Makes archives and checksums; Python has both in its library.
const PACKER: &str = include_str!("pack.py");

#[derive(Debug)]
pub(super) struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Installs what is missing.
    pub(super) fn install() -> Result<Self, String> {
        if !works(Command::new("python3").arg("--version")) {
            return Err("dist: python3 was not found; Zig comes as a Python package. Install Python 3 with pip, then run: cargo xtask dist".to_owned());
        }
        let tools = Self {
            folder: target().join("tools/zig"),
        };
        let stamp = tools.folder.join(".stamp");
        let wanted = PACKAGES.join("\n");
        if std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
            return Ok(tools);
        }
        println!("dist: installing {} (once)", PACKAGES.join(", "));
        let mut command = Command::new("python3");
        command
            .args(["-m", "pip", "install", "--quiet", "--upgrade", "--target"])
            .arg(&tools.folder)
            .args(PACKAGES)
            .env("PIP_ROOT_USER_ACTION", "ignore")
            .stdin(Stdio::null());
        run_command(&mut command).map_err(|error| {
            format!("dist: Zig cannot be installed: {error}. Fix: install pip for python3, or make PyPI reachable")
        })?;
        std::fs::write(&stamp, wanted)
            .map_err(|error| format!("dist: {}: {error}", stamp.display()))?;
        Ok(tools)
    }

    /// `cargo-zigbuild` with its Zig.
    pub(super) fn cargo_zigbuild(&self) -> Command {
        let mut command = Command::new(self.folder.join("bin/cargo-zigbuild"));
        command
            .env("PYTHONPATH", &self.folder)
            .env("PATH", search_path());
        command
    }

    /// Runs the packer.
    pub(super) fn pack(words: &[&str]) -> TaskResult {
        let mut command = Command::new("python3");
        command
            .args(["-c", PACKER])
            .args(words)
            .stdin(Stdio::null());
        // The script would be part of the message.
        match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("dist: packing {}: {status}", words.join(" "))),
            Err(error) => Err(format!("dist: python3: {error}")),
        }
    }
}
