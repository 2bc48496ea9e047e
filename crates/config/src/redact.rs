//! Hides credentials from whoever may read the config, and puts them back when the config returns.
//!
//! A value is hidden when the key table says so, when its key looks like a credential, when it is
//! a variable of an `env` block or a header, or when it is a URL with a password. A lone `${VAR}`
//! stays visible: it names a secret, it is none.

use jsonc_parser::cst::{CstContainerNode, CstLeafNode, CstNode, CstRootNode};
use serde_json::Value;

use crate::edit::parse_document;
use crate::load::Snapshot;
pub use crate::secret::REDACTED;
use crate::substitute::{has_reference, is_reference};
use crate::{legacy, text};

/// Endings of keys whose value is one credential, letters only, lower case.
const SECRET_ENDINGS: &[&str] = &[
    "token",
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "privatekey",
    "accesskey",
    "hmackey",
    "secretkey",
    "signingkey",
    "encryptionkey",
    "authorization",
    "cookie",
    "credential",
];
/// Endings of keys whose texts are all credentials, at any depth.
const SECRET_GROUP_ENDINGS: &[&str] = &[
    "tokens",
    "passwords",
    "secrets",
    "apikeys",
    "credentials",
    "headers",
    "edgeauth",
    "env",
];
/// Shorter texts are too common to be searched for in a whole file.
const SEARCHED_LENGTH: usize = 6;

/// The readable forms of a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct RedactedConfig {
    /// Text of the file; `None` when there is none, or when it cannot be read well enough to tell
    /// the credentials in it.
    pub raw: Option<String>,
    /// Content as written.
    pub parsed: Value,
    /// Content in effect. Texts with `${VAR}` are shown as written, because what they expand to
    /// comes from the environment.
    pub config: Value,
}

/// Redacts a snapshot for `config.get`.
pub fn redact_snapshot(snapshot: &Snapshot) -> RedactedConfig {
    let mut authored = snapshot.parsed.clone();
    legacy::migrate(&mut authored);
    let mut config = snapshot.resolved.clone();
    unexpand(&mut config, Some(&authored));
    RedactedConfig {
        raw: snapshot.raw.as_deref().and_then(redact_text),
        parsed: redact(&snapshot.parsed),
        config: redact(&config),
    }
}

/// Returns a copy without credentials.
pub fn redact(value: &Value) -> Value {
    let mut copy = value.clone();
    walk(&mut copy, false);
    copy
}

/// Returns the text without credentials, comments included. `None` when the text is not JSON5.
pub fn redact_text(raw: &str) -> Option<String> {
    let value = text::parse(raw).ok()?;
    let redacted = redact(&value);
    let edited = redact_in_place(raw);
    let mut secrets = Vec::new();
    collect_hidden(&value, &redacted, &mut secrets);
    let leaks = |text: &str| {
        secrets
            .iter()
            .any(|secret| secret.len() >= SEARCHED_LENGTH && text.contains(secret.as_str()))
    };
    let usable =
        edited.filter(|edited| text::parse(edited).as_ref() == Ok(&redacted) && !leaks(edited));
    Some(usable.unwrap_or_else(|| text::pretty(&redacted)))
}

/// Replaces every placeholder in `new` by what lies at the same place in the first of `old` that
/// has something there. Entries of lists are matched by `id`, `name` or `key`, else by position
/// when the lists are equally long. A placeholder that has no match stays, and is refused by
/// validation where it matters.
pub fn restore_redacted(new: &mut Value, old: &[&Value]) {
    match new {
        Value::String(text) if text == REDACTED => {
            if let Some(stored) = old.iter().find(|stored| !stored.is_null()) {
                *new = (*stored).clone();
            }
        }
        Value::Object(object) => {
            for (key, entry) in object {
                let below: Vec<&Value> = old.iter().filter_map(|old| old.get(key)).collect();
                restore_redacted(entry, &below);
            }
        }
        Value::Array(list) => {
            let len = list.len();
            for (index, entry) in list.iter_mut().enumerate() {
                let below: Vec<&Value> = old
                    .iter()
                    .filter_map(|old| same_entry(old.as_array()?, entry, index, len))
                    .collect();
                restore_redacted(entry, &below);
            }
        }
        _ => {}
    }
}

fn same_entry<'a>(old: &'a [Value], entry: &Value, index: usize, len: usize) -> Option<&'a Value> {
    for key in ["id", "name", "key"] {
        if let Some(name) = entry.get(key) {
            return old
                .iter()
                .find(|candidate| candidate.get(key) == Some(name));
        }
    }
    old.get(index).filter(|_| old.len() == len)
}

/// True when a key alone says that its value is a credential.
pub fn is_secret_key(key: &str) -> bool {
    let key = letters(key);
    SECRET_ENDINGS.iter().any(|ending| key.ends_with(ending))
}

