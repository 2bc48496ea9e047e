//! Compares a recorded answer with ours: outcome, error text, and which members a payload has. Values of members are
//! not compared, but where they name something (ids, tokens, hashes) ours is remembered under the recorded one.

use std::collections::HashMap;

use serde_json::Value;

use super::decisions::decided;

/// Names of the recorded run and what they are called in ours.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<String, String>);

impl Names {
    pub(super) fn learn(&mut self, recorded: &str, ours: &str) {
        self.0.insert(recorded.to_owned(), ours.to_owned());
    }

    /// Says a recorded value in our names.
    pub(super) fn translate(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                // Some clients were sloppy with spaces, which is part of what they sent.
                let recorded = text.trim();
                if let Some(ours) = self.0.get(recorded) {
                    *text = text.replace(recorded, ours);
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|entry| self.translate(entry)),
            Value::Object(object) => object.values_mut().for_each(|entry| self.translate(entry)),
            _ => {}
        }
    }
}

/// Differences of two answers or events, in words.
pub(super) fn differences(recorded: &Value, ours: &Value, names: &mut Names) -> Vec<String> {
    let mut found = Vec::new();
    if recorded["type"] == "res" && recorded["ok"] != ours["ok"] {
        let shown = if ours["ok"] == true {
            "ok".to_owned()
        } else {
            format!(
                "{}: {}",
                plain(&ours["error"]["code"]),
                plain(&ours["error"]["message"])
            )
        };
        let was = if recorded["ok"] == true {
            "ok".to_owned()
        } else {
            plain(&recorded["error"]["message"])
        };
        found.push(format!("answer: {was} -> {shown}"));
        // A request that we file and admit all the same is still the one that comes up again.
        let filed = &recorded["error"]["details"]["requestId"];
        if let (Some(was), Some(is)) = (
            filed.as_str(),
            ours["payload"]["auth"]["pendingRequestId"].as_str(),
        ) {
            names.learn(was, is);
        }
        return found;
    }
    for member in ["code", "message"] {
        let (was, is) = (&recorded["error"][member], &ours["error"][member]);
        let wanted = decided(&plain(was));
        if wanted != plain(is) {
            found.push(format!("{member}: {wanted} -> {}", plain(is)));
        }
    }
    for member in ["payload", "error"] {
        members(member, &recorded[member], &ours[member], names, &mut found);
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn members(
    place: &str,
    recorded: &Value,
    ours: &Value,
    names: &mut Names,
    found: &mut Vec<String>,
) {
    match (recorded, ours) {
        (Value::Object(was), Value::Object(is)) => {
            for (key, value) in was {
                let place = format!("{place}.{}", shown_key(key));
                match is.get(key) {
                    Some(ours) => members(&place, value, ours, names, found),
                    None => found.push(format!("without {place}")),
                }
            }
            for key in is.keys().filter(|key| !was.contains_key(*key)) {
                found.push(format!("with {place}.{}", shown_key(key)));
            }
        }
        (Value::Array(was), Value::Array(is)) => {
            entries(&format!("{place}[]"), was, is, names, found);
        }
        (Value::String(was), Value::String(is)) if was != is && names_something(was) => {
            names.learn(was, is);
        }
        _ if kind(recorded) != kind(ours) && !is_elided(recorded) => {
            found.push(format!("{place}: {} -> {}", kind(recorded), kind(ours)));
        }
        _ => {}
    }
}

/// Entries come in any order and number; what counts is which members they have, all together.
fn entries(place: &str, was: &[Value], is: &[Value], names: &mut Names, found: &mut Vec<String>) {
    for (was, is) in was.iter().zip(is) {
        // Only for the names in them.
        members(place, was, is, names, &mut Vec::new());
    }
    let (Some(was), Some(is)) = (together(was), together(is)) else {
        return;
    };
    members(place, &was, &is, &mut Names::default(), found);
}

/// One object with the members of all entries.
fn together(entries: &[Value]) -> Option<Value> {
    let mut all = serde_json::Map::new();
    for entry in entries {
        for (key, value) in entry.as_object()? {
            all.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    (!entries.is_empty()).then_some(Value::Object(all))
}

/// Ids are no names of members.
fn shown_key(key: &str) -> &str {
    if key.len() >= 32 { "<id>" } else { key }
}

/// Whether a text is an id, a token or a hash rather than words.
fn names_something(text: &str) -> bool {
    text.len() >= 16
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn is_elided(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with('<'))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}
