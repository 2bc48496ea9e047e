//! `$include`: other files merged into the config.
//!
//! Included files may only lie below the directory of the config file or a directory named by
//! `OPENCLAW_INCLUDE_ROOTS`, after links are followed. A failing include makes its own section
//! unusable, not the whole file.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::text;
use crate::validate::Issue;

/// The key that names files.
pub const INCLUDE: &str = "$include";
/// Files included by files included by … at most this often.
pub const MAX_DEPTH: usize = 10;

/// The outcome: the merged value, every file that was named, and what went wrong.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Included {
    /// The config with every `$include` replaced.
    pub value: Value,
    /// Files that were named, also unreadable ones, for watching.
    pub files: Vec<PathBuf>,
    /// Problems, at the path of the object that holds the `$include`.
    pub issues: Vec<Issue>,
}

/// Resolves every `$include` of `value`, which was read from `file`.
pub fn resolve(value: Value, file: &Path, extra_roots: &[PathBuf]) -> Included {
    if !contains_include(&value) {
        return Included {
            value,
            ..Included::default()
        };
    }
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let own_root = file.parent().map(Path::to_owned);
    let roots = own_root.into_iter().chain(extra_roots.iter().cloned());
    let mut resolver = Resolver {
        roots: roots
            .map(|root| fs::canonicalize(&root).unwrap_or(root))
            .collect(),
        files: Vec::new(),
        issues: Vec::new(),
    };
    let value = resolver.walk(value, "", &mut vec![file]);
    Included {
        value,
        files: resolver.files,
        issues: resolver.issues,
    }
}

fn contains_include(value: &Value) -> bool {
    match value {
        Value::Object(object) => {
            object.contains_key(INCLUDE) || object.values().any(contains_include)
        }
        Value::Array(list) => list.iter().any(contains_include),
        _ => false,
    }
}

struct Resolver {
    roots: Vec<PathBuf>,
    files: Vec<PathBuf>,
    issues: Vec<Issue>,
}

impl Resolver {
    /// `chain` holds the files being read, outermost first.
    fn walk(&mut self, value: Value, path: &str, chain: &mut Vec<PathBuf>) -> Value {
        match value {
            Value::Array(list) => Value::Array(
                list.into_iter()
                    .enumerate()
                    .map(|(index, entry)| self.walk(entry, &join(path, &index.to_string()), chain))
                    .collect(),
            ),
            Value::Object(mut object) => {
                let include = object.shift_remove(INCLUDE);
                let siblings: Map<String, Value> = object
                    .into_iter()
                    .map(|(key, entry)| {
                        let entry = self.walk(entry, &join(path, &key), chain);
                        (key, entry)
                    })
                    .collect();
                match include {
                    Some(include) => self.include(&include, siblings, path, chain),
                    None => Value::Object(siblings),
                }
            }
            other => other,
        }
    }

    fn include(
        &mut self,
        include: &Value,
        siblings: Map<String, Value>,
        path: &str,
        chain: &mut Vec<PathBuf>,
    ) -> Value {
        let merged = match self.read_all(include, path, chain) {
            Ok(merged) => merged,
            Err(message) => {
                self.issues.push(Issue::new(path, message));
                return Value::Object(siblings);
            }
        };
        match merged {
            merged if siblings.is_empty() => merged,
            Value::Object(_) => merge(merged, Value::Object(siblings)),
            _ => {
                self.issues.push(Issue::new(
                    path,
                    "Sibling keys require included content to be an object",
                ));
                Value::Object(siblings)
            }
        }
    }

    fn read_all(
        &mut self,
        include: &Value,
        path: &str,
        chain: &mut Vec<PathBuf>,
    ) -> Result<Value, String> {
        match include {
            Value::String(name) => self.read(name, path, chain),
            Value::Array(names) => {
                names
                    .iter()
                    .try_fold(Value::Object(Map::new()), |merged, name| {
                        let name = name.as_str().ok_or_else(|| {
                            format!(
                                "Invalid $include array item: expected string, got {}",
                                type_name(name)
                            )
                        })?;
                        Ok(merge(merged, self.read(name, path, chain)?))
                    })
            }
            other => Err(format!(
                "Invalid $include value: expected string or array of strings, got {}",
                type_name(other)
            )),
        }
    }

    fn read(&mut self, name: &str, path: &str, chain: &mut Vec<PathBuf>) -> Result<Value, String> {
        let including = chain
            .last()
            .and_then(|file| file.parent())
            .unwrap_or(Path::new("/"));
        let wanted = including.join(name);
        self.files.push(wanted.clone());
        let unreadable = || {
            format!(
                "Failed to read include file: {name} (resolved: {})",
                wanted.display()
            )
        };
        let file = fs::canonicalize(&wanted).map_err(|_| unreadable())?;
        if !self.roots.iter().any(|root| file.starts_with(root)) {
            return Err(format!(
                "Include file lies outside the config directory: {name} (resolved: {}); move it, or name its directory in OPENCLAW_INCLUDE_ROOTS",
                file.display()
            ));
        }
        if chain.contains(&file) {
            let names: Vec<String> = chain
                .iter()
                .chain([&file])
                .map(|file| file.display().to_string())
                .collect();
            return Err(format!("Circular include detected: {}", names.join(" -> ")));
        }
        if chain.len() > MAX_DEPTH {
            return Err(format!(
                "Maximum include depth ({MAX_DEPTH}) exceeded at: {}",
                file.display()
            ));
        }
        let raw = crate::store::read_text(&file).map_err(|_| unreadable())?;
        let value = text::parse(&raw).map_err(|error| {
            format!(
                "Failed to parse include file: {name} (resolved: {}): {error}",
                file.display()
            )
        })?;
        chain.push(file);
        let value = self.walk(value, path, chain);
        chain.pop();
        Ok(value)
    }
}

