use std::fs;

use serde_json::json;

use super::*;
use crate::paths::ProfileChoice;
use crate::secret::REDACTED;

struct Home {
    _dir: tempfile::TempDir,
    paths: Paths,
    editor: ConfigEditor,
}

fn home(pairs: &[(&str, &str)], text: &str) -> Home {
    let dir = tempfile::tempdir().unwrap();
    let env = Env::from_pairs(
        [("HOME", dir.path().to_str().unwrap())]
            .into_iter()
            .chain(pairs.iter().copied()),
    );
    let paths = Paths::resolve(&env, &ProfileChoice::unset()).unwrap();
    if !text.is_empty() {
        crate::store::write_private(&paths.config_path, text.as_bytes()).unwrap();
    }
    let editor = ConfigEditor::new(&paths, &env).with_version("9.9.9");
    Home {
        _dir: dir,
        paths,
        editor,
    }
}

impl Home {
    fn text(&self) -> String {
        fs::read_to_string(&self.paths.config_path).unwrap()
    }

    /// The text without the stamp.
    fn unstamped(&self) -> String {
        let (before, stamp) = self.text().split_once("  \"meta\"").map_or_else(
            || panic!("no stamp in {}", self.text()),
            |(before, stamp)| (before.to_owned(), stamp.to_owned()),
        );
        assert!(
            stamp.contains("\"lastTouchedVersion\": \"9.9.9\""),
            "{stamp}"
        );
        before
    }

    fn value(&self) -> Value {
        let mut value = text::parse(&self.text()).unwrap();
        value.as_object_mut().unwrap().shift_remove("meta");
        value
    }
}

#[test]
fn u07_e_set_keeps_comments_order_references_and_adds_no_defaults() {
    let home = home(
        &[("TOK", "secret")],
        "{\n  // mine\n  gateway: {\n    port: 1, // low\n    auth: {token: '${TOK}'},\n  },\n}\n",
    );
    let edited = home.editor.set("gateway.mode", json!("remote")).unwrap();
    assert!(edited.changed && edited.warnings.is_empty());
    assert_eq!(
        home.unstamped(),
        "{\n  // mine\n  gateway: {\n    port: 1, // low\n    auth: {token: '${TOK}'},\n    \"mode\": \"remote\",\n  },\n"
    );
    assert_eq!(edited.hash, crate::hash::sha256_hex(home.text().as_bytes()));
    assert!(!home.text().contains("secret"));
    home.editor.unset("gateway.port").unwrap();
    assert_eq!(
        home.value(),
        json!({"gateway": {"auth": {"token": "${TOK}"}, "mode": "remote"}})
    );
}

#[test]
fn what_is_left_empty_above_an_unknown_key_goes_with_it() {
    let home = home(&[], "{gateway: {port: 1}, list: [{a: 1}, {a: 2}]}\n");
    home.editor.set("nosuch.deep.key", json!(1)).unwrap();
    home.editor.set("nosuch.other", json!(1)).unwrap();
    home.editor.unset("nosuch.deep.key").unwrap();
    assert_eq!(home.value()["nosuch"], json!({"other": 1}));
    home.editor.unset("nosuch.other").unwrap();
    // Known sections and entries of lists stay.
    home.editor.unset("gateway.port").unwrap();
    home.editor.unset("list[0].a").unwrap();
    assert_eq!(home.value(), json!({"gateway": {}, "list": [{}, {"a": 2}]}));
}

#[test]
fn a_new_file_holds_only_what_was_set() {
    let home = home(&[], "");
    home.editor
        .set_all(&[("gateway.mode", json!("local")), ("list[0].id", json!("a"))])
        .unwrap();
    assert_eq!(
        home.value(),
        json!({"gateway": {"mode": "local"}, "list": [{"id": "a"}]})
    );
    let meta = &text::parse(&home.text()).unwrap()["meta"];
    let at = meta["lastTouchedAt"].as_str().unwrap();
    assert_eq!((at.len(), &at[10..11], &at[23..]), (24, "T", "Z"), "{at}");
}

#[test]
fn setting_what_is_already_there_writes_nothing() {
    let home = home(&[], "{a: 1, gateway: {port: 5}}");
    let edited = home.editor.set("gateway.port", json!(5)).unwrap();
    assert!(!edited.changed);
    assert_eq!(home.text(), "{a: 1, gateway: {port: 5}}");
}

