//! `cargo xtask ui`: the Control UI is sound, `ui/dist` is what its sources build, and it works in a real browser.
//!
//! Building the gateway needs none of this: `ui/dist` is committed. Without npm, or without Chromium, what was not run is
//! named; with `CI` set that is a failure.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::TaskResult;
use crate::setup::{cargo, root, run as run_command, search_path, target, works};

/// What a package lock was installed; beside what it installed.
const STAMP: &str = "node_modules/.installed-lock";
const NO_NPM: &str =
    "npm was not found; install Node.js 20 or newer with npm, then run: cargo xtask ui";

/// The whole task; `arguments` go to the browser tests (file names, `--grep`, …).
pub(crate) fn run(arguments: &[String]) -> TaskResult {
    if !has_npm() {
        return not_run("the Control UI", NO_NPM);
    }
    install()?;
    verify()?;
    let binary = binary();
    if !binary.is_file() {
        run_command(&mut cargo(&["build", "--release", "--package", "openclaw"]))?;
    }
    in_browser(&binary, arguments)
}

/// Installs the npm packages of `ui/` when the lock file changed since.
pub(crate) fn install() -> TaskResult {
    if !has_npm() {
        return Err(format!("control ui: {NO_NPM}"));
    }
    let lock = read(&folder().join("package-lock.json"))?;
    let stamp = folder().join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("control ui: installing its npm packages");
    run_command(&mut npm(&["ci", "--no-audit", "--no-fund"]))?;
    fs::write(&stamp, lock).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// Types, unit tests, and a build that is compared with the committed one.
fn verify() -> TaskResult {
    run_command(&mut npm(&["run", "--silent", "check"]))?;
    run_command(&mut npm(&["run", "--silent", "test"]))?;
    let fresh = target().join("ui/dist");
    let fresh = fresh.to_string_lossy();
    run_command(&mut npm(&[
        "exec",
        "--offline",
        "--",
        "vite",
        "build",
        "--logLevel",
        "warn",
        "--emptyOutDir",
        "--outDir",
        &fresh,
    ]))?;
    run_command(&mut node(&[
        "scripts/compress.mjs",
        &fresh,
        "--copies-only",
    ]))?;
    run_command(&mut node(&["scripts/compare.mjs", "dist", &fresh]))
}

/// The tests in Chromium against the release program, with the page that it embeds.
fn in_browser(binary: &Path, arguments: &[String]) -> TaskResult {
    let chromium = std::env::var_os("OPENCLAW_TEST_CHROMIUM")
        .map_or_else(|| PathBuf::from("/usr/bin/chromium"), PathBuf::from);
    if !chromium.is_file() {
        return not_run(
            "the tests in a browser",
            "Chromium was not found; install it (cargo xtask packages) or name it in OPENCLAW_TEST_CHROMIUM",
        );
    }
    let playwright = |arguments: &[String]| {
        let mut tests = npm(&["exec", "--offline", "--", "playwright", "test"]);
        tests
            .args(arguments)
            .env("OPENCLAW_TEST_BINARY", binary)
            .env("OPENCLAW_TEST_CHROMIUM", &chromium)
            .env("OPENCLAW_UI_OUTPUT", target().join("ui"))
            .env_remove("OPENCLAW_UI_ROOT");
        run_command(&mut tests)
    };
    if !arguments.is_empty() {
        return playwright(arguments);
    }
    // What measures time goes alone; what fails there hides nothing of the rest.
    let measured = playwright(&["--project=measured", "--workers=1"].map(str::to_owned));
    let rest = playwright(&["--project=ours", "--project=upstream"].map(str::to_owned));
    measured.and(rest)
}

/// The program under test: the one that `OPENCLAW_TEST_BINARY` names, else the release.
fn binary() -> PathBuf {
    std::env::var_os("OPENCLAW_TEST_BINARY").map_or_else(
        || target().join("release/openclaw"),
        |named| root().join(named),
    )
}

/// A gap is said aloud; the build server does not accept it.
fn not_run(what: &str, why: &str) -> TaskResult {
    let message = format!("control ui: not run: {what}. {why}");
    if std::env::var_os("CI").is_some() {
        return Err(message);
    }
    println!("{message}");
    Ok(())
}

fn has_npm() -> bool {
    works(Command::new("npm").arg("--version"))
}

fn folder() -> PathBuf {
    root().join("ui")
}

fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command
        .args(arguments)
        .current_dir(folder())
        .env("npm_config_update_notifier", "false")
        .env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")
        .stdin(Stdio::null());
    command
}

fn node(arguments: &[&str]) -> Command {
    let mut command = Command::new("node");
    command
        .args(arguments)
        .current_dir(folder())
        .stdin(Stdio::null());
    command
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Runs a build with programs in front of Node.js and npm that fail and leave a trace: the gateway must build without them.
pub(crate) fn run_without_node(build: &mut Command) -> TaskResult {
    let traps = target().join("no-node");
    let trace = traps.join("called");
    let failed = |error: std::io::Error| format!("{}: {error}", traps.display());
    fs::create_dir_all(&traps).map_err(failed)?;
    if trace.exists() {
        fs::remove_file(&trace).map_err(failed)?;
    }
    for name in ["node", "npm", "npx"] {
        let script = format!(
            "#!/bin/sh\necho \"{name} $*\" >> '{}'\necho 'a build must not need {name}' >&2\nexit 127\n",
            trace.display()
        );
        let path = traps.join(name);
        fs::write(&path, script).map_err(failed)?;
        make_executable(&path).map_err(failed)?;
    }
    let inherited = search_path();
    let path = std::iter::once(traps.clone()).chain(std::env::split_paths(&inherited));
    let path = std::env::join_paths(path).map_err(|error| error.to_string())?;
    run_command(build.env("PATH", path))?;
    match fs::read_to_string(&trace) {
        Ok(called) => Err(format!("the build called Node.js:\n{called}")),
        Err(_) => Ok(()),
    }
}

#[cfg(unix)]
fn make_executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u38_the_gateway_builds_from_committed_files_alone() {
        for entry in fs::read_dir(root().join("crates")).unwrap() {
            let script = entry.unwrap().path().join("build.rs");
            assert!(!script.exists(), "{} could call anything", script.display());
        }
        let dist = folder().join("dist");
        let index = read(&dist.join("index.html")).unwrap();
        for mark in [
            "<base href=\"/\">",
            "data-base-path=\"\"",
            "data-version=\"\"",
        ] {
            assert!(index.contains(mark), "the gateway fills in {mark}");
        }
        let named: Vec<&str> = index
            .split(['"', '\''])
            .map(|text| text.trim_start_matches("./"))
            .filter(|text| text.starts_with("assets/") || *text == "boot.js")
            .collect();
        assert!(named.len() >= 3, "script, style, boot: {named:?}");
        for name in named {
            for suffix in [".br", ".gz"] {
                let file = dist.join(format!("{name}{suffix}"));
                assert!(file.is_file(), "{} is not committed", file.display());
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn u38_a_build_that_calls_node_is_found_out() {
        let ran = |script: &str| run_without_node(Command::new("sh").args(["-c", script]));
        assert_eq!(ran("true"), Ok(()));
        let message = ran("npm run build || true").unwrap_err();
        assert!(message.contains("npm run build"), "{message}");
        assert!(ran("node --version").is_err());
    }
}
