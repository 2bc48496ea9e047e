//! The checks behind the rows of the table: each runs a command as its user would and looks at what came out.

pub(crate) mod devices;
pub(crate) mod nodes;
pub(crate) mod operator;

use serde_json::Value;

/// Fails with the value when a claim about it does not hold.
fn expect(holds: bool, claim: &str, seen: &Value) -> Result<(), String> {
    if holds {
        Ok(())
    } else {
        Err(format!("expected {claim}, got: {seen}"))
    }
}

/// Returns the members of an array, or of an array behind a name.
fn items<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let list = if value.is_array() {
        value
    } else {
        &value[name]
    };
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Returns a string member, or an empty text.
fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