#[test]
fn u07_c_invalid_results_are_refused_with_the_known_texts() {
    let home = home(&[], "{gateway: {port: 5}}");
    for (path, value, message) in [
        (
            "gateway.bind",
            json!("lann"),
            "Config validation failed: gateway.bind: Invalid input (allowed: auto, lan, loopback, custom, tailnet, an IP address, an interface such as wg0 or a CIDR range; did you mean \"lan\"?)",
        ),
        (
            "gateway.port",
            json!("x"),
            "Config validation failed: gateway.port: Invalid input: expected number, received string",
        ),
        (
            "gateway",
            json!(5),
            "Config validation failed: gateway: Invalid input: expected object, received number",
        ),
        (
            "gateway.auth.token",
            json!(REDACTED),
            "Config validation failed: gateway.auth.token: Invalid input: the redacted placeholder is not a value (enter the real value)",
        ),
        ("", json!(1), "Path is empty."),
        ("a[", json!(1), "Invalid path (missing \"]\"): a["),
        (
            "gateway.port.x",
            json!(1),
            "Cannot traverse into \"gateway.port\" (not an object or list)",
        ),
    ] {
        assert_eq!(
            home.editor.set(path, value).unwrap_err().to_string(),
            message
        );
        assert_eq!(home.text(), "{gateway: {port: 5}}");
    }
    assert_eq!(
        home.editor.unset("gateway.foo").unwrap_err().to_string(),
        "Config path not found: gateway.foo"
    );
    assert!(home.editor.set("gateway.bind", json!("10.0.0.1")).is_ok());
}

#[test]
fn several_broken_keys_can_be_mended_one_by_one() {
    let home = home(&[], "{gateway: {port: 'x', bind: 'y'}}");
    let edited = home.editor.set("gateway.port", json!(5)).unwrap();
    assert_eq!(edited.warnings[0].line(), "gateway.bind: Invalid input");
    assert!(!home.paths.last_good_file().exists());
    home.editor.set("gateway.bind", json!("lan")).unwrap();
    assert!(home.paths.last_good_file().exists());
}

#[test]
fn unknown_keys_and_unset_variables_are_told_and_written() {
    let home = home(&[], "");
    let edited = home
        .editor
        .set("gateway.auth", json!({"tokn": "a", "token": "${NOT_HERE}"}))
        .unwrap();
    let warnings: Vec<&str> = edited
        .warnings
        .iter()
        .map(|issue| issue.path.as_str())
        .collect();
    assert_eq!(warnings, ["gateway.auth.token", "gateway.auth"]);
    assert_eq!(home.value()["gateway"]["auth"]["token"], "${NOT_HERE}");
}

#[test]
fn a_file_that_cannot_be_read_is_not_changed_in_part() {
    let home = home(&[], "{gateway:");
    let message = home.editor.set("a", json!(1)).unwrap_err().to_string();
    assert!(
        message.contains("JSON5 parse failed: SyntaxError: JSON5: invalid end of input at 1:10"),
        "{message}"
    );
    let hash = crate::hash::sha256_hex(b"{gateway:");
    home.editor
        .replace(Base::Hash(Some(&hash)), "{gateway: {port: 1}}")
        .unwrap();
    assert_eq!(home.value(), json!({"gateway": {"port": 1}}));
}

#[test]
fn replace_and_patch_need_the_hash_that_was_read() {
    let home = home(&[], "{gateway: {port: 5, auth: {token: 'keep'}}}");
    let hash = crate::hash::sha256_hex(home.text().as_bytes());
    for result in [
        home.editor.replace(Base::Hash(None), "{}"),
        home.editor.patch(Base::Hash(None), "{}"),
    ] {
        assert_eq!(
            result.unwrap_err().to_string(),
            "config base hash required; re-run config.get and retry"
        );
    }
    let stale = home.editor.patch(Base::Hash(Some("beef")), "[1]");
    assert_eq!(
        stale.unwrap_err().to_string(),
        "config changed since last load; re-run config.get and retry"
    );
    let not_object = home.editor.patch(Base::Hash(Some(&hash)), "[1]");
    assert_eq!(
        not_object.unwrap_err().to_string(),
        "config.patch raw must be an object"
    );
    let syntax = home.editor.replace(Base::Hash(Some(&hash)), "{bad");
    assert_eq!(
        syntax.unwrap_err().to_string(),
        "SyntaxError: JSON5: invalid end of input at 1:5"
    );
    let array = home.editor.replace(Base::Hash(Some(&hash)), "[]");
    let Err(EditError::Invalid(issues)) = array else {
        panic!("{array:?}")
    };
    assert_eq!(
        issues[0],
        Issue::new("", "Invalid input: expected object, received array")
    );
    let edited = home
        .editor
        .patch(
            Base::Hash(Some(&hash)),
            "{gateway: {port: null, mode: 'local'}}",
        )
        .unwrap();
    assert_eq!(
        home.value(),
        json!({"gateway": {"auth": {"token": "keep"}, "mode": "local"}})
    );
    home.editor
        .patch(Base::Hash(Some(&edited.hash)), "{ui: {a: 1}}")
        .unwrap();
}

