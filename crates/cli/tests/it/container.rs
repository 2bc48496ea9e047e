//! A gateway as the service of a container. That it starts in an empty root, on all interfaces, is shown by the tour, in a network of
//! its own; here it listens on loopback.

use crate::place::{Place, free_port};

fn inside() -> Place {
    Place::new()
        .with_env("OPENCLAW_IN_CONTAINER", "1")
        .with_env("OPENCLAW_GATEWAY_PORT", &free_port().to_string())
}

const SHOWN: &str = "Token (shown this once): ";

#[test]
fn u18_the_first_start_shows_a_token_that_is_kept_and_later_ones_show_nothing() {
    let place = inside().with_env("OPENCLAW_GATEWAY_BIND", "loopback");
    let down = place.run(&["health", "--exit-code"]).fails(1);
    assert!(
        down.err.contains("no answer from ws://127.0.0.1:"),
        "{down:?}"
    );

    let mut gateway = place.start(&["gateway", "run"]);
    let line = gateway.wait_for(SHOWN);
    gateway.wait_for("listening on ws://");
    let token = place.run(&["config", "get", "gateway.auth.token"]).ok().out;
    assert_eq!(line.trim_start_matches(SHOWN), token.trim_end());
    let ready = place.run(&["health", "--exit-code"]).ok();
    assert_eq!(ready.out, "ready\n");
    let told = place.run(&["health", "--exit-code", "--json"]).ok().json();
    assert_eq!(told, serde_json::json!({ "ready": true, "failing": [] }));
    gateway.signal("TERM");
    assert_eq!(gateway.wait().0.code(), Some(0));

    let mut again = place.start(&["gateway", "run"]);
    again.wait_for("listening on ws://");
    again.signal("TERM");
    let (status, lines) = again.wait();
    assert_eq!(status.code(), Some(0));
    assert!(!lines.join("\n").contains(token.trim_end()), "{lines:?}");
}

#[test]
fn u18_status_says_why_it_listens_on_all_interfaces_and_what_beats_that() {
    let mut place = inside();
    let status = place.run(&["gateway", "status", "--no-probe"]).ok();
    assert!(
        status.out.contains("bind=lan (default in a container"),
        "{status:?}"
    );
    place.set_env("OPENCLAW_GATEWAY_BIND", "loopback");
    let status = place.run(&["gateway", "status", "--no-probe"]).ok();
    assert!(
        status
            .out
            .contains("bind=loopback (env OPENCLAW_GATEWAY_BIND)"),
        "{status:?}"
    );
    // Asked for in so many words, it is refused as everywhere.
    let refused = place
        .run(&["gateway", "run", "--bind", "lan", "--auth", "none"])
        .fails(78);
    assert!(
        refused.err.contains("refusing to bind to lan without auth"),
        "{refused:?}"
    );
}

#[test]
fn u18_a_token_comes_from_a_mounted_file_or_nothing_starts() {
    let mut place = inside();
    place.set_env("OPENCLAW_GATEWAY_BIND", "loopback");
    let secret = place.path("secret");
    place.set_env("OPENCLAW_GATEWAY_TOKEN_FILE", &secret.display().to_string());
    // It may be mounted yet, so a supervisor tries again.
    let refused = place.run(&["gateway", "run"]).fails(1);
    assert!(
        refused.err.contains("OPENCLAW_GATEWAY_TOKEN_FILE=")
            && refused.err.contains("cannot be read"),
        "{refused:?}"
    );
    place.write("secret", "a-token-from-a-file-0123456789abcdef\n");
    let mut gateway = place.start(&["gateway", "run"]);
    gateway.wait_for("listening on ws://");
    // The command line of another container has nothing but this file and the address.
    let port = place
        .run(&["gateway", "status", "--json", "--no-probe"])
        .ok()
        .json()["gateway"]["port"]
        .to_string();
    let mut beside = Place::new();
    beside.set_env("OPENCLAW_GATEWAY_URL", &format!("ws://127.0.0.1:{port}"));
    beside.set_env("OPENCLAW_GATEWAY_TOKEN_FILE", &secret.display().to_string());
    beside.run(&["health"]).ok();
    assert_eq!(beside.run(&["health", "--exit-code"]).ok().out, "ready\n");
    gateway.signal("TERM");
    let (status, lines) = gateway.wait();
    assert_eq!(status.code(), Some(0));
    assert!(
        !lines.join("\n").contains("a-token-from-a-file"),
        "{lines:?}"
    );
}

#[test]
fn u18_a_damaged_config_does_not_open_the_gateway() {
    let place = inside();
    let damaged = r#"{"gateway":{"bind":"loopback","auth":{"mode":"none""#;
    place.write(".openclaw/openclaw.json", damaged);
    let mut gateway = place.start(&["gateway", "run"]);
    gateway.wait_for("The gateway serves this machine only");
    gateway.wait_for("listening on ws://");
    gateway.signal("TERM");
    let (status, lines) = gateway.wait();
    assert_eq!(status.code(), Some(0));
    let lines = lines.join("\n");
    assert!(lines.contains("listening on ws://127.0.0.1:"), "{lines}");
    for open in ["://0.0.0.0:", "://[::]:"] {
        assert!(!lines.contains(open), "{lines}");
    }
}

#[test]
fn u18_before_its_first_start_nothing_is_called_unsafe() {
    let place = inside();
    let status = place.run(&["status"]).ok();
    let first = status.out.lines().next().unwrap();
    assert!(
        first.contains("down · ") && first.contains(" · safe"),
        "{first}"
    );
    let audit = place.run(&["security", "audit", "--json"]).json();
    let ids: Vec<_> = audit["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["checkId"].as_str())
        .collect();
    assert!(ids.contains(&"gateway.token_to_come"), "{ids:?}");
    assert!(!ids.contains(&"gateway.bind_no_auth"), "{ids:?}");
}
