//! Keys that were there, and in whose place a word stands that nearly is them.
//!
//! An unknown key is only a warning, and a setting that is gone is back at its default. Together they could take a limit away
//! that somebody set: `alowUsers` lets every user in. So a key that turns into an unknown word is a mistake, not a change.

use serde_json::{Map, Value};

use super::{Issue, Node, tree};
use crate::schema::Kind;
use crate::suggest::nearest;

/// One issue for each key of `before` that `after` only has under a misspelt name.
pub(crate) fn misspelt(before: &Value, after: &Value) -> Vec<Issue> {
    let mut found = Vec::new();
    if let (Value::Object(before), Value::Object(after)) = (before, after) {
        walk(tree(), "", before, after, &mut found);
    }
    found
}

fn walk(
    node: &Node,
    path: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    found: &mut Vec<Issue>,
) {
    let below = |key: &str| {
        if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        }
    };
    let gone: Vec<&str> = node
        .children
        .iter()
        .filter(|(_, child)| child.field.is_none_or(|field| field.kind != Kind::Kept))
        .map(|(key, _)| *key)
        .filter(|key| before.contains_key(*key) && !after.contains_key(*key))
        .collect();
    let unknown = |key: &&String| {
        !node.children.contains_key(key.as_str()) && !before.contains_key(key.as_str())
    };
    for key in after.keys().filter(unknown) {
        if let Some(meant) = nearest(key, gone.iter().copied()) {
            found.push(
                Issue::new(
                    below(meant),
                    format!("\"{key}\" is in the place of \"{meant}\""),
                )
                .with_hint(format!(
                    "write \"{meant}\"; to give the setting up, remove it"
                )),
            );
        }
    }
    for (key, child) in &node.children {
        if let (Some(Value::Object(was)), Some(Value::Object(is))) =
            (before.get(*key), after.get(*key))
        {
            walk(child, &below(key), was, is, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn u07_a_key_that_turns_into_an_unknown_word_is_a_mistake() {
        let before = json!({ "gateway": {
            "auth": { "token": "t", "trustedProxy": { "allowUsers": ["ann"] } },
            "tls": { "requireClientCertificate": true },
            "nodes": { "denyCommands": ["system.run"] },
        } });
        for (pointer, word, paths) in [
            ("/gateway", "gatewayy", vec!["gateway"]),
            ("/gateway/auth/token", "tokn", vec!["gateway.auth.token"]),
            (
                "/gateway/auth/trustedProxy/allowUsers",
                "alowUsers",
                vec!["gateway.auth.trustedProxy.allowUsers"],
            ),
            (
                "/gateway/tls/requireClientCertificate",
                "requireClientCertificat",
                vec!["gateway.tls.requireClientCertificate"],
            ),
            ("/gateway/nodes/denyCommands", "somethingElse", vec![]),
            // A known key is a change, however near.
            ("/gateway/nodes/denyCommands", "allowCommands", vec![]),
        ] {
            let mut after = before.clone();
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            let parent = after.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            let value = parent.remove(key).unwrap();
            parent.insert(word.to_owned(), value);
            let found: Vec<String> = misspelt(&before, &after)
                .into_iter()
                .map(|issue| issue.path)
                .collect();
            assert_eq!(found, paths, "{word}");
        }
        // Unknown words that were there before, and keys that are only removed, are no mistakes.
        let mut after = before.clone();
        after["gateway"]["auth"] = json!({});
        assert_eq!(misspelt(&before, &after), []);
    }
}
