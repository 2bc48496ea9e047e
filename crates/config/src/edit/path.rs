//! Paths into a config: dots, `[n]` or `[key]`, backslash for the next character.

use serde_json::{Map, Value};

use crate::validate::tree;

/// Why a path cannot be used. The texts follow `Error: ` on the command line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyPathError {
    /// No segment at all.
    #[error("Path is empty.")]
    Empty,
    /// An opening bracket without its partner.
    #[error("Invalid path (missing \"]\"): {0}")]
    MissingBracket(String),
    /// Nothing between brackets.
    #[error("Invalid path (empty \"[]\"): {0}")]
    EmptyBrackets(String),
    /// A segment leads into something that has no keys.
    #[error("Cannot traverse into \"{0}\" (not an object or list)")]
    NotAContainer(String),
    /// A list has no such place.
    #[error("Invalid list index \"{index}\" at {path} (the list has {len} entries)")]
    Index {
        /// The segment.
        index: String,
        /// Path of the list.
        path: String,
        /// Length of the list.
        len: usize,
    },
    /// Nothing is there.
    #[error("Config path not found: {0}")]
    NotFound(String),
}

/// A parsed path. `Display` gives the text as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath {
    typed: String,
    segments: Vec<String>,
}

impl std::fmt::Display for KeyPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.typed)
    }
}

impl KeyPath {
    /// Reads a path.
    pub fn parse(typed: &str) -> Result<Self, KeyPathError> {
        let mut segments = Vec::new();
        let mut current = String::new();
        let mut letters = typed.trim().chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\\' => current.extend(letters.next()),
                '.' => segments.push(std::mem::take(&mut current)),
                '[' => {
                    segments.push(std::mem::take(&mut current));
                    let (inside, rest) = letters
                        .as_str()
                        .split_once(']')
                        .ok_or_else(|| KeyPathError::MissingBracket(typed.to_owned()))?;
                    if inside.trim().is_empty() {
                        return Err(KeyPathError::EmptyBrackets(typed.to_owned()));
                    }
                    segments.push(inside.to_owned());
                    letters = rest.chars();
                }
                other => current.push(other),
            }
        }
        segments.push(current);
        let segments: Vec<String> = segments
            .iter()
            .map(|segment| segment.trim().to_owned())
            .filter(|segment| !segment.is_empty())
            .collect();
        if segments.is_empty() {
            return Err(KeyPathError::Empty);
        }
        Ok(Self {
            typed: typed.trim().to_owned(),
            segments,
        })
    }

    /// The keys and indices, outermost first.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// Returns what lies at the path.
    pub fn get<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        self.segments
            .iter()
            .try_fold(value, |value, segment| match value {
                Value::Object(object) => object.get(segment),
                Value::Array(list) => list.get(index_of(segment)?),
                _ => None,
            })
    }

    /// Puts `new` at the path. Missing parents are created: a list where the next segment is a
    /// number, else an object.
    pub fn set(&self, value: &mut Value, new: Value) -> Result<(), KeyPathError> {
        let mut at = value;
        for (depth, segment) in self.segments.iter().enumerate() {
            let next_is_index = self
                .segments
                .get(depth + 1)
                .is_some_and(|next| index_of(next).is_some());
            let missing = || {
                if next_is_index {
                    Value::Array(Vec::new())
                } else {
                    Value::Object(Map::new())
                }
            };
            let slot = match at {
                Value::Object(object) => object.entry(segment.clone()).or_insert_with(missing),
                Value::Array(list) => {
                    let index = self.index(segment, depth, list.len())?;
                    if index == list.len() {
                        list.push(missing());
                    }
                    &mut list[index]
                }
                _ => {
                    return Err(KeyPathError::NotAContainer(
                        self.segments[..depth].join("."),
                    ));
                }
            };
            // A null on the way is as good as nothing.
            if slot.is_null() {
                *slot = missing();
            }
            at = slot;
        }
        *at = new;
        Ok(())
    }

    /// Removes what lies at the path.
    pub fn unset(&self, value: &mut Value) -> Result<(), KeyPathError> {
        let not_found = || KeyPathError::NotFound(self.typed.clone());
        let (last, parents) = self.segments.split_last().ok_or(KeyPathError::Empty)?;
        let parent = parents
            .iter()
            .try_fold(value, |value, segment| match value {
                Value::Object(object) => object.get_mut(segment),
                Value::Array(list) => list.get_mut(index_of(segment)?),
                _ => None,
            });
        match parent.ok_or_else(not_found)? {
            Value::Object(object) => object.shift_remove(last).map(drop).ok_or_else(not_found),
            Value::Array(list) => match index_of(last).filter(|index| *index < list.len()) {
                Some(index) => {
                    list.remove(index);
                    Ok(())
                }
                None => Err(not_found()),
            },
            _ => Err(not_found()),
        }
    }

    /// Removes what is left empty above the path, except sections that are known: those may be there on purpose.
    pub(super) fn unset_empty_parents(&self, value: &mut Value) {
        for depth in (1..self.segments.len()).rev() {
            let above = Self {
                segments: self.segments[..depth].to_vec(),
                typed: self.segments[..depth].join("."),
            };
            let is_empty = above
                .get(value)
                .and_then(Value::as_object)
                .is_some_and(serde_json::Map::is_empty);
            // Without one of its entries, a list would have others at other places.
            let is_entry = Self {
                segments: self.segments[..depth - 1].to_vec(),
                typed: String::new(),
            }
            .get(value)
            .is_some_and(Value::is_array);
            if !is_empty || is_entry || is_known(&above.segments) || above.unset(value).is_err() {
                return;
            }
        }
    }

    fn index(&self, segment: &str, depth: usize, len: usize) -> Result<usize, KeyPathError> {
        index_of(segment)
            .filter(|index| *index <= len)
            .ok_or_else(|| KeyPathError::Index {
                index: segment.to_owned(),
                path: self.segments[..depth].join("."),
                len,
            })
    }
}

