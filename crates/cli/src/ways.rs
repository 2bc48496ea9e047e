//! The answer to `remote.status` as lines: every way in with its state, and what is dangerous.

use serde_json::Value;

use crate::answer::texts;
use crate::context::Context;
use crate::ui::format::now_ms;

/// Most findings that are shown beside other things.
const FINDINGS: usize = 6;

/// Every part that may fail alone: its state, and for those that do not work why, what to do, and when it is tried again.
pub(crate) fn lines(status: &Value) -> Vec<String> {
    lines_at(status, now_ms())
}

/// The addresses that listen.
pub(crate) fn listening(status: &Value) -> Option<String> {
    let listen: Vec<&str> = texts(&status["listen"]).collect();
    (!listen.is_empty()).then(|| format!("Listening: {}", listen.join(", ")))
}

fn lines_at(status: &Value, now_ms: i64) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(parts) = status["subsystems"].as_object() else {
        return lines;
    };
    if !parts.is_empty() {
        lines.push("Parts:".to_owned());
    }
    for (name, part) in parts {
        let text = |member: &str| part[member].as_str().unwrap_or_default();
        let state = text("state");
        match state {
            "up" => lines.push(format!("  {name}: up ({})", text("detail"))),
            "degraded" => {
                lines.push(format!("  {name}: degraded: {}", text("reason")));
                if !text("fix").is_empty() {
                    lines.push(format!("    Fix: {}", text("fix")));
                }
                if let Some(at) = part["nextTryAtMs"].as_i64() {
                    let left = (at - now_ms).max(0) / 1000;
                    lines.push(format!("    Next try: in {left} s"));
                }
            }
            _ => lines.push(format!("  {name}: {state}")),
        }
    }
    lines.extend(texts(&status["degraded"]).map(|line| format!("  degraded: {line}")));
    lines
}

/// `Security: 1 critical · 3 warn · 1 info`, and the worst of them.
pub(crate) fn finding_lines(context: &Context, status: &Value) -> Vec<String> {
    let Some(findings) = status["findings"].as_array() else {
        return Vec::new();
    };
    let count = |severity: &str| {
        findings
            .iter()
            .filter(|finding| finding["severity"] == severity)
            .count()
    };
    let mut lines = vec![
        String::new(),
        format!(
            "Security: {} critical · {} warn · {} info",
            count("critical"),
            count("warn"),
            count("info")
        ),
    ];
    let bad = || {
        findings
            .iter()
            .filter(|finding| finding["severity"] != "info")
    };
    for finding in bad().take(FINDINGS) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        lines.push(format!(
            "  {} {}",
            text(&finding["severity"]).to_uppercase(),
            text(&finding["title"])
        ));
        let detail: String = text(&finding["params"]["detail"])
            .chars()
            .take(160)
            .collect();
        lines.push(format!("    {detail}"));
        if let Some(fix) = finding["params"]["fix"].as_str() {
            lines.push(format!("    Fix: {fix}"));
        }
    }
    let more = bad().count().saturating_sub(FINDINGS);
    if more > 0 {
        lines.push(format!("  … +{more} more"));
    }
    if bad().next().is_some() {
        lines.push(format!(
            "  Full report: {}",
            context.command("openclaw security audit")
        ));
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn d17_every_part_is_shown_with_what_to_do() {
        let status = json!({
            "listen": ["127.0.0.1:18789", "[::1]:18789"],
            "degraded": ["listener 10.0.0.1:18789: in use"],
            "subsystems": {
                "mdns": { "state": "off" },
                "tailscale": { "state": "degraded", "reason": "access denied", "fix": "sudo tailscale set --operator=$USER", "nextTryAtMs": 31_000 },
                "tls": { "state": "up", "detail": "self-signed" },
            },
        });
        assert_eq!(
            listening(&status).as_deref(),
            Some("Listening: 127.0.0.1:18789, [::1]:18789")
        );
        assert_eq!(
            lines_at(&status, 1_000),
            [
                "Parts:",
                "  mdns: off",
                "  tailscale: degraded: access denied",
                "    Fix: sudo tailscale set --operator=$USER",
                "    Next try: in 30 s",
                "  tls: up (self-signed)",
                "  degraded: listener 10.0.0.1:18789: in use",
            ]
        );
        assert!(lines_at(&json!({}), 0).is_empty());
    }
}
