//! Codes and links that let others in, from `qr` to a command on the machine that came in.

use serde_json::{Value, json};

use crate::place::{Gateway, Place, mode};

const TOKEN: &str = "shared-token-0123456789";

fn gateway() -> (Place, Gateway) {
    let place = Place::with_gateway(&json!({ "auth": { "token": TOKEN } }));
    let gateway = place.gateway(&[]);
    (place, gateway)
}

fn join_link(place: &Place, flags: &[&str]) -> Value {
    let line = [&["devices", "join-code", "--force", "--json"], flags].concat();
    place.run(&line).ok().json()
}

#[test]
fn u24_a_code_that_nobody_could_use_is_refused_with_the_fix() {
    let (place, _gateway) = gateway();
    let ran = place.run(&["qr"]).fails(1);
    assert!(
        ran.err
            .contains("Gateway is only bound to loopback. Set gateway.bind=lan"),
        "{ran:?}"
    );
    assert!(
        ran.err
            .contains("Fix: openclaw config set gateway.bind lan"),
        "{ran:?}"
    );
    assert_eq!(ran.out, "");
    let ran = place
        .run(&["qr", "--public-url", "wss://nowhere.invalid"])
        .fails(1);
    assert!(ran.err.contains("cannot be resolved"), "{ran:?}");
}

#[test]
fn u24_qr_draws_a_code_tells_what_it_is_and_checks_it() {
    let (place, _gateway) = gateway();
    let png = place.path("code.png");
    let svg = place.path("code.svg");
    let files = [png.to_str().unwrap(), svg.to_str().unwrap()];
    let ran = place
        .run(&[
            "qr", "--node", "--force", "--check", "--png", files[0], "--svg", files[1],
        ])
        .ok();
    assert!(ran.out.contains('▄') && ran.out.contains('█'), "{ran:?}");
    assert!(
        ran.out.contains("For: a machine that serves commands"),
        "{ran:?}"
    );
    assert!(ran.out.contains("ok  ws://127.0.0.1:"), "{ran:?}");
    assert!(
        std::fs::read(&png)
            .unwrap()
            .starts_with(b"\x89PNG\r\n\x1a\n")
    );
    assert!(std::fs::read_to_string(&svg).unwrap().starts_with("<svg "));
    assert_eq!((mode(&png), mode(&svg)), (0o600, 0o600));

    let made = place
        .run(&["qr", "--limited", "--force", "--json"])
        .ok()
        .json();
    assert_eq!(
        (&made["access"], &made["auth"]),
        (&json!("limited"), &json!("token"))
    );
    let code = made["setupCode"].as_str().unwrap();
    let checked = place.run(&["qr", "--check", code, "--json"]).ok().json();
    assert_eq!(
        (&checked["ok"], &checked["expired"]),
        (&json!(true), &json!(false))
    );
    let ran = place.run(&["qr", "--check", "not-a-code"]).fails(1);
    assert!(ran.err.contains("not a setup code"), "{ran:?}");
    let only = place.run(&["qr", "--force", "--setup-code-only"]).ok().out;
    assert!(
        only.starts_with("eyJ") && only.lines().count() == 1,
        "{only}"
    );
}

#[test]
fn u24_a_join_link_pairs_another_machine_in_one_line() {
    let (place, gateway) = gateway();
    let made = join_link(&place, &["--operator"]);
    let link = made["joinUrl"].as_str().unwrap();
    assert_eq!(made["command"], format!("openclaw connect {link}"));
    let laptop = Place::new();
    let ran = laptop.run(&["connect", link]).ok();
    assert!(
        ran.out
            .contains(&format!("Paired with ws://127.0.0.1:{}", gateway.port)),
        "{ran:?}"
    );
    laptop.run(&["health"]).ok();
    laptop.run(&["devices", "list"]).ok();
    let mode = laptop.run(&["config", "get", "gateway.mode"]).ok().out;
    assert_eq!(mode.trim(), "remote");
    // The link is used up, and so is the code behind it.
    let ran = Place::new().run(&["connect", link]).fails(1);
    assert!(
        ran.err.contains("unknown, expired, or was used already"),
        "{ran:?}"
    );
    assert!(
        ran.err
            .contains("Fix: make a new one on the gateway with: openclaw devices join-code"),
        "{ran:?}"
    );
    let list = place.run(&["devices", "list", "--json"]).ok().json();
    assert_eq!(list["paired"][0]["approvedVia"], "bootstrap");
    assert_eq!(list["setups"], json!([]));
}