/// Whether this program, or one that it keeps settings for, knows the key.
fn is_known(segments: &[String]) -> bool {
    let root = tree();
    segments
        .iter()
        .try_fold(root, |node, segment| node.children.get(segment.as_str()))
        .is_some()
}

fn index_of(segment: &str) -> Option<usize> {
    segment
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| segment.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_are_split() {
        for (typed, expected) in [
            ("gateway.port", vec!["gateway", "port"]),
            (" a.b ", vec!["a", "b"]),
            ("list[0].id", vec!["list", "0", "id"]),
            ("a[my key][1]", vec!["a", "my key", "1"]),
            ("a\\.b.c", vec!["a.b", "c"]),
            ("a\\[0]", vec!["a[0]"]),
            ("a..b", vec!["a", "b"]),
            ("a[b.c]", vec!["a", "b.c"]),
        ] {
            assert_eq!(
                KeyPath::parse(typed).unwrap().segments(),
                expected,
                "{typed}"
            );
        }
        for (typed, message) in [
            ("", "Path is empty."),
            (" . ", "Path is empty."),
            ("a[", "Invalid path (missing \"]\"): a["),
            ("a[]", "Invalid path (empty \"[]\"): a[]"),
        ] {
            assert_eq!(KeyPath::parse(typed).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn values_are_set_and_removed() {
        let mut value = json!({"gateway": {"port": 1}, "list": [{"id": "a"}]});
        let set =
            |value: &mut Value, path: &str, new| KeyPath::parse(path).unwrap().set(value, new);
        set(&mut value, "gateway.auth.token", json!("t")).unwrap();
        set(&mut value, "list[1].id", json!("b")).unwrap();
        set(&mut value, "fresh[0].x", json!(null)).unwrap();
        assert_eq!(
            value,
            json!({"gateway": {"port": 1, "auth": {"token": "t"}}, "list": [{"id": "a"}, {"id": "b"}], "fresh": [{"x": null}]})
        );
        assert_eq!(
            set(&mut value, "gateway.port.x", json!(1))
                .unwrap_err()
                .to_string(),
            "Cannot traverse into \"gateway.port\" (not an object or list)"
        );
        assert_eq!(
            set(&mut value, "list[7]", json!(1))
                .unwrap_err()
                .to_string(),
            "Invalid list index \"7\" at list (the list has 2 entries)"
        );
        let unset = |value: &mut Value, path: &str| KeyPath::parse(path).unwrap().unset(value);
        unset(&mut value, "list[0]").unwrap();
        unset(&mut value, "gateway.auth").unwrap();
        assert_eq!(
            value,
            json!({"gateway": {"port": 1}, "list": [{"id": "b"}], "fresh": [{"x": null}]})
        );
        for path in ["gateway.foo", "list[5]", "gateway.port.x", "list.x"] {
            assert_eq!(
                unset(&mut value, path).unwrap_err().to_string(),
                format!("Config path not found: {path}")
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_set_is_found(segments in prop::collection::vec("[a-z][a-z.\\[\\] \\\\0-9]{0,6}", 1..5)) {
            let typed: Vec<String> = segments
                .iter()
                .map(|segment| segment.chars().flat_map(|letter| ['\\', letter]).collect())
                .collect();
            let path = KeyPath::parse(&typed.join(".")).unwrap();
            let trimmed: Vec<String> = segments.iter().map(|segment| segment.trim().to_owned()).collect();
            prop_assert_eq!(path.segments(), trimmed);
            let mut value = json!({});
            path.set(&mut value, json!(7)).unwrap();
            prop_assert_eq!(path.get(&value), Some(&json!(7)));
            path.unset(&mut value).unwrap();
            prop_assert_eq!(path.get(&value), None);
        }

        #[test]
        fn any_text_is_a_path_or_an_error(typed in "[a.\\[\\]\\\\0 ]*") {
            if let Ok(path) = KeyPath::parse(&typed) {
                let mut value = json!({});
                if path.set(&mut value, json!(1)).is_ok() {
                    prop_assert_eq!(path.get(&value), Some(&json!(1)));
                }
            }
        }
    }
}
