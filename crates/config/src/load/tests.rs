use std::fs;

use serde_json::json;

use super::*;
use crate::paths::ProfileChoice;
use crate::schema::{AuthMode, BindMode, LogLevel, TailscaleMode};

struct Home {
    dir: tempfile::TempDir,
    env: Env,
    paths: Paths,
}

impl Home {
    fn new(pairs: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = [("HOME", dir.path().to_str().unwrap())];
        let env = Env::from_pairs(home.into_iter().chain(pairs.iter().copied()));
        let paths = Paths::resolve(&env, &ProfileChoice::unset()).unwrap();
        fs::create_dir_all(&paths.state_dir).unwrap();
        Self { dir, env, paths }
    }

    fn with(text: &str) -> Self {
        let home = Self::new(&[]);
        home.write(text);
        home
    }

    fn write(&self, text: &str) {
        fs::write(&self.paths.config_path, text).unwrap();
    }

    fn load(&self) -> Snapshot {
        load(&self.paths, &self.env)
    }
}

fn lines(issues: &[Issue]) -> Vec<String> {
    issues.iter().map(Issue::line).collect()
}

#[test]
fn a_missing_file_is_the_defaults() {
    let snapshot = Home::new(&[]).load();
    assert!(snapshot.valid && !snapshot.exists && snapshot.raw.is_none());
    assert_eq!(*snapshot.settings, Settings::default());
    assert_eq!(snapshot.hash, sha256_hex(b""));
    assert_eq!(snapshot.parsed, json!({}));
}

#[test]
fn every_step_runs_in_order() {
    let home = Home::new(&[("FROM_PROCESS", "p")]);
    fs::write(
        home.paths.state_dir.join(".env"),
        "FROM_FILE=f\nFROM_PROCESS=no\n",
    )
    .unwrap();
    fs::write(
        home.paths.state_dir.join("more.json5"),
        "{level: 'debug', file: '~/x.log'}",
    )
    .unwrap();
    home.write(
        "{ // JSON5
            env: {FROM_BLOCK: 'b', FROM_FILE: 'no'},
            gateway: {token: '${FROM_PROCESS}-${FROM_FILE}-${FROM_BLOCK}', port: 1.9e4, bind: '10.1.2.3', odd: 1},
            logging: {$include: './more.json5'},
        }",
    );
    let snapshot = home.load();
    assert_eq!(lines(&snapshot.issues), [""; 0]);
    assert_eq!(
        lines(&snapshot.warnings),
        [
            "gateway: Unrecognized key: \"odd\"",
            "gateway.token: gateway.token is ignored; use gateway.auth.token instead (auto-migrated on load).",
        ]
    );
    assert_eq!(snapshot.legacy_issues.len(), 1);
    let gateway = &snapshot.settings.gateway;
    assert_eq!(gateway.auth.token.as_ref().unwrap().expose(), "p-f-b");
    assert_eq!(
        (gateway.port, gateway.bind.clone().unwrap().mode),
        (Some(19000), BindMode::Custom)
    );
    assert_eq!(snapshot.settings.logging.level, LogLevel::Debug);
    assert_eq!(
        snapshot.settings.logging.file.as_deref(),
        Some(home.dir.path().join("x.log").to_str().unwrap())
    );
    assert_eq!(
        snapshot.parsed["gateway"]["token"],
        "${FROM_PROCESS}-${FROM_FILE}-${FROM_BLOCK}"
    );
    assert_eq!(snapshot.parsed["logging"]["level"], "debug");
    assert_eq!(snapshot.env.get("FROM_BLOCK"), Some("b"));
    assert_eq!(
        snapshot.include_files,
        [home.paths.state_dir.join("./more.json5")]
    );
    assert_eq!(
        snapshot.hash,
        sha256_hex(fs::read(&home.paths.config_path).unwrap().as_slice())
    );
}

#[test]
fn a_dotenv_of_the_working_directory_is_not_read() {
    // Only the file of the state directory is; `Env::from_pairs` has `/` as working directory, and
    // nothing but the state directory is ever looked at.
    let home = Home::new(&[]);
    fs::write(
        home.dir.path().join(".env"),
        "OPENCLAW_GATEWAY_TOKEN=evil\n",
    )
    .unwrap();
    assert_eq!(home.load().env.get("OPENCLAW_GATEWAY_TOKEN"), None);
}

