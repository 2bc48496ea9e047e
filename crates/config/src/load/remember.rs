//! The last good config after a secret was replaced in a file that cannot be used as a whole: it does not bring the older one back.

use serde_json::{Value, json};

use super::fallback::{AUTH, EXPOSURE, get, put, put_below};
use super::rotation::Rotated;
use crate::legacy;
use crate::schema::EnvBlock;

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
    // A text may name a variable of the file itself.
    let names_variables = |section: &&str| {
        get(&good, section).is_some_and(|content| content.to_string().contains("${"))
    };
    if EXPOSURE.iter().any(names_variables)
        && let Some(block) = file.get("env")
    {
        take_over(&mut good, &EnvBlock::pairs(block));
    }
    Some(good)
}

fn copy(good: &mut Value, file: &Value, section: &str) {
    match get(file, section) {
        Some(content) => put_below(good, section, content.clone()),
        None => put(good, section, None),
    }
}

/// Sets variables in the `env` block, in whichever of its two forms they are there.
fn take_over(good: &mut Value, variables: &[(String, String)]) {
    for (name, value) in variables {
        for form in ["env", "env.vars"] {
            let block = get_mut(good, form).and_then(Value::as_object_mut);
            block.map(|block| block.shift_remove(name));
        }
        let vars = get_mut(good, "env.vars").and_then(Value::as_object_mut);
        match vars {
            Some(vars) => drop(vars.insert(name.clone(), json!(value))),
            None => put_below(good, "env.vars", json!({ name.as_str(): value })),
        }
    }
}

fn get_mut<'a>(value: &'a mut Value, section: &str) -> Option<&'a mut Value> {
    section
        .split('.')
        .try_fold(value, |value, key| value.get_mut(key))
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
            // In the other form of the block, and where another section names it.
            (
                json!({ "env": { "vars": { "T": "a" } }, "gateway": { "auth": { "token": "${T}" } } }),
                json!({ "env": { "T": "b" }, "gateway": { "auth": { "token": "${T}" } } }),
                secret,
                Some(
                    json!({ "env": { "vars": { "T": "b" } }, "gateway": { "auth": { "token": "${T}" } } }),
                ),
            ),
            (
                json!({ "env": { "B": "lan" }, "gateway": { "auth": { "token": "a" }, "bind": "${B}" } }),
                json!({ "env": { "vars": { "B": "loopback" } }, "gateway": { "auth": { "token": "b" }, "bind": "${B}" } }),
                Rotated::Exposure,
                Some(
                    json!({ "env": { "vars": { "B": "loopback" } }, "gateway": { "auth": { "token": "b" }, "bind": "${B}" } }),
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
