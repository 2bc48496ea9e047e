//! `onboard`, `configure` and `setup`: every flag, every question, again and again.

use serde_json::{Value, json};

use crate::place::{Place, mode};
use crate::service::beside_systemd;
use crate::terminal::Terminal;

const QUIET: [&str; 3] = ["onboard", "--non-interactive", "--accept-risk"];

fn onboard(place: &Place, flags: &[&str]) -> crate::place::Ran {
    place.run(&[&QUIET, flags].concat())
}

fn config(place: &Place) -> Value {
    serde_json::from_str(&place.read(".openclaw/openclaw.json")).unwrap()
}

#[test]
fn a_first_run_leaves_a_gateway_that_starts_and_answers() {
    let place = Place::new();
    place.write(
        ".openclaw/openclaw.json",
        &format!("{{ logging: {{ file: {:?} }} }}", place.log()),
    );
    let first = onboard(&place, &["--skip-health"]).ok();
    assert!(
        first.out.contains("Updated ~/.openclaw/openclaw.json\n"),
        "{first:?}"
    );
    assert!(
        first
            .out
            .contains("Token: created; show it with: openclaw config get gateway.auth.token")
    );
    assert!(
        first.out.contains("nothing is open to any network"),
        "{first:?}"
    );
    assert_eq!(mode(&place.path(".openclaw/openclaw.json")), 0o600);
    let token = place.run(&["config", "get", "gateway.auth.token"]).ok().out;
    assert_eq!(token.trim().len(), 64);
    assert!(
        !first.out.contains(token.trim()),
        "the token is not printed"
    );
    let written = place
        .run(&["config", "get", "gateway", "--json"])
        .ok()
        .json();
    assert_eq!(written["mode"], "local");

    let gateway = place.gateway(&[]);
    let port = gateway.port.to_string();
    let again = onboard(&place, &["--gateway-port", &port]).ok();
    assert!(again.out.contains("Gateway: answers at "), "{again:?}");
    let twice = onboard(&place, &["--gateway-port", &port, "--json"])
        .ok()
        .json();
    assert_eq!(twice["reached"], true, "{twice}");
    assert_eq!(twice["tokenCreated"], false, "{twice}");
    assert_eq!(
        place.run(&["config", "get", "gateway.auth.token"]).ok().out,
        token,
        "set up again, the token stays"
    );
}

#[test]
fn u11_flags_never_open_a_gateway_without_a_credential() {
    let place = Place::with_gateway(&json!({ "auth": { "mode": "none" } }));
    onboard(&place, &["--gateway-bind", "lan", "--skip-health"]).ok();
    let written = place
        .run(&["config", "get", "gateway", "--json"])
        .ok()
        .json();
    assert_eq!(written["bind"], "lan");
    assert_eq!(written["auth"]["mode"], "token");
    assert_eq!(written["auth"]["token"].as_str().unwrap().len(), 64);

    let before = place.read(".openclaw/openclaw.json");
    for (flags, text) in [
        (
            &["--tailscale", "funnel"][..],
            "Missing --gateway-password for password auth.",
        ),
        (
            &["--gateway-auth", "password"],
            "Missing --gateway-password for password auth.",
        ),
        (
            &["--gateway-bind", "lan", "--gateway-password", "letmein123"],
            "Error: the password is shorter than 12 characters; others could guess it",
        ),
        (
            &["--mode", "foo"],
            "Invalid --mode \"foo\" (use local|remote).",
        ),
        (
            &["--mode", "remote"],
            "Missing --remote-url for remote mode.",
        ),
        (
            &["--gateway-auth", "foo"],
            "Invalid --gateway-auth (use token|password).",
        ),
        (&["--gateway-port", "abc"], "Invalid --gateway-port"),
        (&["--gateway-token", ""], "Error: the token is empty"),
    ] {
        let refused = onboard(&place, flags).fails(1);
        assert!(refused.err.starts_with(text), "{flags:?}: {refused:?}");
        assert_eq!(refused.out, "", "{flags:?}");
        assert_eq!(place.read(".openclaw/openclaw.json"), before, "{flags:?}");
    }
    let unwilling = place.run(&["onboard", "--non-interactive"]).fails(1);
    assert!(
        unwilling
            .err
            .starts_with("Non-interactive onboarding requires explicit risk acknowledgement.\n"),
        "{unwilling:?}"
    );
    assert!(
        unwilling
            .err
            .contains("Re-run with: openclaw onboard --non-interactive --accept-risk")
    );
}