#[test]
fn u07_b_an_invalid_section_falls_back_to_its_last_good_content() {
    let home =
        Home::with("{gateway: {port: 4000, auth: {token: 'good'}}, logging: {level: 'debug'}}");
    home.load().remember_good(&home.paths).unwrap();
    home.write("{gateway: {port: 'x', auth: {mode: 'oops', token: 'new'}, bind: 'lan'}, logging: {level: 5}, ui: {a: 1}}");
    let snapshot = home.load();
    assert!(!snapshot.valid && snapshot.is_degraded());
    assert_eq!(
        lines(&snapshot.issues),
        [
            "gateway.port: Invalid input: expected number, received string",
            "gateway.auth.mode: Invalid input",
            "logging.level: Invalid input",
            "gateway.auth.token: not in use yet: the previous token still opens this gateway",
        ]
    );
    // Who can reach the gateway, and with what, is one decision: the new bind does not come with the older token.
    assert_eq!(
        snapshot.fell_back,
        ["gateway.auth", "gateway.bind", "gateway.port", "logging"]
    );
    assert_eq!(snapshot.defaulted, [""; 0]);
    assert!(snapshot.fatal_issues().is_empty());
    let settings = &snapshot.settings;
    assert_eq!(settings.gateway.port, Some(4000));
    assert_eq!(
        settings.gateway.auth.token.as_ref().unwrap().expose(),
        "good"
    );
    assert_eq!(settings.gateway.bind, None);
    assert_eq!(settings.logging.level, LogLevel::Debug);
    assert_eq!(snapshot.parsed["gateway"]["auth"]["token"], "new");
}

#[test]
fn u07_b_without_a_last_good_copy_a_gateway_is_for_this_machine_only() {
    let home = Home::with("{logging: {level: 5}, discovery: [], gateway: {mode: 'local'}}");
    let snapshot = home.load();
    assert_eq!(snapshot.defaulted, ["discovery", "logging"]);
    assert!(snapshot.fatal_issues().is_empty());
    assert!(snapshot.settings.gateway.mode.is_some());
    home.write("{gateway: {mode: 'local', auth: {token: 5}}}");
    let snapshot = home.load();
    assert_eq!(snapshot.defaulted, ["gateway.auth"]);
    assert_eq!(snapshot.fatal_issues()[0].path, "gateway.auth.token");
    assert_eq!(snapshot.settings.gateway.auth.mode, None);
    home.write(
        "{gateway: {bind: 'lan', auth: {mode: 'none'}, proxy: {listen: 4001}, tailscale: {mode: 'serve'}, port: 4000,
          nodes: {denyCommands: ['system.run', 7]}, trustedProxies: ['10.0.0.0/8']}}",
    );
    let snapshot = home.load();
    assert_eq!(snapshot.defaulted, ["gateway.nodes"]);
    let gateway = &snapshot.settings.gateway;
    assert_eq!(gateway.bind.clone().unwrap().mode, BindMode::Loopback);
    assert_eq!(gateway.port, Some(4000));
    assert_eq!(gateway.proxy.listen, None);
    assert_eq!(gateway.trusted_proxies, [""; 0]);
    assert_eq!(gateway.tailscale.mode, TailscaleMode::Off);
    assert_eq!(gateway.nodes.deny_commands, ["system.run"]);
    assert!(!gateway.nodes.pairing.auto_approve_local);
}

#[test]
fn u07_a_misspelt_key_does_not_take_a_limit_away() {
    let home = Home::with(
        "{gateway: {auth: {mode: 'trusted-proxy', trustedProxy: {userHeader: 'x-user', allowUsers: ['ann']}}}}",
    );
    home.load().remember_good(&home.paths).unwrap();
    home.write("{gateway: {auth: {mode: 'trusted-proxy', trustedProxy: {userHeader: 'x-user', alowUsers: ['ann']}}}}");
    let snapshot = home.load();
    assert_eq!(snapshot.fell_back, ["gateway.auth"]);
    assert_eq!(
        snapshot.settings.gateway.auth.trusted_proxy.allow_users,
        ["ann"]
    );
    assert_eq!(
        lines(&snapshot.issues),
        ["gateway.auth.trustedProxy.allowUsers: \"alowUsers\" is in the place of \"allowUsers\""]
    );
}

