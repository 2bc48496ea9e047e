//! The WebSocket upgrade: checks, then the 101. The socket itself is handed over by the connection's task.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{
    CONNECTION, HeaderMap, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderValue, Method, StatusCode};
use serde_json::json;

use super::HttpState;
use super::answer;
use super::canvas::Waiting;
use super::connection::Connection;
use super::front::refuse_host;
use super::policy::HttpPolicy;
use crate::peer::{OriginRefused, Peer, RequestKind, host_verdict, origin_verdict};

/// Appended to the key before hashing (RFC 6455, 1.3).
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Text form of a key: 16 bytes in base64.
const KEY_BYTES: usize = 24;

/// Whether the request asks for a WebSocket.
pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    has_token(headers, &UPGRADE, "websocket") && has_token(headers, &CONNECTION, "upgrade")
}

fn has_token(headers: &HeaderMap, name: &http::HeaderName, token: &str) -> bool {
    headers.get_all(name).iter().any(|value| {
        value.to_str().is_ok_and(|text| {
            text.split(',')
                .any(|part| part.trim().eq_ignore_ascii_case(token))
        })
    })
}

/// What an upgraded connection is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// The protocol of the gateway.
    Gateway,
    /// A page of the canvas host that waits for changes.
    Canvas(Waiting),
}

/// Answers an upgrade request.
pub(super) fn answer(
    state: &HttpState,
    policy: &HttpPolicy,
    peer: Peer,
    request: Request,
) -> Response {
    switch(state, policy, peer, request, |peer| {
        peer.refused_origin = refuse(state, policy, peer).map_err(Box::new)?;
        Ok(Purpose::Gateway)
    })
}

/// Answers an upgrade request that is well-formed and admitted with 101.
pub(super) fn switch(
    state: &HttpState,
    policy: &HttpPolicy,
    mut peer: Peer,
    mut request: Request,
    admit: impl FnOnce(&mut Peer) -> Result<Purpose, Box<Response>>,
) -> Response {
    if request.method() != Method::GET {
        return answer::bad_upgrade(StatusCode::METHOD_NOT_ALLOWED, "Invalid HTTP method");
    }
    let Some(accept) = accept_key(request.headers()) else {
        return answer::bad_upgrade(
            StatusCode::BAD_REQUEST,
            "Missing or invalid Sec-WebSocket-Key header",
        );
    };
    if !version_is_known(request.headers()) {
        let mut response = answer::bad_upgrade(
            StatusCode::BAD_REQUEST,
            "Missing or invalid Sec-WebSocket-Version header",
        );
        answer::set(&mut response, SEC_WEBSOCKET_VERSION, "13, 8");
        return response;
    }
    let purpose = match admit(&mut peer) {
        Ok(purpose) => purpose,
        Err(refusal) => return *refusal,
    };
    if !state.handler().lets_in() {
        return answer::draining();
    }
    let Some(connection) = request.extensions().get::<Connection>().cloned() else {
        return answer::error(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "this connection cannot be upgraded",
        );
    };
    let protocol = first_protocol(request.headers());
    let on_upgrade = hyper::upgrade::on(&mut request);
    // A client behind a proxy that is believed is charged itself, not its proxy.
    let client = peer
        .address
        .filter(|_| peer.forwarded && connection.is_from_proxy(&policy.peer));
    if let Err(refusal) = connection.hand_over(on_upgrade, peer, client, purpose) {
        return answer::refused(refusal);
    }
    switching_protocols(&accept, protocol)
}

/// A page is told why it may not connect once its socket is open: browsers show pages nothing of a refused upgrade.
#[expect(
    clippy::result_large_err,
    reason = "the error is the whole answer, once per refused request"
)]
fn refuse(
    state: &HttpState,
    policy: &HttpPolicy,
    peer: &Peer,
) -> Result<Option<OriginRefused>, Response> {
    let (origin, host) = (peer.origin.as_deref(), peer.host.as_deref());
    let verdict = origin_verdict(origin, host, peer.class, &policy.origin, &policy.names);
    if let Err(refused) = verdict {
        let response = refuse_origin(state, peer, &refused);
        return if is_browser(peer) {
            Ok(Some(refused))
        } else {
            Err(response)
        };
    }
    let verdict = host_verdict(
        host,
        origin.is_some(),
        RequestKind::Upgrade,
        peer.scheme(),
        &policy.origin,
        &policy.names,
    );
    match verdict {
        Ok(()) => Ok(None),
        Err(refused) => Err(refuse_host(state, peer, &refused)),
    }
}

