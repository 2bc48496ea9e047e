//! A change that takes the shared credential away from a gateway that asks for it.

use serde_json::Value;

use super::Issue;
use crate::env;
use crate::load::Prepared;

/// Set when `after` has none of the credential that its mode asks for, and `before` had one: nobody could sign in any more, and a
/// running gateway would not take the change over.
pub(crate) fn credential_lost(before: &Prepared, after: &Prepared) -> Option<Issue> {
    if text(&after.resolved, "/gateway/mode") == Some("remote") {
        return None;
    }
    let password = credential(after, "password");
    let mode = match text(&after.resolved, "/gateway/auth/mode") {
        Some(mode @ ("token" | "password")) => mode,
        Some(_) => return None,
        None if password => "password",
        None => "token",
    };
    if credential(after, mode) || !credential(before, mode) {
        return None;
    }
    let path = format!("gateway.auth.{mode}");
    let issue = Issue::new(
        path.as_str(),
        format!("the gateway asks for the {mode} (gateway.auth.mode), so it cannot go away"),
    );
    Some(issue.with_hint(format!(
        "set another one: openclaw config set {path} <{mode}>; or first choose another gateway.auth.mode"
    )))
}

fn text<'a>(config: &'a Value, pointer: &str) -> Option<&'a str> {
    config.pointer(pointer)?.as_str().map(str::trim)
}

/// Whether there is a credential of this kind, wherever it comes from.
fn credential(config: &Prepared, kind: &str) -> bool {
    let variable = if kind == "password" {
        env::OPENCLAW_GATEWAY_PASSWORD
    } else {
        env::OPENCLAW_GATEWAY_TOKEN
    };
    text(&config.resolved, &format!("/gateway/auth/{kind}")).is_some_and(|text| !text.is_empty())
        || config.env.get(variable).is_some()
}