#[test]
fn u07_a_garbled_file_uses_the_last_good_one() {
    let home = Home::with(
        "{gateway: {port: 4000, auth: {token: '${TOK}', mode: 'password'}}, env: {TOK: 't'}}",
    );
    home.load().remember_good(&home.paths).unwrap();
    let copy = fs::read_to_string(home.paths.last_good_file()).unwrap();
    assert!(copy.contains("${TOK}"));
    for garbage in ["{gateway: {po", "", "\u{0}\u{1}", "[]", "null"] {
        home.write(garbage);
        let snapshot = home.load();
        assert!(!snapshot.valid && snapshot.exists, "{garbage:?}");
        assert_eq!(snapshot.fell_back, ["<root>"], "{garbage:?}");
        assert_eq!(snapshot.settings.gateway.port, Some(4000));
        assert_eq!(
            snapshot.settings.gateway.auth.mode,
            Some(AuthMode::Password)
        );
        assert_eq!(
            snapshot
                .settings
                .gateway
                .auth
                .token
                .as_ref()
                .unwrap()
                .expose(),
            "t"
        );
    }
    home.write("{ bad");
    assert_eq!(
        home.load().issues[0].line(),
        "<root>: JSON5 parse failed: SyntaxError: JSON5: invalid end of input at 1:6"
    );
    fs::write(&home.paths.config_path, [0xff, 0xfe]).unwrap();
    let snapshot = home.load();
    assert!(
        snapshot.issues[0]
            .message
            .starts_with("Failed to read config: ")
    );
    assert_eq!(snapshot.settings.gateway.port, Some(4000));
}

#[test]
fn a_garbled_file_without_a_good_copy_is_fatal_for_a_gateway_only() {
    let snapshot = Home::with("{gateway:").load();
    assert_eq!(
        (snapshot.fell_back.len(), snapshot.defaulted.as_slice()),
        (0, ["<root>".to_owned()].as_slice())
    );
    assert_eq!(snapshot.fatal_issues().len(), 1);
    let mut expected = Settings::default();
    expected.gateway.bind = Some(BindMode::Loopback.into());
    assert_eq!(*snapshot.settings, expected);
}