/// Every browser says so, for historical reasons.
fn is_browser(peer: &Peer) -> bool {
    peer.user_agent
        .as_deref()
        .is_some_and(|agent| agent.starts_with("Mozilla/"))
}

fn refuse_origin(state: &HttpState, peer: &Peer, refused: &OriginRefused) -> Response {
    let origin = peer.origin.as_deref().unwrap_or_default();
    if let Some(left_out) = state.inner.repeats.log_now(origin) {
        let fix = refused.fix_command.as_deref().unwrap_or("-");
        tracing::warn!(
            origin,
            peer = peer.address.map(tracing::field::display),
            left_out,
            "{}; to allow it run: {fix}",
            refused.reason
        );
    }
    let mut body = json!({"error": {
        "message": refused.message,
        "type": "origin_not_allowed",
        "code": "CONTROL_UI_ORIGIN_NOT_ALLOWED",
        "reason": refused.reason,
    }});
    if let Some(fix) = &refused.fix_command {
        body["error"]["fix"] = json!(fix);
    }
    answer::json_answer(StatusCode::FORBIDDEN, &body)
}

/// `Sec-WebSocket-Accept` for the request's key, if that is one.
fn accept_key(headers: &HeaderMap) -> Option<String> {
    let key = headers.get(SEC_WEBSOCKET_KEY)?.as_bytes();
    let (digits, padding) = key.split_at_checked(KEY_BYTES - 2)?;
    let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    if padding != b"==" || !digits.iter().all(in_alphabet) {
        return None;
    }
    let mut text = [0; KEY_BYTES + KEY_SUFFIX.len()];
    text[..KEY_BYTES].copy_from_slice(key);
    text[KEY_BYTES..].copy_from_slice(KEY_SUFFIX);
    // SHA-1 is what the RFC fixes; nothing rests on its strength.
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &text);
    Some(data_encoding::BASE64.encode(digest.as_ref()))
}

fn version_is_known(headers: &HeaderMap) -> bool {
    headers
        .get(SEC_WEBSOCKET_VERSION)
        .is_some_and(|version| matches!(version.as_bytes(), b"13" | b"8"))
}

/// The first offered subprotocol; it is echoed whatever it is, as clients that offer one insist on an answer.
fn first_protocol(headers: &HeaderMap) -> Option<HeaderValue> {
    let offered = headers.get(SEC_WEBSOCKET_PROTOCOL)?.to_str().ok()?;
    let first = offered.split(',').next()?.trim();
    if first.is_empty() {
        return None;
    }
    HeaderValue::from_str(first).ok()
}

/// 101. Offered extensions are never taken: compression costs memory per connection and leaks lengths.
fn switching_protocols(accept: &str, protocol: Option<HeaderValue>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    answer::set(&mut response, UPGRADE, "websocket");
    answer::set(&mut response, CONNECTION, "Upgrade");
    let headers = response.headers_mut();
    let accept = HeaderValue::from_str(accept).expect("base64 is a header value");
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    if let Some(protocol) = protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_key(key: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(SEC_WEBSOCKET_KEY, HeaderValue::from_str(key).unwrap());
        headers
    }

    #[test]
    fn the_key_of_the_rfc_gets_the_answer_of_the_rfc() {
        let accept = accept_key(&with_key("dGhlIHNhbXBsZSBub25jZQ=="));
        assert_eq!(accept.as_deref(), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        let odd = [
            "",
            "short",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZQ==x",
            "????????????????????????",
        ];
        for key in odd {
            assert_eq!(accept_key(&with_key(key)), None, "{key}");
        }
        assert_eq!(accept_key(&HeaderMap::new()), None);
    }

    #[test]
    fn upgrades_are_recognised_in_any_spelling() {
        let cases = [
            ("websocket", "Upgrade", true),
            ("WebSocket", "keep-alive, Upgrade", true),
            ("h2c, websocket", "upgrade", true),
            ("websocket", "keep-alive", false),
            ("h2c", "Upgrade", false),
        ];
        for (upgrade, connection, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(UPGRADE, HeaderValue::from_static(upgrade));
            headers.insert(CONNECTION, HeaderValue::from_static(connection));
            assert_eq!(is_upgrade(&headers), expected, "{upgrade} {connection}");
        }
    }
}
