//! The main job with two machines: a gateway in one network namespace, a second machine with its own home in another,
//! and the only way between them a non-local address. Needs Linux with unprivileged user namespaces (or root).

use std::path::Path;
use std::process::Command;

/// Runs the tour; its steps are in `tour.sh`, where a reader can follow them as they would type them.
#[test]
fn a_second_machine_pairs_by_code_runs_a_command_and_survives_a_killed_gateway() {
    let binary = env!("CARGO_BIN_EXE_openclaw");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tour/tour.sh");
    let homes = tempfile::Builder::new()
        .prefix("oc-tour-")
        .tempdir()
        .expect("a temporary folder");
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
        .arg(binary)
        .arg(homes.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .output()
        .expect("unshare starts");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "tour failed\n--- stdout\n{out}\n--- stderr\n{err}"
    );
    assert!(
        out.ends_with("tour complete\n"),
        "--- stdout\n{out}\n--- stderr\n{err}"
    );
}
