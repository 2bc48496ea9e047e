//! The key table as JSON Schema and as hints for forms, for the `config.schema` RPC.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::schema::{BindMode, FIELDS, Field, Kind, SECTIONS, Section};
use crate::validate::{Node, tree};

/// `{schema, uiHints, version}`. The caller adds `generatedAt`.
pub fn config_schema(version: &str) -> Value {
    json!({"schema": schema(), "uiHints": ui_hints(), "version": version})
}

/// JSON text of the schema, made once.
pub fn schema_text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| schema().to_string());
    &TEXT
}

/// JSON text of the hints, made once.
pub fn ui_hints_text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| ui_hints().to_string());
    &TEXT
}

/// The schema of the whole config.
pub fn schema() -> Value {
    let mut schema = object_schema(tree(), "");
    if let Value::Object(schema) = &mut schema {
        schema.insert(
            "$schema".to_owned(),
            json!("http://json-schema.org/draft-07/schema#"),
        );
        schema.insert("title".to_owned(), json!("OpenClawConfig"));
        schema.insert(KEPT.to_owned(), json!(kept()));
    }
    schema
}

/// The member of the schema that names what is accepted and kept without being read.
const KEPT: &str = "x-kept";

/// Keys that are kept whole, and objects that may hold keys we do not know.
fn kept() -> Vec<&'static str> {
    FIELDS
        .iter()
        .filter(|field| matches!(field.kind, Kind::Kept | Kind::OpenObject | Kind::EnvBlock))
        .map(|field| field.path)
        .collect()
}

/// Hints by path: label, help, group, order, advanced, sensitive, placeholder.
pub fn ui_hints() -> Value {
    let mut hints = Map::new();
    for (order, section) in SECTIONS.iter().enumerate() {
        hints.insert(
            section.prefix.to_owned(),
            json!({"label": section.title, "group": section.title, "order": (order + 1) * 10}),
        );
    }
    for (order, field) in FIELDS
        .iter()
        .enumerate()
        .filter(|(_, field)| !field.help.is_empty())
    {
        let mut hint = Map::new();
        hint.insert("label".to_owned(), json!(field.label()));
        hint.insert("help".to_owned(), json!(field.help));
        hint.insert("order".to_owned(), json!(order + 1));
        if let Some(section) = section_of(field.path) {
            hint.insert("group".to_owned(), json!(section.title));
        }
        // Said of every field: forms hide a field for which nobody says.
        hint.insert("advanced".to_owned(), json!(field.advanced));
        if field.secret {
            hint.insert("sensitive".to_owned(), json!(true));
        }
        if !field.default.is_empty() && !is_list(field.kind) {
            hint.insert("placeholder".to_owned(), json!(field.default));
        }
        match hints.get_mut(field.path) {
            Some(Value::Object(section)) => {
                drop(section.insert("help".to_owned(), json!(field.help)));
            }
            _ => drop(hints.insert(field.path.to_owned(), Value::Object(hint))),
        }
    }
    Value::Object(hints)
}

/// The section with the longest prefix of a path.
pub(crate) fn section_of(path: &str) -> Option<&'static Section> {
    SECTIONS
        .iter()
        .filter(|section| {
            path.strip_prefix(section.prefix)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
        .max_by_key(|section| section.prefix.len())
}

fn is_list(kind: Kind) -> bool {
    matches!(kind, Kind::Texts | Kind::IpRanges | Kind::Origins)
}

fn node_schema(node: &Node, path: &str) -> Value {
    match node.field.map(|field| (field.kind, field)) {
        None | Some((Kind::OpenObject, _)) => object_schema(node, path),
        Some((Kind::EnvBlock, _)) => {
            let mut schema = object_schema(node, path);
            schema["additionalProperties"] = json!({"type": "string"});
            schema
        }
        Some((kind, field)) => value_schema(kind, field),
    }
}

/// What we only keep has no form: a form could show nothing of it, and changing it here would change nothing.
fn is_ours(node: &Node) -> bool {
    node.field
        .is_none_or(|field| !matches!(field.kind, Kind::Kept))
        || !node.children.is_empty()
}

/// Unknown keys are accepted everywhere, so nothing here forbids them. Nothing says so either: forms would not touch
/// such an object.
fn object_schema(node: &Node, path: &str) -> Value {
    let properties: Map<String, Value> = in_table_order(node, path)
        .filter(|(_, child)| is_ours(child))
        .map(|(key, child)| {
            let below = if path.is_empty() {
                key.to_owned()
            } else {
                format!("{path}.{key}")
            };
            (key.to_owned(), node_schema(child, &below))
        })
        .collect();
    json!({"type": "object", "properties": properties})
}

/// The tree is sorted by key; people expect the order of the table.
fn in_table_order<'a>(
    node: &'a Node,
    path: &str,
) -> impl Iterator<Item = (&'static str, &'a Node)> {
    let position = |key: &str| {
        let below = if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        };
        let inside = |field: &Field| {
            field
                .path
                .strip_prefix(&below)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        FIELDS.iter().position(inside)
    };
    let mut children: Vec<_> = node
        .children
        .iter()
        .map(|(key, child)| (position(key), *key, child))
        .collect();
    children.sort_by_key(|(position, ..)| *position);
    children.into_iter().map(|(_, key, child)| (key, child))
}

