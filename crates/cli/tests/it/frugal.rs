//! What costs nothing: help, version and completion look at nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use crate::place::{Place, Ran};

/// What may be asked for without a look at anything.
const STATIC: [&[&str]; 12] = [
    &["--help"],
    &["-h"],
    &["--version"],
    &["-V"],
    &["help"],
    &["completion", "--shell", "bash"],
    &["completion", "--shell", "zsh"],
    &["gateway", "--help"],
    &["gateway", "status", "--help"],
    &["config", "--help"],
    &["onboard", "--help"],
    &["--profile", "rescue", "nodes", "--help"],
];

/// Everything below a folder.
fn tree(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(tree(&path));
        }
        found.insert(path);
    }
    found
}

#[test]
fn u20_help_version_and_completion_look_at_nothing() {
    // A gateway to be asked, if anything asks.
    let gateway = TcpListener::bind("127.0.0.1:0").unwrap();
    gateway.set_nonblocking(true).unwrap();
    let port = gateway.local_addr().unwrap().port();
    let mut place = Place::new();
    // A config that would be complained about, a state directory that would be made, a tailnet that would be looked for.
    place.write("broken.json", "{ gateway: { port: ");
    let config = place.path("broken.json").display().to_string();
    let state = place.path("never").display().to_string();
    let bin = place.path("bin");
    fs::create_dir(&bin).unwrap();
    let called = place.path("called");
    for program in ["tailscale", "systemctl", "loginctl", "ssh", "launchctl"] {
        crate::sshd::script(
            &bin.join(program),
            &format!("echo {program} >> {}", called.display()),
        );
    }
    let url = format!("ws://127.0.0.1:{port}");
    for (name, value) in [
        ("OPENCLAW_CONFIG_PATH", config.as_str()),
        ("OPENCLAW_STATE_DIR", &state),
        ("OPENCLAW_GATEWAY_URL", &url),
        ("OPENCLAW_GATEWAY_PORT", &port.to_string()),
        ("PATH", bin.to_str().unwrap()),
    ] {
        place.set_env(name, value);
    }
    let before = tree(&place.path(""));
    let bare = |line: &[&str]| -> Ran {
        // Neither a home nor anything else to look at.
        let output = place
            .command(line)
            .env_clear()
            .env("HOME", "/nonexistent/home")
            .output()
            .unwrap();
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    };
    for line in STATIC {
        let ran = place.run(line).ok();
        assert!(!ran.out.is_empty(), "{line:?}");
        assert_eq!(ran.err, "", "{line:?}");
        assert_eq!(tree(&place.path("")), before, "{line:?}");
        let elsewhere = bare(line).ok();
        assert_eq!(
            (elsewhere.out, elsewhere.err),
            (ran.out, ran.err),
            "{line:?}"
        );
    }
    assert!(!called.exists());
    assert_eq!(gateway.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}
