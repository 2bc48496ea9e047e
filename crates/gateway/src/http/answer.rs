//! The shapes of answers, and the headers every answer carries.

use axum::body::Body;
use axum::response::Response;
use http::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName,
    REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::gate::Refusal;

const JSON: &str = "application/json; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

pub(super) fn with_type(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    set(&mut response, CONTENT_TYPE, content_type);
    response
}

/// Sets a header to a text that is known at compile time.
pub(super) fn set(response: &mut Response, name: HeaderName, value: &'static str) {
    response
        .headers_mut()
        .insert(name, HeaderValue::from_static(value));
}

/// Text as HTML shows it, also between double quotes.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// A JSON answer that nobody may store.
pub(super) fn json_answer(status: StatusCode, body: &Value) -> Response {
    let mut response = with_type(status, JSON, body.to_string());
    set(&mut response, CACHE_CONTROL, "no-store");
    response
}

/// `{"error":{"message","type"}}`.
pub(super) fn error(status: StatusCode, kind: &str, message: &str) -> Response {
    json_answer(
        status,
        &json!({"error": {"message": message, "type": kind}}),
    )
}

/// A plain text answer.
pub(super) fn text(status: StatusCode, body: impl Into<Body>) -> Response {
    with_type(status, TEXT, body)
}

/// What an ACME server wants to read.
pub(super) fn challenge(body: String) -> Response {
    let mut response = with_type(StatusCode::OK, "application/octet-stream", body);
    set(&mut response, CACHE_CONTROL, "no-store");
    response
}

/// Figures in the text format of Prometheus.
pub(super) fn figures(status: StatusCode, page: String) -> Response {
    let mut response = with_type(status, "text/plain; version=0.0.4; charset=utf-8", page);
    set(&mut response, CACHE_CONTROL, "no-store");
    response
}

/// An HTML answer in the manner of the WebSocket library upstream uses.
pub(super) fn bad_upgrade(status: StatusCode, body: &'static str) -> Response {
    with_type(status, "text/html", body)
}

/// 404.
pub(super) fn not_found() -> Response {
    text(StatusCode::NOT_FOUND, "Not Found")
}

/// 405 for a path that can only be read. The connection ends, so that no body is waited for.
pub(super) fn read_only() -> Response {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    set(&mut response, ALLOW, "GET, HEAD");
    set(&mut response, CONNECTION, "close");
    response
}

/// 401 for a missing or wrong bearer.
pub(super) fn unauthorized() -> Response {
    let mut response = error(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized");
    set(&mut response, WWW_AUTHENTICATE, "Bearer");
    response
}

/// 429 for an address that tried too many bearers.
pub(super) fn rate_limited(retry_after_secs: u64) -> Response {
    let mut response = error(
        StatusCode::TOO_MANY_REQUESTS,
        "rate_limited",
        "too many failed authentication attempts (retry later)",
    );
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_secs));
    response
}

/// The gate's refusal.
pub(super) fn refused(refusal: Refusal) -> Response {
    let status = StatusCode::from_u16(refusal.status()).expect("the gate's statuses are valid");
    let kind = match refusal {
        Refusal::Address => "rate_limited",
        Refusal::Total | Refusal::Connections => "overloaded",
    };
    let mut response = error(status, kind, &refusal.to_string());
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from(refusal.retry_after_secs()));
    response
}

/// 503 while the gateway shuts down.
pub(super) fn draining() -> Response {
    let mut response = error(
        StatusCode::SERVICE_UNAVAILABLE,
        "draining",
        "the gateway is shutting down; retry shortly",
    );
    set(&mut response, RETRY_AFTER, "1");
    response
}

/// An HTML page under a content security policy.
pub(super) fn page(html: String, security_policy: &HeaderValue) -> Response {
    let mut response = with_type(StatusCode::OK, "text/html; charset=utf-8", html);
    set(&mut response, CACHE_CONTROL, "no-cache");
    set(&mut response, X_FRAME_OPTIONS, "DENY");
    response.headers_mut().insert(
        http::header::CONTENT_SECURITY_POLICY,
        security_policy.clone(),
    );
    response
}

/// Adds the headers that every answer carries.
pub(super) fn secure(response: &mut Response) {
    set(response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(response, REFERRER_POLICY, "no-referrer");
    // What is no page of the Control UI may neither run anything nor be framed.
    for (name, value) in [
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (X_FRAME_OPTIONS, "DENY"),
    ] {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
        .headers_mut()
        .entry(HeaderName::from_static("permissions-policy"))
        .or_insert(HeaderValue::from_static(
            "camera=(), microphone=(self), geolocation=()",
        ));
}
