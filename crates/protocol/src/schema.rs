//! Explains what is wrong with a JSON value, in the wording that clients of protocol 3 match on.
//!
//! Only used after a strict decode has failed: the fast path never builds a tree. Members that no schema names are
//! tolerated almost everywhere, because newer clients send more than older gateways know; the few closed objects
//! belong to methods that no newer client calls.

mod connect;
mod params;

use std::fmt::Write as _;

use serde_json::Value;

use crate::error::WireError;

pub use connect::{CONNECT_PARAMS, CONNECT_PARAMS_V4, REQUEST_FRAME};
pub(crate) use params::APPROVALS_FILE;
pub use params::params_schema;

/// Shape of one JSON value.
#[derive(Debug, Clone, Copy)]
pub enum Schema {
    /// Anything.
    Any,
    /// String within these lengths.
    String {
        /// Fewest characters.
        min: usize,
        /// Most characters.
        max: Option<usize>,
    },
    /// String or `null`.
    StringOrNull,
    /// Number without a fraction, within these limits.
    Integer {
        /// Smallest.
        min: Option<i64>,
        /// Largest.
        max: Option<i64>,
    },
    /// `true` or `false`.
    Boolean,
    /// Array of at least this many items.
    Array {
        /// Shape of each item.
        items: &'static Schema,
        /// Fewest items.
        min: usize,
    },
    /// Object with these members.
    Object {
        /// The members, in the order in which they are checked.
        fields: &'static [Field],
        /// Whether other members are refused.
        closed: bool,
    },
    /// Object with any keys, whose values all have one shape.
    Map(&'static Schema),
    /// Exactly this text.
    Text(&'static str),
    /// Exactly this number.
    Number(i64),
    /// One of these texts, explained as protocol 3 does: literal by literal.
    OneOf(&'static [&'static str]),
    /// One of these texts, explained as protocol 4 does: as one list.
    Enum(&'static [&'static str]),
}

/// The error for params that could not be decoded: `invalid <method> params: …`.
///
/// `otherwise` is the reason to give when the schema has nothing to say, such as a number beyond every type.
pub fn invalid_params(method: &str, params: &str, otherwise: &str) -> WireError {
    let explained = serde_json::from_str(params).ok().and_then(|value| {
        let explained = schema_for(method, &value)?.explain(&value);
        (!explained.is_empty()).then_some(explained)
    });
    let detail = explained.as_deref().unwrap_or(otherwise);
    WireError::invalid(format!("invalid {method} params: {detail}"))
}

fn schema_for(method: &str, params: &Value) -> Option<&'static Schema> {
    if method != "connect" {
        return params_schema(method);
    }
    let newest = params.get("maxProtocol").and_then(Value::as_f64);
    if newest.is_some_and(|newest| newest >= 4.0) {
        Some(&CONNECT_PARAMS_V4)
    } else {
        Some(&CONNECT_PARAMS)
    }
}

/// One member of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Key.
    pub name: &'static str,
    /// Another key that is as good.
    pub alias: Option<&'static str>,
    /// Whether it must be there.
    pub required: bool,
    /// Shape of its value.
    pub schema: Schema,
}

impl Field {
    /// A member that must be there.
    pub const fn required(name: &'static str, schema: Schema) -> Self {
        Self {
            name,
            alias: None,
            required: true,
            schema,
        }
    }

    /// A member that may be absent.
    pub const fn optional(name: &'static str, schema: Schema) -> Self {
        Self {
            name,
            alias: None,
            required: false,
            schema,
        }
    }

    /// The same member, known under a second key.
    #[must_use]
    pub const fn or(mut self, alias: &'static str) -> Self {
        self.alias = Some(alias);
        self
    }

    fn find<'a>(&self, object: &'a serde_json::Map<String, Value>) -> Option<&'a Value> {
        object
            .get(self.name)
            .or_else(|| object.get(self.alias.unwrap_or(self.name)))
    }

    fn is_named(&self, key: &str) -> bool {
        self.name == key || self.alias == Some(key)
    }
}

impl Schema {
    /// String of any length.
    pub const STRING: Self = Self::String { min: 0, max: None };
    /// String of at least one character.
    pub const NONEMPTY: Self = Self::String { min: 1, max: None };
    /// Array of strings of at least one character each.
    pub const NONEMPTY_STRINGS: Self = Self::Array {
        items: &Self::NONEMPTY,
        min: 0,
    };

    /// Integer of at least `min`.
    pub const fn at_least(min: i64) -> Self {
        Self::Integer {
            min: Some(min),
            max: None,
        }
    }

    /// Integer from `min` to `max`.
    pub const fn between(min: i64, max: i64) -> Self {
        Self::Integer {
            min: Some(min),
            max: Some(max),
        }
    }

    /// Object with these members and any others.
    pub const fn open(fields: &'static [Field]) -> Self {
        Self::Object {
            fields,
            closed: false,
        }
    }

    /// Object with these members only.
    pub const fn closed(fields: &'static [Field]) -> Self {
        Self::Object {
            fields,
            closed: true,
        }
    }

    /// Every problem of `value`, joined with `; `. Empty when there is none.
    ///
    /// Unknown keys of one object are named in the order of the input (`serde_json` keeps it).
    pub fn explain(&self, value: &Value) -> String {
        let mut problems = Problems::default();
        self.check(value, &mut problems);
        problems.found.join("; ")
    }

