//! Settings that are right one by one and cannot be used together. A change that brings such a pair in is refused, on the command
//! line and while a gateway runs. At a start they are warnings: the part that cannot work says so, and the rest serves.

use serde_json::Value;

use super::Issue;

/// The pairs that cannot be used together; one issue for each side, the side to change first.
pub fn conflicts(config: &Value) -> Vec<Issue> {
    let gateway = |pointer: &str| {
        config
            .pointer("/gateway")
            .and_then(|gateway| gateway.pointer(pointer))
    };
    let word = |pointer: &str| gateway(pointer).and_then(Value::as_str).map(str::trim);
    let Some(mode @ ("serve" | "funnel")) = word("/tailscale/mode") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut pair = |other: &str, message: String, hint: String| {
        for path in [other, "gateway.tailscale.mode"] {
            found.push(Issue::new(path, message.as_str()).with_hint(hint.as_str()));
        }
    };
    if let Some(bind) = word("/bind").filter(|bind| *bind != "loopback") {
        pair(
            "gateway.bind",
            format!("tailscale {mode} requires gateway.bind=loopback (now: {bind})"),
            "openclaw config set gateway.bind loopback; or: openclaw config set gateway.tailscale.mode off".to_owned(),
        );
    }
    match word("/auth/mode") {
        Some("none") => pair(
            "gateway.auth.mode",
            format!("tailscale {mode} requires a gateway that asks who is there (gateway.auth.mode is none)"),
            "openclaw config set gateway.auth.mode token".to_owned(),
        ),
        Some(auth) if mode == "funnel" && auth != "password" => pair(
            "gateway.auth.mode",
            "tailscale funnel requires gateway auth mode=password (set gateway.auth.password or OPENCLAW_GATEWAY_PASSWORD)".to_owned(),
            "openclaw config set gateway.auth.mode password".to_owned(),
        ),
        _ => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn u06_b_what_cannot_be_used_together_is_named_on_both_sides() {
        let cases = [
            (json!({}), vec![]),
            (json!({ "bind": "lan" }), vec![]),
            (json!({ "tailscale": { "mode": "serve" } }), vec![]),
            (
                json!({ "tailscale": { "mode": "off" }, "bind": "lan" }),
                vec![],
            ),
            (
                json!({ "tailscale": { "mode": "serve" }, "bind": "loopback" }),
                vec![],
            ),
            (
                json!({ "tailscale": { "mode": "funnel" }, "auth": { "mode": "password" } }),
                vec![],
            ),
            (json!({ "tailscale": { "mode": "funnel" } }), vec![]),
            (
                json!({ "tailscale": { "mode": "serve" }, "bind": "lan" }),
                vec!["gateway.bind", "gateway.tailscale.mode"],
            ),
            (
                json!({ "tailscale": { "mode": "funnel" }, "bind": "tailnet" }),
                vec!["gateway.bind", "gateway.tailscale.mode"],
            ),
            (
                json!({ "tailscale": { "mode": "serve" }, "auth": { "mode": "none" } }),
                vec!["gateway.auth.mode", "gateway.tailscale.mode"],
            ),
            (
                json!({ "tailscale": { "mode": "funnel" }, "auth": { "mode": "token" } }),
                vec!["gateway.auth.mode", "gateway.tailscale.mode"],
            ),
        ];
        for (gateway, expected) in cases {
            let found = conflicts(&json!({ "gateway": gateway }));
            let paths: Vec<_> = found.iter().map(|issue| issue.path.as_str()).collect();
            assert_eq!(paths, expected, "{gateway}");
            assert!(found.iter().all(|issue| {
                issue
                    .hint
                    .as_deref()
                    .is_some_and(|hint| hint.starts_with("openclaw config set "))
            }));
        }
    }
}
