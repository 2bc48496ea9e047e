//! Streams, exit codes, help, versions.

use std::io::Read;
use std::process::Stdio;

use crate::place::Place;

#[test]
fn the_version_is_printed_from_anywhere_on_the_line() {
    let place = Place::new();
    for line in [
        &["--version"][..],
        &["-V"],
        &["-v"],
        &["gateway", "-V"],
        &["--profile", "", "nodes", "--version"],
    ] {
        let ran = place.run(line).ok();
        assert_eq!(ran.out.trim_end(), env!("CARGO_PKG_VERSION"), "{line:?}");
        assert_eq!(ran.err, "", "{line:?}");
    }
}

#[test]
fn help_goes_to_stdout_and_an_incomplete_line_to_stderr() {
    let place = Place::new();
    for line in [
        &["--help"][..],
        &["help", "nodes"],
        &["gateway", "--help"],
        &["nodes", "run", "-h"],
    ] {
        let ran = place.run(line).ok();
        assert!(ran.out.contains("Usage:"), "{line:?} {ran:?}");
        assert_eq!(ran.err, "", "{line:?}");
    }
    for line in [&[][..], &["nodes"], &["system", "heartbeat"]] {
        let ran = place.run(line).fails(1);
        assert_eq!(ran.out, "", "{line:?}");
        assert!(ran.err.contains("Usage:"), "{line:?} {ran:?}");
    }
}

#[test]
fn wrong_lines_are_refused_in_one_line() {
    let place = Place::new();
    for (line, text) in [
        (&["foo"][..], "error: unknown command 'foo'\n"),
        (&["gateway", "xyzzy"], "error: unknown command 'xyzzy'\n"),
        (&["status", "--nope"], "error: unknown option '--nope'\n"),
        (
            &["devices", "lst"],
            "error: unknown command 'lst'\n(Did you mean list?)\n",
        ),
        (
            &["health", "--timeout", "abc"],
            "invalid --timeout: abc\nUse a whole number of milliseconds, at least 1.\n",
        ),
        (
            &["logs", "--limit", "x"],
            "invalid --limit: x\nUse a whole number from 1 to 5000.\n",
        ),
        (
            &["logs", "--level", "bogus"],
            "invalid --level: bogus\nUse trace, debug, info, warn, error or fatal.\n",
        ),
        (
            &["config", "rollback", "--to", "x"],
            "invalid --to: x\nUse the number of a backup; openclaw config rollback --list shows them.\n",
        ),
    ] {
        let ran = place.run(line).fails(1);
        assert_eq!(ran.out, "", "{line:?}");
        assert!(ran.err.starts_with(text), "{line:?} {ran:?}");
    }
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let place = Place::new();
    let mut child = place
        .command(&["completion", "--shell", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    let status = child.wait().unwrap();
    assert_eq!((status.code(), err.as_str()), (Some(0), ""));
}

#[test]
fn completion_is_printed_and_installed_once() {
    let place = Place::new();
    for shell in ["zsh", "bash", "fish", "powershell"] {
        let ran = place.run(&["completion", "-s", shell]).ok();
        assert!(ran.out.contains("openclaw"), "{shell}");
    }
    place.write(".bashrc", "alias ll='ls -l'");
    place
        .run(&["completion", "--shell", "bash", "--install"])
        .ok();
    let again = place
        .run(&["completion", "--shell", "bash", "--install"])
        .ok();
    assert!(
        again.out.starts_with("Completion already installed in "),
        "{again:?}"
    );
    assert_eq!(
        place.read(".bashrc"),
        "alias ll='ls -l'\n\n# OpenClaw Completion\nsource <(openclaw completion --shell bash)\n"
    );
}

#[test]
fn a_gateway_that_is_down_is_explained_with_what_to_do() {
    let place = Place::new();
    let config = place.path(".openclaw/openclaw.json");
    let block = format!(
        "gateway closed (1006 abnormal closure (no close frame)): no close reason\n\
         Gateway target: ws://127.0.0.1:1\n\
         Source: local loopback\n\
         Config: {}\n\
         Bind: loopback\n",
        config.display()
    );
    let place = place.with_env("OPENCLAW_GATEWAY_PORT", "1");
    for (line, prefix) in [
        (&["health"][..], "Error: "),
        (&["gateway", "health"], "Error: "),
        (&["devices", "list"], "Error: "),
        (&["system", "presence"], "Error: "),
        (
            &["gateway", "call", "health"],
            "Gateway call failed: Error: ",
        ),
        (&["nodes", "status"], "nodes status failed: Error: "),
        (
            &["nodes", "camera", "list", "--node", "x"],
            "nodes camera list failed: Error: ",
        ),
        (
            &["logs"],
            "Gateway not reachable. Is it running and accessible?\n",
        ),
    ] {
        let ran = place.run(line).fails(1);
        assert_eq!(ran.out, "", "{line:?}");
        assert!(
            ran.err.starts_with(&format!("{prefix}{block}")),
            "{line:?} {}",
            ran.err
        );
        assert!(
            ran.err
                .contains("Fix: start the gateway with: openclaw up\n"),
            "{line:?} {}",
            ran.err
        );
    }
    let ran = place.run(&["status"]).ok();
    assert!(ran.out.contains("RPC probe: failed"), "{ran:?}");
    let ran = place.run(&["gateway", "status"]).ok();
    assert!(ran.out.contains("Runtime: stopped\n"), "{ran:?}");
    assert!(ran.out.contains("RPC probe: failed\n"), "{ran:?}");
    let ran = place.run(&["status", "--json"]).ok();
    assert_eq!(ran.json()["gateway"]["reachable"], false);
    place.run(&["status", "--deep"]).fails(1);
    place.run(&["gateway", "probe"]).fails(1);
}