fn value_schema(kind: Kind, field: &Field) -> Value {
    let mut schema = match kind {
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Int { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
        Kind::Text
        | Kind::Url
        | Kind::DnsDomain
        | Kind::BasePath
        | Kind::BindHost
        | Kind::Origin
        | Kind::ProxyListen
        | Kind::HeaderName
        | Kind::Fingerprint => json!({"type": "string"}),
        Kind::ShortText(limit) => json!({"type": "string", "maxLength": limit}),
        Kind::Word(words) => json!({"type": "string", "enum": words}),
        Kind::Bind => {
            // A word, or an address. Forms know no such choice; they show a field for text.
            let words = BindMode::WORDS.join("|");
            json!({"type": "string", "examples": BindMode::WORDS, "pattern": format!("^({words})$|[0-9:]")})
        }
        Kind::Texts | Kind::IpRanges | Kind::Origins => {
            json!({"type": "array", "items": {"type": "string"}})
        }
        Kind::ListsByName => {
            json!({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}})
        }
        Kind::TextMap => json!({"type": "object", "additionalProperties": {"type": "string"}}),
        Kind::Headers => {
            json!({"type": "object", "additionalProperties": {"type": ["string", "object"]}})
        }
        Kind::OpenObject | Kind::EnvBlock | Kind::Kept => json!({}),
    };
    if !field.help.is_empty() {
        schema["description"] = json!(field.help);
    }
    if let Some(default) = default_value(field) {
        schema["default"] = default;
    }
    schema
}

/// The default as a value; texts in angle brackets describe one that depends on the machine.
fn default_value(field: &Field) -> Option<Value> {
    match field.kind {
        _ if field.default.is_empty() || field.default.contains('<') => None,
        Kind::Bool | Kind::Int { .. } | Kind::Texts | Kind::IpRanges | Kind::Origins => {
            serde_json::from_str(field.default).ok()
        }
        _ => Some(json!(field.default)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_follows_the_table() {
        let schema = schema();
        let at = |pointer: &str| {
            schema
                .pointer(pointer)
                .unwrap_or_else(|| panic!("{pointer}"))
        };
        let port = "/properties/gateway/properties/port";
        assert_eq!(
            (
                at(&format!("{port}/type")),
                at(&format!("{port}/maximum")),
                at(&format!("{port}/default"))
            ),
            (&json!("integer"), &json!(65535), &json!(18789))
        );
        assert_eq!(
            at("/properties/gateway/properties/auth/properties/mode/enum"),
            &json!(["token", "password", "none", "trusted-proxy"])
        );
        for open in ["/properties/gateway", "/properties/gateway/properties/tls"] {
            assert!(at(open).get("additionalProperties").is_none(), "{open}");
        }
        assert_eq!(
            at("/properties/env/properties/vars/additionalProperties/type"),
            &json!("string")
        );
        let first: Vec<_> = at("/properties")
            .as_object()
            .unwrap()
            .keys()
            .take(3)
            .cloned()
            .collect();
        assert_eq!(first, ["gateway", "discovery", "logging"]);
        for (name, shown) in [
            ("ui", true),
            ("agents", false),
            ("channels", false),
            ("nonsense", false),
        ] {
            assert_eq!(schema["properties"].get(name).is_some(), shown, "{name}");
        }
        let kept = at("/x-kept").as_array().unwrap();
        for path in ["agents", "channels", "gateway.tls", "env"] {
            assert!(kept.contains(&json!(path)), "{path}");
        }
        assert_eq!(
            at("/properties/gateway/properties/bind/type"),
            &json!("string")
        );
    }

    /// Forms show "unsupported" for what has no type, or more than one.
    #[test]
    fn every_value_has_one_type() {
        fn walk(path: &str, schema: &Value, bad: &mut Vec<String>) {
            if !schema["type"].is_string() || schema.get("anyOf").is_some() {
                bad.push(path.to_owned());
            }
            for (key, child) in schema["properties"].as_object().into_iter().flatten() {
                walk(&format!("{path}.{key}"), child, bad);
            }
        }
        let mut bad = Vec::new();
        walk("", &schema(), &mut bad);
        assert_eq!(bad, Vec::<String>::new());
    }

    #[test]
    fn hints_mark_secrets_and_groups() {
        let hints = ui_hints();
        assert_eq!(hints["gateway.auth.token"]["sensitive"], true);
        assert_eq!(hints["gateway.auth.token"]["group"], "Authentication");
        assert_eq!(hints["gateway.port"]["label"], "Port");
        assert_eq!(hints["gateway.port"]["placeholder"], "18789");
        assert_eq!(hints["gateway.tls"]["label"], "TLS");
        assert!(hints["gateway.port"].get("sensitive").is_none());
        for field in FIELDS.iter().filter(|field| !field.help.is_empty()) {
            assert!(hints.get(field.path).is_some(), "{}", field.path);
        }
    }

    #[test]
    fn texts_equal_the_values() {
        let payload = config_schema("1.2.3");
        assert_eq!(
            serde_json::from_str::<Value>(schema_text()).unwrap(),
            payload["schema"]
        );
        assert_eq!(
            serde_json::from_str::<Value>(ui_hints_text()).unwrap(),
            payload["uiHints"]
        );
        assert_eq!(payload["version"], "1.2.3");
    }
}