/// Merges `over` into `base`: arrays are joined, objects merged, anything else replaced.
fn merge(base: Value, over: Value) -> Value {
    match (base, over) {
        (Value::Array(mut base), Value::Array(over)) => {
            base.extend(over);
            Value::Array(base)
        }
        (Value::Object(mut base), Value::Object(over)) => {
            for (key, value) in over {
                let merged = match base.get_mut(&key) {
                    Some(old) => merge(old.take(), value),
                    None => value,
                };
                base.insert(key, merged);
            }
            Value::Object(base)
        }
        (_, over) => over,
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn write(dir: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = dir.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn run(dir: &Path, value: Value) -> Included {
        resolve(value, &dir.join("openclaw.json"), &[])
    }

    #[test]
    fn files_merge_in_order_and_siblings_win() {
        let dir = tempfile::tempdir().unwrap();
        write(
            dir.path(),
            &[
                ("a.json5", "{list: [1], port: 1, deep: {a: 1, b: 1}}"),
                (
                    "sub/b.json5",
                    "{list: [2], port: 2, deep: {b: 2}, more: {$include: 'c.json5'}}",
                ),
                ("sub/c.json5", "[3]"),
            ],
        );
        let included = run(
            dir.path(),
            json!({
                "gateway": {"$include": ["a.json5", "sub/b.json5"], "port": 3, "list": [9]},
                "x": [{"$include": "sub/c.json5"}],
            }),
        );
        assert_eq!(included.issues, []);
        assert_eq!(
            included.value,
            json!({
                "gateway": {"list": [1, 2, 9], "port": 3, "deep": {"a": 1, "b": 2}, "more": [3]},
                "x": [[3]],
            })
        );
        assert_eq!(included.files.len(), 4);
    }

    #[test]
    fn failures_name_the_file_and_keep_the_rest() {
        let dir = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        write(outside.path(), &[("secret.json5", "{a: 1}")]);
        write(
            dir.path(),
            &[
                ("broken.json5", "{a:"),
                ("loop.json5", "{$include: './loop.json5'}"),
                ("list.json5", "[1]"),
            ],
        );
        std::os::unix::fs::symlink(
            outside.path().join("secret.json5"),
            dir.path().join("link.json5"),
        )
        .unwrap();
        let absolute = outside.path().join("secret.json5");
        for (include, expected) in [
            (
                json!("none.json5"),
                "Failed to read include file: none.json5 (resolved: ",
            ),
            (
                json!("broken.json5"),
                "Failed to parse include file: broken.json5 (resolved: ",
            ),
            (json!("loop.json5"), "Circular include detected: "),
            (
                json!(5),
                "Invalid $include value: expected string or array of strings, got number",
            ),
            (
                json!([null]),
                "Invalid $include array item: expected string, got null",
            ),
            (
                json!("list.json5"),
                "Sibling keys require included content to be an object",
            ),
            (
                json!("link.json5"),
                "Include file lies outside the config directory: link.json5 ",
            ),
            (
                json!(absolute),
                "Include file lies outside the config directory: ",
            ),
        ] {
            let included = run(
                dir.path(),
                json!({"gateway": {"tls": {"$include": include, "keep": 1}}}),
            );
            assert_eq!(included.issues.len(), 1, "{include}");
            assert_eq!(included.issues[0].path, "gateway.tls");
            assert!(
                included.issues[0].message.starts_with(expected),
                "{}",
                included.issues[0].message
            );
            assert_eq!(included.value, json!({"gateway": {"tls": {"keep": 1}}}));
        }
        let allowed = resolve(
            json!({"$include": absolute}),
            &dir.path().join("openclaw.json"),
            &[outside.path().to_owned()],
        );
        assert_eq!(allowed.value, json!({"a": 1}));
    }

    #[test]
    fn depth_is_limited() {
        let dir = tempfile::tempdir().unwrap();
        for level in 0..=MAX_DEPTH {
            write(
                dir.path(),
                &[(
                    &format!("{level}.json5"),
                    &format!("{{$include: '{}.json5'}}", level + 1),
                )],
            );
        }
        let included = run(dir.path(), json!({"$include": "0.json5"}));
        assert!(
            included.issues[0]
                .message
                .starts_with("Maximum include depth (10) exceeded at: ")
        );
    }
}
