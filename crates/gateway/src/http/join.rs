//! `/j/<code>`: a join link. Programs fetch what it gives, once; whatever only looks at it changes nothing.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, Method, StatusCode};
use openclaw_protocol::setup_code::is_join_code;
use serde_json::{Value, json};

use super::{HttpState, JoinAnswer, answer};
use crate::peer::Peer;

/// Parts of names of programs that fetch links in order to show a preview.
const PREVIEWERS: [&str; 12] = [
    "bot",
    "facebookexternalhit",
    "whatsapp",
    "preview",
    "slack",
    "discord",
    "skype",
    "embed",
    "crawler",
    "spider",
    "iframely",
    "bitly",
];

const PAGE: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>OpenClaw join link</title>\
<p>This link lets one machine join an OpenClaw gateway. It is for a program, not for a browser, and opening it here did \
not use it up.<p>On the machine that is to join, run:<pre>openclaw connect &lt;this link&gt;</pre>";

/// Answers a request for a join link.
pub(super) async fn answer(
    State(state): State<HttpState>,
    Extension(peer): Extension<Peer>,
    Path(code): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    // What is no code needs no look, and what only looks gets the same for every code.
    if method != Method::GET || !is_join_code(&code) {
        return none();
    }
    if only_looks(&headers) {
        return page();
    }
    match state.handler().join(code, peer).await {
        JoinAnswer::Taken(body) => answer::json_answer(StatusCode::OK, &body),
        JoinAnswer::Nothing => none(),
        JoinAnswer::Limited { retry_after_secs } => answer::rate_limited(retry_after_secs),
    }
}

/// 404 in the words that clients know, the same for everything that is not there.
fn none() -> Response {
    let body: Value = json!({ "error": "not_found" });
    let mut response = answer::json_answer(StatusCode::NOT_FOUND, &body);
    // A body of a request that is none of ours is not waited for.
    answer::set(&mut response, http::header::CONNECTION, "close");
    response
}

fn page() -> Response {
    let mut response = Response::new(Body::from(PAGE));
    answer::set(&mut response, CONTENT_TYPE, "text/html; charset=utf-8");
    answer::set(&mut response, CACHE_CONTROL, "no-store");
    answer::set(
        &mut response,
        http::header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    );
    response
}

/// Whether the request comes from a browser, a prefetch or a link preview.
fn only_looks(headers: &HeaderMap) -> bool {
    let text = |name: &str| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    let agent = text(USER_AGENT.as_str());
    text(ACCEPT.as_str()).contains("text/html")
        || !text("sec-fetch-mode").is_empty() && text("sec-fetch-mode") == "navigate"
        || !text("sec-purpose").is_empty()
        || text("purpose") == "prefetch"
        || PREVIEWERS.iter().any(|part| agent.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn previews_are_told_from_programs() {
        for looking in [
            headers(&[("accept", "text/html,application/xhtml+xml,*/*;q=0.8")]),
            headers(&[
                ("user-agent", "Slackbot-LinkExpanding 1.0"),
                ("accept", "*/*"),
            ]),
            headers(&[("user-agent", "WhatsApp/2.23")]),
            headers(&[("user-agent", "TelegramBot (like TwitterBot)")]),
            headers(&[("sec-purpose", "prefetch;prerender")]),
        ] {
            assert!(only_looks(&looking), "{looking:?}");
        }
        for fetching in [
            headers(&[]),
            headers(&[
                ("accept", "*/*"),
                ("user-agent", "node"),
                ("sec-fetch-mode", "cors"),
            ]),
            headers(&[("accept", "application/json"), ("user-agent", "openclaw/1")]),
            headers(&[("accept", "*/*"), ("user-agent", "curl/8.5.0")]),
        ] {
            assert!(!only_looks(&fetching), "{fetching:?}");
        }
    }
}
