//! JSON merge patch (RFC 7396).

use serde_json::{Map, Value};

use crate::secret::REDACTED;

/// Applies `patch` to `target`: null removes, objects merge, anything else replaces. A redacted
/// placeholder leaves what is there.
pub fn apply_merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        if patch.as_str() != Some(REDACTED) || target.is_null() {
            *target = patch.clone();
        }
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(object) = target else {
        return;
    };
    for (key, change) in changes {
        match (change, object.get_mut(key)) {
            (Value::Null, _) => drop(object.shift_remove(key)),
            (change, Some(held)) => apply_merge_patch(held, change),
            (change, None) => {
                let mut held = Value::Null;
                apply_merge_patch(&mut held, change);
                object.insert(key.clone(), held);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn follows_the_examples_of_the_standard() {
        for (target, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": "b"}),
                json!({"b": "c"}),
                json!({"a": "b", "b": "c"}),
            ),
            (
                json!({"a": "b", "b": "c"}),
                json!({"a": null}),
                json!({"b": "c"}),
            ),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (
                json!({"a": [{"b": "c"}]}),
                json!({"a": [1]}),
                json!({"a": [1]}),
            ),
            (
                json!({"e": null}),
                json!({"a": 1}),
                json!({"e": null, "a": 1}),
            ),
            (
                json!([1, 2]),
                json!({"a": "b", "c": null}),
                json!({"a": "b"}),
            ),
            (
                json!({}),
                json!({"a": {"bb": {"ccc": null}}}),
                json!({"a": {"bb": {}}}),
            ),
            (
                json!({"t": "real"}),
                json!({"t": "__OPENCLAW_REDACTED__"}),
                json!({"t": "real"}),
            ),
        ] {
            let mut value = target.clone();
            apply_merge_patch(&mut value, &patch);
            assert_eq!(value, expected, "{target} + {patch}");
        }
    }
}