#[test]
fn a_redacted_file_can_be_sent_back() {
    let raw = "{\n  // mine\n  gateway: {\n    auth: {token: 'keep', password: '${PW}'}, // here\n  },\n  env: {X: '1'},\n}\n";
    let home = home(&[("PW", "p")], raw);
    let shown = crate::redact::redact_text(raw)
        .unwrap()
        .replace("// here", "// there");
    assert!(!shown.contains("keep"));
    let hash = crate::hash::sha256_hex(raw.as_bytes());
    home.editor
        .replace(Base::Hash(Some(&hash)), &shown)
        .unwrap();
    assert_eq!(home.value(), text::parse(raw).unwrap());
    assert!(home.text().contains("// mine") && home.text().contains("// there"));
}

#[test]
fn keys_of_included_files_stay_where_they_are() {
    let home = home(&[], "{gateway: {$include: './g.json5', port: 1}}");
    fs::write(
        home.paths.state_dir.join("g.json5"),
        "{mode: 'local', auth: {token: 'x'}}",
    )
    .unwrap();
    home.editor.set("gateway.port", json!(2)).unwrap();
    assert_eq!(
        home.value(),
        json!({"gateway": {"$include": "./g.json5", "port": 2}})
    );
    assert!(matches!(
        home.editor.unset("gateway.mode"),
        Err(EditError::Path(KeyPathError::NotFound(_)))
    ));
}

#[test]
fn rollback_goes_back_and_refuses_broken_backups() {
    let home = home(&[], "{gateway: {port: 1}}");
    home.editor.set("gateway.port", json!(2)).unwrap();
    home.editor.rollback(0).unwrap();
    assert_eq!(home.text(), "{gateway: {port: 1}}");
    fs::write(
        home.paths.state_dir.join("openclaw.json.bak"),
        "{gateway: {port: 'x'}}",
    )
    .unwrap();
    assert!(matches!(
        home.editor.rollback(0),
        Err(EditError::Invalid(_))
    ));
    assert!(matches!(
        home.editor.rollback(4),
        Err(EditError::Store(StoreError::NoBackup(_)))
    ));
    assert_eq!(home.text(), "{gateway: {port: 1}}");
}

#[test]
fn a_config_managed_from_outside_is_not_written() {
    for name in ["OPENCLAW_CONFIG_READONLY", "OPENCLAW_NIX_MODE"] {
        let home = home(&[(name, "1")], "{}");
        let results = [
            home.editor.set("a", json!(1)).map(drop),
            home.editor.rollback(0).map(drop),
        ];
        for result in results {
            assert!(matches!(
                result,
                Err(EditError::Store(StoreError::ReadOnly(_)))
            ));
        }
        assert_eq!(home.text(), "{}");
    }
}

#[test]
fn concurrent_changes_are_all_kept() {
    let home = home(&[], "");
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let editor = &home.editor;
            scope.spawn(move || {
                for round in 0..5 {
                    editor
                        .set(&format!("agents.w{writer}.r{round}"), json!(round))
                        .unwrap();
                }
            });
        }
    });
    let agents = home.value()["agents"].clone();
    assert_eq!(
        agents
            .as_object()
            .unwrap()
            .values()
            .map(|rounds| rounds.as_object().unwrap().len())
            .sum::<usize>(),
        20
    );
}

#[test]
fn typed_values_are_json5_or_text() {
    for (typed, value) in [
        ("19000", json!(19000)),
        ("true", json!(true)),
        ("{a: 1}", json!({"a": 1})),
        ("'quoted'", json!("quoted")),
        ("ws://host:18789", json!("ws://host:18789")),
        ("lan", json!("lan")),
        ("", json!("")),
    ] {
        assert_eq!(parse_value(typed, false).unwrap(), value, "{typed}");
    }
    assert_eq!(
        parse_value("lan", true).unwrap_err().to_string(),
        "Failed to parse JSON5 value: SyntaxError: JSON5: invalid character 'l' at 1:1"
    );
}