fn is_secret_group(key: &str) -> bool {
    let key = letters(key);
    key == "vars"
        || SECRET_GROUP_ENDINGS
            .iter()
            .any(|ending| key.ends_with(ending))
}

fn letters(key: &str) -> String {
    key.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// `hide` is set below a key that holds credentials.
fn walk(value: &mut Value, hide: bool) {
    match value {
        Value::String(text) if is_hidden_text(text, hide) => REDACTED.clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(|entry| walk(entry, hide)),
        Value::Object(object) => {
            for (key, entry) in object {
                // `env.shellEnv` holds switches, not variables.
                let below = hide && key != "shellEnv" || is_secret_key(key) || is_secret_group(key);
                if entry.is_number() && is_secret_key(key) {
                    *entry = Value::String(REDACTED.to_owned());
                }
                walk(entry, below);
            }
        }
        _ => {}
    }
}

fn is_hidden_text(text: &str, hide: bool) -> bool {
    let is_credential = hide && !text.is_empty() && !is_reference(text);
    is_credential || has_url_password(text)
}

fn has_url_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else {
        return false;
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority
        .rsplit_once('@')
        .is_some_and(|(user, _)| user.contains(':'))
}

/// Puts the written form back where a variable was filled in.
fn unexpand(resolved: &mut Value, authored: Option<&Value>) {
    match (resolved, authored) {
        (Value::String(text), Some(Value::String(written))) if has_reference(written) => {
            text.clone_from(written);
        }
        (Value::Array(list), Some(Value::Array(written))) => {
            for (entry, written) in list.iter_mut().zip(written) {
                unexpand(entry, Some(written));
            }
        }
        (Value::Object(object), Some(written)) => {
            for (key, entry) in object {
                unexpand(entry, written.get(key));
            }
        }
        _ => {}
    }
}

fn collect_hidden(value: &Value, redacted: &Value, hidden: &mut Vec<String>) {
    match (value, redacted) {
        (Value::Object(value), Value::Object(redacted)) => {
            value
                .iter()
                .zip(redacted.values())
                .for_each(|((_, value), redacted)| collect_hidden(value, redacted, hidden));
        }
        (Value::Array(value), Value::Array(redacted)) => {
            value
                .iter()
                .zip(redacted)
                .for_each(|(value, redacted)| collect_hidden(value, redacted, hidden));
        }
        (Value::String(text), redacted) if redacted.as_str() != Some(text) => {
            hidden.push(text.clone());
        }
        (Value::Number(number), Value::String(_)) => hidden.push(number.to_string()),
        _ => {}
    }
}

fn redact_in_place(raw: &str) -> Option<String> {
    let root = parse_document(raw.strip_prefix('\u{feff}').unwrap_or(raw))?;
    redact_children(&root_node(&root), false);
    Some(root.to_string())
}

fn root_node(root: &CstRootNode) -> CstContainerNode {
    CstContainerNode::Root(root.clone())
}

fn redact_children(container: &CstContainerNode, hide: bool) {
    let mut hide = hide;
    let mut secret_number = false;
    if let CstContainerNode::ObjectProp(property) = container {
        let key = property.decoded_name().unwrap_or_default();
        secret_number = is_secret_key(&key);
        hide = hide && key != "shellEnv" || secret_number || is_secret_group(&key);
    }
    let name_index = container
        .as_object_prop()
        .and_then(|property| match property.name()? {
            jsonc_parser::cst::ObjectPropName::String(name) => Some(name.child_index()),
            jsonc_parser::cst::ObjectPropName::Word(name) => Some(name.child_index()),
        });
    for (index, child) in container.children().into_iter().enumerate() {
        match child {
            CstNode::Container(child) => redact_children(&child, hide),
            CstNode::Leaf(CstLeafNode::StringLit(text)) if name_index != Some(index) => {
                if text
                    .decoded_value()
                    .is_ok_and(|text| is_hidden_text(&text, hide))
                {
                    text.set_raw_value(format!("\"{REDACTED}\""));
                }
            }
            CstNode::Leaf(CstLeafNode::NumberLit(number)) if secret_number => {
                number.set_raw_value(format!("\"{REDACTED}\""));
            }
            CstNode::Leaf(CstLeafNode::Comment(comment))
                if mentions_secret(&comment.raw_value()) =>
            {
                let marked = if comment.is_line_comment() {
                    format!("// {REDACTED}")
                } else {
                    format!("/* {REDACTED} */")
                };
                comment.set_raw_value(marked);
            }
            CstNode::Leaf(_) => {}
        }
    }
}

/// A comment that holds something like `token: "…"`, perhaps a setting that was switched off.
fn mentions_secret(comment: &str) -> bool {
    let squeezed = letters(comment);
    let assigns = comment.contains([':', '=', '"', '\'']);
    assigns
        && SECRET_ENDINGS
            .iter()
            .any(|ending| squeezed.contains(ending))
}

#[cfg(test)]
mod tests;
