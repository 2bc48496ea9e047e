//! What differs between two configurations, as dotted paths and never as values.

use serde_json::Value;

use crate::redact::redact;

/// Stamped by every write; no setting.
const STAMP: &str = "meta";

/// One value that differs, without credentials.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Difference {
    /// Dotted path; `.` for the whole.
    pub path: String,
    /// What was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Paths of everything that differs, sorted. Lists count as a whole.
pub fn changed_keys(before: &Value, after: &Value) -> Vec<String> {
    let mut found: Vec<String> = changed(before, after)
        .iter()
        .map(|keys| dotted(keys))
        .collect();
    found.sort_unstable();
    found
}

/// Everything that differs with its values, sorted by path. Credentials are compared and never shown.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let (shown_before, shown_after) = (redact(before), redact(after));
    let at = |value: &Value, keys: &[String]| {
        let found = keys.iter().try_fold(value, |value, key| value.get(key));
        found.filter(|value| !value.is_null()).cloned()
    };
    let mut found: Vec<Difference> = changed(before, after)
        .iter()
        .map(|keys| Difference {
            path: dotted(keys),
            before: at(&shown_before, keys),
            after: at(&shown_after, keys),
        })
        .collect();
    found.sort_unstable_by(|left, right| left.path.cmp(&right.path));
    found
}

fn dotted(keys: &[String]) -> String {
    if keys.is_empty() {
        ".".to_owned()
    } else {
        keys.join(".")
    }
}

fn changed(before: &Value, after: &Value) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    walk(&[], before, after, &mut found);
    found
}

fn walk(path: &[String], before: &Value, after: &Value, found: &mut Vec<Vec<String>>) {
    if before == after {
        return;
    }
    let empty = serde_json::Map::new();
    let (was, is) = match (before, after) {
        (Value::Object(was), Value::Object(is)) => (was, is),
        // What comes or goes with members is named by its members.
        (Value::Object(was), Value::Null) if !was.is_empty() => (was, &empty),
        (Value::Null, Value::Object(is)) if !is.is_empty() => (&empty, is),
        _ => return found.push(path.to_vec()),
    };
    let added = is.keys().filter(|key| !was.contains_key(*key));
    for key in was.keys().chain(added) {
        if path.is_empty() && key == STAMP {
            continue;
        }
        let below: Vec<String> = path.iter().chain([key]).cloned().collect();
        let value = |object: &serde_json::Map<String, Value>| {
            object.get(key).cloned().unwrap_or(Value::Null)
        };
        walk(&below, &value(was), &value(is), found);
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

    #[test]
    fn differences_show_values_and_no_credentials() {
        let before = json!({ "gateway": { "port": 1, "auth": { "token": "s1-secret-secret" } } });
        let after =
            json!({ "gateway": { "bind": "lan", "auth": { "token": "s2-secret-secret" } } });
        let found = differences(&before, &after);
        let paths: Vec<&str> = found.iter().map(|one| one.path.as_str()).collect();
        assert_eq!(
            paths,
            ["gateway.auth.token", "gateway.bind", "gateway.port"]
        );
        assert_eq!(
            (&found[1].before, &found[1].after),
            (&None, &Some(json!("lan")))
        );
        assert_eq!(
            (&found[2].before, &found[2].after),
            (&Some(json!(1)), &None)
        );
        let shown = serde_json::to_string(&found).unwrap();
        assert!(!shown.contains("secret-secret"), "{shown}");
    }
}
