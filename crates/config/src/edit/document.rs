//! Changes config text to hold another value while comments, order and style of everything else
//! stay.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};
use serde_json::{Map, Value};

use crate::text;

/// Text that holds a wanted value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The text.
    pub text: String,
    /// False when the text had to be written anew, so that comments are gone.
    pub comments_kept: bool,
}

/// Returns text that reads as `target`, as close to `old` as possible.
pub fn rewrite(old: &str, target: &Value) -> Rewritten {
    if let Some(text) = edit_in_place(old, target) {
        return Rewritten {
            text,
            comments_kept: true,
        };
    }
    let had_comments = !old.trim().is_empty() && (old.contains("//") || old.contains("/*"));
    Rewritten {
        text: text::pretty(target),
        comments_kept: !had_comments,
    }
}

/// The parser for editing knows slightly less than the one for reading, so the result is read again
/// and must be exactly what was asked for.
fn edit_in_place(old: &str, target: &Value) -> Option<String> {
    let old = old.strip_prefix('\u{feff}').unwrap_or(old);
    let current = text::parse(old).ok()?;
    if current == *target {
        return Some(old.to_owned());
    }
    let root = parse(old)?;
    let object = root.object_value()?;
    edit_object(&object, current.as_object()?, target.as_object()?)?;
    let edited = root.to_string();
    (text::parse(&edited).ok()? == *target).then_some(edited)
}

/// Parses text for editing.
pub(crate) fn parse(text: &str) -> Option<CstRootNode> {
    let options = ParseOptions {
        allow_missing_commas: false,
        ..ParseOptions::default()
    };
    CstRootNode::parse(text, &options).ok()
}

fn edit_object(
    object: &CstObject,
    current: &Map<String, Value>,
    target: &Map<String, Value>,
) -> Option<()> {
    for key in current.keys().filter(|key| !target.contains_key(*key)) {
        object.get(key)?.remove();
    }
    for (key, wanted) in target {
        match current.get(key) {
            None => drop(object.append(key, input(wanted))),
            Some(held) if held == wanted => {}
            Some(held) => {
                let property = object.get(key)?;
                if edit_node(&property.value()?, held, wanted).is_none() {
                    property.set_value(input(wanted));
                }
            }
        }
    }
    Some(())
}

fn edit_array(list: &CstArray, current: &[Value], target: &[Value]) -> Option<()> {
    // Entries have no names; only changed and appended entries can be told from moved ones.
    let elements = list.elements();
    if target.len() < current.len() || elements.len() != current.len() {
        return None;
    }
    for ((element, held), wanted) in elements.into_iter().zip(current).zip(target) {
        if held != wanted && edit_node(&element, held, wanted).is_none() {
            replace(&element, wanted)?;
        }
    }
    for wanted in &target[current.len()..] {
        list.append(input(wanted));
    }
    Some(())
}

/// Changes a node in place when it keeps its kind.
fn edit_node(node: &CstNode, held: &Value, wanted: &Value) -> Option<()> {
    match (held, wanted) {
        (Value::Object(held), Value::Object(wanted)) => {
            edit_object(&node.as_object()?, held, wanted)
        }
        (Value::Array(held), Value::Array(wanted)) => edit_array(&node.as_array()?, held, wanted),
        _ => None,
    }
}

fn replace(node: &CstNode, wanted: &Value) -> Option<CstNode> {
    let wanted = input(wanted);
    if let Some(object) = node.as_object() {
        object.replace_with(wanted)
    } else if let Some(list) = node.as_array() {
        list.replace_with(wanted)
    } else if let Some(text) = node.as_string_lit() {
        text.replace_with(wanted)
    } else if let Some(number) = node.as_number_lit() {
        number.replace_with(wanted)
    } else if let Some(boolean) = node.as_boolean_lit() {
        boolean.replace_with(wanted)
    } else {
        node.as_null_keyword()?.replace_with(wanted)
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(boolean) => CstInputValue::Bool(*boolean),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(list) => CstInputValue::Array(list.iter().map(input).collect()),
        Value::Object(object) => CstInputValue::Object(
            object
                .iter()
                .map(|(key, value)| (key.clone(), input(value)))
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn u07_e_comments_order_and_style_are_kept() {
        let old = "// my gateway\n{\n  gateway: {\n    port: 0x4965, // hexadecimal\n    'bind': 'loopback',\n    /* keep */\n    auth: {token: \"${TOK}\"},\n  },\n  agents: [1, /* two */ 2],\n}\n";
        let mut target = text::parse(old).unwrap();
        target["gateway"]["bind"] = json!("lan");
        target["gateway"]["mode"] = json!("local");
        target["agents"] = json!([1, 5, 6]);
        let rewritten = rewrite(old, &target);
        assert!(rewritten.comments_kept);
        assert_eq!(
            rewritten.text,
            "// my gateway\n{\n  gateway: {\n    port: 0x4965, // hexadecimal\n    'bind': \"lan\",\n    /* keep */\n    auth: {token: \"${TOK}\"},\n    \"mode\": \"local\",\n  },\n  agents: [1, /* two */ 5, 6],\n}\n"
        );
    }

    #[test]
    fn removals_keep_the_rest() {
        let old = "{\n  // first\n  a: 1,\n  // second\n  b: 2,\n  c: {d: 3},\n}\n";
        let rewritten = rewrite(old, &json!({"a": 1, "c": {}}));
        assert!(rewritten.comments_kept);
        assert!(
            rewritten.text.contains("// first\n  a: 1,"),
            "{}",
            rewritten.text
        );
        assert_eq!(text::parse(&rewritten.text), Ok(json!({"a": 1, "c": {}})));
    }

    #[test]
    fn text_that_cannot_be_edited_is_written_anew() {
        let target = json!({"a": 2});
        for (old, comments_kept) in [
            ("", true),
            ("{\"a\": 1, \"a\": 1} // twice", false),
            ("{\\u0061: 1} // escaped key", false),
            ("[1]", true),
        ] {
            let rewritten = rewrite(old, &target);
            assert_eq!(rewritten.comments_kept, comments_kept, "{old}");
            assert_eq!(rewritten.text, "{\n  \"a\": 2\n}\n", "{old}");
        }
        assert_eq!(rewrite("\u{feff}{a: 1}", &target).text, "{a: 2}");
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-z\"\\\\/\n\u{1}ü$ ]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c \"]{1,2}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn json_object() -> impl Strategy<Value = Value> {
        prop::collection::btree_map("[a-c]{1,2}", json_value(), 0..5)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    proptest! {
        /// Whatever was there and whatever is wanted, the text reads as wanted.
        #[test]
        fn rewritten_text_reads_as_the_target(old in json_object(), target in json_object()) {
            let old = format!("// head\n{}// tail\n", text::pretty(&old));
            let rewritten = rewrite(&old, &target);
            prop_assert_eq!(text::parse(&rewritten.text).unwrap(), target);
            if rewritten.comments_kept {
                prop_assert!(rewritten.text.starts_with("// head\n") && rewritten.text.ends_with("// tail\n"));
            }
        }
    }
}
