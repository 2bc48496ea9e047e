//! JSON5 text to values, with the error texts that people know, and back to plain JSON.

use json5::{Error, ErrorCode};
use serde_json::Value;

/// Deepest nesting accepted. Parsers recurse, and no config comes near it.
const MAX_DEPTH: usize = 200;

/// The text is not JSON5.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("SyntaxError: JSON5: {0}")]
pub struct SyntaxError(pub String);

/// Reads JSON5. A leading byte-order mark is accepted.
pub fn parse(text: &str) -> Result<Value, SyntaxError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if depth(text) > MAX_DEPTH {
        return Err(SyntaxError(format!(
            "nested deeper than {MAX_DEPTH} levels"
        )));
    }
    json5::from_str(text).map_err(|error| describe(text, &error))
}

/// Writes pretty JSON: two spaces, newline at the end.
pub fn pretty(value: &Value) -> String {
    // `{:#}` of a serde_json value is its pretty form and cannot fail.
    format!("{value:#}\n")
}

fn describe(text: &str, error: &Error) -> SyntaxError {
    let at_end = matches!(
        error.code(),
        Some(
            ErrorCode::EofParsingArray
                | ErrorCode::EofParsingBool
                | ErrorCode::EofParsingComment
                | ErrorCode::EofParsingEscapeSequence
                | ErrorCode::EofParsingIdentifier
                | ErrorCode::EofParsingNull
                | ErrorCode::EofParsingNumber
                | ErrorCode::EofParsingObject
                | ErrorCode::EofParsingString
                | ErrorCode::EofParsingValue
        )
    );
    if at_end {
        let line = text.matches('\n').count() + 1;
        let column = text.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        return SyntaxError(format!("invalid end of input at {line}:{column}"));
    }
    let Some(position) = error.position() else {
        return SyntaxError(error.to_string());
    };
    let (line, column) = (position.line + 1, position.column + 1);
    let letter = text
        .lines()
        .nth(position.line)
        .and_then(|line| line.chars().nth(position.column));
    SyntaxError(match letter {
        Some(letter) => format!("invalid character {letter:?} at {line}:{column}"),
        None => format!("invalid end of line at {line}:{column}"),
    })
}

/// Deepest nesting of brackets outside strings and comments.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' | b'\'' => {
                while let Some(inner) = bytes.next() {
                    match inner {
                        b'\\' => drop(bytes.next()),
                        inner if inner == byte => break,
                        _ => {}
                    }
                }
            }
            b'/' if bytes.peek() == Some(&b'/') => {
                bytes.by_ref().find(|inner| *inner == b'\n');
            }
            b'/' if bytes.peek() == Some(&b'*') => {
                let mut last = 0;
                bytes.next();
                for inner in bytes.by_ref() {
                    if last == b'*' && inner == b'/' {
                        break;
                    }
                    last = inner;
                }
            }
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_json5() {
        let text = "\u{feff}{ // comment\n unquoted: 'single', hex: 0x10, list: [1, 2,], /* } */ \"a\": .5,}";
        assert_eq!(
            parse(text),
            Ok(json!({"unquoted": "single", "hex": 16, "list": [1, 2], "a": 0.5}))
        );
    }

    #[test]
    fn errors_have_the_known_form() {
        for (text, message) in [
            ("{bad", "SyntaxError: JSON5: invalid end of input at 1:5"),
            ("", "SyntaxError: JSON5: invalid end of input at 1:1"),
            (
                "{\n  a: 1,\n",
                "SyntaxError: JSON5: invalid end of input at 3:1",
            ),
            (
                "{a: 1}\nx",
                "SyntaxError: JSON5: invalid character 'x' at 2:1",
            ),
            ("{a: }", "SyntaxError: JSON5: invalid character '}' at 1:5"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_before_it_can_hurt() {
        let bomb = "[".repeat(1_000_000);
        assert_eq!(parse(&bomb).unwrap_err().0, "nested deeper than 200 levels");
        let text = format!("{{a: '{}', // {}\n}}", "[".repeat(500), "{".repeat(500));
        assert!(parse(&text).is_ok());
        assert!(parse(&format!("{}{}", "[".repeat(200), "]".repeat(200))).is_ok());
    }
}
