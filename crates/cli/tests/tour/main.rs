//! The main job with two machines: a gateway in one network namespace, a second machine with its own home in another,
//! and the only way between them a non-local address. Needs Linux with unprivileged user namespaces (or root).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs the tour; its steps are in `tour.sh`, where a reader can follow them as they would type them.
#[test]
fn a_second_machine_pairs_by_code_runs_a_command_and_survives_a_killed_gateway() {
    let homes = tempfile::Builder::new()
        .prefix("oc-tour-")
        .tempdir()
        .expect("a temporary folder");
    run("tour.sh", homes.path(), "tour complete\n");
}

/// The program as a container has it: alone in a read-only root, without a shell, without rights, with one folder for its state.
#[test]
fn u18_it_starts_and_checks_itself_in_an_empty_read_only_root() {
    let place = tempfile::Builder::new()
        .prefix("oc-root-")
        .tempdir()
        .expect("a temporary folder");
    let root = place.path().join("root");
    fs::create_dir_all(root.join("data")).expect("a root");
    fs::create_dir(place.path().join("state")).expect("a folder for the state");
    let binary = Path::new(env!("CARGO_BIN_EXE_openclaw"));
    put(binary, &root.join("openclaw"));
    for library in libraries(binary) {
        let inside = root.join(library.strip_prefix("/").expect("an absolute path"));
        put(&library, &inside);
    }
    run("empty_root.sh", place.path(), "empty root complete\n");
}

fn put(file: &Path, place: &Path) {
    fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
    // Libraries are mostly names that lead to files.
    let file = file.canonicalize().expect("a file");
    let linked = fs::hard_link(&file, place);
    if linked.is_err() {
        fs::copy(&file, place).expect("a copy");
    }
}

/// What a program of a debug build is linked with: the C library and its loader. A static one needs nothing.
fn libraries(binary: &Path) -> Vec<PathBuf> {
    let output = Command::new("ldd")
        .arg(binary)
        .output()
        .expect("ldd starts");
    String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .filter(|word| word.starts_with('/') && !word.ends_with(':'))
        .map(PathBuf::from)
        .filter(|path| path.exists())
        .collect()
}

/// Runs a script in namespaces of its own, with the program and a folder.
fn run(script: &str, folder: &Path, end: &str) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/tour")
        .join(script);
    let own = [
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
    ];
    let as_user = [&["--user", "--map-root-user"][..], &own].concat();
    // As root a user namespace is not needed, and in some containers not to be had.
    let namespaces = [&own[..], &as_user]
        .into_iter()
        .find(|namespaces| {
            let tried = Command::new("unshare").args(*namespaces).arg("true").output();
            tried.is_ok_and(|output| output.status.success())
        })
        .expect(
            "this test needs network namespaces: run it as root, or allow user namespaces \
             (sysctl kernel.unprivileged_userns_clone=1, or kernel.apparmor_restrict_unprivileged_userns=0)",
        );
    let output = Command::new("unshare")
        .args(namespaces)
        .arg("bash")
        .arg(&script)
        .arg(env!("CARGO_BIN_EXE_openclaw"))
        .arg(folder)
        .env_clear()
        // The same on a machine and in a container.
        .env("OPENCLAW_IN_CONTAINER", "0")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("unshare starts");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && out.ends_with(end),
        "{} failed\n--- stdout\n{out}\n--- stderr\n{err}",
        script.display()
    );
}
