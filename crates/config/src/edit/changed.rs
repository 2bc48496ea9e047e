//! What differs between two configurations, as dotted paths and never as values.

use serde_json::Value;

/// Stamped by every write; no setting.
const STAMP: &str = "meta";

/// Paths of everything that differs, sorted. Lists count as a whole.
pub fn changed_keys(before: &Value, after: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(String::new(), before, after, &mut found);
    found.sort_unstable();
    found
}

fn walk(path: String, before: &Value, after: &Value, found: &mut Vec<String>) {
    if before == after {
        return;
    }
    let below = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    let empty = serde_json::Map::new();
    let (was, is) = match (before, after) {
        (Value::Object(was), Value::Object(is)) => (was, is),
        // What comes or goes with members is named by its members.
        (Value::Object(was), Value::Null) if !was.is_empty() => (was, &empty),
        (Value::Null, Value::Object(is)) if !is.is_empty() => (&empty, is),
        _ => {
            found.push(if path.is_empty() {
                ".".to_owned()
            } else {
                path
            });
            return;
        }
    };
    let added = is.keys().filter(|key| !was.contains_key(*key));
    for key in was.keys().chain(added) {
        if path.is_empty() && key == STAMP {
            continue;
        }
        let value = |object: &serde_json::Map<String, Value>| object.get(key).cloned();
        let (was, is) = (value(was), value(is));
        walk(
            below(key),
            was.as_ref().unwrap_or(&Value::Null),
            is.as_ref().unwrap_or(&Value::Null),
            found,
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_name_what_differs_and_nothing_else() {
        let before = json!({
            "meta": { "lastTouchedAt": "a" },
            "gateway": { "bind": "loopback", "auth": { "token": "s1", "mode": "token" }, "trustedProxies": ["10.0.0.1"] },
        });
        let after = json!({
            "meta": { "lastTouchedAt": "b" },
            "gateway": { "bind": "lan", "auth": { "token": "s2", "mode": "token" }, "trustedProxies": [], "tls": { "mode": "self" } },
            "logging": {},
        });
        assert_eq!(
            changed_keys(&before, &after),
            [
                "gateway.auth.token",
                "gateway.bind",
                "gateway.tls.mode",
                "gateway.trustedProxies",
                "logging"
            ]
        );
        assert_eq!(changed_keys(&after, &after), Vec::<String>::new());
        assert_eq!(changed_keys(&Value::Null, &json!(3)), ["."]);
    }
}
