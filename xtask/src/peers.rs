//! `cargo xtask peers`: the upstream releases, installed from npm for the compatibility tests.
//!
//! Layout, all under `target/peers`: one folder per release with its own Node.js, `protocol` with the published schema of the wire,
//! and `bin/openclaw-<release>`, which starts a release on the Node.js that it needs. Each folder is installed beside its place and
//! renamed, so that a folder that exists is complete; its stamp says from which manifest.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::TaskResult;
use crate::setup::{run as run_command, target, works};

const STAMP: &str = ".stamp";

/// A folder under `target/peers`.
struct Install {
    folder: &'static str,
    /// npm package and version.
    packages: Vec<(String, &'static str)>,
    /// npm `overrides`: a package and what to take instead.
    overrides: &'static [(&'static str, &'static str)],
    /// The folder holds a release of `openclaw` that must start.
    is_release: bool,
}

pub(crate) fn run() -> TaskResult {
    let installs = installs()?;
    if installs.iter().all(Install::is_current) {
        println!("peers: installed under {}", peers().display());
        return write_launchers(&installs);
    }
    if !works(Command::new("npm").arg("--version")) {
        return Err("peers: npm was not found. Install Node.js 20 or newer with npm, then run: cargo xtask peers".to_owned());
    }
    for install in installs.iter().filter(|install| !install.is_current()) {
        println!("peers: installing {}", install.folder);
        install.perform()?;
    }
    write_launchers(&installs)?;
    println!("peers: installed under {}", peers().display());
    Ok(())
}

/// Returns the folder that holds the releases.
pub(crate) fn peers() -> PathBuf {
    target().join("peers")
}

fn installs() -> Result<[Install; 3], String> {
    let system = match std::env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        other => {
            return Err(format!(
                "peers: no upstream runtime for {other}; Linux and macOS only"
            ));
        }
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => {
            return Err(format!(
                "peers: no upstream runtime for {other}; x86_64 and aarch64 only"
            ));
        }
    };
    // The `node` package fetches its platform package in an install script; depending on that one directly needs no script.
    let node = format!("node-{system}-{processor}");
    let abi = if system == "linux" { "-gnu" } else { "" };
    Ok([
        Install {
            folder: "2026.1.30",
            packages: vec![
                ("openclaw".to_owned(), "2026.1.30"),
                (node.clone(), "22.23.3"),
                (
                    format!("@mariozechner/clipboard-{system}-{processor}{abi}"),
                    "0.3.9",
                ),
            ],
            overrides: &[
                // A chat channel asks for it from a git host; nothing here uses that channel.
                ("libsignal", "npm:libsignal@2.0.1"),
                ("@mariozechner/clipboard", "0.3.9"),
            ],
            is_release: true,
        },
        Install {
            folder: "2026.9.6",
            packages: vec![
                ("openclaw".to_owned(), "2026.9.6"),
                (node, "24.21.0"),
                // Without it, the release cannot move files of earlier releases into its store.
                (
                    format!("@openclaw/fs-safe-{system}-{processor}{abi}"),
                    "0.18.1",
                ),
            ],
            overrides: &[],
            is_release: true,
        },
        Install {
            folder: "protocol",
            packages: vec![("@openclaw/gateway-protocol".to_owned(), "2026.9.1")],
            overrides: &[],
            is_release: false,
        },
    ])
}

impl Install {
    fn place(&self) -> PathBuf {
        peers().join(self.folder)
    }

    fn manifest(&self) -> String {
        let members = |pairs: &mut dyn Iterator<Item = (&str, &str)>| {
            pairs
                .map(|(name, version)| format!("\"{name}\": \"{version}\""))
                .collect::<Vec<_>>()
                .join(", ")
        };
        format!(
            "{{ \"private\": true, \"dependencies\": {{ {} }}, \"overrides\": {{ {} }} }}\n",
            members(
                &mut self
                    .packages
                    .iter()
                    .map(|(name, version)| (name.as_str(), *version))
            ),
            members(&mut self.overrides.iter().copied()),
        )
    }

