//! Commands that ask a running gateway one thing.

use serde_json::json;

use crate::place::Place;

#[test]
fn json_is_pure_everywhere() {
    let place = Place::with_gateway(&json!({ "bogus": 1 }));
    let _gateway = place.gateway(&[]);
    for line in [
        &["status"][..],
        &["status", "--deep"],
        &["health"],
        &["gateway", "status"],
        &["gateway", "probe"],
        &["gateway", "health"],
        &["gateway", "call", "node.list"],
        &["devices", "list"],
        &["pairing", "list"],
        &["nodes", "status"],
        &["nodes", "list"],
        &["nodes", "pending"],
        &["node", "identity"],
        &["approvals", "get"],
        &["approvals", "get", "--gateway"],
        &["approvals", "pending"],
        &["config", "get", "gateway"],
        &["config", "file"],
        &["config", "validate"],
        &["dashboard", "--no-open"],
        &["system", "presence"],
        &["system", "heartbeat", "last"],
        &["audit", "list"],
        &["audit", "verify"],
    ] {
        place.run(&[line, &["--json"]].concat()).ok().json();
    }
}

#[test]
fn answers_and_failures_of_single_calls() {
    let place = Place::with_gateway(&json!({}));
    let _gateway = place.gateway(&[]);
    let ran = place.run(&["gateway", "call", "last-heartbeat"]).ok();
    assert_eq!(ran.out, "Gateway call: last-heartbeat\nnull\n");
    let ran = place.run(&["gateway", "call", "nope.method"]).fails(1);
    assert!(
        ran.err
            .starts_with("Gateway call failed: Error: unknown method: nope.method\n"),
        "{ran:?}"
    );
    let ran = place
        .run(&["gateway", "call", "health", "--params", "{"])
        .fails(1);
    assert!(
        ran.err.starts_with("Gateway call failed: SyntaxError: "),
        "{ran:?}"
    );
    assert_eq!(
        place.run(&["system", "event", "--text", "hi"]).ok().out,
        "ok\n"
    );
    let ran = place
        .run(&["system", "event", "--text", "hi", "--mode", "never"])
        .fails(1);
    assert_eq!(ran.err, "Error: --mode must be now or next-heartbeat\n");
    let ran = place.run(&["devices", "approve", "ABCD2345"]).fails(1);
    assert!(ran.err.starts_with("Error: unknown requestId\n"), "{ran:?}");
    let ran = place.run(&["pairing", "approve", "ABCD2345"]).fails(1);
    assert!(
        ran.err
            .starts_with("Error: No pending pairing request found for code: ABCD2345\n"),
        "{ran:?}"
    );
    for verb in ["approve", "reject"] {
        let ran = place.run(&["nodes", verb, "ABCD2345"]).fails(1);
        let text = format!("nodes {verb} failed: Error: unknown requestId\n");
        assert!(ran.err.starts_with(&text), "{ran:?}");
    }
    let ran = place.run(&["devices", "list"]).ok();
    assert_eq!(ran.out, "No device pairing entries.\n");
    let ran = place.run(&["nodes", "status"]).ok();
    assert_eq!(ran.out, "Known: 0 · Paired: 0 · Connected: 0\n");
    let ran = place
        .run(&["nodes", "status", "--last-connected", "x"])
        .fails(1);
    assert_eq!(ran.err, "Invalid --last-connected: invalid duration: x\n");
    let ran = place.run(&["nodes", "describe", "--node", "nope"]).fails(1);
    assert!(
        ran.err
            .starts_with("nodes describe failed: Error: unknown node: nope"),
        "{ran:?}"
    );
    let ran = place.run(&["audit", "verify"]).ok();
    assert!(ran.out.starts_with("Audit log intact: "), "{ran:?}");
}

#[test]
fn approvals_are_shown_and_changed() {
    let place = Place::with_gateway(&json!({}));
    let ran = place.run(&["approvals", "get"]).ok();
    assert!(
        ran.out
            .starts_with("Showing local approvals.\n\nApprovals\n"),
        "{ran:?}"
    );
    assert!(ran.out.ends_with("No allowlist entries.\n"), "{ran:?}");
    place
        .run(&["approvals", "allowlist", "add", "/usr/bin/uname"])
        .ok();
    let again = place
        .run(&["approvals", "allowlist", "add", "/usr/bin/uname"])
        .ok();
    assert_eq!(again.out, "Already allowlisted.\n");
    let ran = place.run(&["approvals", "get", "--json"]).ok();
    assert_eq!(ran.out.lines().count(), 1);
    assert_eq!(
        ran.json()["file"]["agents"]["*"]["allowlist"][0]["pattern"],
        "/usr/bin/uname"
    );
    place
        .run(&["approvals", "allowlist", "remove", "/usr/bin/uname"])
        .ok();
    let ran = place
        .run(&["approvals", "allowlist", "remove", "/usr/bin/uname"])
        .ok();
    assert_eq!(ran.out, "Pattern not found.\n");
    for (line, text) in [
        (&["approvals", "set"][..], "Provide --file or --stdin.\n"),
        (
            &["approvals", "set", "--stdin", "--file", "x"],
            "Use either --file or --stdin (not both).\n",
        ),
    ] {
        assert_eq!(place.run(line).fails(1).err, text);
    }
    place.write(
        "rules.json5",
        "{ version: 1, defaults: { security: 'full', ask: 'off' } }",
    );
    let ran = place
        .run(&["approvals", "set", "--file", "rules.json5"])
        .ok();
    assert!(ran.out.starts_with("Target: local\n"), "{ran:?}");
    assert!(ran.out.contains("security=full, ask=off"), "{ran:?}");
}

#[test]
fn the_dashboard_link_keeps_its_token_out_of_pipes() {
    let place = Place::with_gateway(&json!({ "auth": { "token": "secret-token-1234" } }));
    let ran = place.run(&["dashboard", "--no-open"]).fails(1);
    assert!(ran.err.starts_with("Gateway is not running.\n"), "{ran:?}");
    let gateway = place.gateway(&[]);
    let ran = place.run(&["dashboard", "--no-open"]).ok();
    assert!(
        ran.out.contains(&format!(
            "Dashboard URL: http://127.0.0.1:{}/\n",
            gateway.port
        )),
        "{ran:?}"
    );
    assert!(
        ran.out.contains("Browser launch disabled (--no-open)."),
        "{ran:?}"
    );
    assert!(!ran.out.contains("secret-token-1234"), "{ran:?}");
    let link = place.run(&["dashboard", "--no-open", "--json"]).ok().json();
    assert_eq!(
        link["url"],
        format!("http://127.0.0.1:{}/#token=secret-token-1234", gateway.port)
    );
    assert_eq!(link["tokenIncluded"], true);
}
