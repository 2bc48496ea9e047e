//! Where things are, which tools are present, and how commands are run.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Returns the root of the checkout.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the workspace root")
        .to_path_buf()
}

/// Returns the build folder; every download and cache of these tasks lives under it.
pub(crate) fn target() -> PathBuf {
    root().join("target")
}

/// Returns `cargo`, in the workspace root, on the toolchain that runs this task.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(arguments)
        .current_dir(root())
        .env("PATH", search_path())
        .stdin(Stdio::null());
    command
}

/// Runs a command to its end with inherited output.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let shown = describe(command);
    let status = command
        .status()
        .map_err(|error| format!("cannot start {shown}: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{shown}: {status}"))
    }
}

/// Reports whether a command starts and ends well; its output is dropped.
pub(crate) fn works(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Makes cargo-nextest available; on failure the text says what to do, and `cargo test` serves instead.
pub(crate) fn nextest() -> Result<(), String> {
    if works(&mut cargo(&["nextest", "--version"])) {
        return Ok(());
    }
    println!("installing cargo-nextest under target/tools (once)");
    let tools = tools();
    let mut install = cargo(&["install", "--locked", "--quiet", "cargo-nextest", "--root"]);
    install
        .arg(&tools)
        .env("CARGO_TARGET_DIR", tools.join("build"));
    run(&mut install).map_err(|error| {
        format!("cargo-nextest could not be installed ({error}); using cargo test instead. To install it by hand: cargo install --locked cargo-nextest")
    })
}

/// Returns a `cargo fuzz` command on the nightly toolchain, or `None` when either is missing.
pub(crate) fn cargo_fuzz() -> Option<Command> {
    let command = || {
        let mut command = Command::new("rustup");
        command
            .args(["run", "nightly", "cargo", "fuzz"])
            .current_dir(root())
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("CARGO")
            .env("PATH", search_path());
        command
    };
    works(command().arg("--version")).then(command)
}

fn tools() -> PathBuf {
    target().join("tools")
}

/// Returns the `PATH` of every task: our own tools first, and the folders of system services, which only root has by default.
pub(crate) fn search_path() -> OsString {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let services = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    let all = std::iter::once(tools().join("bin"))
        .chain(std::env::split_paths(&inherited))
        .chain(services);
    std::env::join_paths(all).unwrap_or(inherited)
}

fn describe(command: &Command) -> String {
    let mut shown = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program())
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args().map(OsStr::to_string_lossy) {
        shown.push(' ');
        shown.push_str(&argument);
    }
    shown
}