#[test]
fn u07_u18_half_a_file_does_not_open_the_gateway_of_a_container() {
    let home = Home::new(&[("OPENCLAW_IN_CONTAINER", "1")]);
    let bind = |snapshot: &Snapshot| {
        let flags = crate::resolve::GatewayFlags::default();
        let profile = &home.paths.profile;
        crate::resolve::resolve_gateway(&flags, &snapshot.env, &snapshot.settings, profile)
            .unwrap()
            .bind
            .value
    };
    home.write("{gateway: {auth: {token: 'a'}}}");
    assert_eq!(bind(&home.load()), BindMode::Lan);
    home.write(r#"{"gateway":{"bind":"loopback","auth":{"mode":"none""#);
    let damaged = home.load();
    assert_eq!(bind(&damaged), BindMode::Loopback);
    // While it runs, another damaged file makes nothing of that good.
    home.write("{gateway: {");
    let later = load_with(&home.paths, &home.env, Some(&damaged));
    assert_eq!(
        (later.defaulted.as_slice(), bind(&later)),
        (["<root>".to_owned()].as_slice(), BindMode::Loopback)
    );
    home.write("{gateway: {auth: {mode: 'nonne'}}}");
    let later = load_with(&home.paths, &home.env, Some(&damaged));
    assert_eq!(later.defaulted, ["gateway.auth"]);
    assert_eq!(bind(&later), BindMode::Loopback);
}

#[test]
fn u07_a_replaced_token_counts_although_the_file_has_other_mistakes() {
    let home = Home::with("{gateway: {bind: 'lan', auth: {token: 'older-token-0123456789'}}}");
    let good = home.load();
    good.remember_good(&home.paths).unwrap();
    let token = |snapshot: &Snapshot| {
        let token = snapshot.settings.gateway.auth.token.as_ref().unwrap();
        token.expose().to_owned()
    };
    home.write("{gateway: {bind: 'lan', auth: {token: 'newer-token-0123456789'}, port: 'x', tls: {mode: 'bogus'}}}");
    for snapshot in [home.load(), load_with(&home.paths, &home.env, Some(&good))] {
        assert_eq!(token(&snapshot), "newer-token-0123456789");
        assert_eq!(snapshot.fell_back, ["gateway.port", "gateway.tls"]);
    }
    // What would open more is not taken, and that is said, unless the token comes from elsewhere.
    home.write("{gateway: {bind: 'loopback', auth: {token: 'short'}, tls: {mode: 'bogus'}}}");
    let snapshot = home.load();
    let said = "gateway.auth.token: not in use yet: the previous token still opens this gateway";
    assert_eq!(token(&snapshot), "older-token-0123456789");
    assert_eq!(lines(&snapshot.issues)[1..], [said]);
    let env = Env::from_pairs([
        ("HOME", home.dir.path().to_str().unwrap()),
        ("OPENCLAW_GATEWAY_TOKEN", "of the environment"),
    ]);
    assert_eq!(load(&home.paths, &env).issues.len(), 1);
}

#[test]
fn u07_a_replaced_token_does_not_come_back_with_a_later_mistake() {
    let home = Home::with("{gateway: {auth: {token: 'older-token-0123456789'}}}");
    home.load().remember_good(&home.paths).unwrap();
    home.write("{gateway: {auth: {token: 'newer-token-0123456789'}, port: 'x'}}");
    home.load().remember_good(&home.paths).unwrap();
    // Corrected, but for a brace: read by a process that knows nothing of before.
    home.write("{gateway: {auth: {token: 'newer-token-0123456789'}, port: 4000}");
    let token = home.load().settings.gateway.auth.token.clone();
    assert_eq!(token.unwrap().expose(), "newer-token-0123456789");
}

#[test]
fn u11_what_a_file_closes_is_closed_although_it_has_other_mistakes() {
    let home = Home::with(
        "{gateway: {bind: 'lan', auth: {token: 'older-token-0123456789', allowDeviceless: true}, tailscale: {mode: 'serve'}}}",
    );
    home.load().remember_good(&home.paths).unwrap();
    home.write(
        "{gateway: {bind: 'loopback', auth: {token: 'older-token-0123456789', allowDeviceless: false}, tailscale: {mode: 'off'}, tls: 5}}",
    );
    let bind = |snapshot: &Snapshot| snapshot.settings.gateway.bind.as_ref().unwrap().mode;
    let snapshot = home.load();
    let gateway = &snapshot.settings.gateway;
    assert_eq!(bind(&snapshot), BindMode::Loopback);
    assert_eq!(gateway.tailscale.mode, TailscaleMode::Off);
    assert!(!gateway.auth.allow_deviceless);
    // Opening something takes a file without mistakes.
    home.write("{gateway: {bind: 'custom', customBindHost: '0.0.0.0', auth: {token: 'older-token-0123456789'}, tls: 5}}");
    assert_eq!(bind(&home.load()), BindMode::Lan);
}

#[test]
fn a_missing_variable_breaks_its_section_and_never_a_foreign_one() {
    let home = Home::with(
        "{gateway: {auth: {token: '${FOO_TOK}'}}, channels: {x: {token: '${BOT}'}}, tools: {web: {key: '${KEY}'}}, odd: '${ODD}'}",
    );
    let snapshot = home.load();
    assert_eq!(
        lines(&snapshot.issues),
        [
            "gateway.auth.token: Missing env var \"FOO_TOK\" referenced at config path: gateway.auth.token"
        ]
    );
    assert_eq!(
        snapshot.warnings.len(),
        5,
        "three variables, the unknown key, and what the gateway does about its own"
    );
    assert_eq!(snapshot.settings.gateway.auth.token, None);
    assert_eq!(snapshot.fatal_issues().len(), 1);
    assert_eq!(snapshot.resolved["channels"]["x"]["token"], "${BOT}");
}

#[test]
fn a_failing_include_breaks_only_its_section() {
    let home = Home::with("{gateway: {port: 4000, tls: {$include: 'gone.json5'}}}");
    let snapshot = home.load();
    assert_eq!(snapshot.defaulted, ["gateway.tls"]);
    assert_eq!(snapshot.settings.gateway.port, Some(4000));
    home.write("{$include: 'gone.json5', gateway: {port: 4000}}");
    assert_eq!(home.load().defaulted, ["<root>"]);
}

#[test]
fn the_last_good_copy_is_only_made_from_valid_files() {
    let home = Home::with("{gateway: {port: 'x'}}");
    home.load().remember_good(&home.paths).unwrap();
    assert!(!home.paths.last_good_file().exists());
    home.write("{gateway: {port: 1}}");
    home.load().remember_good(&home.paths).unwrap();
    assert!(home.paths.last_good_file().exists());
}

#[test]
fn temporary_files_of_a_killed_writer_change_nothing() {
    let home = Home::with("{gateway: {port: 4000}}");
    fs::write(
        home.paths.state_dir.join("openclaw.json.77.x.tmp"),
        "{gateway: {port: 1",
    )
    .unwrap();
    fs::write(home.paths.state_dir.join("openclaw.json.lock"), "").unwrap();
    let snapshot = home.load();
    assert!(snapshot.valid);
    assert_eq!(snapshot.settings.gateway.port, Some(4000));
}

proptest::proptest! {
    /// Whatever the file holds, loading ends with usable settings.
    #[test]
    fn any_file_loads(text in "[{}\\[\\]:,a-z0-9'\"$ \\n]{0,60}", port in proptest::prelude::any::<f64>()) {
        let home = Home::with(&text);
        home.load();
        home.write(&format!("{{gateway: {{port: {port}, auth: '{}'}}}}", text.replace(['\'', '\n', '\\'], "")));
        proptest::prop_assert!(!home.load().valid);
    }
}

#[test]
fn password_mode_without_a_password_is_a_warning() {
    let text = "{gateway: {auth: {mode: 'password'}}}";
    let home = Home::new(&[]);
    home.write(text);
    let snapshot = home.load();
    assert!(snapshot.valid);
    let expected = ["gateway.auth.mode: there is no password, so that no client can sign in"];
    assert_eq!(lines(&snapshot.warnings), expected);
    let with = Home::new(&[("OPENCLAW_GATEWAY_PASSWORD", "p")]);
    with.write(text);
    assert_eq!(lines(&with.load().warnings), [""; 0]);
}

#[test]
fn u06_b_settings_that_cannot_be_used_together_start_and_are_not_taken_over_live() {
    let home = Home::with("{gateway: {bind: 'loopback', tailscale: {mode: 'serve'}}}");
    let good = home.load();
    assert!(good.valid);
    home.write("{gateway: {bind: 'lan', tailscale: {mode: 'serve'}}}");
    // Live: nothing of the pair counts.
    let live = load_with(&home.paths, &home.env, Some(&good));
    assert!(!live.valid && live.is_degraded());
    assert_eq!(live.settings.gateway.tailscale.mode, TailscaleMode::Serve);
    assert_eq!(live.settings.gateway.bind, good.settings.gateway.bind);
    assert!(
        live.issues[0]
            .message
            .contains("tailscale serve requires gateway.bind=loopback (now: lan)")
    );
    // At a start: everything but the part that cannot work.
    let start = home.load();
    assert!(start.valid && start.fatal_issues().is_empty());
    assert_ne!(start.settings.gateway.bind, good.settings.gateway.bind);
    assert_eq!(start.settings.gateway.tailscale.mode, TailscaleMode::Serve);
    // A gateway that was started so goes on taking other changes over.
    home.write("{gateway: {bind: 'lan', tailscale: {mode: 'serve'}}, logging: {level: 'debug'}}");
    let later = load_with(&home.paths, &home.env, Some(&start));
    assert!(later.valid);
    assert_eq!(later.settings.logging.level, LogLevel::Debug);
}