#[test]
fn u24_a_code_that_was_used_or_withdrawn_is_refused_with_the_fix() {
    let (place, _gateway) = gateway();
    let make = || {
        let made = place.run(&["qr", "--force", "--json"]).ok().json();
        (
            made["setupCode"].as_str().unwrap().to_owned(),
            made["setupId"].as_str().unwrap().to_owned(),
        )
    };
    let (code, _) = make();
    Place::new().run(&["connect", &code]).ok();
    let ran = Place::new()
        .run(&["connect", &format!("oc-pair://{code}")])
        .fails(1);
    assert!(
        ran.err
            .contains("setup code invalid, expired, revoked, or already used"),
        "{ran:?}"
    );
    assert!(
        ran.err
            .contains("Fix: make a new code on the gateway with: openclaw qr"),
        "{ran:?}"
    );
    let (code, id) = make();
    let table = place.run(&["devices", "list"]).ok().out;
    assert!(
        table.contains("Setup codes (1)") && table.contains(&id[..12]),
        "{table}"
    );
    let ran = place.run(&["devices", "revoke-code", &id[..8]]).ok();
    assert_eq!(ran.out, format!("Revoked {id}\n"));
    Place::new().run(&["connect", &code]).fails(1);
    assert_eq!(
        place.run(&["devices", "revoke-code", "--all"]).ok().out,
        "No setup code is waiting to be used.\n"
    );
    place.run(&["devices", "revoke-code", "ffffffff"]).fails(1);
}

#[test]
fn a_node_starts_with_a_code_and_comes_back_without() {
    let (place, _gateway) = gateway();
    let code = place
        .run(&["qr", "--node", "--force", "--json"])
        .ok()
        .json();
    let code = format!("oc-pair://{}", code["setupCode"].as_str().unwrap());
    let box_ = Place::new();
    let mut node = box_.start(&[
        "node",
        "run",
        "--pair",
        &code,
        "--display-name",
        "Build Box",
    ]);
    node.wait_for("node host connected to ws://127.0.0.1:");
    let list = place.run(&["nodes", "status", "--json"]).ok().json();
    assert_eq!(
        (
            &list["nodes"][0]["displayName"],
            &list["nodes"][0]["connected"]
        ),
        (&json!("Build Box"), &json!(true))
    );
    assert!(
        list["nodes"][0]["commands"]
            .as_array()
            .is_some_and(|commands| !commands.is_empty()),
        "{list}"
    );
    let waiting = place.run(&["pairing", "list", "--json"]).ok().json();
    assert_eq!(waiting["requests"], json!([]));
    node.terminate();
    let mut node = box_.start(&["node", "run"]);
    node.wait_for("node host connected to ws://127.0.0.1:");
    node.terminate();
    let mut node = box_.start(&["node", "run", "--pair-if-needed", &code]);
    node.wait_for("node host connected to ws://127.0.0.1:");
}

#[test]
fn u30_the_dashboard_ticket_works_once_and_is_not_the_token() {
    let (place, gateway) = gateway();
    let link = place.run(&["dashboard", "--no-open", "--json"]).ok().json();
    let browser = link["browserUrl"].as_str().unwrap();
    let start = format!("http://127.0.0.1:{}/#bootstrapToken=", gateway.port);
    assert!(browser.starts_with(&start), "{browser}");
    assert!(
        browser.contains("&bootstrapProfile=owner&gatewayUrl=ws%3A%2F%2F127.0.0.1%3A"),
        "{browser}"
    );
    assert!(!browser.contains(TOKEN));
    assert!(link["browserBootstrapExpiresAtMs"].is_i64());
}

#[test]
fn s17_codes_are_in_no_log() {
    let (place, gateway) = gateway();
    let made = place.run(&["qr", "--force", "--json"]).ok().json();
    let code = made["setupCode"].as_str().unwrap();
    Place::new().run(&["connect", code]).ok();
    let link = join_link(&place, &["--operator"]);
    let link = link["joinUrl"].as_str().unwrap();
    Place::new().run(&["connect", link]).ok();
    gateway.stop();
    let log = place.read("gateway.log");
    assert!(log.contains("paired with a setup code"), "{log}");
    assert!(
        !log.contains(code) && !log.contains(link.rsplit('/').next().unwrap()),
        "{log}"
    );
}

#[test]
fn a_machine_with_a_gateway_of_its_own_keeps_it() {
    let other = Place::with_gateway(&json!({ "auth": { "token": "the-token-0123456789" } }));
    let there = other.gateway(&[]);
    let place = Place::with_gateway(&json!({ "mode": "local" }));
    let url = there.url();
    let mode = |place: &Place| place.run(&["config", "get", "gateway.mode"]).ok().out;
    let ran = place.run(&["connect", &url]).fails(1);
    assert!(
        ran.err.contains(
            "this machine has a gateway of its own (gateway.mode is local); nothing was changed"
        ) && ran.err.contains("openclaw connect --force <target>\n"),
        "{ran:?}"
    );
    assert_eq!(mode(&place).trim(), "local");
    // One that runs is one, whatever the config says.
    let ran = other.run(&["connect", &url]).fails(1);
    assert!(ran.err.contains("it runs: pid "), "{ran:?}");
    place.run(&["connect", "--force", &url]).ok();
    assert_eq!(mode(&place).trim(), "remote");
    assert!(there.stop().success());
}

#[test]
fn a_gateway_that_does_not_answer_is_not_remembered() {
    let place = Place::new();
    let url = format!("ws://127.0.0.1:{}", crate::place::free_port());
    let ran = place.run(&["connect", &url]).fails(1);
    assert!(
        ran.err
            .contains(&format!("no gateway answers at {url}; nothing was changed")),
        "{ran:?}"
    );
    assert!(!place.path(".openclaw/openclaw.json").exists());
}
