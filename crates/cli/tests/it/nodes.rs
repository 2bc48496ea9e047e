//! Commanding nodes.

use serde_json::{Value, json};

use crate::place::{Gateway, Place, Running};

/// A gateway with this machine as its node, which may run everything.
fn running() -> (Place, Gateway, Running) {
    let place = Place::with_gateway(&json!({}));
    place.allow_all_programs();
    let gateway = place.gateway(&[]);
    let node = place.node(&gateway);
    (place, gateway, node)
}

#[test]
fn a_program_runs_with_its_output_and_exit_code() {
    let (place, _gateway, _node) = running();
    let ran = place
        .run(&[
            "nodes",
            "run",
            "--node",
            "box",
            "--",
            "sh",
            "-c",
            "echo out; echo err >&2",
        ])
        .ok();
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("out\n", "err\n"));
    let ran = place
        .run(&["nodes", "run", "--node", "box", "--", "sh", "-c", "exit 42"])
        .fails(42);
    assert_eq!(ran.err, "run exit 42\n");
    let ran = place
        .run(&[
            "nodes",
            "run",
            "--node",
            "box",
            "--raw",
            "echo $((40 + 2)) | cat",
        ])
        .ok();
    assert_eq!(ran.out, "42\n");
    let ran = place
        .run(&[
            "nodes",
            "run",
            "--node",
            "box",
            "--env",
            "WHO=me",
            "--cwd",
            "/",
            "--raw",
            "echo $WHO $PWD",
        ])
        .ok();
    assert_eq!(ran.out, "me /\n");
    let ran = place
        .run(&[
            "nodes", "run", "--node", "box", "--json", "--", "echo", "hi",
        ])
        .ok();
    assert_eq!(ran.json()["payload"]["stdout"], "hi\n");
}

#[test]
fn a_program_that_cannot_be_started_ends_with_127() {
    let (place, _gateway, _node) = running();
    let ran = place
        .run(&["nodes", "run", "--node", "box", "--", "/no/such/program"])
        .fails(127);
    assert!(!ran.err.trim().is_empty(), "{ran:?}");
}

#[test]
fn u26_one_limit_holds_from_end_to_end() {
    let (place, _gateway, _node) = running();
    let ran = place
        .run(&[
            "nodes",
            "run",
            "--node",
            "box",
            "--command-timeout",
            "200",
            "--",
            "sleep",
            "30",
        ])
        .fails(1);
    assert!(ran.err.starts_with("run timed out\n"), "{ran:?}");
    // A limit of the call that is shorter than the program's gives way to it.
    let ran = place.run(&[
        "nodes",
        "run",
        "--node",
        "box",
        "--invoke-timeout",
        "10",
        "--timeout",
        "1000",
        "--command-timeout",
        "20000",
        "--",
        "sh",
        "-c",
        "sleep 1.2; echo done",
    ]);
    assert_eq!(ran.ok().out, "done\n");
}

#[test]
fn usage_is_checked_before_anything_runs() {
    let (place, _gateway, _node) = running();
    for (line, text) in [
        (
            &["nodes", "run", "true"][..],
            "node required (set --node or tools.exec.node)",
        ),
        (&["nodes", "run", "--node", "box"], "command required"),
        (
            &["nodes", "run", "--node", "box", "--raw", "x", "y"],
            "use --raw or argv, not both",
        ),
        (
            &["nodes", "run", "--node", "box", "--ask", "x", "y"],
            "invalid --ask (use off|on-miss|always)",
        ),
        (
            &["nodes", "run", "--node", "box", "--security", "x", "y"],
            "invalid --security (use deny|allowlist|full)",
        ),
        (
            &["nodes", "run", "--node", "box", "--security", "deny", "y"],
            "exec denied: host=node security=deny",
        ),
    ] {
        let ran = place.run(line).fails(1);
        assert!(
            ran.err
                .starts_with(&format!("nodes run failed: Error: {text}\n")),
            "{line:?} {ran:?}"
        );
    }
    let ran = place.run(&["nodes", "notify", "--node", "box"]).fails(1);
    assert_eq!(
        ran.err,
        "nodes notify failed: Error: missing --title or --body\n"
    );
    let ran = place
        .run(&[
            "nodes",
            "invoke",
            "--node",
            "box",
            "--command",
            "camera.list",
        ])
        .fails(1);
    assert!(
        ran.err
            .starts_with("nodes invoke failed: Error: node command not allowed\n"),
        "{ran:?}"
    );
}

#[test]
fn u27_a_run_waits_for_its_approval() {
    let place = Place::with_gateway(&json!({}));
    let gateway = place.gateway(&[]);
    let _node = place.node(&gateway);
    for (decision, code) in [("allow", 0), ("deny", 1)] {
        let mut run = place.start(&[
            "nodes",
            "run",
            "--node",
            "box",
            "--timeout",
            "500",
            "--",
            "uname",
        ]);
        let told = run.wait_for("waiting for approval ");
        let id = told.split(' ').nth(3).unwrap().to_owned();
        let waiting: Value = place.run(&["approvals", "pending", "--json"]).ok().json();
        assert_eq!(waiting[0]["request"]["command"], "uname");
        place.run(&["approvals", decision, &id[..8]]).ok();
        let (status, lines) = run.wait();
        assert_eq!(status.code(), Some(code), "{lines:?}");
        let text = lines.join("\n");
        assert_eq!(
            text.contains("exec denied: user denied"),
            code == 1,
            "{text}"
        );
    }
}

#[test]
fn nodes_are_described_renamed_and_removed() {
    let (place, _gateway, _node) = running();
    let ran = place.run(&["nodes", "describe", "--node", "box"]).ok();
    assert!(
        ran.out.contains("Commands\n- system.execApprovals.get\n"),
        "{ran:?}"
    );
    let ran = place.run(&[
        "nodes",
        "invoke",
        "--node",
        "BOX",
        "--command",
        "system.which",
        "--params",
        r#"{"bins":["sh"]}"#,
    ]);
    assert!(ran.ok().json()["payload"]["bins"]["sh"].is_string());
    let ran = place
        .run(&["nodes", "rename", "--node", "box", "--name", "Other Box"])
        .ok();
    assert!(
        ran.out.starts_with("node rename ok: ") && ran.out.ends_with(" -> Other Box\n"),
        "{ran:?}"
    );
    let ran = place.run(&["approvals", "get", "--node", "other box"]).ok();
    assert!(ran.out.contains("node:"), "{ran:?}");
    let ran = place
        .run(&[
            "approvals",
            "allowlist",
            "add",
            "/bin/*",
            "--node",
            "other-box",
        ])
        .ok();
    assert!(ran.out.contains("/bin/*"), "{ran:?}");
    let ran = place.run(&["nodes", "remove", "--node", "other-box"]).ok();
    assert!(ran.out.starts_with("node remove ok: "), "{ran:?}");
}

#[test]
fn u25_a_node_comes_back_by_itself() {
    let (place, gateway, mut node) = running();
    let port = gateway.port.to_string();
    gateway.running.signal("KILL");
    drop(gateway);
    node.wait_for("next try in ");
    let mut again = place.start(&["gateway", "run", "--port", &port]);
    again.wait_for("listening on");
    node.wait_for("node host connected to ");
    place
        .run(&["nodes", "run", "--node", "box", "--", "true"])
        .ok();
    assert_eq!(node.terminate().0.code(), Some(0));
}