#[test]
fn tailscale_takes_the_bind_back_to_loopback() {
    let place = Place::with_gateway(&json!({ "bind": "lan", "auth": { "token": "t" } }));
    onboard(
        &place,
        &[
            "--tailscale",
            "serve",
            "--tailscale-reset-on-exit",
            "--skip-health",
        ],
    )
    .ok();
    let gateway = config(&place)["gateway"].clone();
    assert_eq!(gateway["bind"], "loopback");
    assert_eq!(
        gateway["tailscale"],
        json!({ "mode": "serve", "resetOnExit": true })
    );
    assert_eq!(gateway["auth"]["token"], "t");
}

#[test]
fn remote_mode_is_written_and_the_gateway_is_asked() {
    let there = Place::with_gateway(&json!({ "auth": { "token": "shared-token-of-the-gateway" } }));
    let gateway = there.gateway(&[]);
    let here = Place::new();
    let told = onboard(
        &here,
        &[
            "--mode",
            "remote",
            "--remote-url",
            &gateway.url(),
            "--remote-token",
            "shared-token-of-the-gateway",
            "--json",
        ],
    )
    .ok()
    .json();
    assert_eq!(told["mode"], "remote");
    assert_eq!(told["remoteUrl"], gateway.url());
    assert_eq!(told["auth"], "token");
    assert_eq!(told["reached"], true, "{told}");
    here.run(&["health"]).ok();

    let elsewhere = Place::new();
    let wrong = onboard(
        &elsewhere,
        &[
            "--mode",
            "remote",
            "--remote-url",
            &gateway.url(),
            "--remote-token",
            "wrong",
        ],
    )
    .ok();
    assert!(
        wrong.out.contains("Gateway: not connected yet"),
        "{wrong:?}"
    );
    assert!(
        wrong.err.contains("token"),
        "what is wrong is said: {wrong:?}"
    );
    assert!(!wrong.out.contains("shared-token") && !wrong.err.contains("wrong\n"));
}

#[test]
fn a_config_that_cannot_be_read_is_kept_and_can_be_started_anew() {
    let place = Place::new();
    place.write(".openclaw/openclaw.json", "{ gateway: { port: ");
    let refused = onboard(&place, &["--skip-health"]).fails(1);
    assert!(
        refused.err.contains(
            "Config invalid. Run `openclaw doctor` to repair it, then re-run onboarding."
        ),
        "{refused:?}"
    );
    assert_eq!(place.read(".openclaw/openclaw.json"), "{ gateway: { port: ");
    onboard(
        &place,
        &["--reset", "--skip-health", "--gateway-port", "4001"],
    )
    .ok();
    assert_eq!(config(&place)["gateway"]["port"], 4001);
    assert_eq!(
        place.read(".openclaw/openclaw.json.bak"),
        "{ gateway: { port: "
    );
}

#[test]
fn setup_writes_once_and_a_gateway_starts_after_it() {
    let place = Place::new();
    let first = place.run(&["setup"]).ok();
    assert!(
        first.out.starts_with("Wrote ~/.openclaw/openclaw.json\n"),
        "{first:?}"
    );
    let again = place.run(&["setup"]).ok();
    assert!(!again.out.contains("Wrote"), "{again:?}");
    assert_eq!(config(&place)["gateway"]["mode"], "local");
    let remote = place
        .run(&[
            "setup",
            "--non-interactive",
            "--accept-risk",
            "--mode",
            "remote",
            "--remote-url",
            "ws://127.0.0.1:1",
            "--skip-health",
        ])
        .ok();
    assert!(
        remote.out.contains("Remote gateway: ws://127.0.0.1:1"),
        "{remote:?}"
    );
    let kept = place.run(&["setup"]).ok();
    assert!(kept.out.starts_with("Config OK: "), "{kept:?}");
    assert_eq!(config(&place)["gateway"]["mode"], "remote");
}

