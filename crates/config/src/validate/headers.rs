//! `gateway.remote.edgeAuth`: names and values that a proxy in front of the gateway may be sent.

use serde_json::Value;

use super::{Issue, Report, expected, join};
use crate::secret::REDACTED;

/// Headers that make the connection what it is.
const OURS: &[&str] = &[
    "host",
    "connection",
    "upgrade",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "origin",
];

pub(super) fn check(path: &str, value: &Value, report: &mut Report) {
    let Value::Object(entries) = value else {
        return report.errors.push(expected(path, "record", value));
    };
    for (name, entry) in entries {
        let path = join(path, name);
        if !is_name(name) {
            report.errors.push(
                Issue::new(&path, "Invalid input: not a header that may be added")
                    .with_hint("for example CF-Access-Client-Id"),
            );
        }
        report.errors.extend(check_value(&path, entry));
    }
}

fn check_value(path: &str, value: &Value) -> Option<Issue> {
    match value {
        Value::String(text) if text == REDACTED => Some(
            Issue::new(
                path,
                "Invalid input: the redacted placeholder is not a value",
            )
            .with_hint("enter the real value"),
        ),
        Value::String(text) if is_value(text) => None,
        Value::String(_) => Some(
            Issue::new(path, "Invalid input: not the value of a header")
                .with_hint("one line of visible ASCII characters"),
        ),
        Value::Object(reference) => {
            let member = |name: &str| reference.get(name).and_then(Value::as_str);
            let usable = member("source") == Some("env")
                && member("id").is_some_and(|name| !name.trim().is_empty());
            (!usable).then(|| {
                Issue::new(
                    path,
                    "Invalid input: this secret reference is not supported",
                )
                .with_hint(r#"use { "source": "env", "id": "NAME" } or the text itself"#)
            })
        }
        other => Some(expected(path, "string", other)),
    }
}

/// A token of HTTP that is neither ours nor of the WebSocket handshake.
fn is_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_token = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    is_token && !OURS.contains(&lower.as_str()) && !lower.starts_with("sec-websocket-")
}

/// What fits on one header line.
pub(crate) fn is_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::validate;

    #[test]
    fn edge_headers_are_checked_when_they_are_written() {
        for (headers, wrong) in [
            (json!({"CF-Access-Client-Id": "abc.access"}), None),
            (json!({"X-Key": {"source": "env", "id": "EDGE_KEY"}}), None),
            (json!({"X-Key": "${EDGE_KEY}"}), None),
            (json!({"Host": "gw"}), Some("gateway.remote.edgeAuth.Host")),
            (
                json!({"Sec-WebSocket-Key": "x"}),
                Some("gateway.remote.edgeAuth.Sec-WebSocket-Key"),
            ),
            (json!({"X Y": "x"}), Some("gateway.remote.edgeAuth.X Y")),
            (
                json!({"X-Key": "a\r\nHost: b"}),
                Some("gateway.remote.edgeAuth.X-Key"),
            ),
            (json!({"X-Key": ""}), Some("gateway.remote.edgeAuth.X-Key")),
            (json!({"X-Key": 4}), Some("gateway.remote.edgeAuth.X-Key")),
            (
                json!({"X-Key": {"source": "exec", "id": "x"}}),
                Some("gateway.remote.edgeAuth.X-Key"),
            ),
            (json!("x"), Some("gateway.remote.edgeAuth")),
        ] {
            let config =
                json!({"gateway": {"remote": {"url": "wss://gw.example", "edgeAuth": headers}}});
            let report = validate(&config);
            assert_eq!(
                report.errors.first().map(|issue| issue.path.as_str()),
                wrong,
                "{headers}"
            );
            assert!(report.warnings.is_empty(), "{headers}");
        }
        let plain =
            json!({"gateway": {"remote": {"url": "http://gw", "edgeAuth": {"X-Key": "x"}}}});
        assert_eq!(validate(&plain).warnings[0].path, "gateway.remote.edgeAuth");
    }
}