    fn is_current(&self) -> bool {
        fs::read_to_string(self.place().join(STAMP)).is_ok_and(|stamp| stamp == self.manifest())
    }

    fn perform(&self) -> TaskResult {
        let staging = peers().join(format!(
            ".installing-{}-{}",
            self.folder,
            std::process::id()
        ));
        let result = self.install_into(&staging);
        if result.is_err() {
            // What failed is already the answer; a left-over folder only costs space.
            drop(fs::remove_dir_all(&staging));
        }
        result
    }

    fn install_into(&self, staging: &Path) -> TaskResult {
        let problem = |error: std::io::Error| format!("peers: {}: {error}", staging.display());
        fs::create_dir_all(staging).map_err(problem)?;
        fs::write(staging.join("package.json"), self.manifest()).map_err(problem)?;
        // Install scripts fetch or build things that the tests do not need; optional parts are hundreds of megabytes.
        run_command(
            Command::new("npm")
                .args([
                    "install",
                    "--ignore-scripts",
                    "--omit=dev",
                    "--omit=optional",
                ])
                .args([
                    "--no-audit",
                    "--no-fund",
                    "--no-update-notifier",
                    "--loglevel=error",
                ])
                .arg("--cache")
                .arg(target().join("npm-cache"))
                .current_dir(staging)
                .stdin(Stdio::null())
                .stdout(Stdio::null()),
        )?;
        if self.is_release {
            self.verify(staging)?;
        }
        fs::write(staging.join(STAMP), self.manifest()).map_err(problem)?;
        let place = self.place();
        if place.exists() {
            fs::remove_dir_all(&place).map_err(problem)?;
        }
        fs::rename(staging, &place).map_err(problem)
    }

    /// Starts the release once in an empty home and compares the version that it names.
    fn verify(&self, staging: &Path) -> TaskResult {
        let home = staging.join("home");
        fs::create_dir_all(&home).map_err(|error| format!("peers: {}: {error}", home.display()))?;
        let output = Command::new(staging.join(self.node()))
            .arg(staging.join(ENTRY))
            .arg("--version")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("TMPDIR", &home)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("peers: {} does not start: {error}", self.folder))?;
        let version = String::from_utf8_lossy(&output.stdout);
        if !version.contains(self.folder) {
            return Err(format!(
                "peers: {} does not start: {version}{}",
                self.folder,
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        fs::remove_dir_all(&home).map_err(|error| format!("peers: {}: {error}", home.display()))
    }

    fn node(&self) -> PathBuf {
        let package = self
            .packages
            .iter()
            .map(|(name, _)| name.as_str())
            .find(|name| name.starts_with("node-"))
            .expect("every release carries its Node.js");
        Path::new("node_modules").join(package).join("bin/node")
    }
}

const ENTRY: &str = "node_modules/openclaw/openclaw.mjs";

fn write_launchers(installs: &[Install]) -> TaskResult {
    let folder = peers().join("bin");
    let problem = |error: std::io::Error| format!("peers: {}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(problem)?;
    for install in installs.iter().filter(|install| install.is_release) {
        let path = folder.join(format!("openclaw-{}", install.folder));
        let text = launcher(install.folder, &install.node());
        if fs::read_to_string(&path).is_ok_and(|present| present == text) {
            continue;
        }
        let staging = path.with_extension(format!("{}.new", std::process::id()));
        fs::write(&staging, text).map_err(problem)?;
        fs::set_permissions(&staging, fs::Permissions::from_mode(0o755)).map_err(problem)?;
        fs::rename(&staging, &path).map_err(problem)?;
    }
    Ok(())
}

fn launcher(release: &str, node: &Path) -> String {
    format!(
        "#!/bin/sh\n\
         # Upstream {release} on the Node.js that it needs.\n\
         here=$(CDPATH= cd -- \"$(dirname -- \"$0\")/../{release}\" && pwd)\n\
         exec \"$here/{}\" \"$here/{ENTRY}\" \"$@\"\n",
        node.display(),
    )
}
