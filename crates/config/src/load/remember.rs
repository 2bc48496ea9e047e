//! The last good config after a secret was replaced in a file that cannot be used as a whole: it does not bring the older one back.

use serde_json::Value;

use super::fallback::{AUTH, EXPOSURE, get, put, put_below};
use super::rotation::Rotated;
use crate::legacy;

/// `good` with what counts of `file`, both as written. `None` when there is nothing to keep of the file.
pub(super) fn with_rotation(mut good: Value, file: &Value, rotated: Rotated) -> Option<Value> {
    let mut file = file.clone();
    // A secret under its older name is one, too.
    for config in [&mut good, &mut file] {
        legacy::migrate(config);
    }
    match rotated {
        Rotated::Exposure => {
            for section in EXPOSURE {
                copy(&mut good, &file, section);
            }
        }
        Rotated::All => copy(&mut good, &file, AUTH),
        Rotated::Secret(key) => {
            let newer = get(&file, AUTH)?.get(key)?;
            newer.as_str().filter(|text| !text.trim().is_empty())?;
            put_below(&mut good, &format!("{AUTH}.{key}"), newer.clone());
        }
    }
    // The text may name a variable of the file itself.
    if get(&good, AUTH).is_some_and(|auth| auth.to_string().contains("${"))
        && let Some(block) = file.get("env")
    {
        merge(&mut good["env"], block);
    }
    Some(good)
}

fn copy(good: &mut Value, file: &Value, section: &str) {
    match get(file, section) {
        Some(content) => put_below(good, section, content.clone()),
        None => put(good, section, None),
    }
}

/// Puts the entries of `more` over those of `value`, at any depth.
fn merge(value: &mut Value, more: &Value) {
    match (value, more) {
        (Value::Object(value), Value::Object(more)) => {
            for (key, entry) in more {
                merge(value.entry(key).or_insert(Value::Null), entry);
            }
        }
        (value, more) => *value = more.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn u07_what_was_good_learns_the_newer_secret_and_nothing_else() {
        let secret = Rotated::Secret("token");
        for (good, file, rotated, expected) in [
            (
                json!({ "gateway": { "auth": { "token": "a", "allowDeviceless": true }, "port": 1 } }),
                json!({ "gateway": { "auth": { "token": "b" }, "port": "x" } }),
                secret,
                Some(
                    json!({ "gateway": { "auth": { "token": "b", "allowDeviceless": true }, "port": 1 } }),
                ),
            ),
            // Under its older name, beside a section or alone.
            (
                json!({ "gateway": { "auth": { "token": "a" } } }),
                json!({ "gateway": { "token": "b", "auth": { "allowDeviceless": false } } }),
                secret,
                Some(json!({ "gateway": { "auth": { "token": "b" } } })),
            ),
            (
                json!({ "gateway": { "token": "a" } }),
                json!({ "gateway": { "token": "b" } }),
                secret,
                Some(json!({ "gateway": { "auth": { "token": "b" } } })),
            ),
            (
                json!({ "gateway": { "auth": { "mode": "none" } } }),
                json!({ "gateway": { "token": "b" } }),
                Rotated::All,
                Some(json!({ "gateway": { "auth": { "token": "b" } } })),
            ),
            // A variable that the file itself sets.
            (
                json!({ "env": { "vars": { "T": "a", "U": "u" } }, "gateway": { "auth": { "token": "${T}" } } }),
                json!({ "env": { "vars": { "T": "b" } }, "gateway": { "auth": { "token": "${T}" } } }),
                secret,
                Some(
                    json!({ "env": { "vars": { "T": "b", "U": "u" } }, "gateway": { "auth": { "token": "${T}" } } }),
                ),
            ),
            // All of what decides together, as it is in effect.
            (
                json!({ "gateway": { "auth": { "token": "a" }, "bind": "lan", "port": 1 } }),
                json!({ "gateway": { "auth": { "mode": "none" }, "port": 2 } }),
                Rotated::Exposure,
                Some(json!({ "gateway": { "auth": { "mode": "none" }, "port": 1 } })),
            ),
            // Nothing that could count.
            (
                json!({ "gateway": { "auth": { "token": "a" } } }),
                json!({ "gateway": { "auth": { "token": " " } } }),
                secret,
                None,
            ),
            // One that somebody else wrote.
            (
                json!({ "gateway": "x" }),
                json!({ "gateway": { "auth": { "token": "b" } } }),
                secret,
                Some(json!({ "gateway": { "auth": { "token": "b" } } })),
            ),
        ] {
            assert_eq!(with_rotation(good, &file, rotated), expected, "{file}");
        }
    }
}