#[test]
fn u04_d_origins_that_are_none_are_not_written_and_others_are_explained() {
    let key = "gateway.controlUi.allowedOrigins";
    let home = home(&[], "");
    for entry in [
        "https://ui.example.com/path",
        "null",
        "https://*.example.com",
        "",
    ] {
        let error = home.editor.set(key, json!([entry])).unwrap_err();
        assert!(
            error.to_string().contains(&format!(
                "{key}.0: entry ignored: {entry:?} is not an origin; write it as http://host:port"
            )),
            "{error}"
        );
        assert!(!home.paths.config_path.exists());
    }
    let edited = home
        .editor
        .set(
            key,
            json!([
                "HTTPS://UI.Example.com/",
                "http://192.168.1.5",
                "https://ok.example",
                "*"
            ]),
        )
        .unwrap();
    let told: Vec<_> = edited.warnings.iter().map(Issue::line).collect();
    assert_eq!(
        told,
        [
            format!("{key}.0: \"HTTPS://UI.Example.com/\" is read as https://ui.example.com"),
            format!(
                "{key}.1: http://192.168.1.5 means port 80; add the port if your page has another one"
            ),
            format!("{key}.3: \"*\" lets every web page connect"),
        ]
    );
}

/// Whoever has such a file keeps a running gateway, and may change other keys.
#[test]
fn u04_a_a_wrong_origin_in_the_file_costs_that_entry_only() {
    let home = home(
        &[],
        r#"{"gateway": {"controlUi": {"allowedOrigins": ["https://a/b", "https://ok.example"]}, "trustedProxies": ["proxy"]}}"#,
    );
    let edited = home.editor.set("gateway.mode", json!("local")).unwrap();
    let told = edited.warnings.iter().map(Issue::line).collect::<Vec<_>>();
    assert!(
        told[0].contains("allowedOrigins.0: entry ignored"),
        "{told:?}"
    );
    let error = home
        .editor
        .set("gateway.trustedProxies", json!(["proxy", "10.0.0.0/33"]))
        .unwrap_err();
    assert!(error.to_string().contains("trustedProxies.1"), "{error}");
}

#[test]
fn u07_c_the_credential_in_use_cannot_be_taken_away() {
    let home = home(
        &[],
        "{ gateway: { auth: { token: 'the-token', password: 'the-password', mode: 'token' } } }",
    );
    for refused in [
        home.editor.unset("gateway.auth.token"),
        home.editor.unset("gateway.auth"),
        home.editor.set("gateway.auth.token", json!("")),
        home.editor.patch(Base::Current, "{gateway: null}"),
        home.editor.replace(Base::Current, "{}"),
        home.editor.replace(
            Base::Current,
            "{ gateway: { auth: { tokn: 'the-token', mode: 'token' } } }",
        ),
    ] {
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("gateway.auth.token"), "{error}");
    }
    home.editor
        .set("gateway.auth.mode", json!("password"))
        .unwrap();
    home.editor.unset("gateway.auth.token").unwrap();
    // On a machine that only uses a gateway elsewhere, nothing asks for it.
    home.editor.set("gateway.mode", json!("remote")).unwrap();
    home.editor.unset("gateway.auth").unwrap();
}

#[test]
fn u07_c_a_token_of_the_environment_is_a_token() {
    let home = home(
        &[("OPENCLAW_GATEWAY_TOKEN", "of-the-environment")],
        "{ gateway: { auth: { token: 'the-token' } } }",
    );
    home.editor.unset("gateway.auth.token").unwrap();
}

#[test]
fn u07_what_was_right_is_put_back_and_what_is_damaged_is_kept() {
    let home = home(&[], "");
    assert!(matches!(
        home.editor.restore_good(1),
        Err(EditError::NoGood)
    ));
    home.editor.set("gateway.port", json!(1111)).unwrap();
    home.editor.set("gateway.port", json!(2222)).unwrap();
    let good = crate::text::parse(&home.text()).unwrap();
    // Not even text.
    let damaged: &[u8] = b"{ gateway: { \xff";
    fs::write(&home.paths.config_path, damaged).unwrap();
    let aside = home.editor.restore_good(7).unwrap();
    assert_eq!(fs::read(&aside).unwrap(), damaged);
    assert!(aside.to_string_lossy().ends_with("openclaw.json.damaged-7"));
    assert_eq!(crate::text::parse(&home.text()).unwrap(), good);
    // Without the last good config, the newest backup that can be used.
    fs::remove_file(home.paths.last_good_file()).unwrap();
    fs::write(&home.paths.config_path, "{ gateway: { port: 'high' } }").unwrap();
    home.editor.restore_good(8).unwrap();
    assert!(home.text().contains("1111"), "{}", home.text());
}