    fn check(&self, value: &Value, problems: &mut Problems) {
        match *self {
            Self::Any => {}
            Self::String { min, max } => match value {
                Value::String(text) => check_length(text, min, max, problems),
                _ => problems.add("must be string"),
            },
            Self::StringOrNull => {
                if !value.is_string() && !value.is_null() {
                    problems.add("must be string");
                    problems.add("must be null");
                    problems.add("must match a schema in anyOf");
                }
            }
            Self::Integer { min, max } => check_integer(value, min, max, problems),
            Self::Boolean => {
                if !value.is_boolean() {
                    problems.add("must be boolean");
                }
            }
            Self::Array { items, min } => match value {
                Value::Array(values) => {
                    if values.len() < min {
                        problems.add(&format!("must NOT have fewer than {min} items"));
                    }
                    for (index, item) in values.iter().enumerate() {
                        problems.inside(&index.to_string(), |problems| items.check(item, problems));
                    }
                }
                _ => problems.add("must be array"),
            },
            Self::Object { fields, closed } => match value {
                Value::Object(object) => check_object(object, fields, closed, problems),
                _ => problems.add("must be object"),
            },
            Self::Map(values) => match value {
                Value::Object(object) => {
                    for (key, item) in object {
                        problems.inside(key, |problems| values.check(item, problems));
                    }
                }
                _ => problems.add("must be object"),
            },
            Self::Text(text) => match value {
                Value::String(given) if given == text => {}
                Value::String(_) => problems.add("must be equal to constant"),
                _ => problems.add("must be string"),
            },
            Self::Number(number) => match value.as_f64() {
                Some(given) if is_same_number(given, number) => {}
                Some(_) => problems.add("must be equal to constant"),
                None => problems.add("must be number"),
            },
            Self::OneOf(texts) => match value.as_str() {
                Some(given) if texts.contains(&given) => {}
                Some(_) => {
                    problems.add("must be equal to constant");
                    problems.add("must match a schema in anyOf");
                }
                None => {
                    problems.add("must be string");
                    problems.add("must match a schema in anyOf");
                }
            },
            Self::Enum(texts) => match value.as_str() {
                Some(given) if texts.contains(&given) => {}
                Some(_) => problems.add("must be equal to one of the allowed values"),
                None => {
                    problems.add("must be string");
                    problems.add("must be equal to one of the allowed values");
                }
            },
        }
    }
}

fn check_length(text: &str, min: usize, max: Option<usize>, problems: &mut Problems) {
    let length = text.chars().count();
    if length < min {
        problems.add(&format!("must NOT have fewer than {min} characters"));
    }
    if let Some(max) = max
        && length > max
    {
        problems.add(&format!("must NOT have more than {max} characters"));
    }
}

/// Whether a JSON number is an integer, as a script engine sees it: `3.0` is.
fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "limits are far below 2^53, where every integer is exact"
)]
fn check_integer(value: &Value, min: Option<i64>, max: Option<i64>, problems: &mut Problems) {
    let Some(number) = value.as_f64().filter(|_| is_integer(value)) else {
        return problems.add("must be integer");
    };
    if let Some(min) = min
        && number < min as f64
    {
        problems.add(&format!("must be >= {min}"));
    }
    if let Some(max) = max
        && number > max as f64
    {
        problems.add(&format!("must be <= {max}"));
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "constants are small integers, compared exactly"
)]
fn is_same_number(given: f64, constant: i64) -> bool {
    given == constant as f64
}

fn check_object(
    object: &serde_json::Map<String, Value>,
    fields: &[Field],
    closed: bool,
    problems: &mut Problems,
) {
    for field in fields {
        if field.required && field.find(object).is_none() {
            problems.add(&format!("must have required property '{}'", field.name));
        }
    }
    if closed {
        for key in object.keys() {
            if !fields.iter().any(|field| field.is_named(key)) {
                problems.add_unknown_key(key);
            }
        }
    }
    for field in fields {
        if let Some(value) = field.find(object) {
            problems.inside(field.name, |problems| field.schema.check(value, problems));
        }
    }
}

/// The problems found so far and the place that is being looked at.
#[derive(Default)]
struct Problems {
    found: Vec<String>,
    pointer: String,
}

impl Problems {
    fn add(&mut self, message: &str) {
        let text = if self.pointer.is_empty() {
            String::from(message)
        } else {
            format!("at {}: {message}", self.pointer)
        };
        self.push(text);
    }

    fn add_unknown_key(&mut self, key: &str) {
        let place = if self.pointer.is_empty() {
            "root"
        } else {
            &self.pointer
        };
        let text = format!("at {place}: unexpected property '{key}'");
        self.push(text);
    }

    fn push(&mut self, text: String) {
        if !self.found.contains(&text) {
            self.found.push(text);
        }
    }

    fn inside(&mut self, key: &str, look: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        let escaped = key.replace('~', "~0").replace('/', "~1");
        write!(self.pointer, "/{escaped}").expect("writing to a String cannot fail");
        look(self);
        self.pointer.truncate(length);
    }
}

#[cfg(test)]
mod tests;
