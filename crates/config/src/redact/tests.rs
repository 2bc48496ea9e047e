use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn credentials_are_hidden_and_the_rest_stays() {
    let value = json!({
        "gateway": {"port": 1, "auth": {"mode": "token", "token": "a", "password": "", "rateLimit": {"maxAttempts": 1}},
            "remote": {"url": "wss://u:p@h", "token": "${TOK}", "password": "x${TOK}", "tlsFingerprint": "ab", "edgeAuth": {"CF-Id": "i"}}},
        "env": {"A": "1", "vars": {"B": "2"}, "shellEnv": {"enabled": true}},
        "channels": {"telegram": {"botToken": "9", "name": "n"}, "x": {"webhook_secret": 5}},
        "models": {"maxTokens": 4096, "apiKey": "k", "keyPath": "/k", "headers": {"X-Any": "h"}},
        "hooks": {"url": "https://h/x@y:z", "list": [{"client-secret": "c"}, {"tokens": ["t", 3]}]},
    });
    let x = REDACTED;
    assert_eq!(
        redact(&value),
        json!({
            "gateway": {"port": 1, "auth": {"mode": "token", "token": x, "password": "", "rateLimit": {"maxAttempts": 1}},
                "remote": {"url": x, "token": "${TOK}", "password": x, "tlsFingerprint": "ab", "edgeAuth": {"CF-Id": x}}},
            "env": {"A": x, "vars": {"B": x}, "shellEnv": {"enabled": true}},
            "channels": {"telegram": {"botToken": x, "name": "n"}, "x": {"webhook_secret": x}},
            "models": {"maxTokens": 4096, "apiKey": x, "keyPath": "/k", "headers": {"X-Any": x}},
            "hooks": {"url": "https://h/x@y:z", "list": [{"client-secret": x}, {"tokens": [x, 3]}]},
        })
    );
}

#[test]
fn every_secret_of_the_table_is_hidden() {
    for field in crate::schema::FIELDS.iter().filter(|field| field.secret) {
        let mut value = json!({"entry": "hidden"});
        if !matches!(
            field.kind,
            crate::schema::Kind::TextMap | crate::schema::Kind::Headers
        ) {
            value = json!("hidden");
        }
        for key in field.path.rsplit('.') {
            value = json!({ key: value });
        }
        assert!(
            !redact(&value).to_string().contains("hidden"),
            "{}",
            field.path
        );
    }
}

#[test]
fn text_keeps_its_form() {
    let raw = "{\n  // about\n  gateway: {auth: {'token': 'abc', mode: \"token\"}}, // token: 'old'\n  env: {X: \"1\"}, n: 1,\n}\n";
    assert_eq!(
        redact_text(raw).unwrap(),
        format!(
            "{{\n  // about\n  gateway: {{auth: {{'token': \"{REDACTED}\", mode: \"token\"}}}}, // {REDACTED}\n  env: {{X: \"{REDACTED}\"}}, n: 1,\n}}\n"
        )
    );
    assert_eq!(redact_text("{token: 'a'"), None);
}

#[test]
fn a_secret_that_shows_up_elsewhere_in_the_text_is_hidden_too() {
    let raw = "{auth: {token: 'supersecret'}} // supersecret\n";
    let redacted = redact_text(raw).unwrap();
    assert!(!redacted.contains("supersecret"), "{redacted}");
}

#[test]
fn placeholders_are_filled_from_the_stored_config() {
    let old = json!({
        "gateway": {"auth": {"token": "${TOK}", "password": "p"}},
        "accounts": [{"id": "a", "token": "1"}, {"id": "b", "token": "2"}],
        "list": [{"token": "x"}, {"token": "y"}],
    });
    let x = REDACTED;
    let mut new = json!({
        "gateway": {"auth": {"token": "${TOK}", "password": x}},
        "accounts": [{"id": "b", "token": x}, {"id": "c", "token": x}, {"id": "a", "token": "new"}],
        "list": [{"token": x}, {"token": "z"}],
        "fresh": {"token": x},
    });
    restore_redacted(&mut new, &[&Value::Null, &old]);
    assert_eq!(
        new,
        json!({
            "gateway": {"auth": {"token": "${TOK}", "password": "p"}},
            "accounts": [{"id": "b", "token": "2"}, {"id": "c", "token": x}, {"id": "a", "token": "new"}],
            "list": [{"token": "x"}, {"token": "z"}],
            "fresh": {"token": x},
        })
    );
    let mut shorter = json!({"list": [{"token": x}]});
    restore_redacted(&mut shorter, &[&old]);
    assert_eq!(shorter, json!({"list": [{"token": x}]}));
}

#[test]
fn a_snapshot_shows_references_but_not_what_they_expand_to() {
    let dir = tempfile::tempdir().unwrap();
    let env = crate::Env::from_pairs([
        ("HOME", dir.path().to_str().unwrap()),
        ("TOK", "from-environment"),
    ]);
    let paths = crate::Paths::resolve(&env, &crate::ProfileChoice::unset()).unwrap();
    let raw = "{gateway: {token: 'typed-in', remote: {token: '${TOK}', sshTarget: 'u@${TOK}'}}}";
    crate::store::write_private(&paths.config_path, raw.as_bytes()).unwrap();
    let shown = redact_snapshot(&crate::load(&paths, &env));
    let all = format!("{:?} {} {}", shown.raw, shown.parsed, shown.config);
    assert!(
        !all.contains("from-environment") && !all.contains("typed-in"),
        "{all}"
    );
    assert_eq!(
        shown.config["gateway"]["remote"],
        json!({"token": "${TOK}", "sshTarget": "u@${TOK}"})
    );
    assert_eq!(shown.config["gateway"]["auth"]["token"], REDACTED);
}

proptest! {
    /// Redacting and restoring is the identity, and the redacted text holds no credential.
    #[test]
    fn redaction_can_be_undone(token in "[a-zA-Z0-9/\"\\\\ü]{6,20}", port in 1_u16.., comment in "[a-z \"']{0,12}") {
        let value = json!({"gateway": {"port": port, "auth": {"token": token}}, "env": {"KEY": token}});
        let raw = format!("// {comment}\n{}", text::pretty(&value));
        let redacted = redact_text(&raw).unwrap();
        prop_assert!(!redacted.contains(&token));
        let mut back = text::parse(&redacted).unwrap();
        restore_redacted(&mut back, &[&value]);
        prop_assert_eq!(back, value);
    }
}
