//! Comparing JSON with named exceptions.

use std::collections::BTreeSet;

use serde_json::Value;

/// Removes what the recording left out (`"…"`, `"…5 more"`, `"<elided: …>"`) and returns where that was.
pub(crate) fn strip_elided(value: &mut Value, path: &str, places: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            object.retain(|key, member| {
                let path = format!("{path}.{key}");
                if is_elided(member) {
                    places.insert(path);
                    return false;
                }
                strip_elided(member, &path, places);
                true
            });
        }
        Value::Array(items) => {
            let path = format!("{path}[]");
            items.retain_mut(|item| {
                if is_elided(item) {
                    places.insert(path.clone());
                    return false;
                }
                strip_elided(item, &path, places);
                true
            });
        }
        _ => {}
    }
}

fn is_elided(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.starts_with('…') || text.starts_with("<elided"))
}

/// Asserts that `encoded` is `recorded`, apart from whole members: those that are not encoded are put into `members`
/// as `- path`, those that were not recorded as `+ path`.
pub(crate) fn compare(
    recorded: &Value,
    encoded: &Value,
    path: &str,
    members: &mut BTreeSet<String>,
) {
    match (recorded, encoded) {
        (Value::Object(recorded), Value::Object(encoded)) => {
            for key in encoded.keys().filter(|key| !recorded.contains_key(*key)) {
                members.insert(format!("+ {path}.{key}"));
            }
            for (key, value) in recorded {
                let path = format!("{path}.{key}");
                match encoded.get(key) {
                    Some(encoded) => compare(value, encoded, &path, members),
                    None => {
                        members.insert(format!("- {path}"));
                    }
                }
            }
        }
        (Value::Array(recorded), Value::Array(encoded)) => {
            assert_eq!(recorded.len(), encoded.len(), "{path}");
            for (recorded, encoded) in recorded.iter().zip(encoded) {
                compare(recorded, encoded, &format!("{path}[]"), members);
            }
        }
        _ => assert_eq!(recorded, encoded, "{path}"),
    }
}

/// Asserts that both sets are the same, and says what each has alone.
pub(crate) fn assert_same_set<T: Ord + std::fmt::Debug>(
    what: &str,
    found: &BTreeSet<T>,
    listed: &BTreeSet<T>,
) {
    let unlisted: Vec<_> = found.difference(listed).collect();
    let unmet: Vec<_> = listed.difference(found).collect();
    assert!(
        unlisted.is_empty() && unmet.is_empty(),
        "{what}: not listed {unlisted:#?}, listed but not met {unmet:#?}"
    );
}
