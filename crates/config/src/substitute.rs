//! `${NAME}` in texts: replaced by the environment when the config is read, never when it is
//! written.

use serde_json::Value;

use crate::env::Env;
use crate::validate::Issue;

/// Replaces every `${NAME}` of every text. A name that is unset or empty is an issue at the path of
/// its text, which then stays as written. `$${NAME}` stands for the text `${NAME}`.
pub fn substitute(value: &mut Value, env: &Env) -> Vec<Issue> {
    let mut issues = Vec::new();
    walk(
        value,
        "",
        &|name| env.get(name).map(str::to_owned),
        &mut issues,
    );
    issues
}

/// True when `text` refers to at least one variable.
pub fn has_reference(text: &str) -> bool {
    let mut found = false;
    expand(text, &mut |_| {
        found = true;
        Some(String::new())
    });
    found
}

/// True when `text` is one reference and nothing else.
pub fn is_reference(text: &str) -> bool {
    text.strip_prefix("${")
        .is_some_and(|rest| reference(rest).is_some_and(|name| rest.len() == name.len() + 1))
}

fn walk(
    value: &mut Value,
    path: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    issues: &mut Vec<Issue>,
) {
    match value {
        Value::String(text) if text.contains("${") => {
            let mut missing = Vec::new();
            let expanded = expand(text, &mut |name| {
                let found = lookup(name);
                if found.is_none() {
                    missing.push(name.to_owned());
                }
                found
            });
            if missing.is_empty() {
                *text = expanded;
            }
            issues.extend(missing.into_iter().map(|name| {
                Issue::new(
                    path,
                    format!("Missing env var \"{name}\" referenced at config path: {path}"),
                )
                .with_hint(format!(
                    "set {name}, or write $${{{name}}} for the literal text"
                ))
            }));
        }
        Value::Array(list) => {
            for (index, entry) in list.iter_mut().enumerate() {
                walk(entry, &join(path, &index.to_string()), lookup, issues);
            }
        }
        Value::Object(object) => {
            for (key, entry) in object.iter_mut() {
                walk(entry, &join(path, key), lookup, issues);
            }
        }
        _ => {}
    }
}

fn expand(text: &str, lookup: &mut dyn FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let escaped = rest[..start].ends_with('$');
        let Some(name) = reference(&rest[start + 2..]) else {
            out.push_str(&rest[..start + 2]);
            rest = &rest[start + 2..];
            continue;
        };
        let end = start + 2 + name.len() + 1;
        if escaped {
            out.push_str(&rest[..start - 1]);
            out.push_str(&rest[start..end]);
        } else {
            out.push_str(&rest[..start]);
            out.push_str(&lookup(name).unwrap_or_else(|| rest[start..end].to_owned()));
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// The name at the start of `text` when a closing brace follows: `[A-Z_][A-Z0-9_]*`.
fn reference(text: &str) -> Option<&str> {
    let name = &text[..text.find('}')?];
    let mut bytes = name.bytes();
    let first = bytes.next()?;
    let valid = (first.is_ascii_uppercase() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    valid.then_some(name)
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn run(text: &str) -> (String, usize) {
        let env = Env::from_pairs([
            ("A", "1"),
            ("B_2", "two"),
            ("EMPTY", " "),
            ("NESTED", "${A}"),
        ]);
        let mut value = json!(text);
        let issues = substitute(&mut value, &env);
        (value.as_str().unwrap().to_owned(), issues.len())
    }

    #[test]
    fn references_are_replaced() {
        for (text, expected, issues) in [
            ("${A}", "1", 0),
            ("x${A}y${B_2}z", "x1ytwoz", 0),
            ("$${A}", "${A}", 0),
            ("$${A}${A}", "${A}1", 0),
            ("$$${A}", "$${A}", 0),
            ("${NESTED}", "${A}", 0),
            ("${a}", "${a}", 0),
            ("${1A}", "${1A}", 0),
            ("${A", "${A", 0),
            ("$A", "$A", 0),
            ("${}", "${}", 0),
            ("${${A}", "${1", 0),
            ("${EMPTY}", "${EMPTY}", 1),
            ("${NONE}-${A}-${GONE}", "${NONE}-${A}-${GONE}", 2),
            ("ü${A}é", "ü1é", 0),
        ] {
            assert_eq!(run(text), (expected.to_owned(), issues), "{text}");
        }
    }

    #[test]
    fn missing_names_are_reported_at_their_path() {
        let mut value = json!({"gateway": {"auth": {"token": "${FOO_TOK}"}, "list": ["${BAR}"]}});
        let issues = substitute(&mut value, &Env::from_pairs([("X", "")]));
        assert_eq!(
            issues[0].line(),
            "gateway.auth.token: Missing env var \"FOO_TOK\" referenced at config path: gateway.auth.token"
        );
        assert_eq!(issues[1].path, "gateway.list.0");
    }

    proptest! {
        #[test]
        fn text_without_references_is_unchanged(text in "[^$]*") {
            prop_assert_eq!(run(&text), (text, 0));
        }

        #[test]
        fn any_text_is_handled(text in "[$A{}a_1 ü]*") {
            let (expanded, _) = run(&text);
            prop_assert!(has_reference(&text) || expanded.len() <= text.len());
        }
    }
}
