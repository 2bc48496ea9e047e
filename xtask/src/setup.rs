//! Where things are, which tools are present, and how commands are run.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// How many lines of a failed command are said again.
const LAST_LINES: usize = 60;

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

/// Runs a command to its end with inherited output. With `CI` set a failure carries the end of the output, so that it can be
/// said again where the log of everything ends.
pub(crate) fn run(command: &mut Command) -> Result<(), String> {
    let shown = describe(command);
    let cannot_start = |error| format!("cannot start {shown}: {error}");
    if std::env::var_os("CI").is_none() {
        let status = command.status().map_err(cannot_start)?;
        return ended(&shown, status, "");
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(cannot_start)?;
    let output = child.stdout.take().expect("the output was piped above");
    let errors = child.stderr.take().expect("the errors were piped above");
    let (lines, printed) = mpsc::channel();
    let also_lines = lines.clone();
    thread::spawn(move || pass_on(output, &lines));
    thread::spawn(move || pass_on(errors, &also_lines));
    let mut last = VecDeque::new();
    let mut status = None;
    loop {
        match printed.recv_timeout(Duration::from_secs(1)) {
            Ok(line) => {
                println!("{line}");
                if last.len() == LAST_LINES {
                    last.pop_front();
                }
                last.push_back(line);
            }
            // What a command leaves running may hold its output open for ever.
            Err(RecvTimeoutError::Timeout) if status.is_some() => break,
            Err(RecvTimeoutError::Timeout) => {
                status = child
                    .try_wait()
                    .map_err(|error| format!("{shown}: {error}"))?;
            }
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let status = match status {
        Some(status) => status,
        None => child.wait().map_err(|error| format!("{shown}: {error}"))?,
    };
    ended(&shown, status, &Vec::from(last).join("\n"))
}

fn ended(shown: &str, status: ExitStatus, output: &str) -> Result<(), String> {
    if status.success() {
        return Ok(());
    }
    let message = format!("{shown}: {status}");
    Err(if output.is_empty() {
        message
    } else {
        format!("{message}\n{output}")
    })
}

/// Sends every line that a command prints.
fn pass_on(output: impl Read, lines: &mpsc::Sender<String>) {
    for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
        // Nobody listens any more: so much the better for whoever prints.
        let _ = lines.send(String::from_utf8_lossy(&line).into_owned());
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
