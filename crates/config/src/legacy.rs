//! Keys that older releases used: understood where that is safe, reported always.

use serde_json::{Map, Value};

use crate::validate::Issue;

/// Keys that became others: old path, new path, message.
const MOVED: &[(&str, &str, &str)] = &[
    (
        "gateway.token",
        "gateway.auth.token",
        "gateway.token is ignored; use gateway.auth.token instead (auto-migrated on load).",
    ),
    (
        "gateway.password",
        "gateway.auth.password",
        "gateway.password was moved; use gateway.auth.password instead (auto-migrated on load).",
    ),
];

/// Moves old keys to their new place in the loaded value; a new key that is already there wins.
/// The file itself is not touched.
pub fn migrate(value: &mut Value) -> Vec<Issue> {
    let mut issues = Vec::new();
    for (old, new, message) in MOVED {
        let Some(moved) = take(value, old) else {
            continue;
        };
        issues.push(Issue::new(*old, *message).with_hint(format!(
            "run: openclaw config set {new} …, then openclaw config unset {old}"
        )));
        put_if_absent(value, new, moved);
    }
    issues
}

fn take(value: &mut Value, path: &str) -> Option<Value> {
    let (parent, key) = path.rsplit_once('.')?;
    let parent = parent
        .split('.')
        .try_fold(value, |value, key| value.get_mut(key))?;
    parent.as_object_mut()?.shift_remove(key)
}

fn put_if_absent(value: &mut Value, path: &str, moved: Value) {
    let mut keys = path.split('.').peekable();
    let mut at = value;
    while let Some(key) = keys.next() {
        let Some(object) = at.as_object_mut() else {
            return;
        };
        if keys.peek().is_none() {
            object.entry(key).or_insert(moved);
            return;
        }
        at = object
            .entry(key)
            .or_insert_with(|| Value::Object(Map::new()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn old_keys_move_and_new_keys_win() {
        let mut value = json!({"gateway": {"token": "a"}});
        let issues = migrate(&mut value);
        assert_eq!(value, json!({"gateway": {"auth": {"token": "a"}}}));
        assert_eq!(issues[0].path, "gateway.token");
        let mut value = json!({"gateway": {"token": "a", "auth": {"token": "b"}}});
        migrate(&mut value);
        assert_eq!(value, json!({"gateway": {"auth": {"token": "b"}}}));
        let mut value = json!({"gateway": []});
        assert_eq!(migrate(&mut value), []);
    }
}