#[test]
fn answers_that_would_not_work_or_not_be_safe_are_said_at_once() {
    let place = Place::new();
    for (flags, text) in [
        (
            &["--gateway-bind", "bogus"][..],
            "Invalid --gateway-bind: bogus (use loopback|lan|tailnet|auto, or an address",
        ),
        (
            &["--mode", "remote", "--remote-url", "ws://8.8.8.8:18789"],
            "would send the token there in the open",
        ),
        (
            &["--tailscale", "funnel", "--gateway-auth", "token"],
            "or choose --tailscale serve",
        ),
    ] {
        let ran = onboard(&place, flags).fails(1);
        assert!(ran.err.contains(text), "{ran:?}");
        assert!(!place.path(".openclaw/openclaw.json").exists(), "{flags:?}");
    }
    let weak = |token| {
        let flags = ["--gateway-bind", "lan", "--gateway-token", token];
        onboard(&place, &[&flags[..], &["--skip-health"]].concat())
    };
    let refused = weak("abc").fails(1);
    assert!(
        refused.err.contains("shorter than 6 characters"),
        "{refused:?}"
    );
    let ran = weak("abc123").ok();
    assert!(ran.err.contains("others could guess it"), "{ran:?}");
}

#[test]
fn configure_names_its_sections_and_needs_a_terminal() {
    let place = Place::new();
    let wrong = place.run(&["configure", "--section", "foo"]).fails(1);
    assert_eq!(
        wrong.err,
        "Invalid --section: foo. Expected one of: workspace, model, web, gateway, daemon, channels, skills, health.\n"
    );
    let foreign = place.run(&["configure", "--section", "model"]).ok();
    assert!(
        foreign.err.starts_with("Section not supported here: model"),
        "{foreign:?}"
    );
    for line in [&["configure"][..], &["config"], &["onboard"]] {
        let deaf = place.run(line).fails(1);
        assert!(deaf.err.contains("needs a terminal"), "{deaf:?}");
        assert!(deaf.err.contains("--non-interactive"), "{deaf:?}");
    }
    assert!(!place.path(".openclaw/openclaw.json").exists());
}

#[test]
fn u11_questions_are_answered_at_a_terminal() {
    let place = beside_systemd(Place::new());
    let mut terminal = Terminal::start(place.command(&["onboard"]));
    terminal.answer("Go on?", "y");
    terminal.answer("Where will the Gateway run?", "\r");
    terminal.answer("How do your other machines reach this gateway?", "\r");
    terminal.answer("Run the gateway as a service", "n");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(seen.contains("nothing is open to any network"), "{seen}");
    assert!(seen.contains("Next: openclaw status"), "{seen}");
    let gateway = config(&place)["gateway"].clone();
    assert_eq!(gateway["bind"], "loopback");
    let token = gateway["auth"]["token"].as_str().unwrap().to_owned();
    assert!(!seen.contains(&token));

    // As guides say: Gateway, Auth, Token, Generate.
    let mut terminal = Terminal::start(place.command(&["configure"]));
    terminal.answer("Where will the Gateway run?", "\r");
    terminal.answer("What to change?", "\r");
    terminal.answer("What to set?", "\r");
    terminal.answer("Gateway auth", "\r");
    terminal.answer("Gateway token", "\u{1b}[B\r");
    // With something set, Done is what Enter takes.
    terminal.answer("What to set?", "\r");
    terminal.answer("What to change?", "\r");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    let renewed = config(&place)["gateway"]["auth"]["token"].clone();
    assert_ne!(renewed, json!(token), "{seen}");
    assert_eq!(renewed.as_str().unwrap().len(), 64);
}

#[test]
fn ctrl_c_ends_a_set_up_with_nothing_written() {
    let place = Place::new();
    let mut terminal = Terminal::start(place.command(&["onboard", "--accept-risk"]));
    terminal.answer("Where will the Gateway run?", "\u{3}");
    let (code, seen) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(seen.contains("Setup cancelled."), "{seen}");
    assert!(!place.path(".openclaw/openclaw.json").exists());
}
