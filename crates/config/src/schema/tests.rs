use serde_json::json;

use super::*;
use crate::validate::validate;

#[test]
fn every_typed_field_is_in_the_table() {
    // Serialising the defaults lists every typed key; each must be a row or lie below one.
    let defaults = serde_json::to_value(Settings::default()).unwrap();
    let mut missing = Vec::new();
    walk("", &defaults, &mut missing);
    assert_eq!(missing, Vec::<String>::new());
}

fn walk(prefix: &str, value: &Value, missing: &mut Vec<String>) {
    let listed = |path: &str| FIELDS.iter().any(|field| field.path == path);
    match value.as_object() {
        Some(object) if !object.is_empty() => {
            for (key, child) in object {
                let path = if prefix.is_empty() {
                    key.clone()
                } else {
                    format!("{prefix}.{key}")
                };
                walk(&path, child, missing);
            }
        }
        _ if !listed(prefix) => missing.push(prefix.to_owned()),
        _ => {}
    }
}

#[test]
fn table_defaults_equal_the_built_in_defaults() {
    let defaults = serde_json::to_value(Settings::default()).unwrap();
    for field in FIELDS
        .iter()
        .filter(|field| !matches!(field.kind, Kind::Kept | Kind::OpenObject | Kind::EnvBlock))
    {
        let pointer = format!("/{}", field.path.replace('.', "/"));
        let built_in = defaults
            .pointer(&pointer)
            .unwrap_or_else(|| panic!("{} has no typed field", field.path));
        let shown = match built_in {
            Value::Null | Value::Object(_) => continue,
            Value::String(text) => text.clone(),
            Value::Array(_) => serde_json::to_string(built_in)
                .unwrap()
                .replace("\",\"", "\", \""),
            other => other.to_string(),
        };
        assert_eq!(field.default, shown, "{}", field.path);
    }
}

#[test]
fn rows_are_unique_and_sections_cover_them() {
    for (index, field) in FIELDS.iter().enumerate() {
        assert!(
            !FIELDS[index + 1..]
                .iter()
                .any(|other| other.path == field.path),
            "{} twice",
            field.path
        );
        let documented = field.kind != Kind::Kept;
        let covered = SECTIONS
            .iter()
            .any(|section| field.path.starts_with(section.prefix));
        assert!(covered || !documented, "{} has no section", field.path);
        assert_eq!(field.help.is_empty(), !documented, "{}", field.path);
    }
}

#[test]
fn a_full_file_reads_into_types() {
    let value = json!({
        "gateway": {
            "mode": "remote", "bind": "::1", "port": 19000,
            "auth": {"mode": "trusted-proxy", "token": "t", "rateLimit": {"maxAttempts": 3}},
            "tailscale": {"mode": "serve"},
            "remote": {"url": "wss://h", "transport": "ssh"},
            "nodes": {"allowCommands": [" a "], "commands": {"allow": ["b", ""], "deny": ["c"]}},
            "tls": {"enabled": true, "minVersion": "1.3"},
        },
        "tools": {"exec": {"security": "full", "host": "node"}},
        "env": {"X": "1", "vars": {"Y": "2"}},
        "agents": {"list": []},
    });
    assert_eq!(validate(&value).errors, []);
    let (settings, issues) = Settings::from_value(&value);
    assert_eq!(issues, []);
    assert_eq!(settings.gateway.bind.unwrap().mode, BindMode::Custom);
    assert_eq!(
        settings.gateway.auth.rate_limit,
        RateLimit {
            max_attempts: 3,
            ..RateLimit::default()
        }
    );
    assert_eq!(
        settings.gateway.nodes.allowed().collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(settings.gateway.nodes.denied().collect::<Vec<_>>(), ["c"]);
    assert_eq!(settings.tools.exec.security, Some(ExecSecurity::Full));
    assert_eq!(
        EnvBlock::pairs(&value["env"]),
        [
            ("X".to_owned(), "1".to_owned()),
            ("Y".to_owned(), "2".to_owned())
        ]
    );
}

#[test]
fn bind_accepts_names_and_addresses() {
    for (text, expected) in [
        ("loopback", Some("loopback")),
        (" lan ", Some("lan")),
        ("192.168.1.5", Some("192.168.1.5")),
        ("[fd00::1]", Some("fd00::1")),
        ("Lan", None),
        ("0.0.0", None),
    ] {
        assert_eq!(
            BindChoice::parse(text)
                .map(|bind| bind.to_string())
                .as_deref(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn labels_are_words() {
    assert_eq!(
        Field::kept("gateway.trustedProxies").label(),
        "Trusted proxies"
    );
}
